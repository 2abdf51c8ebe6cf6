//! Who somebody is: the identity URL and userinfo.

use super::params::Params;
use super::{failed, identity_url, not_allowed};
use crate::codec::{Doc, Format, XmlOrder};
use crate::error::OAuthFormat;
use crate::request::Token;
use crate::{Call, Reply, Server};
use http::Method;
use jiff::tz::{Dst, TimeZone};
use orglet_base::version::VersionSegment;
use orglet_base::{ApiVersion, Id};
use orglet_engine::Identity;
use orglet_engine::auth::User;

/// The longest name of a JSONP callback, in characters.
const MOST_CALLBACK: usize = 128;

/// What stands for the version in addresses where the request names none.
const ANY_VERSION: &str = "{version}";

/// `GET /id/{org}/{user}`.
///
/// The token comes from the header or from `oauth_token` in the URL. `version` fills the addresses, `format` or
/// `Accept` chooses JSON or XML, `callback` wraps JSON.
pub(super) fn answer(server: &Server, call: &Call, who: &str) -> Reply {
    // On a POST the platform does not see the token of the URL (realdoug/omniauth-salesforce pull request 12).
    let in_url = match call.method {
        Method::GET => call.param("oauth_token"),
        Method::POST => None,
        _ => return not_allowed(call, "GET,POST"),
    };
    let identity = match caller(server, call, in_url) {
        Ok(identity) => identity,
        Err(reply) => return reply,
    };
    let ids = who.split_once('/').and_then(|(org, user)| Some((Id::parse(org).ok()?, Id::parse(user).ok()?)));
    let Some((org, user)) = ids else { return plain(404, "Bad_Id") };
    if org != identity.org.id {
        return plain(403, "Wrong_Org");
    }
    let user = match server.engine.user(org, user) {
        Ok(Some(user)) => user,
        Ok(None) => return plain(404, "Bad_Id"),
        Err(failure) => return failed(server, call, failure),
    };
    if !user.active {
        return plain(404, "Inactive");
    }
    let version = match call.param("version").filter(|v| !v.is_empty()) {
        None => ANY_VERSION.to_owned(),
        Some("latest") => ApiVersion::LATEST.to_string(),
        Some(text) => match ApiVersion::parse_number(text) {
            VersionSegment::Served(version) => version.to_string(),
            _ => return plain(406, "Invalid_Version"),
        },
    };
    let format = match format(call) {
        Ok(format) => format,
        Err(reply) => return reply,
    };
    let callback = call.param("callback").filter(|c| !c.is_empty());
    if callback.is_some_and(|c| !is_callback(c) || format == Format::Xml) {
        return plain(406, "Invalid_Callback");
    }
    let doc = identity_doc(call, &identity, &user, &version, format);
    let mut reply = Reply::doc(200, &doc, format, call.pretty(), "user", XmlOrder::Kept);
    if let Some(name) = callback {
        reply.content_type = Some("application/javascript;charset=UTF-8");
        reply.body = [name.as_bytes(), b"(", &reply.body, b");"].concat();
    }
    reply
}

/// `GET|POST /services/oauth2/userinfo`.
pub(super) fn userinfo(server: &Server, call: &Call) -> Reply {
    if call.method != Method::GET && call.method != Method::POST {
        return not_allowed(call, "GET,POST");
    }
    let params = Params::read(call);
    let in_form = params.get("access_token").filter(|_| call.method == Method::POST);
    let identity = match caller(server, call, in_form) {
        Ok(identity) => identity,
        Err(reply) => return reply,
    };
    let format = match format(call) {
        Ok(format) => format,
        Err(reply) => return reply,
    };
    let doc = userinfo_doc(call, &identity, format);
    Reply::doc(200, &doc, format, call.pretty(), "user", XmlOrder::Kept)
}

/// Who asks: the token of the header, else another one.
fn caller(server: &Server, call: &Call, other: Option<&str>) -> Result<Identity, Reply> {
    let token = match (call.token(), other.filter(|t| !t.is_empty())) {
        (Token::Given(token), _) | (_, Some(token)) => token,
        (Token::None, None) => return Err(plain(403, "Missing_OAuth_Token")),
        (Token::Unreadable, None) => return Err(plain(403, "Bad_OAuth_Token")),
    };
    match server.engine.authenticate_for(token, true) {
        Ok(Some(identity)) => {
            call.by(&identity);
            Ok(identity)
        }
        Ok(None) => Err(plain(403, "Bad_OAuth_Token")),
        Err(failure) => Err(failed(server, call, failure)),
    }
}

