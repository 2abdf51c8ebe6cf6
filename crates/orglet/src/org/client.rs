//! Who answers the admin API: a server that runs, or one made for the moment.

use crate::ready::AdminFile;
use bytes::Bytes;
use clap::Args;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use orglet_engine::{Failure, OrgOptions as ServerOptions};
use orglet_http::{AdminAccess, Peer, Scheme, Server, admin};
use orglet_store::StoreError;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpStream;

/// Whom the commands of administration ask, and how they print.
#[derive(Args)]
pub struct AdminOptions {
    /// Data directory of the server.
    #[arg(long, env = "ORGLET_DATA", value_name = "DIR", default_value = "./orglet-data", global = true)]
    pub data: PathBuf,

    /// Address of the PostgreSQL database that keeps the server, in place of a data directory.
    #[arg(long, env = "ORGLET_STORE", value_name = "ADDRESS", hide_env_values = true, global = true)]
    pub store: Option<String>,

    /// Address of the admin API (admin_url of the ready file), for a server that has no data directory here.
    #[arg(long, env = "ORGLET_ADMIN_URL", value_name = "URL", requires = "admin_token", global = true)]
    pub admin_url: Option<String>,

    /// Its token (admin_token of the ready file).
    #[arg(long, env = "ORGLET_ADMIN_TOKEN", value_name = "TOKEN", hide_env_values = true, global = true)]
    pub admin_token: Option<String>,

    /// Print what the admin API answers, as JSON; of lists of changes and entries a line for each.
    #[arg(long, global = true)]
    pub json: bool,
}

/// Who answers.
pub(super) enum Target {
    /// A server over the data directory, as long as this lives.
    Here(Box<Server>, String),
    /// The admin API at an address: host with port, path, token.
    There { host: String, path: String, token: String },
}

impl Target {
    /// The server named, or the one that has the data directory open, or the directory itself.
    pub(super) fn find(options: &AdminOptions) -> Result<Self, String> {
        if let (Some(url), Some(token)) = (&options.admin_url, &options.admin_token) {
            return Self::at(url, token.clone());
        }
        let data = &options.data;
        if options.store.is_none() && !data.join("server.db").exists() {
            let text = "there is no data directory of orglet; name one with --data, or a server with --admin-url and --admin-token";
            return Err(format!("{}: {text}", data.display()));
        }
        let random = || orglet_engine::random_token().map_err(|e| e.to_string());
        // Sessions are made, which hold for the next server; the development token might not.
        let here = ServerOptions {
            data: Some(data.clone()),
            store: options.store.clone(),
            access_token: Some(random()?),
            ..ServerOptions::default()
        };
        match orglet_engine::Server::open(here) {
            Ok(engine) => {
                let token = random()?;
                let access = AdminAccess { token: token.clone(), anywhere: false };
                Ok(Self::Here(Box::new(Server::new(Arc::new(engine)).with_admin(access)), token))
            }
            Err(Failure::Store(StoreError::InUse(text))) => {
                let (url, token) = AdminFile::read(data).ok_or(text)?;
                Self::at(&url, token)
            }
            Err(e) => Err(e.to_string()),
        }
    }

    /// As [`Target::find`], for what is in the memory of a server that runs.
    pub(super) fn running(options: &AdminOptions) -> Result<Self, String> {
        match Self::find(options)? {
            Self::Here(..) => Err(format!("{}: no server runs here; rules and journals are in the memory of one", options.data.display())),
            there => Ok(there),
        }
    }

    fn at(url: &str, token: String) -> Result<Self, String> {
        let rest = url.strip_prefix("http://").ok_or_else(|| format!("{url}: expected http://ADDRESS:PORT{}", admin::ROOT))?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path = format!("/{}", path.trim_end_matches('/'));
        let path = if path == "/" { admin::ROOT.to_owned() } else { path };
        let host = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
        Ok(Self::There { host, path, token })
    }

    /// Asks; answers the body of a success, and the message of a refusal as an error.
    pub(super) fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let content = Bytes::from(body.map(Value::to_string).unwrap_or_default());
        let build = |host: &str, root: &str, token: &str| {
            Request::builder()
                .method(method)
                .uri(format!("{root}{path}"))
                .header("host", host)
                .header("authorization", format!("Bearer {token}"))
                .header("content-type", "application/json")
        };
        let response = match self {
            Self::Here(server, token) => {
                let request = build("localhost", admin::ROOT, token).body(content).map_err(|e| e.to_string())?;
                server.handle(request, Peer { scheme: Scheme::Http, trusted: true })
            }
            Self::There { host, path: root, token } => {
                let request = build(host, root, token).body(Full::new(content)).map_err(|e| e.to_string())?;
                send(host, request).map_err(|e| format!("no answer from http://{host}: {e}"))?
            }
        };
        let status = response.status();
        let answer = if response.body().is_empty() { Ok(Value::Null) } else { serde_json::from_slice(response.body()) };
        match answer {
            Ok(value) if status.is_success() => Ok(value),
            Ok(value) if value["error"]["message"].is_string() => Err(value["error"]["message"].as_str().unwrap_or_default().to_owned()),
            _ => Err(format!("the answer is none of the admin API: {status}")),
        }
    }
}

fn send(host: &str, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let stream = TcpStream::connect(host).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let (parts, body) = sender.send_request(request).await?.into_parts();
        Ok(Response::from_parts(parts, body.collect().await?.to_bytes()))
    })
}
