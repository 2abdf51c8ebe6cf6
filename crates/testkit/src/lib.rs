//! orglet-testkit
