//! The Metadata API's REST resource: deployments of files.

use super::uploads;
use super::{Rest, typed};
use crate::Reply;
use crate::codec::{Doc, Node, XmlOrder};
use http::Method;
use orglet_base::{ApiError, ErrorCode};
use orglet_engine::Failure;
use orglet_engine::deploy::{self, Deployment, Message, Options, TestLevel};

/// The members of `deployOptions`.
const OPTIONS: &[&str] = &[
    "allowMissingFiles",
    "autoUpdatePackage",
    "checkOnly",
    "ignoreWarnings",
    "performRetrieve",
    "purgeOnDelete",
    "rollbackOnError",
    "runAllTests",
    "runTests",
    "singlePackage",
    "testLevel",
];

/// `POST metadata/deployRequest`: an archive with options beside it, or the id of a validation.
pub(super) fn begin(cx: &Rest<'_>) -> Result<Reply, Failure> {
    let body = uploads::body(cx)?;
    let node = typed::object(&body.node, &["deployOptions", "validatedDeployRequestId"])?;
    if let Some(id) = typed::text(node, "validatedDeployRequestId")? {
        return repeat(cx, id);
    }
    let options = match node.get("deployOptions").filter(|node| !node.is_null()) {
        Some(node) => options(typed::object(node, OPTIONS)?)?,
        None => Options::default(),
    };
    let Some(zip) = body.file() else {
        return Err(ApiError::new(ErrorCode::InvalidMultipartRequest, "Multipart message must include a binary part").into());
    };
    let deployment = deploy::deploy(&cx.identity, zip, options)?;
    let options = &deployment.options;
    // The work is done, and the answer is that of one that has just been queued.
    let result = Doc::obj([
        ("id", deployment.id.to_string().into()),
        ("success", false.into()),
        ("checkOnly", options.check_only.into()),
        ("ignoreWarnings", options.ignore_warnings.into()),
        ("rollbackOnError", options.rollback_on_error.into()),
        ("status", "Pending".into()),
        ("runTestsEnabled", options.runs_tests().into()),
        ("done", false.into()),
    ]);
    let doc = Doc::obj([("id", deployment.id.to_string().into()), ("deployOptions", shown(options)), ("deployResult", result)]);
    Ok(cx.doc(201, &doc, "DeployRequest", XmlOrder::Kept))
}

/// `metadata/deployRequest/{id}`.
pub(super) fn one(cx: &Rest<'_>, id: &str) -> Result<Reply, Failure> {
    if cx.call.method == Method::POST {
        let body = cx.body()?;
        let node = typed::object(&body, &["validatedDeployRequestId"])?;
        return repeat(cx, typed::text(node, "validatedDeployRequestId")?.unwrap_or(id));
    }
    if cx.call.method == Method::PATCH {
        let body = cx.body()?;
        let node = typed::object(&body, &["deployResult"])?.get("deployResult").filter(|node| !node.is_null());
        let status = node.map(|node| typed::text(typed::object(node, &["status"])?, "status")).transpose()?.flatten();
        if status != Some("Canceling") {
            let text = "The status of a deployment can be set to Canceling alone";
            return Err(ApiError::new(ErrorCode::InvalidOperation, text).into());
        }
        return match deploy::cancel(&cx.identity, id) {
            Err(e) => Err(told(e)),
            Ok(never) => match never {},
        };
    }
    let details = cx.call.param("includeDetails").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let deployment = deploy::find(&cx.identity, id).map_err(told)?;
    let doc = Doc::obj([
        ("id", deployment.id.to_string().into()),
        ("validatedDeployRequestId", deployment.validated.map(|id| id.to_string()).into()),
        ("deployOptions", Doc::Null),
        ("deployResult", result(&deployment, details)),
    ]);
    Ok(cx.doc(200, &doc, "DeployRequest", XmlOrder::Kept))
}

/// Deploys what was validated.
fn repeat(cx: &Rest<'_>, id: &str) -> Result<Reply, Failure> {
    let deployment = deploy::quick(&cx.identity, id).map_err(told)?;
    let doc = Doc::obj([
        ("validatedDeployRequestId", deployment.validated.map(|id| id.to_string()).into()),
        ("id", deployment.id.to_string().into()),
        ("url", format!("{}{}/metadata/deployRequest/{}", cx.call.origin, cx.base, deployment.id).into()),
        ("deployOptions", shown(&deployment.options)),
    ]);
    Ok(cx.doc(201, &doc, "DeployRequest", XmlOrder::Kept))
}

/// A deployment that is not there is no resource (documented of validations).
fn told(failure: Failure) -> Failure {
    match failure {
        Failure::Api(e) if e.code() == ErrorCode::InvalidCrossReferenceKey => e.with_status(404).into(),
        other => other,
    }
}

