//! Connections, shared by every org of a server: a bounded number, opened as they are needed.
//!
//! Work that holds a connection and needs another (an act on a whole org that writes to the server's own database) gets one
//! beyond the bound: if it had to wait, all connections could be held by those who wait.

use super::connection::Connection;
use super::errors::Fault;
use super::tls::Connector;
use crate::StoreError;
use parking_lot::{Condvar, Mutex};
use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_postgres::Config;

thread_local! {
    /// Connections that this thread holds.
    static HELD: Cell<usize> = const { Cell::new(0) };
}

pub(super) struct Pool {
    config: Config,
    connector: Connector,
    most: usize,
    /// How long a caller waits for a connection to come free.
    wait: Duration,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    open: usize,
}

impl Pool {
    pub(super) fn new(config: Config, connector: Connector, most: usize, wait: Duration) -> Arc<Self> {
        Arc::new(Self { config, connector, most, wait, state: Mutex::default(), freed: Condvar::new() })
    }

    /// A connection: an idle one, a new one, or the next that comes free.
    pub(super) fn take(self: &Arc<Self>) -> Result<Lease, StoreError> {
        let nested = HELD.get() > 0;
        let deadline = Instant::now() + self.wait;
        let mut state = self.state.lock();
        loop {
            while let Some(connection) = state.idle.pop() {
                if !connection.is_closed() {
                    return Ok(self.lease(connection));
                }
                state.open -= 1;
            }
            if state.open < self.most || nested {
                state.open += 1;
                drop(state);
                return match Connection::open(&self.config, &self.connector) {
                    Ok(connection) => Ok(self.lease(connection)),
                    Err(Fault { error, .. }) => {
                        self.gone(1);
                        Err(error)
                    }
                };
            }
            if self.freed.wait_until(&mut state, deadline).timed_out() {
                let text = format!("none of {} connections came free within {} s", self.most, self.wait.as_secs());
                return Err(StoreError::Unavailable(text));
            }
        }
    }

    fn lease(self: &Arc<Self>, connection: Connection) -> Lease {
        HELD.set(HELD.get() + 1);
        Lease { pool: self.clone(), connection: Some(connection), clean: true }
    }

    /// Whether the address itself bounds how long statements may take.
    pub(super) fn bounds_time(&self) -> bool {
        self.config.get_options().is_some_and(|options| options.contains("statement_timeout"))
    }

    /// Drops idle connections: the server that they led to is gone.
    pub(super) fn purge(&self) {
        let idle = std::mem::take(&mut self.state.lock().idle);
        self.gone(idle.len());
    }

    fn gone(&self, connections: usize) {
        self.state.lock().open -= connections;
        self.freed.notify_all();
    }
}

/// A connection in use, on the thread that took it. It goes back when dropped, unless it is in the middle of something.
pub(super) struct Lease {
    pool: Arc<Pool>,
    connection: Option<Connection>,
    /// Whether no transaction is open on it.
    pub(super) clean: bool,
}

impl Lease {
    /// The connection, while there is one.
    pub(super) fn connection(&mut self) -> Result<&mut Connection, StoreError> {
        self.connection.as_mut().ok_or_else(|| StoreError::Unavailable("the connection is gone".to_owned()))
    }

    /// Has the server stop what it does on the connection, of which nobody waits any more.
    pub(super) fn cancel(&mut self) {
        if let Some(connection) = &self.connection {
            connection.cancel(&self.pool.connector);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        HELD.set(HELD.get().saturating_sub(1));
        if self.clean && !connection.is_closed() {
            let mut state = self.pool.state.lock();
            if state.open <= self.pool.most {
                state.idle.push(connection);
                drop(state);
                self.pool.freed.notify_one();
                return;
            }
        }
        drop(connection);
        self.pool.gone(1);
    }
}
