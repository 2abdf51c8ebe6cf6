//! SQLite databases in a data directory, or in memory.

use super::{Durability, Sqlite};
use crate::home::{Carry, check_name, exists, missing};
use crate::{Home, Store, StoreError, Work};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

/// The file of the server's own database.
const OWN: &str = "server.db";
/// The folder of the orgs' files.
const ORGS: &str = "orgs";
/// Behind the name of a file that a copy is being written to.
pub(super) const PART: &str = ".part";
/// Behind the name of a file with the content that an org is about to get.
const NEW: &str = ".new";

/// The databases of one server: `server.db` and `orgs/NAME.db` in a data directory.
pub struct Folder {
    path: PathBuf,
    durability: Durability,
    own: Arc<Sqlite>,
    /// Those that are open: one writer each, however often it is asked for.
    open: Mutex<HashMap<String, Weak<Sqlite>>>,
    /// Keeps other servers off the data directory until this is dropped.
    _lock: File,
}

impl Folder {
    /// Opens a data directory, which is made where it is missing. An error where another process has it open.
    pub fn open(path: &Path, durability: Durability) -> Result<Self, StoreError> {
        let orgs = path.join(ORGS);
        private_folder(&orgs).map_err(|e| cannot(&orgs, &e))?;
        let lock = lock(path)?;
        sweep(&orgs)?;
        let own = Arc::new(Sqlite::open(&path.join(OWN), durability)?);
        Ok(Self { path: path.to_owned(), durability, own, open: Mutex::default(), _lock: lock })
    }

    fn file(&self, name: &str) -> Result<PathBuf, StoreError> {
        check_name(name)?;
        Ok(self.path.join(ORGS).join(format!("{name}.db")))
    }

    fn existing(&self, name: &str) -> Result<PathBuf, StoreError> {
        let file = self.file(name)?;
        if file.exists() { Ok(file) } else { Err(missing(name)) }
    }

    fn absent(&self, name: &str) -> Result<PathBuf, StoreError> {
        let file = self.file(name)?;
        if file.exists() { Err(exists(name)) } else { Ok(file) }
    }

    /// The database behind a file, shared with whoever has it open. The caller holds the map.
    fn shared(&self, open: &mut HashMap<String, Weak<Sqlite>>, name: &str, file: &Path) -> Result<Arc<Sqlite>, StoreError> {
        if let Some(store) = open.get(name).and_then(Weak::upgrade) {
            return Ok(store);
        }
        open.retain(|_, store| store.strong_count() > 0);
        let store = Arc::new(Sqlite::open(file, self.durability)?);
        open.insert(name.to_owned(), Arc::downgrade(&store));
        Ok(store)
    }
}

impl Home for Folder {
    fn own(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(self.own.clone())
    }

