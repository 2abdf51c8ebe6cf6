//! A network between the server and its database that fails: connections go through here and are cut, at a random byte or
//! about a commit.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use orglet_testkit::random::Random;

/// Bytes that a connection carries before it is cut, at most: some fifteen saves.
const BYTES: u64 = 60_000;
/// Commits that it carries at most, where it is cut about one.
const COMMITS: u64 = 8;
/// How a commit ends, in a statement without parameters.
const COMMIT: &[u8] = b"COMMIT\0";
/// How long the far end may not hear of a cut, in milliseconds: its transaction stays open, with its locks.
const LAG: u64 = 150;

/// A proxy; it takes no more connections when dropped.
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    target: SocketAddr,
    cutting: AtomicBool,
    ended: AtomicBool,
    random: Mutex<Random>,
    /// Connections cut in all, after a commit was passed on, and before one was.
    cuts: [AtomicU64; 3],
}

/// When a connection is cut.
#[derive(Clone, Copy, Debug)]
enum When {
    /// After so many bytes in both directions.
    Bytes(u64),
    /// When so many commits went to the database; the last one's answer doesn't come back.
    AfterCommit(u64),
    /// When the last of so many commits should go to the database.
    BeforeCommit(u64),
}

/// A connection through the proxy.
struct Through {
    near: TcpStream,
    far: TcpStream,
    when: Mutex<When>,
    lag: Option<Duration>,
    cut: AtomicBool,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Listens on loopback, and passes on to `target`.
    pub fn start(target: SocketAddr, random: Random) -> io::Result<Proxy> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let shared = Arc::new(Shared {
            target,
            cutting: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            random: Mutex::new(random),
            cuts: Default::default(),
        });
        let proxy = Proxy { address: listener.local_addr()?, shared: shared.clone() };
        thread::spawn(move || {
            for near in listener.incoming() {
                if shared.ended.load(Ordering::SeqCst) {
                    break;
                }
                // What can't be passed on is closed: the server sees a connection that is refused.
                if let Ok(near) = near {
                    let _ = Through::open(near, &shared);
                }
            }
        });
        Ok(proxy)
    }

    /// Begins or ends cutting; connections that are open are cut as well.
    pub fn cutting(&self, on: bool) {
        self.shared.cutting.store(on, Ordering::SeqCst);
    }

    /// Connections cut in all, after a commit was passed on, and before one was.
    pub fn cuts(&self) -> [u64; 3] {
        self.shared.cuts.each_ref().map(|cuts| cuts.load(Ordering::SeqCst))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // Wakes the thread that listens.
        let _ = TcpStream::connect(self.address);
    }
}

impl Through {
    fn open(near: TcpStream, shared: &Arc<Shared>) -> io::Result<()> {
        let far = TcpStream::connect(shared.target)?;
        near.set_nodelay(true)?;
        far.set_nodelay(true)?;
        let (when, lag) = {
            let mut random = shared.random.lock().unwrap_or_else(PoisonError::into_inner);
            let when = match random.below(4) {
                0 => When::AfterCommit(random.below(COMMITS)),
                1 => When::BeforeCommit(random.below(COMMITS)),
                _ => When::Bytes(random.below(BYTES)),
            };
            let lag = (random.below(3) == 0).then(|| Duration::from_millis(random.below(LAG)));
            (when, lag)
        };
        let through = Through { near, far, when: Mutex::new(when), lag, cut: AtomicBool::new(false), shared: shared.clone() };
        let one = Arc::new(through);
        let other = one.clone();
        thread::spawn(move || one.pump(&one.near, &one.far, true));
        thread::spawn(move || other.pump(&other.far, &other.near, false));
        Ok(())
    }

    /// Passes on what comes from one end until that ends, or the connection is cut.
    fn pump(&self, mut from: &TcpStream, mut to: &TcpStream, outwards: bool) {
        let mut piece = [0; 16 * 1024];
        while let Ok(read @ 1..) = from.read(&mut piece) {
            let piece = piece.get(..read).unwrap_or_default();
            let passed = if self.shared.cutting.load(Ordering::SeqCst) { self.passed(piece, outwards) } else { read };
            let sent = to.write_all(piece.get(..passed).unwrap_or_default());
            if self.cut.load(Ordering::SeqCst) {
                return self.cut_now();
            }
            if sent.is_err() {
                break;
            }
        }
        if !self.cut.load(Ordering::SeqCst) {
            // An end that closes is passed on. Where the other one is gone already, nothing is left to do.
            let _ = to.shutdown(Shutdown::Write);
        }
    }

    /// How many bytes of a piece still go through. Notes it when the connection is to be cut then.
    fn passed(&self, piece: &[u8], outwards: bool) -> usize {
        let mut when = self.when.lock().unwrap_or_else(PoisonError::into_inner);
        let is_commit = outwards && piece.ends_with(COMMIT);
        let (passed, kind) = match &mut *when {
            When::Bytes(left) if *left < piece.len() as u64 => (usize::try_from(*left).unwrap_or_default(), 0),
            When::Bytes(left) => {
                *left -= piece.len() as u64;
                return piece.len();
            }
            When::AfterCommit(0) if is_commit => (piece.len(), 1),
            When::BeforeCommit(0) if is_commit => (0, 2),
            When::AfterCommit(left) | When::BeforeCommit(left) => {
                *left = left.saturating_sub(u64::from(is_commit));
                return piece.len();
            }
        };
        if !self.cut.swap(true, Ordering::SeqCst) {
            let [all, after, before] = &self.shared.cuts;
            for cuts in [Some(all), (kind == 1).then_some(after), (kind == 2).then_some(before)].into_iter().flatten() {
                cuts.fetch_add(1, Ordering::SeqCst);
            }
        }
        passed
    }

    fn cut_now(&self) {
        let _ = self.near.shutdown(Shutdown::Both);
        if let Some(lag) = self.lag {
            thread::sleep(lag);
        }
        let _ = self.far.shutdown(Shutdown::Both);
    }
}
