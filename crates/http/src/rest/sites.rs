//! Sites of digital experiences, of all that the Connect API has. Elements of XML are named as the vendor's guide names the bodies; it
//! shows none of them.

use super::{Rest, typed};
use crate::codec::{Doc, Node, XmlOrder};
use crate::router::Resource;
use crate::{Reply, compat};
use orglet_base::{ApiError, ErrorCode};
use orglet_engine::sites::{self, NewSite, Site};
use orglet_engine::{Failure, Setting};

/// What publishing answers (recorded at v50.0).
const PUBLISHING: &str = "We are publishing your changes now. You will receive an email confirmation when your changes are live.";

/// A request below `connect/communities`.
///
/// # Errors
/// NOT_FOUND in an org without digital experiences, as one answered (trailheadapps/az-insurance, issue 103).
pub(super) fn answer(cx: &Rest<'_>, resource: Resource, params: &[&str]) -> Result<Reply, Failure> {
    let settings = &cx.identity.org.settings;
    if settings.is_on(Setting::ConnectApiDisabled) {
        // auth-012
        let text = "The Chatter Connect API is not enabled for this organization or user type.";
        return Err(ApiError::new(ErrorCode::ApiDisabledForOrg, text).into());
    }
    if !settings.is_on(Setting::DigitalExperiences) {
        return Err(ApiError::not_found().into());
    }
    let posts = cx.call.method == http::Method::POST;
    match (resource, params) {
        (Resource::Sites, _) if !posts => list(cx),
        (Resource::Site, [id]) => Ok(cx.doc(200, &shown(cx, &sites::find(&cx.identity, id)?), "community", XmlOrder::Kept)),
        _ if !compat::makes_sites(cx.version) => Err(ApiError::not_found().into()),
        (Resource::Sites, _) => create(cx),
        (Resource::SiteTemplates, _) => Ok(templates(cx)),
        (Resource::SitePublication, [id]) => publish(cx, id),
        _ => Err(ApiError::not_found().into()),
    }
}

fn list(cx: &Rest<'_>) -> Result<Reply, Failure> {
    let wanted = cx.call.param("status");
    if let Some(wanted) = wanted.filter(|wanted| !["Live", "Inactive", "UnderConstruction"].contains(wanted)) {
        let text = format!("The value {wanted} is not valid for the parameter status");
        return Err(ApiError::routing(ErrorCode::IllegalQueryParameterValue, text).into());
    }
    let all = sites::all(&cx.identity)?;
    let listed: Vec<Doc> = all.iter().filter(|site| wanted.is_none_or(|it| it == status(site))).map(|site| shown(cx, site)).collect();
    let total = i64::try_from(listed.len()).unwrap_or(i64::MAX);
    Ok(cx.doc(200, &Doc::obj([("communities", Doc::List(listed)), ("total", total.into())]), "communityPage", XmlOrder::Kept))
}

/// What the API calls the state of a site.
fn status(site: &Site) -> &str {
    match site.text("Status") {
        Some("DownForMaintenance") => "Inactive",
        other => other.unwrap_or_default(),
    }
}

fn url_of(cx: &Rest<'_>, site: &Site) -> String {
    let origin = &cx.call.origin;
    site.text("UrlPathPrefix").map_or_else(|| origin.clone(), |prefix| format!("{origin}/{prefix}"))
}

/// A site, as one was recorded at v50.0; the members of other versions are documented.
fn shown(cx: &Rest<'_>, site: &Site) -> Doc {
    let text = |field: &str| Doc::from(site.text(field).map(str::to_owned));
    let is = |field: &str| Doc::from(site.is(field));
    let url = url_of(cx, site);
    let members = [
        ("allowChatterAccessWithoutLogin", is("OptionsGuestChatterEnabled")),
        ("allowMembersToFlag", is("OptionsAllowMembersToFlag")),
        ("contentSpaceId", Doc::Null),
        ("description", text("Description")),
        ("guestMemberVisibilityEnabled", is("OptionsGuestMemberVisibility")),
        ("id", site.id.to_string().into()),
        ("invitationsEnabled", is("OptionsInvitationsEnabled")),
        ("knowledgeableEnabled", is("OptionsKnowledgeableEnabled")),
        ("loginUrl", format!("{url}/login").into()),
        ("memberVisibilityEnabled", is("OptionsMemberVisibility")),
        ("name", text("Name")),
        ("nicknameDisplayEnabled", is("OptionsNicknameDisplayEnabled")),
        ("privateMessagesEnabled", is("OptionsPrivateMessagesEnabled")),
        ("reputationEnabled", is("OptionsReputationEnabled")),
        ("sendWelcomeEmail", is("OptionsSendWelcomeEmail")),
        ("siteAsContainerEnabled", is("OptionsSiteAsContainerEnabled")),
        ("siteUrl", url.into()),
        ("status", status(site).to_owned().into()),
        ("templateName", site.template.clone().into()),
        ("url", format!("{}/connect/communities/{}", cx.base, site.id).into()),
        ("urlPathPrefix", text("UrlPathPrefix")),
    ];
    Doc::Obj(
        members.into_iter().filter(|(name, _)| compat::shows_of_site(cx.version, name)).map(|(name, doc)| (name.into(), doc)).collect(),
    )
}

fn templates(cx: &Rest<'_>) -> Reply {
    let listed = sites::TEMPLATES.iter().map(|name| Doc::obj([("publisher", "Salesforce".into()), ("templateName", (*name).into())]));
    let doc =
        Doc::obj([("templates", Doc::List(listed.collect())), ("total", i64::try_from(sites::TEMPLATES.len()).unwrap_or_default().into())]);
    cx.doc(200, &doc, "communityTemplateCollection", XmlOrder::Kept)
}

fn create(cx: &Rest<'_>) -> Result<Reply, Failure> {
    let body = cx.body()?;
    let node = typed::object(&body, &["name", "urlPathPrefix", "templateName", "description", "templateParams"])?;
    let given = |name: &str| typed::text(node, name).map(|text| text.map(str::to_owned));
    let required = |name: &str| given(name)?.ok_or_else(|| typed::missing(name));
    let new = NewSite {
        name: required("name")?,
        template: required("templateName")?,
        prefix: given("urlPathPrefix")?,
        description: given("description")?,
    };
    if node.get("templateParams").is_some_and(|params| !params.is_null() && !is_empty(params)) {
        // They are for sites of other templates than those that are here (documented).
        let text = format!("The template {} takes no templateParams.", new.template);
        return Err(ApiError::new(ErrorCode::InvalidInput, text).into());
    }
    let job = sites::create(&cx.identity, &new)?;
    Ok(cx.doc(200, &Doc::obj([("jobId", job.to_string().into())]), "communityCreate", XmlOrder::Kept))
}

fn is_empty(node: &Node<'_>) -> bool {
    node.is_object() && node.members().is_empty()
}

fn publish(cx: &Rest<'_>, id: &str) -> Result<Reply, Failure> {
    let (site, job) = sites::publish(&cx.identity, id)?;
    let doc = Doc::obj([
        ("id", site.id.to_string().into()),
        ("jobId", job.to_string().into()),
        ("message", PUBLISHING.into()),
        ("name", site.text("Name").map(str::to_owned).into()),
        ("url", url_of(cx, &site).into()),
    ]);
    Ok(cx.doc(200, &doc, "communityPublish", XmlOrder::Kept))
}
