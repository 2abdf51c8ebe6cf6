//! Versions, and the resources of a version.

use super::Rest;
use crate::codec::{Doc, Format, XmlOrder};
use crate::{Call, Reply, compat};
use http::header;
use orglet_base::ApiVersion;

/// `GET /services/data`: asks for no session and is not counted.
pub(super) fn versions(call: &Call, format: Format, pretty: bool) -> Reply {
    if call.method != http::Method::GET {
        let text = format!("HTTP Method '{}' not allowed. Allowed are HEAD,GET", call.method);
        let e = orglet_base::ApiError::routing(orglet_base::ErrorCode::MethodNotAllowed, text);
        return Reply::from(crate::error::render(&[e], format, pretty)).with(header::ALLOW, "HEAD,GET");
    }
    let list = ApiVersion::all().map(|v| {
        Doc::obj([("label", v.label().into()), ("url", format!("/services/data/v{v}").into()), ("version", v.to_string().into())])
    });
    Reply::doc(200, &Doc::Wrapped("Version", list.collect()), format, pretty, "Versions", XmlOrder::Sorted)
}

/// `GET /services/data/vNN.0`: what is served, and nothing else.
pub(super) fn resources(cx: &Rest<'_>) -> Reply {
    let mut doc = Doc::Obj(Vec::new());
    for key in [
        "tooling",
        "tabs",
        "appMenu",
        "quickActions",
        "queryAll",
        "search",
        "parameterizedSearch",
        "theme",
        "recent",
        "limits",
        "process",
        "query",
        "consent",
        "compactLayouts",
        "sobjects",
        "actions",
    ] {
        // The others are older than the oldest version here.
        let served = match key {
            "parameterizedSearch" => compat::has_parameterized_search(cx.version),
            "consent" => compat::has_consent(cx.version),
            "actions" => compat::has_invocable_actions(cx.version),
            _ => true,
        };
        if served {
            doc.push(key, format!("{}/{key}", cx.base));
        }
    }
    doc.push("identity", format!("{}/id/{}/{}", cx.call.origin, cx.identity.org.id, cx.identity.user.id));
    cx.doc(200, &doc, "urls", XmlOrder::Kept)
}
