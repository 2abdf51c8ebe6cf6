//! orglet-engine