fn options(node: &Node<'_>) -> Result<Options, ApiError> {
    let flag = |name: &str| typed::flag(node, name);
    let rolls_back = node.get("rollbackOnError").filter(|value| !value.is_null()).is_none() || flag("rollbackOnError")?;
    let test_level = match typed::text(node, "testLevel")?.filter(|name| !name.is_empty()) {
        None => None,
        Some(name) => {
            let wrong = || ApiError::new(ErrorCode::InvalidOperation, format!("'{name}' is not a valid value for the enum 'TestLevel'"));
            Some(TestLevel::of(name).ok_or_else(wrong)?)
        }
    };
    Ok(Options {
        allow_missing_files: flag("allowMissingFiles")?,
        auto_update_package: flag("autoUpdatePackage")?,
        check_only: flag("checkOnly")?,
        ignore_warnings: flag("ignoreWarnings")?,
        perform_retrieve: flag("performRetrieve")?,
        purge_on_delete: flag("purgeOnDelete")?,
        rollback_on_error: rolls_back,
        run_all_tests: flag("runAllTests")?,
        run_tests: node.list("runTests").into_iter().filter_map(|test| test.as_str().map(str::to_owned)).collect(),
        single_package: flag("singlePackage")?,
        test_level,
    })
}

fn shown(options: &Options) -> Doc {
    let mut doc = Doc::obj([
        ("checkOnly", options.check_only.into()),
        ("singlePackage", options.single_package.into()),
        ("allowMissingFiles", options.allow_missing_files.into()),
        ("performRetrieve", options.perform_retrieve.into()),
        ("autoUpdatePackage", options.auto_update_package.into()),
        ("rollbackOnError", options.rollback_on_error.into()),
        ("ignoreWarnings", options.ignore_warnings.into()),
        ("purgeOnDelete", options.purge_on_delete.into()),
        ("runAllTests", options.run_all_tests.into()),
    ]);
    if let Some(level) = options.test_level {
        doc.push("testLevel", level.name());
    }
    doc
}

fn count(n: usize) -> Doc {
    Doc::Int(i64::try_from(n).unwrap_or(i64::MAX))
}

/// The result in the order of a recorded answer.
fn result(deployment: &Deployment, with_details: bool) -> Doc {
    let (total, deployed, errors) = deployment.counts();
    let (code, text) = deployment.error.clone().unzip();
    Doc::obj([
        ("id", deployment.id.to_string().into()),
        ("messages", Doc::Null),
        ("retrieveResult", Doc::Null),
        ("success", deployment.status.is_success().into()),
        ("checkOnly", deployment.options.check_only.into()),
        ("ignoreWarnings", deployment.options.ignore_warnings.into()),
        ("rollbackOnError", deployment.options.rollback_on_error.into()),
        ("status", deployment.status.name().into()),
        ("numberComponentsDeployed", count(deployed)),
        ("numberComponentsTotal", count(total)),
        ("numberComponentErrors", count(errors)),
        ("numberTestsCompleted", Doc::Int(0)),
        ("numberTestsTotal", Doc::Int(0)),
        ("numberTestErrors", Doc::Int(0)),
        ("details", if with_details { details(deployment) } else { Doc::Null }),
        ("createdDate", deployment.created.into()),
        ("startDate", deployment.created.into()),
        ("lastModifiedDate", deployment.completed.into()),
        ("completedDate", deployment.completed.into()),
        ("errorStatusCode", code.into()),
        ("errorMessage", text.into()),
        ("stateDetail", Doc::Null),
        ("createdBy", deployment.created_by.as_15().to_owned().into()),
        ("createdByName", deployment.created_by_name.clone().into()),
        ("canceledBy", Doc::Null),
        ("canceledByName", Doc::Null),
        ("done", true.into()),
        ("runTestsEnabled", deployment.options.runs_tests().into()),
        ("runTestResult", Doc::Null),
    ])
}

fn details(deployment: &Deployment) -> Doc {
    let messages = |which: &dyn Fn(&&Message) -> bool| Doc::list(deployment.messages.iter().filter(which).map(|m| message(deployment, m)));
    let none = || Doc::List(Vec::new());
    let tests = Doc::obj([
        ("successes", none()),
        ("failures", none()),
        ("totalTime", Doc::Number("0.0".to_owned())),
        ("apexLogId", Doc::Null),
        ("flowCoverage", none()),
        ("numFailures", Doc::Int(0)),
        ("codeCoverage", none()),
        ("codeCoverageWarnings", none()),
        ("flowCoverageWarnings", none()),
        ("numTestsRun", Doc::Int(0)),
    ]);
    Doc::obj([
        ("componentFailures", messages(&|m| !m.success)),
        ("componentSuccesses", messages(&|m| m.success)),
        ("retrieveResult", Doc::Null),
        ("allComponentMessages", messages(&|_| true)),
        ("runTestResult", tests),
    ])
}

fn message(deployment: &Deployment, message: &Message) -> Doc {
    let number = |n: Option<u32>| n.filter(|_| !message.success).map(i64::from);
    let ty = message.problem_type.map(|ty| ty.name());
    Doc::obj([
        ("componentType", message.component_type.clone().into()),
        ("fileName", message.file_name.clone().into()),
        ("fullName", message.full_name.clone().into()),
        ("id", message.id.clone().into()),
        ("problem", message.problem.clone().into()),
        ("success", message.success.into()),
        ("warning", (ty == Some("Warning")).into()),
        ("created", message.created.into()),
        ("changed", message.changed.into()),
        ("deleted", message.deleted.into()),
        ("lineNumber", number(message.line).into()),
        ("columnNumber", number(message.column).into()),
        ("requiresProductionTestRun", false.into()),
        ("createdDate", deployment.completed.into()),
        ("knownPackagingProblem", false.into()),
        ("forPackageManifestFile", message.of_package.into()),
        ("problemType", ty.into()),
    ])
}
