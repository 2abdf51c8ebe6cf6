//! How an operation of the engine fails.

use orglet_base::{ApiError, ErrorCode, Id};
use orglet_store::StoreError;

/// A failure, before a protocol gives it its form.
#[derive(Debug)]
pub enum Failure {
    /// An error that the client sees.
    Api(ApiError),
    /// Several errors of one record, two at least, in the order in which they are listed.
    Errors(Vec<ApiError>),
    /// An external ID matched several records: their object and ids.
    Choices(String, Vec<Id>),
    /// A definition of a custom object or field is refused.
    Definition(Box<orglet_schema::custom::DefError>),
    /// A condition of the request does not hold: the HTTP status (304, 412); the answer has no body.
    Condition(u16),
    /// A batch that was rolled back, with what became of each record; never leaves the save.
    Batch(Vec<Result<crate::save::Saved, Failure>>),
    /// The store failed; the client sees an internal error, the log sees why.
    Store(StoreError),
}

impl From<ApiError> for Failure {
    fn from(e: ApiError) -> Self {
        Failure::Api(e)
    }
}

impl From<Vec<ApiError>> for Failure {
    fn from(mut errors: Vec<ApiError>) -> Self {
        match errors.len() {
            // Whoever finds no error has no failure to make; the answer is that of a fault then.
            0 => Failure::Store(StoreError::Other("a failure without an error".into())),
            1 => Failure::Api(errors.remove(0)),
            _ => Failure::Errors(errors),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(e: StoreError) -> Self {
        match e {
            // crud-074
            StoreError::NulCharacter => {
                let text = "data value contains a character that cannot be stored: U+0000";
                ApiError::new(ErrorCode::TextDataOutsideSupportedCharset, text).with_fields(Vec::<String>::new()).into()
            }
            StoreError::Locked => locked("").into(),
            other => Failure::Store(other),
        }
    }
}

impl Failure {
    /// The errors that the client sees; none where the failure is of another kind.
    pub fn errors(&self) -> &[ApiError] {
        match self {
            Failure::Api(e) => std::slice::from_ref(e),
            Failure::Errors(list) => list,
            _ => &[],
        }
    }

    /// Whether the operation's changes may have been kept or not, and nobody knows.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Failure::Store(StoreError::Unknown(_)))
    }

    /// Whether metadata changed under the operation, so that it would go better with the catalog of now.
    pub fn is_stale(&self) -> bool {
        matches!(self, Failure::Store(StoreError::Schema(_)))
    }

    /// Whether the org was moved under the operation, which changed nothing: it would go well in the new place.
    pub fn is_moved(&self) -> bool {
        matches!(self, Failure::Store(StoreError::Moved))
    }

    /// Whether the database could not be reached: nothing was changed, and the same may go well later.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Failure::Store(StoreError::Unavailable(_)))
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Api(e) => e.fmt(f),
            Failure::Errors(list) => list.iter().enumerate().try_for_each(|(at, e)| {
                f.write_str(if at == 0 { "" } else { "; " })?;
                e.fmt(f)
            }),
            Failure::Choices(object, ids) => write!(f, "{} records of {object} match", ids.len()),
            Failure::Definition(e) => e.fmt(f),
            Failure::Condition(status) => write!(f, "condition not met ({status})"),
            Failure::Batch(_) => f.write_str("rolled back"),
            Failure::Store(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for Failure {}

/// Gathers the errors of one stage of a save, so that a record is told all of them at once. It costs nothing while there is
/// none.
#[derive(Default)]
pub(crate) struct Gathered(Vec<ApiError>);

impl Gathered {
    /// Notes what a check says of the record. Failures of another kind end the save at once, and so does a row that another
    /// save holds: the transaction takes no more statements then, and it isn't the record that is wrong.
    pub(crate) fn note(&mut self, outcome: Result<(), Failure>) -> Result<(), Failure> {
        match outcome {
            Err(Failure::Api(e)) if e.code() != ErrorCode::UnableToLockRow => self.0.push(e),
            Err(Failure::Errors(list)) => self.0.extend(list),
            other => return other,
        }
        Ok(())
    }

    /// Notes an error.
    pub(crate) fn push(&mut self, e: ApiError) {
        self.0.push(e);
    }

    /// Ends the stage: its errors, if there is any.
    pub(crate) fn end(self) -> Result<(), Failure> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0.into()) }
    }
}

/// 400 for what another save holds (crud-061); `which` says more of it.
fn locked(which: &str) -> ApiError {
    let text = format!("unable to obtain exclusive access to this record{which}");
    ApiError::new(ErrorCode::UnableToLockRow, text).with_fields(Vec::<String>::new())
}

/// The failure of a statement on one row; where another save holds it, it says which row that is (crud-060).
pub(crate) fn of_row(e: StoreError, id: Id) -> Failure {
    match e {
        StoreError::Locked => locked(&format!(" or 1 records: {}", id.as_15())).into(),
        other => other.into(),
    }
}

/// 404 for an id that no row has (crud-028).
pub(crate) fn no_row() -> ApiError {
    ApiError::new(ErrorCode::InvalidCrossReferenceKey, "invalid cross reference id").with_fields(Vec::<String>::new()).with_status(404)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_held_ends_the_save_at_once() {
        let mut wrong = Gathered::default();
        wrong.note(Err(no_row().into())).unwrap();
        let id = Id::parse("001000000000001AAA").unwrap();
        let ended = wrong.note(Err(of_row(StoreError::Locked, id))).unwrap_err();
        assert_eq!(ended.errors().iter().map(ApiError::code).collect::<Vec<_>>(), [ErrorCode::UnableToLockRow]);
    }
}
