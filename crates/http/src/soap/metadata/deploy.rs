//! Deployments and retrievals of files. The work is done when the call is answered, and the answer says what the platform's says
//! of one that has just been queued.

use super::super::Fault;
use super::super::envelope::Answer;
use super::{Meta, meta};
use crate::codec::Node;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use orglet_base::version::VersionSegment;
use orglet_base::{ApiVersion, ErrorCode, Id};
use orglet_engine::deploy::{self, Deployment, Manifest, Message, Options, RetrieveRequest, Status, TestLevel};

/// `deploy(ZipFile, DeployOptions)`.
pub(super) fn deploy(cx: &Meta<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let options = match cx.soap.request.arguments().get("DeployOptions").filter(|node| !node.is_null()) {
        Some(node) => options(node)?,
        None => Options::default(),
    };
    let text: String = cx.soap.request.argument("ZipFile").split_ascii_whitespace().collect();
    let zip = STANDARD.decode(text).map_err(|_| Fault::client("ZipFile is not a valid value for the type xsd:base64Binary"))?;
    let deployment = deploy::deploy(&cx.identity, &zip, options).map_err(|e| Fault::of(cx.soap.server, e))?;
    queued(answer, deployment.id);
    Ok(())
}

/// As a job that was just begun is told.
fn queued(answer: &mut Answer, id: Id) {
    answer.begin("result").bool("done", false).text("id", &id.to_string()).text("state", "Queued").end("result");
}

/// A checkbox of options; a word that is none is a fault.
fn truth(node: &Node<'_>, member: &str) -> Result<Option<bool>, Fault> {
    match node.get(member).and_then(Node::as_str).unwrap_or_default().trim() {
        "" => Ok(None),
        "true" | "1" => Ok(Some(true)),
        "false" | "0" => Ok(Some(false)),
        other => Err(Fault::client(format!("'{other}' is not a valid value for the type xsd:boolean"))),
    }
}

fn texts(node: &Node<'_>, member: &str) -> Vec<String> {
    node.get_all(member).filter_map(Node::as_str).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
}

fn options(node: &Node<'_>) -> Result<Options, Fault> {
    let usual = Options::default();
    let flag = |member: &str, usual: bool| truth(node, member).map(|given| given.unwrap_or(usual));
    let level = node.get("testLevel").and_then(Node::as_str).unwrap_or_default().trim();
    let test_level = match level {
        "" => None,
        name => Some(TestLevel::of(name).ok_or_else(|| Fault::client(format!("'{name}' is not a valid value for the enum 'TestLevel'")))?),
    };
    Ok(Options {
        allow_missing_files: flag("allowMissingFiles", usual.allow_missing_files)?,
        auto_update_package: flag("autoUpdatePackage", usual.auto_update_package)?,
        check_only: flag("checkOnly", usual.check_only)?,
        ignore_warnings: flag("ignoreWarnings", usual.ignore_warnings)?,
        perform_retrieve: flag("performRetrieve", usual.perform_retrieve)?,
        purge_on_delete: flag("purgeOnDelete", usual.purge_on_delete)?,
        rollback_on_error: flag("rollbackOnError", usual.rollback_on_error)?,
        run_all_tests: flag("runAllTests", usual.run_all_tests)?,
        run_tests: texts(node, "runTests"),
        single_package: flag("singlePackage", usual.single_package)?,
        test_level,
    })
}

/// The id that a call is about: clients name the argument as the platform does, or `id`.
fn asked<'m>(cx: &'m Meta<'_>, name: &str) -> &'m str {
    match cx.soap.request.argument(name) {
        "" => cx.soap.request.argument("id"),
        id => id,
    }
}

/// `checkDeployStatus(asyncProcessId, includeDetails)`.
pub(super) fn status(cx: &Meta<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let details = truth(cx.soap.request.arguments(), "includeDetails")?.unwrap_or(false);
    let deployment = deploy::find(&cx.identity, asked(cx, "asyncProcessId")).map_err(|e| Fault::of(cx.soap.server, e))?;
    result(answer, &deployment, details);
    Ok(())
}

