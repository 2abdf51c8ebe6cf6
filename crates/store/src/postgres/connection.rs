//! One connection, driven by whoever uses it: a small runtime of its own runs only while a caller waits, so that a
//! statement costs no change of threads. Statements are sent behind each other without waiting where the answer to the
//! first is not needed to send the second.

use super::errors::Fault;
use super::tls::Connector;
use super::values::{Bound, Decoded, type_of};
use crate::{Sink, StoreError};
use futures_util::StreamExt;
use orglet_base::Param;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use tokio_postgres::{Client, Config, Error};

/// How long connecting may take.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// How long asking the server to stop may take.
const CANCEL_TIME: Duration = Duration::from_secs(2);

/// What reads from and writes to the socket.
type Driver = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

pub(super) struct Connection {
    /// Taken when the connection is dropped.
    runtime: Option<Runtime>,
    client: Client,
    driver: Driver,
}

impl Connection {
    pub(super) fn open(config: &Config, connector: &Connector) -> Result<Self, Fault> {
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(|e| Fault::lost(format!("no room for another connection: {e}")))?;
        let connected = waiting(&runtime, async { tokio::time::timeout(CONNECT_TIME, connector.connect(config)).await });
        match connected {
            Ok(Ok((client, driver))) => Ok(Self { runtime: Some(runtime), client, driver }),
            Ok(Err(e)) => Err(Fault::lost(super::errors::whole(&e))),
            Err(_) => Err(Fault::lost(format!("no answer within {} s", CONNECT_TIME.as_secs()))),
        }
    }

    /// Has the server stop what it still does for a caller that waits no longer: not all of it has a limit there. Best
    /// effort: the connection is not used again either way.
    pub(super) fn cancel(&self, connector: &Connector) {
        if let Some(runtime) = &self.runtime {
            let asked = connector.cancel(self.client.cancel_token());
            let _ = waiting(runtime, async { tokio::time::timeout(CANCEL_TIME, asked).await });
        }
    }

    /// Whether the other end is known to be gone.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Runs statements without parameters, for at most `limit`.
    pub(super) fn batch(&mut self, sql: &str, limit: Duration) -> Result<(), Failed> {
        let work = self.client.batch_execute(sql);
        drive(self.runtime.as_ref(), &mut self.driver, limit, work)?.map_err(Failed::Statement)
    }

    /// Runs statements without parameters, each sent by itself and none waited for before the next is sent; the first that
    /// fails is told.
    pub(super) fn each(&mut self, statements: &[String], limit: Duration) -> Result<(), Failed> {
        let client = &self.client;
        let mut running: Vec<_> = statements.iter().map(|sql| Some(Box::pin(client.batch_execute(sql)))).collect();
        let mut outcome = Ok(());
        let work = poll_fn(|cx| {
            // In order: being polled for the first time is what sends them.
            for place in &mut running {
                if let Some(Poll::Ready(done)) = place.as_mut().map(|one| one.as_mut().poll(cx)) {
                    *place = None;
                    if outcome.is_ok() {
                        outcome = done;
                    }
                }
            }
            if running.iter().all(Option::is_none) { Poll::Ready(std::mem::replace(&mut outcome, Ok(()))) } else { Poll::Pending }
        });
        drive(self.runtime.as_ref(), &mut self.driver, limit, work)?.map_err(Failed::Statement)
    }

    /// Sends statements without parameters and does not wait for what comes of them.
    pub(super) fn send(&mut self, sql: &str) {
        let Some(runtime) = &self.runtime else { return };
        let (client, driver) = (&self.client, &mut self.driver);
        waiting(runtime, async {
            let mut work = pin!(client.batch_execute(sql));
            poll_fn(|cx| {
                let _ = work.as_mut().poll(cx);
                let _ = driver.as_mut().poll(cx);
                Poll::Ready(())
            })
            .await;
        });
    }

    /// Runs one statement, behind others without parameters where `before` has any; answers how many rows it changed.
    pub(super) fn query(
        &mut self,
        before: &str,
        sql: &str,
        params: &[Param],
        limit: Duration,
        sink: &mut Sink<'_>,
    ) -> Result<usize, Failed> {
        let client = &self.client;
        let first = async {
            match before {
                "" => Ok(()),
                before => client.batch_execute(before).await,
            }
        };
        let second = async {
            let typed = params.iter().map(|p| (Bound(p), type_of(p)));
            let mut rows = pin!(client.query_typed_raw(sql, typed).await.map_err(Failed::Statement)?);
            while let Some(row) = rows.next().await {
                let row = row.map_err(Failed::Statement)?;
                if !sink(&Decoded::of(&row).map_err(Failed::Store)?) {
                    return Ok(0);
                }
            }
            Ok(rows.rows_affected().and_then(|n| usize::try_from(n).ok()).unwrap_or(0))
        };
        let both = async { tokio::join!(biased; first, second) };
        let (first, second) = drive(self.runtime.as_ref(), &mut self.driver, limit, both)?;
        // What came first is the cause of what came second.
        first.map_err(Failed::Statement)?;
        second
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Waits for nothing: a caller may be on a thread of another runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Why a statement did not run.
#[derive(Debug)]
pub(super) enum Failed {
    /// The server or the connection says so.
    Statement(Error),
    /// What came back can't be read.
    Store(StoreError),
    /// No answer came in time; the connection is in no known state.
    Late,
    /// The connection ended.
    Ended,
}

/// Runs something to its end. The caller may be a task of another runtime: that one then goes on without this thread.
fn waiting<T>(runtime: &Runtime, work: impl Future<Output = T>) -> T {
    match Handle::try_current().map(|outer| outer.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(|| runtime.block_on(work)),
        _ => runtime.block_on(work),
    }
}

/// Runs `work` with the connection's driver beside it.
fn drive<T>(runtime: Option<&Runtime>, driver: &mut Driver, limit: Duration, work: impl Future<Output = T>) -> Result<T, Failed> {
    let Some(runtime) = runtime else { return Err(Failed::Ended) };
    waiting(runtime, async {
        let mut work = pin!(work);
        let driven = poll_fn(|cx| {
            if let Poll::Ready(done) = work.as_mut().poll(cx) {
                return Poll::Ready(Ok(done));
            }
            match driver.as_mut().poll(cx) {
                // What was read before the end may still finish the work.
                Poll::Ready(_) => match work.as_mut().poll(cx) {
                    Poll::Ready(done) => Poll::Ready(Ok(done)),
                    Poll::Pending => Poll::Ready(Err(Failed::Ended)),
                },
                Poll::Pending => work.as_mut().poll(cx).map(Ok),
            }
        });
        tokio::time::timeout(limit, driven).await.unwrap_or(Err(Failed::Late))
    })
}
