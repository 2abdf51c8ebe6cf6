//! The operations that are built.

use super::envelope::{Answer, Request};
use super::{Api, Fault, UNEXPECTED, failed};
use crate::{Call, Reply, Server};
use orglet_base::{ApiVersion, ErrorCode, Id, Value};
use orglet_engine::auth::{LoginError, SESSION_SECONDS};
use orglet_engine::{Admission, Failure, Identity, Org, Place};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The largest attachment, in bytes; a fixed fact of every org.
const ATTACHMENT_BYTES: &str = "5242880";

/// The type of the faults of `login`.
const LOGIN: &str = "LoginFault";

/// Operations that the partner and the enterprise API have and this server has not.
pub(super) const NOT_BUILT: &[&str] = &[
    "changeOwnPassword",
    "convertLead",
    "create",
    "delete",
    "deleteByExample",
    "describeAllTabs",
    "describeAppMenu",
    "describeApprovalLayout",
    "describeAvailableQuickActions",
    "describeCompactLayouts",
    "describeDataCategoryGroups",
    "describeDataCategoryGroupStructures",
    "describeDataCategoryMappings",
    "describeGlobal",
    "describeGlobalTheme",
    "describeKnowledgeSettings",
    "describeLayout",
    "describeNouns",
    "describePathAssistants",
    "describePrimaryCompactLayouts",
    "describeQuickActions",
    "describeQuickActionsForRecordType",
    "describeSearchableEntities",
    "describeSearchLayouts",
    "describeSearchScopeOrder",
    "describeSObject",
    "describeSObjectListViews",
    "describeSObjects",
    "describeSoftphoneLayout",
    "describeSoqlListViews",
    "describeTabs",
    "describeTheme",
    "describeVisualForce",
    "emptyRecycleBin",
    "executeListView",
    "findDuplicates",
    "findDuplicatesByIds",
    "getDeleted",
    "getUpdated",
    "invalidateSessions",
    "merge",
    "performQuickActions",
    "process",
    "query",
    "queryAll",
    "queryMore",
    "renderEmailTemplate",
    "renderStoredEmailTemplate",
    "resetPassword",
    "retrieve",
    "retrieveMassQuickActionTemplates",
    "retrieveQuickActionTemplates",
    "search",
    "sendEmail",
    "sendEmailMessage",
    "setPassword",
    "undelete",
    "update",
    "upsert",
];

/// `login(username, password)`. The security token may follow the password; `LoginScopeHeader` may name the org.
pub(super) fn login(server: &Server, call: &Call, api: Api, version: ApiVersion, request: &Request) -> Result<Reply, Fault> {
    if !crate::compat::has_soap_login(version) {
        // soap-004 is the one recorded refusal of the operation as such.
        let text = "SOAP API login() is disabled by default in this org. Contact the org administrator to enable SOAP API login().";
        return Err(Fault::Api(ErrorCode::InvalidOperation, text.to_owned(), LOGIN));
    }
    let scope = match request.header("LoginScopeHeader", "organizationId") {
        Some(text) => Some(Id::parse(text).map_err(|_| invalid_login())?),
        None => None,
    };
    // A portal has no users here.
    if request.header("LoginScopeHeader", "portalId").is_some() {
        return Err(invalid_login());
    }
    let grant = server.engine.login(request.argument("username"), request.argument("password")).map_err(|e| match e {
        LoginError::Failure(failure) => failed(server, failure),
        _ => invalid_login(),
    })?;
    let identity = &grant.identity;
    if scope.is_some_and(|id| id != identity.org.id) {
        server.engine.revoke(&identity.token).map_err(|e| failed(server, e))?;
        return Err(invalid_login());
    }
    call.by(identity);
    let facts = OrgRecord::read(&identity.org).map_err(|e| failed(server, e))?;
    let address = |segment: &str| format!("{}/services/Soap/{segment}/{version}/{}", call.origin, identity.org.id.as_15());
    let mut answer = Answer::new(api, None);
    answer
        .begin("loginResponse")
        .begin("result")
        .text("metadataServerUrl", &address(Api::Metadata.segment()))
        .text("passwordExpired", if grant.password_expired { "true" } else { "false" })
        .text("sandbox", if facts.sandbox { "true" } else { "false" })
        .text("serverUrl", &address(api.segment()))
        .text("sessionId", &identity.token)
        .text("userId", &identity.user.id.to_string())
        .begin("userInfo");
    write_user_info(&mut answer, identity, &facts);
    answer.end("userInfo").end("result").end("loginResponse");
    Ok(answer.finish())
}

fn invalid_login() -> Fault {
    Fault::Api(ErrorCode::InvalidLogin, "Invalid username, password, security token; or user locked out.".to_owned(), LOGIN)
}

