//! What can go wrong in a store, as far as the engine tells it apart.

/// A failure of a store.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The statement names a table that has not been created yet.
    #[error("no such table: {0}")]
    NoTable(String),
    /// The statement does not fit the tables as they are: it names a column that is not there, or was made for metadata
    /// that has changed since.
    #[error("metadata has changed: {0}")]
    Schema(String),
    /// A unique index was violated: its name, or the columns as the database tells them.
    #[error("not unique: {0}")]
    Unique(String),
    /// The statement was stopped because it ran too long.
    #[error("interrupted")]
    Interrupted,
    /// What the statement changes, or the right to write at all, is held by another transaction that did not let go in
    /// time. Nothing was changed.
    #[error("another transaction holds what is to be changed")]
    Locked,
    /// The disk is full or the files may not be written.
    #[error("the database cannot be written: {0}")]
    ReadOnly(String),
    /// The file is damaged or is not ours.
    #[error("not an orglet database: {0}")]
    Foreign(String),
    /// A newer release wrote the database.
    #[error("{0}")]
    Newer(String),
    /// Another process uses the databases.
    #[error("{0}")]
    InUse(String),
    /// The database server can't be reached, or no connection to it came free in time. Nothing was changed.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// The connection was lost while a transaction was being committed: it was, or it was not.
    #[error("it is not known whether the changes were kept: {0}")]
    Unknown(String),
    /// The database was moved or taken away while somebody had it open. Nothing was changed.
    #[error("the database is not there any more")]
    Moved,
    /// A text holds U+0000, which PostgreSQL stores in none. SQLite would: it is refused there, too.
    #[error("a text holds the character U+0000")]
    NulCharacter,
    /// The transaction's work asked to be rolled back.
    #[error("rolled back")]
    Abort,
    /// Anything else; a defect of ours or of the machine.
    #[error("{0}")]
    Other(String),
}