    fn has(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.file(name)?.exists())
    }

    fn open(&self, name: &str) -> Result<Arc<dyn Store>, StoreError> {
        let mut open = self.open.lock();
        let file = self.existing(name)?;
        Ok(self.shared(&mut open, name, &file)?)
    }

    fn create(&self, name: &str) -> Result<Arc<dyn Store>, StoreError> {
        let mut open = self.open.lock();
        let file = self.absent(name)?;
        Ok(self.shared(&mut open, name, &file)?)
    }

    fn remove(&self, name: &str) -> Result<(), StoreError> {
        let mut open = self.open.lock();
        let file = self.existing(name)?;
        open.remove(name);
        std::fs::remove_file(&file).map_err(|e| cannot(&file, &e))?;
        for suffix in ["-wal", "-shm"] {
            discard(&beside(&file, suffix))?;
        }
        Ok(())
    }

    fn copy(&self, from: &str, to: &str, adapt: &mut Work<'_>) -> Result<(), StoreError> {
        let (source, target) = (self.existing(from)?, self.absent(to)?);
        Sqlite::copy_file(&source, &target, self.durability, Some(adapt))
    }

    fn replace(&self, from: &str, to: &str, carry: &mut Carry<'_>) -> Result<(), StoreError> {
        let source = self.existing(from)?;
        let file = self.existing(to)?;
        let target = self.shared(&mut self.open.lock(), to, &file)?;
        // What is carried over is written to a copy, so that the snapshot stays as it is and the step is one commit.
        let aside = beside(&file, NEW);
        discard(&aside)?;
        // No one needs the copy after a power loss.
        let replaced = Sqlite::copy_file(&source, &aside, Durability::Relaxed, None).and_then(|()| {
            let new = Sqlite::open(&aside, Durability::Relaxed)?;
            target.replace(&new, carry)
        });
        for suffix in ["", "-wal", "-shm"] {
            discard(&beside(&aside, suffix))?;
        }
        replaced
    }

    fn give_up(&self, name: &str, work: &mut Work<'_>) -> Result<(), StoreError> {
        let file = self.existing(name)?;
        let store = self.shared(&mut self.open.lock(), name, &file)?;
        store.alone(work)?;
        self.remove(name)
    }

    fn list(&self) -> Result<Vec<String>, StoreError> {
        let folder = self.path.join(ORGS);
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(|e| cannot(&folder, &e))? {
            let file = entry.map_err(|e| cannot(&folder, &e))?.file_name();
            let name = file.to_str().and_then(|f| f.strip_suffix(".db"));
            names.extend(name.filter(|n| check_name(n).is_ok()).map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }

    fn backup(&self, names: &[String], folder: &Path) -> Result<(), StoreError> {
        let orgs = new_folder(folder)?;
        Sqlite::copy_file(&self.path.join(OWN), &folder.join(OWN), Durability::Full, None)?;
        for name in names {
            Sqlite::copy_file(&self.existing(name)?, &orgs.join(format!("{name}.db")), Durability::Full, None)?;
        }
        Ok(())
    }

    fn reads_at_once(&self) -> bool {
        true
    }
}

/// Databases in memory, gone with the process.
pub struct Memory {
    own: Arc<Sqlite>,
    orgs: Mutex<HashMap<String, Arc<Sqlite>>>,
}

impl Memory {
    /// A server's database and no org's.
    pub fn new() -> Result<Self, StoreError> {
        Ok(Self { own: Arc::new(Sqlite::in_memory()?), orgs: Mutex::default() })
    }

    fn get(&self, name: &str) -> Result<Arc<Sqlite>, StoreError> {
        self.orgs.lock().get(name).cloned().ok_or_else(|| missing(name))
    }

    fn put(&self, name: &str, store: Arc<Sqlite>) -> Result<Arc<Sqlite>, StoreError> {
        check_name(name)?;
        let mut orgs = self.orgs.lock();
        if orgs.contains_key(name) {
            return Err(exists(name));
        }
        orgs.insert(name.to_owned(), store.clone());
        Ok(store)
    }
}

impl Home for Memory {
    fn own(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(self.own.clone())
    }

    fn has(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.orgs.lock().contains_key(name))
    }

    fn open(&self, name: &str) -> Result<Arc<dyn Store>, StoreError> {
        Ok(self.get(name)?)
    }

    fn create(&self, name: &str) -> Result<Arc<dyn Store>, StoreError> {
        Ok(self.put(name, Arc::new(Sqlite::in_memory()?))?)
    }

    fn remove(&self, name: &str) -> Result<(), StoreError> {
        self.orgs.lock().remove(name).map(|_| ()).ok_or_else(|| missing(name))
    }

    fn copy(&self, from: &str, to: &str, adapt: &mut Work<'_>) -> Result<(), StoreError> {
        let copy = self.get(from)?.copy_in_memory()?;
        copy.transact(adapt)?;
        self.put(to, Arc::new(copy)).map(|_| ())
    }

    fn replace(&self, from: &str, to: &str, carry: &mut Carry<'_>) -> Result<(), StoreError> {
        let target = self.get(to)?;
        let new = self.get(from)?.copy_in_memory()?;
        target.replace(&new, carry)
    }

    fn give_up(&self, name: &str, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.get(name)?.alone(work)?;
        self.remove(name)
    }

    fn list(&self) -> Result<Vec<String>, StoreError> {
        let mut names: Vec<String> = self.orgs.lock().keys().cloned().collect();
        names.sort();
        Ok(names)
    }

    fn backup(&self, names: &[String], folder: &Path) -> Result<(), StoreError> {
        let orgs = new_folder(folder)?;
        self.own.copy_to_file(&folder.join(OWN))?;
        for name in names {
            self.get(name)?.copy_to_file(&orgs.join(format!("{name}.db")))?;
        }
        Ok(())
    }

    /// There is one connection for everything: a read may wait for a long write.
    fn reads_at_once(&self) -> bool {
        false
    }
}

/// Makes the folder of a backup, which must not be there or be empty; answers its folder for orgs.
fn new_folder(folder: &Path) -> Result<PathBuf, StoreError> {
    private_folder(folder).map_err(|e| cannot(folder, &e))?;
    if std::fs::read_dir(folder).map_err(|e| cannot(folder, &e))?.next().is_some() {
        return Err(StoreError::Other(format!("{} is not empty", folder.display())));
    }
    let orgs = folder.join(ORGS);
    std::fs::create_dir(&orgs).map_err(|e| cannot(&orgs, &e))?;
    Ok(orgs)
}

/// Makes a folder, and those above it, where they are missing: its owner's alone, as an org's data is nobody else's. One that
/// is there keeps its rights.
fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Takes away the copies that a process which ended left half done.
fn sweep(orgs: &Path) -> Result<(), StoreError> {
    for entry in std::fs::read_dir(orgs).map_err(|e| cannot(orgs, &e))? {
        let file = entry.map_err(|e| cannot(orgs, &e))?.path();
        let name = file.file_name().and_then(|n| n.to_str()).and_then(|n| n.split_once(".db"));
        if name.is_some_and(|(name, rest)| check_name(name).is_ok() && [PART, NEW].iter().any(|aside| rest.starts_with(aside))) {
            discard(&file)?;
        }
    }
    Ok(())
}

/// A server's claim on its data directory: two would each trust what they hold in memory.
fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join("lock");
    let file = File::options().write(true).create(true).truncate(false).open(&path).map_err(|e| cannot(&path, &e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let text =
                format!("the data directory {} is in use by another orglet: stop that one, or choose another directory", folder.display());
            Err(StoreError::InUse(text))
        }
        Err(TryLockError::Error(e)) => Err(cannot(&path, &e)),
    }
}

fn cannot(path: &Path, e: &io::Error) -> StoreError {
    StoreError::ReadOnly(format!("{}: {e}", path.display()))
}

/// A file's path with something behind its name.
pub(super) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Takes a file away, if it is there.
pub(super) fn discard(file: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(file) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(cannot(file, &e)),
        _ => Ok(()),
    }
}
