//! orglet-plan
