//! The one place where the application is made and handed to the shell.

use crate::app::Built;
use crate::cli::ServeOptions;
use crate::error::StartError;

/// Builds the application that `orglet serve` runs. Fails where the data directory, a project or the credentials can't
/// be used.
pub fn build_app(_options: &ServeOptions) -> Result<Built, StartError> {
    Err(StartError::app("this build holds no application yet"))
}
