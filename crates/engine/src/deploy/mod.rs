//! Deployments and retrievals of files: archives of definitions in metadata format, applied to an org as a whole or as far as they go,
//! and written from what it has. The work is done when the call is answered; what came of it is kept to be asked for.

mod archive;
mod jobs;
mod manifest;
mod package;
mod retrieve;
mod run;

pub use jobs::{cancel, find, quick, recent, retrieved};
pub use manifest::Manifest;
pub use retrieve::{FileProperties, RetrieveRequest, Retrieved, retrieve};

use crate::{Failure, Identity};
use orglet_base::{ApiError, DateTime, ErrorCode, Id, KeyPrefix};
use serde::{Deserialize, Serialize};

/// Key prefix of deployments.
pub const DEPLOYMENT: &str = "0Af";
/// Key prefix of retrievals.
pub const RETRIEVAL: &str = "09S";

/// Which tests a deployment runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "as the API names them")]
pub enum TestLevel {
    NoTestRun,
    RunSpecifiedTests,
    RunRelevantTests,
    RunLocalTests,
    RunAllTestsInOrg,
}

impl TestLevel {
    /// The level of a name.
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "NoTestRun" => Self::NoTestRun,
            "RunSpecifiedTests" => Self::RunSpecifiedTests,
            "RunRelevantTests" => Self::RunRelevantTests,
            "RunLocalTests" => Self::RunLocalTests,
            "RunAllTestsInOrg" => Self::RunAllTestsInOrg,
            _ => return None,
        })
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoTestRun => "NoTestRun",
            Self::RunSpecifiedTests => "RunSpecifiedTests",
            Self::RunRelevantTests => "RunRelevantTests",
            Self::RunLocalTests => "RunLocalTests",
            Self::RunAllTestsInOrg => "RunAllTestsInOrg",
        }
    }
}

/// What a deployment is asked to do (`DeployOptions`). Members are named and meant as there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "members are named and meant as in the API")]
pub struct Options {
    pub allow_missing_files: bool,
    pub auto_update_package: bool,
    pub check_only: bool,
    pub ignore_warnings: bool,
    pub perform_retrieve: bool,
    pub purge_on_delete: bool,
    pub rollback_on_error: bool,
    pub run_all_tests: bool,
    pub run_tests: Vec<String>,
    pub single_package: bool,
    pub test_level: Option<TestLevel>,
}

impl Default for Options {
    /// What is done where a call says nothing of it; `rollbackOnError` alone is on by default (the Metadata API guide's table of
    /// deployResult).
    fn default() -> Self {
        Self {
            allow_missing_files: false,
            auto_update_package: false,
            check_only: false,
            ignore_warnings: false,
            perform_retrieve: false,
            purge_on_delete: false,
            rollback_on_error: true,
            run_all_tests: false,
            run_tests: Vec::new(),
            single_package: false,
            test_level: None,
        }
    }
}

impl Options {
    /// Whether tests are to be run.
    pub fn runs_tests(&self) -> bool {
        self.run_all_tests || self.test_level.is_some_and(|level| level != TestLevel::NoTestRun)
    }

    /// Refuses what can't be done.
    fn check(&self) -> Result<(), ApiError> {
        if !self.run_tests.is_empty() && self.test_level != Some(TestLevel::RunSpecifiedTests) {
            let text = "runTests can be used only with a testLevel of RunSpecifiedTests";
            return Err(ApiError::new(ErrorCode::InvalidOperation, text));
        }
        let unbuilt = [
            (self.test_level == Some(TestLevel::RunSpecifiedTests), "Apex tests cannot be run on this server."),
            (self.perform_retrieve, "The deploy option performRetrieve is not available on this server."),
            (self.auto_update_package, "The deploy option autoUpdatePackage is not available on this server."),
        ];
        match unbuilt.iter().find(|(asked, _)| *asked) {
            Some((_, text)) => Err(ApiError::new(ErrorCode::FunctionalityNotEnabled, *text)),
            None => Ok(()),
        }
    }
}

