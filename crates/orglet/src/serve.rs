//! `orglet serve`, from options to the last answer.

use crate::app::{App, Built};
use crate::authority::{Authority, AuthorityFile};
use crate::cli::ServeOptions;
use crate::error::StartError;
use crate::limits::Limits;
use crate::listen::{Drained, Server};
use crate::ready::{self, Addresses};
use crate::signals::Signals;
use crate::{banner, tls};
use std::future::Future;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

/// How often the application does what is due.
const TICK: Duration = Duration::from_secs(1);

/// Serves the application that `build` makes until SIGTERM or Ctrl-C.
pub async fn run(options: &ServeOptions, build: impl FnOnce(&ServeOptions) -> Result<Built, StartError> + Send) -> Result<(), StartError> {
    // A connection takes a descriptor, and what systems allow unasked is little. Where it can't be raised it stays.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let signals = Signals::catch()?;
    run_until(options, build, Limits::default(), signals.first()).await
}

/// Serves the application that `build` makes until `stop` ends.
pub async fn run_until(
    options: &ServeOptions,
    build: impl FnOnce(&ServeOptions) -> Result<Built, StartError> + Send,
    limits: Limits,
    stop: impl Future<Output = ()>,
) -> Result<(), StartError> {
    // Making keys and opening the org take as long as each other, and neither needs the other.
    let (built, authority) = std::thread::scope(|scope| {
        // A store may wait for a network, which a thread of the listener's runtime must not.
        let built = scope.spawn(|| build(options));
        let authority = open_authority(options);
        (built.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), authority)
    });
    let built = built?;
    if built.credentials_are_default && !options.listen.ip().to_canonical().is_loopback() {
        return Err(StartError::DefaultCredentials { addr: options.listen });
    }
    let (authority, ca_file) = authority?;
    let app = built.app.clone();
    let server = Server::bind(options.listen, built.app, tls::server_config(authority)?, limits)?;
    let addresses = Addresses::of(server.addr(), ca_file.path());
    let _admin_file = match options.memory {
        true => None,
        false => Some(ready::AdminFile::write(&options.data, &addresses, &built.admin_token)?),
    };
    if let Some(file) = &options.ready_file {
        ready::write(file, &addresses, &built.facts, &built.admin_token)?;
    }
    tracing::info!(addr = %server.addr(), "listening");
    let banner = banner::text(&addresses, &built.facts);
    // A closed standard output is no reason to stop.
    let _ = std::io::stdout().write_all(banner.as_bytes());
    let ticking = tokio::spawn(tick(app.clone()));
    let drained = server.run(stop).await;
    ticking.abort();
    let _ = tokio::task::spawn_blocking(move || app.tick()).await;
    match drained {
        Drained::Complete => tracing::info!("stopped"),
        Drained::Abandoned => tracing::warn!("stopped with requests still running after {} s", limits.drain.as_secs()),
    }
    Ok(())
}

/// Has the application do what is due every second or so.
async fn tick(app: Arc<dyn App>) {
    loop {
        tokio::time::sleep(TICK).await;
        let app = app.clone();
        // A panic is in the log; the next time may go better.
        let _ = tokio::task::spawn_blocking(move || app.tick()).await;
    }
}

/// The CA, and the file that clients are pointed to.
fn open_authority(options: &ServeOptions) -> Result<(Authority, AuthorityFile), StartError> {
    let dir = options.data.join("tls");
    let authority = if options.memory { Authority::generate()? } else { Authority::open(&dir)? };
    let file = match &options.ca_file {
        Some(path) => {
            ready::replace(path, authority.certificate_pem().as_bytes(), 0o644)?;
            AuthorityFile::kept(path.clone())
        }
        None if options.memory => AuthorityFile::temporary(&authority)?,
        None => AuthorityFile::in_dir(&dir),
    };
    Ok((authority, file))
}
