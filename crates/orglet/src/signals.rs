//! SIGTERM and Ctrl-C: the first asks for an orderly end, the second ends at once.

use crate::error::StartError;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The process's stop signals, caught from the moment this is made.
pub(crate) struct Signals {
    #[cfg(unix)]
    terminate: Signal,
    #[cfg(unix)]
    interrupt: Signal,
}

impl Signals {
    /// Catches the signals. Needs a runtime.
    pub(crate) fn catch() -> Result<Self, StartError> {
        #[cfg(unix)]
        {
            let terminate = signal(SignalKind::terminate()).map_err(StartError::Signals)?;
            let interrupt = signal(SignalKind::interrupt()).map_err(StartError::Signals)?;
            Ok(Self { terminate, interrupt })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Ends with the first signal; a second one then ends the process at once, with the status shells give to it.
    pub(crate) async fn first(mut self) {
        self.next().await;
        tracing::info!("stopping: requests in flight are finished; a second signal stops at once");
        tokio::spawn(async move {
            let status = self.next().await;
            std::process::exit(status);
        });
    }

    #[cfg(unix)]
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.terminate.recv() => 143,
            _ = self.interrupt.recv() => 130,
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) -> i32 {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        130
    }
}
