//! The one place where the application is made and handed to the shell.

use crate::app::{App, Built, Peer, StoreError, Work};
use crate::cli::ServeOptions;
use crate::error::StartError;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Request, Response};
use orglet_engine::{OrgOptions, dev, project};
use orglet_http::AdminAccess;
use std::sync::Arc;

/// Builds the application that `orglet serve` runs. Fails where the data directory, a project or the credentials can't
/// be used.
pub fn build_app(options: &ServeOptions) -> Result<Built, StartError> {
    let credentials = &options.credentials;
    let client = (credentials.client_id.is_some() || credentials.client_secret.is_some()).then(|| {
        let or = |given: &Option<String>, development: &str| given.clone().unwrap_or_else(|| development.to_owned());
        (or(&credentials.client_id, dev::CLIENT_ID), or(&credentials.client_secret, dev::CLIENT_SECRET))
    });
    let engine = orglet_engine::Server::open(OrgOptions {
        store: options.store.clone(),
        data: (!options.memory).then(|| options.data.clone()),
        durability: options.durability.into(),
        sample_data: options.sample_data,
        now: options.now,
        id_seed: options.id_seed,
        admin_username: credentials.admin_username.clone(),
        admin_password: credentials.admin_password.clone(),
        admin_security_token: credentials.admin_security_token.clone(),
        projects: options.project.clone(),
        open_orgs: options.open_orgs,
        access_token: credentials.access_token.clone(),
        client,
    })
    .map_err(StartError::app)?;
    let admin = engine.admin().map_err(StartError::app)?;
    for skipped in project::load(&admin, &options.project, options.strict_project).map_err(StartError::app)? {
        tracing::warn!("left out of the project: {skipped}");
    }
    let facts = engine.facts().map_err(StartError::app)?;
    let credentials_are_default = engine.credentials_are_default();
    let admin_token = match &options.admin_token {
        Some(token) => token.clone(),
        None => orglet_engine::random_token().map_err(StartError::app)?,
    };
    let access = AdminAccess { token: admin_token.clone(), anywhere: options.admin_remote };
    let server = orglet_http::Server::new(Arc::new(engine)).with_admin(access).with_origins(options.cors_origin.clone());
    let server = server.with_journal(options.journal, options.journal_bodies);
    let app: Arc<dyn App> = Arc::new(Protocols { server });
    Ok(Built { app, facts, admin_token, credentials_are_default })
}

/// The protocols behind the shell.
struct Protocols {
    server: orglet_http::Server,
}

/// The access token of a request, as far as the shell has to know it.
fn token(request: &Parts) -> &str {
    let value = request.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split_once(' ').map_or(value, |(_, token)| token.trim())
}

impl App for Protocols {
    fn handle(&self, request: Request<Bytes>, peer: Peer) -> Response<Bytes> {
        let from = orglet_http::Peer { scheme: peer.scheme, trusted: peer.trusted };
        self.server.handle_from(request, from, Some(peer.addr.ip()))
    }

    fn tick(&self) {
        if let Err(error) = self.server.engine().share_usage() {
            tracing::warn!(%error, "counts of API requests could not be kept");
        }
        self.server.engine().keep_views();
        self.server.engine().keep_storage();
        self.server.engine().purge_bins();
    }

    fn is_quick(&self, request: &Parts) -> bool {
        self.server.is_quick(&request.method, request.uri.path()) && self.server.engine().reads_at_once(token(request))
    }

    fn waits(&self) -> bool {
        !self.server.engine().reads_at_once("")
    }

    fn lane(&self, request: &Parts) -> Option<u64> {
        // Where each save has a connection and a commit of its own, they go beside each other.
        self.server.saves(request).filter(|_| self.server.engine().shares_commits(token(request)))
    }

    fn together(&self, work: Vec<Work<'_>>) -> Vec<Result<Response<Bytes>, StoreError>> {
        orglet_store::together(work)
    }

    fn ready(&self) -> bool {
        true
    }
}
