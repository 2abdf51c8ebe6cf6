//! orglet-http

pub mod codec;
pub mod error;
