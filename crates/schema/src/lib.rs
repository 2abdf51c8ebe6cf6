//! orglet-schema