/// The format of the answer. How the nested members would stand in a URL-encoded body is not known, so that it is
/// refused rather than made up.
fn format(call: &Call) -> Result<Format, Reply> {
    match Params::read(call).format() {
        Ok(OAuthFormat::Json) => Ok(Format::Json),
        Ok(OAuthFormat::Xml) => Ok(Format::Xml),
        Ok(OAuthFormat::UrlEncoded) | Err(()) => Err(plain(406, "Invalid_Format")),
    }
}

/// The failures of these endpoints are single words.
fn plain(status: u16, word: &str) -> Reply {
    Reply::new(status, "text/plain;charset=UTF-8", word.as_bytes().to_vec())
}

/// Whether a text may be called in JSONP: a dotted path of names, and nothing that could run.
fn is_callback(text: &str) -> bool {
    let is_name = |part: &str| {
        let mut chars = part.chars();
        chars.next().is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '$'))
            && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$'))
    };
    text.len() <= MOST_CALLBACK && text.split('.').all(is_name)
}

fn identity_doc(call: &Call, identity: &Identity, user: &User, version: &str, format: Format) -> Doc {
    let text = |t: &str| Doc::from(t.to_owned());
    Doc::obj([
        ("id", identity_url(call, identity.org.id, user.id).into()),
        ("asserted_user", (user.id == identity.user.id).into()),
        ("user_id", user.id.to_string().into()),
        ("organization_id", identity.org.id.to_string().into()),
        ("username", text(&user.username)),
        ("nick_name", text(&user.nickname)),
        ("display_name", text(&user.name)),
        ("email", text(&user.email)),
        ("email_verified", true.into()),
        ("first_name", user.first_name.clone().into()),
        ("last_name", text(&user.last_name)),
        ("timezone", text(&user.time_zone_key)),
        ("photos", photos(call)),
        ("addr_street", user.street.clone().into()),
        ("addr_city", user.city.clone().into()),
        ("addr_state", user.state.clone().into()),
        ("addr_country", user.country.clone().into()),
        ("addr_zip", user.postal_code.clone().into()),
        ("mobile_phone", user.mobile_phone.clone().into()),
        ("mobile_phone_verified", false.into()),
        ("is_lightning_login_user", false.into()),
        ("status", Doc::obj([("created_date", Doc::Null), ("body", Doc::Null)])),
        ("urls", urls(call, identity.org.id, user.id, version)),
        ("active", user.active.into()),
        ("user_type", user_type(&user.user_type).into()),
        ("language", text(&user.language)),
        ("locale", text(&user.locale)),
        ("utcOffset", standard_offset(&user.time_zone).into()),
        ("last_modified_date", modified(user, format)),
        ("is_app_installed", true.into()),
    ])
}

fn userinfo_doc(call: &Call, identity: &Identity, format: Format) -> Doc {
    let user = &*identity.user;
    let text = |t: &str| Doc::from(t.to_owned());
    // Claims that are empty are left out, as OpenID Connect has it.
    let mut address = Doc::Obj(Vec::new());
    for (name, value) in [
        ("street_address", &user.street),
        ("locality", &user.city),
        ("region", &user.state),
        ("postal_code", &user.postal_code),
        ("country", &user.country),
    ] {
        if let Some(value) = value {
            address.push(name, value.clone());
        }
    }
    let mut doc = Doc::obj([
        ("sub", identity_url(call, identity.org.id, user.id).into()),
        ("user_id", user.id.to_string().into()),
        ("organization_id", identity.org.id.to_string().into()),
        ("preferred_username", text(&user.username)),
        ("nickname", text(&user.nickname)),
        ("name", text(&user.name)),
        ("email", text(&user.email)),
        ("email_verified", true.into()),
    ]);
    if let Some(first) = &user.first_name {
        doc.push("given_name", first.clone());
    }
    for (name, value) in [
        ("family_name", text(&user.last_name)),
        ("zoneinfo", text(&user.time_zone_key)),
        ("photos", photos(call)),
        ("profile", format!("{}/{}", call.instance(), user.id).into()),
        ("picture", photo(call, 'F').into()),
        ("address", address),
        ("is_salesforce_integration_user", false.into()),
        ("urls", urls(call, identity.org.id, user.id, ANY_VERSION)),
        ("active", user.active.into()),
        ("user_type", user_type(&user.user_type).into()),
        ("language", text(&user.language)),
        ("locale", text(&user.locale)),
        ("utcOffset", standard_offset(&user.time_zone).into()),
        ("updated_at", modified(user, format)),
    ] {
        doc.push(name, value);
    }
    doc
}

