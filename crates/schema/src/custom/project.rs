//! SFDX projects.