fn result(answer: &mut Answer, deployment: &Deployment, details: bool) {
    let (created, completed) = (deployment.created.to_canonical(), deployment.completed.to_canonical());
    answer.begin("result").bool("checkOnly", deployment.options.check_only).text("completedDate", &completed);
    answer.text("createdBy", deployment.created_by.as_15()).text("createdByName", &deployment.created_by_name);
    answer.text("createdDate", &created);
    if details {
        answer.begin("details");
        for success in [false, true] {
            deployment.messages.iter().filter(|m| m.success == success).for_each(|m| message(answer, m, &completed));
        }
        answer.begin("runTestResult").text("numFailures", "0").text("numTestsRun", "0").text("totalTime", "0.0").end("runTestResult");
        answer.end("details");
    }
    answer.bool("done", true);
    if let Some((code, text)) = &deployment.error {
        answer.text("errorMessage", text).text("errorStatusCode", code);
    }
    let (total, deployed, errors) = deployment.counts();
    answer.text("id", &deployment.id.to_string()).bool("ignoreWarnings", deployment.options.ignore_warnings);
    answer.text("lastModifiedDate", &completed);
    let counts = [("ComponentErrors", errors), ("ComponentsDeployed", deployed), ("ComponentsTotal", total)];
    for (name, count) in counts.into_iter().chain([("TestErrors", 0), ("TestsCompleted", 0), ("TestsTotal", 0)]) {
        answer.text(&format!("number{name}"), &count.to_string());
    }
    answer.bool("rollbackOnError", deployment.options.rollback_on_error).bool("runTestsEnabled", deployment.options.runs_tests());
    answer.text("startDate", &created).text("status", deployment.status.name());
    answer.bool("success", deployment.status.is_success()).end("result");
}

fn message(answer: &mut Answer, message: &Message, completed: &str) {
    let element = if message.success { "componentSuccesses" } else { "componentFailures" };
    let number = |n: Option<u32>| n.filter(|_| !message.success).map(|n| n.to_string());
    answer.begin(element).bool("changed", message.changed);
    if let Some(column) = number(message.column) {
        answer.text("columnNumber", &column);
    }
    answer.text("componentType", &message.component_type).bool("created", message.created).text("createdDate", completed);
    answer.bool("deleted", message.deleted).text("fileName", &message.file_name).text("fullName", &message.full_name);
    if let Some(id) = &message.id {
        answer.text("id", id);
    }
    if let Some(line) = number(message.line) {
        answer.text("lineNumber", &line);
    }
    if let (Some(problem), Some(ty)) = (&message.problem, message.problem_type) {
        answer.text("problem", problem).text("problemType", ty.name());
    }
    answer.bool("success", message.success).end(element);
}

/// `cancelDeploy(String)`.
pub(super) fn cancel(cx: &Meta<'_>, _: &mut Answer) -> Result<(), Fault> {
    match deploy::cancel(&cx.identity, asked(cx, "String")) {
        Err(e) => Err(Fault::of(cx.soap.server, e)),
        Ok(never) => match never {},
    }
}

/// `deployRecentValidation(validationId)`: the id of the deployment.
pub(super) fn recent_validation(cx: &Meta<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let deployment = deploy::quick(&cx.identity, asked(cx, "validationId")).map_err(|e| Fault::of(cx.soap.server, e))?;
    answer.text("result", &deployment.id.to_string());
    Ok(())
}

/// `retrieve(retrieveRequest)`; there are clients that name the argument otherwise.
pub(super) fn retrieve(cx: &Meta<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let arguments = cx.soap.request.arguments();
    let Some(node) = arguments.get("retrieveRequest").or_else(|| arguments.get("request")) else {
        return Err(Fault::client("The argument retrieveRequest is missing"));
    };
    let unpackaged = match node.get("unpackaged").filter(|node| !node.is_null()) {
        Some(list) => Some(Manifest::of(&meta("Package", list)).map_err(|(problem, _)| Fault::client(problem))?),
        None => None,
    };
    let request = RetrieveRequest {
        packages: texts(node, "packageNames"),
        single_package: truth(node, "singlePackage")?.unwrap_or(false),
        specific_files: texts(node, "specificFiles"),
        unpackaged,
        version: version(cx, node.get("apiVersion").and_then(Node::as_str).unwrap_or_default().trim())?,
    };
    let retrieved = deploy::retrieve(&cx.identity, &request).map_err(|e| Fault::of(cx.soap.server, e))?;
    queued(answer, retrieved.id);
    Ok(())
}

