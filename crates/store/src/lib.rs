//! orglet-store
