//! Logging in and out, and who somebody is: what the partner and the enterprise API share with no other.

use super::envelope::Answer;
use super::session::{API_DISABLED, Caller};
use super::{Api, Fault, Soap};
use crate::Reply;
use orglet_base::{ErrorCode, Id, Value};
use orglet_engine::auth::{LoginError, SESSION_SECONDS};
use orglet_engine::{Failure, Identity, Org, Setting};

/// The largest attachment, in bytes; a fixed fact of every org.
const ATTACHMENT_BYTES: &str = "5242880";

/// `login(username, password)`. The security token may follow the password; `LoginScopeHeader` may name the org.
pub(super) fn login(cx: &Soap<'_>) -> Result<Reply, Fault> {
    let &Soap { server, call, api, version, ref request } = cx;
    if !crate::compat::has_soap_login(version) {
        // soap-004 is the one recorded refusal of the operation as such.
        let text = "SOAP API login() is disabled by default in this org. Contact the org administrator to enable SOAP API login().";
        return Err(Fault::login(ErrorCode::InvalidOperation, text));
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
        LoginError::Failure(failure) => Fault::of(server, failure),
        _ => invalid_login(),
    })?;
    let identity = &grant.identity;
    if identity.org.settings.is_on(Setting::ApiDisabled) {
        server.engine.revoke(&identity.token).map_err(|e| Fault::of(server, e))?;
        return Err(Fault::login(ErrorCode::ApiDisabledForOrg, API_DISABLED));
    }
    if scope.is_some_and(|id| id != identity.org.id) {
        server.engine.revoke(&identity.token).map_err(|e| Fault::of(server, e))?;
        return Err(invalid_login());
    }
    call.by(identity);
    let facts = OrgRecord::read(&identity.org).map_err(|e| Fault::of(server, e))?;
    let address = |segment: &str| format!("{}/services/Soap/{segment}/{version}/{}", call.instance(), identity.org.id.as_15());
    let mut answer = Answer::new(api, None, false);
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
    Fault::login(ErrorCode::InvalidLogin, "Invalid username, password, security token; or user locked out.")
}

/// `logout()`: ends the session of the header.
pub(super) fn logout(cx: &Soap<'_>) -> Result<Reply, Fault> {
    let Caller { identity, mut answer, .. } = Caller::admitted(cx, false)?;
    if !cx.server.engine.revoke(&identity.token).map_err(|e| Fault::of(cx.server, e))? {
        // The standing access token is no session.
        return Err(Fault::new(ErrorCode::InvalidOperation, "This session cannot be ended."));
    }
    answer.empty("logoutResponse");
    Ok(answer.finish())
}

/// `getServerTimestamp()`.
pub(super) fn timestamp(cx: &Soap<'_>) -> Result<Reply, Fault> {
    let mut answer = Caller::admitted(cx, false)?.answer;
    answer
        .begin("getServerTimestampResponse")
        .begin("result")
        .text("timestamp", &cx.server.engine.now().to_canonical())
        .end("result")
        .end("getServerTimestampResponse");
    Ok(answer.finish())
}

/// `getUserInfo()`.
pub(super) fn user_info(cx: &Soap<'_>) -> Result<Reply, Fault> {
    let Caller { identity, mut answer, .. } = Caller::admitted(cx, false)?;
    let facts = OrgRecord::read(&identity.org).map_err(|e| Fault::of(cx.server, e))?;
    answer.begin("getUserInfoResponse").begin("result");
    write_user_info(&mut answer, &identity, &facts);
    answer.end("result").end("getUserInfoResponse");
    Ok(answer.finish())
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
