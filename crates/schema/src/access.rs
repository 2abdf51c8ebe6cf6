//! What a user may see and do, beside the catalog and shared by users with equal rights.

use crate::field::Field;
use crate::object::Object;

/// The rights of a user over objects and fields. Until profiles and permission sets grant them one by one, there is
/// one kind: a user who may do all that the schema allows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccessSet {
    id: u64,
}

impl AccessSet {
    /// Everything that the schema allows.
    pub fn full() -> Self {
        Self { id: 0 }
    }

    /// Tells access sets apart in cache keys.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Whether the object is visible at all.
    pub fn sees_object(&self, _object: &Object) -> bool {
        true
    }

    /// Whether the field may be read.
    pub fn reads_field(&self, _object: &Object, _field: &Field) -> bool {
        true
    }

    /// Whether the field may be written, as far as the user's rights go (the field's own flags are apart).
    pub fn writes_field(&self, _object: &Object, _field: &Field) -> bool {
        true
    }
}