/// The version that files are for; that of the call where nothing is said.
fn version(cx: &Meta<'_>, text: &str) -> Result<ApiVersion, Fault> {
    // It is a number: 62 is 62.0.
    let number = if text.contains('.') { text.to_owned() } else { format!("{text}.0") };
    match ApiVersion::parse_number(&number) {
        _ if text.is_empty() => Ok(cx.soap.version),
        VersionSegment::Served(version) => Ok(version),
        VersionSegment::Retired(_) => Ok(ApiVersion::OLDEST),
        VersionSegment::Unknown => Err(Fault::client(format!("'{text}' is not a valid value for the type xsd:double"))),
    }
}

/// `checkRetrieveStatus(asyncProcessId, includeZip)`.
pub(super) fn retrieve_status(cx: &Meta<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let with_zip = truth(cx.soap.request.arguments(), "includeZip")?.unwrap_or(true);
    let found = deploy::retrieved(&cx.identity, asked(cx, "asyncProcessId"));
    let (retrieved, zip) = found.map_err(|e| Fault::of(cx.soap.server, e))?;
    let zip = zip.filter(|_| with_zip);
    if with_zip && zip.is_none() && retrieved.status == Status::Succeeded {
        // As archives of retrievals that were fetched are gone on the platform, those of old ones are here.
        return Err(Fault::new(ErrorCode::InvalidCrossReferenceKey, "The files of this retrieval are not available any more"));
    }
    answer.begin("result").bool("done", true);
    if let Some((code, text)) = &retrieved.error {
        answer.text("errorMessage", text).text("errorStatusCode", code);
    }
    for file in &retrieved.properties {
        answer.begin("fileProperties").text("createdById", &file.created_by).text("createdByName", &file.created_by_name);
        answer.text("createdDate", &file.created).text("fileName", &file.file_name).text("fullName", &file.full_name);
        answer.text("id", &file.id).text("lastModifiedById", &file.created_by).text("lastModifiedByName", &file.created_by_name);
        answer.text("lastModifiedDate", &file.modified).text("manageableState", "unmanaged").text("type", &file.type_name);
        answer.end("fileProperties");
    }
    answer.text("id", &retrieved.id.to_string());
    for (file, problem) in &retrieved.messages {
        answer.begin("messages").text("fileName", file).text("problem", problem).end("messages");
    }
    answer.text("status", retrieved.status.name()).bool("success", retrieved.status.is_success());
    answer.nillable("zipFile", zip.map(|zip| STANDARD.encode(zip)).as_deref());
    answer.end("result");
    Ok(())
}

/// `checkStatus(asyncProcessId[])`, which clients of retrievals still call.
pub(super) fn async_status(cx: &Meta<'_>, answer: &mut Answer) -> Result<(), Fault> {
    for id in cx.soap.request.list("asyncProcessId") {
        let failed = |e| Fault::of(cx.soap.server, e);
        let (id, error) = if id.trim().starts_with(deploy::DEPLOYMENT) {
            let job = deploy::find(&cx.identity, id).map_err(failed)?;
            (job.id, job.error)
        } else {
            let (job, _) = deploy::retrieved(&cx.identity, id).map_err(failed)?;
            (job.id, job.error)
        };
        answer.begin("result").bool("done", true).text("id", &id.to_string());
        match error {
            Some((code, text)) => answer.text("message", &text).text("state", "Error").text("statusCode", &code),
            None => answer.text("state", "Completed"),
        };
        answer.end("result");
    }
    Ok(())
}