/// `logout()`: ends the session of the header.
pub(super) fn logout(server: &Server, api: Api, request: &Request) -> Result<Reply, Fault> {
    let identity = caller(server, request)?;
    let (mut answer, _place) = counted(api, &identity)?;
    if !server.engine.revoke(&identity.token).map_err(|e| failed(server, e))? {
        // The standing access token is no session.
        return Err(Fault::Api(ErrorCode::InvalidOperation, "This session cannot be ended.".to_owned(), UNEXPECTED));
    }
    answer.empty("logoutResponse");
    Ok(answer.finish())
}

/// `getServerTimestamp()`.
pub(super) fn timestamp(server: &Server, api: Api, request: &Request) -> Result<Reply, Fault> {
    let identity = caller(server, request)?;
    let (mut answer, _place) = counted(api, &identity)?;
    answer
        .begin("getServerTimestampResponse")
        .begin("result")
        .text("timestamp", &server.engine.now().to_canonical())
        .end("result")
        .end("getServerTimestampResponse");
    Ok(answer.finish())
}

/// `getUserInfo()`.
pub(super) fn user_info(server: &Server, api: Api, request: &Request) -> Result<Reply, Fault> {
    let identity = caller(server, request)?;
    let (mut answer, _place) = counted(api, &identity)?;
    let facts = OrgRecord::read(&identity.org).map_err(|e| failed(server, e))?;
    answer.begin("getUserInfoResponse").begin("result");
    write_user_info(&mut answer, &identity, &facts);
    answer.end("result").end("getUserInfoResponse");
    Ok(answer.finish())
}

/// Counts a call as an API request and begins its answer, or refuses it (limits-001). The place is held while it runs.
fn counted(api: Api, identity: &Identity) -> Result<(Answer, Option<Place>), Fault> {
    let Admission { used, allowed, refusal, place } = identity.org.admit();
    match refusal {
        Some(e) => Err(Fault::Api(e.code(), e.message().to_owned(), UNEXPECTED)),
        None => Ok((Answer::new(api, Some((used, allowed))), place)),
    }
}

/// Who calls: the session of the header (soap-006).
pub(super) fn caller(server: &Server, request: &Request) -> Result<Identity, Fault> {
    let illegal = |more: &str| {
        let text = format!("Invalid Session ID found in SessionHeader: Illegal Session{more}");
        Fault::Api(ErrorCode::InvalidSessionId, text, UNEXPECTED)
    };
    let Some(token) = request.header("SessionHeader", "sessionId") else { return Err(illegal("")) };
    match server.engine.authenticate(token) {
        Ok(Some(identity)) => Ok(identity),
        Ok(None) => {
            // The platform shows a hash by which its support finds the session; the token itself is never shown.
            let mut hasher = DefaultHasher::new();
            token.hash(&mut hasher);
            let hash = hasher.finish();
            Err(illegal(&format!(
                ". Session not found, missing session hash: {hash:016x}\nThis error usually occurs after a session expires or a user logs out. "
            )))
        }
        Err(failure) => Err(failed(server, failure)),
    }
}

/// What the answers tell of the org's own record.
struct OrgRecord {
    name: String,
    sandbox: bool,
}

impl OrgRecord {
    fn read(org: &Org) -> Result<Self, Failure> {
        let mut facts = Self { name: String::new(), sandbox: false };
        let catalog = org.catalog();
        if let (Some(object), Some(row)) = (catalog.object("Organization"), org.organization()?) {
            facts.name = row.get(object, "Name").as_text().unwrap_or_default().to_owned();
            facts.sandbox = *row.get(object, "IsSandbox") == Value::Bool(true);
        }
        Ok(facts)
    }
}

/// The members of `GetUserInfoResult`, in the order of the WSDL. Every org has one currency, the US dollar.
fn write_user_info(answer: &mut Answer, identity: &Identity, facts: &OrgRecord) {
    let user = &identity.user;
    let id = |id: Option<Id>| id.map(|id| id.to_string());
    answer
        .text("accessibilityMode", "false")
        .text("chatterExternal", "false")
        .text("currencySymbol", "$")
        .text("orgAttachmentFileSizeLimit", ATTACHMENT_BYTES)
        .text("orgDefaultCurrencyIsoCode", "USD")
        .text("orgDefaultCurrencyLocale", "en_US")
        .text("orgDisallowHtmlAttachments", "false")
        .text("orgHasPersonAccounts", "false")
        .text("organizationId", &identity.org.id.to_string())
        .text("organizationMultiCurrency", "false")
        .text("organizationName", &facts.name)
        .text("profileId", &id(user.profile_id).unwrap_or_default())
        .nillable("roleId", id(user.role_id).as_deref())
        .text("sessionSecondsValid", &SESSION_SECONDS.to_string())
        .nillable("userDefaultCurrencyIsoCode", None)
        .text("userEmail", &user.email)
        .text("userFullName", &user.name)
        .text("userId", &user.id.to_string())
        .text("userLanguage", &user.language)
        .text("userLocale", &user.locale)
        .text("userName", &user.username)
        .text("userTimeZone", &user.time_zone_key)
        .text("userType", &user.user_type)
        .text("userUiSkin", "Theme3");
}
