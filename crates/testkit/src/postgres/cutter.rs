//! Connections that break at a commit.

use parking_lot::Mutex;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Where a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before the server has the commit: nothing was changed.
    Before,
    /// Before the client has the answer to it: all was changed, and the client cannot know.
    After,
}

/// Passes bytes on between clients and a database server; when armed, it cuts one connection at the commit of a change.
pub struct Cutter {
    port: u16,
    armed: Arc<Mutex<Option<(Cut, usize)>>>,
}

impl Cutter {
    /// One before the server at a port of this machine.
    pub fn new(server: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let (port, armed) = (listener.local_addr()?.port(), Arc::new(Mutex::new(None)));
        let shared = armed.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A client that can't be passed on sees its connection close.
                let _ = join(client, server, &shared);
            }
        });
        Ok(Self { port, armed })
    }

    /// An address of the server as one that leads through here.
    pub fn address(&self, address: &str, server: u16) -> String {
        address.replacen(&format!(":{server}/"), &format!(":{}/", self.port), 1)
    }

    /// Cuts the connection on which the next change but `passing` is committed.
    pub fn arm(&self, cut: Cut, passing: usize) {
        *self.armed.lock() = Some((cut, passing));
    }

    /// Cuts nothing any more; answers whether something was cut.
    pub fn disarm(&self) -> bool {
        self.armed.lock().take().is_none()
    }
}

fn join(client: TcpStream, server: u16, armed: &Arc<Mutex<Option<(Cut, usize)>>>) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", server))?;
    let (from, to) = (client.try_clone()?, server.try_clone()?);
    let (armed, silent) = (armed.clone(), Arc::new(AtomicBool::new(false)));
    let silenced = silent.clone();
    thread::spawn(move || {
        let mut changes = false;
        pump(from, to, |bytes| {
            let holds = |text: &[u8]| bytes.windows(text.len()).any(|w| w == text);
            changes = holds(b"READ COMMITTED") || changes && !holds(b"READ ONLY");
            if !(changes && holds(b"COMMIT\0")) {
                return true;
            }
            let mut armed = armed.lock();
            match &mut *armed {
                None => true,
                Some((_, passing @ 1..)) => {
                    *passing -= 1;
                    true
                }
                Some((cut, _)) => {
                    let passed = *cut == Cut::After;
                    silenced.store(passed, Ordering::SeqCst);
                    *armed = None;
                    passed
                }
            }
        });
    });
    thread::spawn(move || pump(server, client, |_| !silent.load(Ordering::SeqCst)));
    Ok(())
}

/// Passes bytes on until one end closes or `pass` says no; then both are closed.
fn pump(mut from: TcpStream, mut to: TcpStream, mut pass: impl FnMut(&[u8]) -> bool) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(n) = from.read(&mut buffer) {
        if n == 0 || !pass(&buffer[..n]) || to.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
