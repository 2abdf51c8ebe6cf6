//! Why an administrative act is refused.

use crate::Failure;
use crate::project::LoadError;
use orglet_store::StoreError;

/// Why an administrative act is refused. The texts are for people.
#[derive(Debug)]
pub enum AdminError {
    /// What it is about is not there.
    NotFound(String),
    /// It does not fit what is there.
    Conflict(String),
    /// It can't be understood.
    Invalid(String),
    /// Something went wrong.
    Failure(Failure),
}

impl From<Failure> for AdminError {
    fn from(e: Failure) -> Self {
        AdminError::Failure(e)
    }
}

impl From<StoreError> for AdminError {
    fn from(e: StoreError) -> Self {
        AdminError::Failure(e.into())
    }
}

impl From<LoadError> for AdminError {
    fn from(e: LoadError) -> Self {
        match e {
            LoadError::Failure(failure) => AdminError::Failure(failure),
            files => AdminError::Invalid(files.to_string()),
        }
    }
}

impl std::fmt::Display for AdminError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            AdminError::NotFound(text) | AdminError::Conflict(text) | AdminError::Invalid(text) => f.write_str(text),
            AdminError::Failure(failure) => failure.fmt(f),
        }
    }
}

impl std::error::Error for AdminError {}