/// The picture that a user has who never set one.
fn photo(call: &Call, size: char) -> String {
    format!("{}/profilephoto/005/{size}", call.instance())
}

fn photos(call: &Call) -> Doc {
    Doc::obj([("picture", photo(call, 'F').into()), ("thumbnail", photo(call, 'T').into())])
}

/// The addresses of the APIs, those that are not built included: clients read the map as a whole.
fn urls(call: &Call, org: Id, user: Id, version: &str) -> Doc {
    let origin = call.instance();
    let soap = |kind: &str| Doc::from(format!("{origin}/services/Soap/{kind}/{version}/{}", org.as_15()));
    let rest = |path: &str| Doc::from(format!("{origin}/services/data/v{version}/{path}"));
    Doc::obj([
        ("enterprise", soap("c")),
        ("metadata", soap("m")),
        ("partner", soap("u")),
        ("rest", rest("")),
        ("sobjects", rest("sobjects/")),
        ("search", rest("search/")),
        ("query", rest("query/")),
        ("recent", rest("recent/")),
        ("tooling_soap", soap("T")),
        ("tooling_rest", rest("tooling/")),
        ("profile", format!("{origin}/{user}").into()),
        ("feeds", rest("chatter/feeds")),
        ("groups", rest("chatter/groups")),
        ("users", rest("chatter/users")),
        ("feed_items", rest("chatter/feed-items")),
        ("feed_elements", rest("chatter/feed-elements")),
        ("custom_domain", origin.into_owned().into()),
    ])
}

/// The user type as these endpoints spell it: `Standard` is `STANDARD`, `PowerPartner` is `POWER_PARTNER`.
fn user_type(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut after_small = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && after_small {
            out.push('_');
        }
        after_small = c.is_ascii_lowercase();
        out.push(c.to_ascii_uppercase());
    }
    out
}

/// A zone's offset without daylight saving, in milliseconds; negative in the west.
fn standard_offset(zone: &TimeZone) -> i64 {
    // 1 January and 1 July 2024: one of them is standard time in either hemisphere.
    let offsets: Vec<_> = [1_704_067_200, 1_719_792_000]
        .into_iter()
        .filter_map(|second| jiff::Timestamp::from_second(second).ok())
        .map(|at| {
            let info = zone.to_offset_info(at);
            (info.dst(), info.offset().seconds())
        })
        .collect();
    let standard = offsets.iter().find(|(dst, _)| *dst == Dst::No).or(offsets.first());
    standard.map_or(0, |(_, seconds)| i64::from(*seconds) * 1000)
}

/// JSON shows whole seconds here, unlike everywhere else.
fn modified(user: &User, format: Format) -> Doc {
    let Some(time) = user.modified else { return Doc::Null };
    match format {
        Format::Xml => Doc::DateTime(time),
        Format::Json => time.truncate_to_second().to_canonical().replace(".000Z", "Z").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callbacks() {
        for good in ["cb", "$._x1", "a.b.c"] {
            assert!(is_callback(good), "{good}");
        }
        for bad in ["", "a.", "1a", "a b", "alert(1)//", "a;b", &"x".repeat(129)] {
            assert!(!is_callback(bad), "{bad}");
        }
    }

    #[test]
    fn user_types_and_offsets() {
        assert_eq!(user_type("Standard"), "STANDARD");
        assert_eq!(user_type("CspLitePortal"), "CSP_LITE_PORTAL");
        for (zone, hours) in [("America/Los_Angeles", -8.0), ("Australia/Sydney", 10.0), ("Asia/Kolkata", 5.5), ("GMT", 0.0)] {
            let zone = TimeZone::get(zone).unwrap();
            assert_eq!(standard_offset(&zone), (hours * 3_600_000.0) as i64);
        }
    }
}
