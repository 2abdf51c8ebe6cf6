//! orglet-http