/// How a deployment or a retrieval ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "as the API names them")]
pub enum Status {
    Succeeded,
    SucceededPartial,
    Failed,
}

impl Status {
    /// As answers write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::SucceededPartial => "SucceededPartial",
            Self::Failed => "Failed",
        }
    }

    /// Whether it went well, with all components or with some.
    pub fn is_success(self) -> bool {
        self != Self::Failed
    }
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "as the API names them")]
pub enum ProblemType {
    Warning,
    Error,
}

impl ProblemType {
    /// As answers write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Warning => "Warning",
            Self::Error => "Error",
        }
    }
}

/// What became of a component (`DeployMessage`). Members are named and meant as there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "members are named and meant as in the API")]
pub struct Message {
    pub component_type: String,
    pub file_name: String,
    pub full_name: String,
    pub id: Option<String>,
    pub problem: Option<String>,
    pub problem_type: Option<ProblemType>,
    pub success: bool,
    pub created: bool,
    pub changed: bool,
    pub deleted: bool,
    pub line: Option<u32>,
    pub column: Option<u32>,
    /// It is about the package, not about a component of it.
    pub of_package: bool,
}

impl Message {
    fn failed(mut self, problem: impl Into<String>) -> Self {
        self.fail(problem, ProblemType::Error);
        self
    }

    fn fail(&mut self, problem: impl Into<String>, ty: ProblemType) {
        (self.success, self.created, self.changed, self.deleted) = (false, false, false, false);
        (self.problem, self.problem_type) = (Some(problem.into()), Some(ty));
    }
}

/// A deployment that was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Deployment {
    /// `0Af…`
    #[serde(with = "jobs::id")]
    pub id: Id,
    /// What was asked.
    pub options: Options,
    /// The validation that it repeats, where it is a quick one.
    #[serde(with = "jobs::optional_id")]
    pub validated: Option<Id>,
    /// How it ended.
    pub status: Status,
    /// What became of its components, and of its packages.
    pub messages: Vec<Message>,
    /// Why it could not be begun: code and sentence.
    pub error: Option<(String, String)>,
    /// When it was asked for.
    #[serde(with = "jobs::time")]
    pub created: DateTime,
    /// When it was over.
    #[serde(with = "jobs::time")]
    pub completed: DateTime,
    /// Who asked for it.
    #[serde(with = "jobs::id")]
    pub created_by: Id,
    /// That user's name.
    pub created_by_name: String,
}

impl Deployment {
    /// How many components it has, how many were deployed, how many were not.
    pub fn counts(&self) -> (usize, usize, usize) {
        let components = self.messages.iter().filter(|message| !message.of_package);
        let (total, deployed) = components.fold((0, 0), |(total, deployed), m| (total + 1, deployed + usize::from(m.success)));
        (total, deployed, total - deployed)
    }
}

/// Deploys an archive. What is wrong with its components is told by the deployment, whose work is over.
///
/// # Errors
/// Options that can't be used; failures of the database.
pub fn deploy(identity: &Identity, zip: &[u8], options: Options) -> Result<Deployment, Failure> {
    options.check()?;
    made(identity, zip, options, None)
}

fn made(identity: &Identity, zip: &[u8], options: Options, validated: Option<Id>) -> Result<Deployment, Failure> {
    let created = identity.org.now();
    let id = new_id(identity, DEPLOYMENT)?;
    let run::Outcome { status, messages, error } = run::run(identity, zip, &options)?;
    let deployment = Deployment {
        id,
        options,
        validated,
        status,
        messages,
        error,
        created,
        completed: identity.org.now(),
        created_by: identity.user.id,
        created_by_name: identity.user.name.clone(),
    };
    let kept = (deployment.options.check_only && status == Status::Succeeded).then_some(zip);
    jobs::keep(identity, id, created, &deployment, kept)?;
    Ok(deployment)
}

fn new_id(identity: &Identity, prefix: &str) -> Result<Id, Failure> {
    let prefix = KeyPrefix::parse(prefix).unwrap_or(crate::ids::seeded(prefix, 0).prefix());
    Ok(identity.org.new_ids(prefix, 1)?[0])
}
