//! API names of custom objects, fields and relationships.

use super::DefError;

/// Longest developer name, in characters, without namespace and suffix.
const MAX_NAME: usize = 40;
/// Longest namespace prefix, in characters.
const MAX_NAMESPACE: usize = 15;

/// Suffixes of custom objects and fields.
pub(super) const CUSTOM: &[&str] = &["__c", "__C"];
/// Suffixes of objects: custom ones, and platform events.
pub(super) const OBJECTS: &[&str] = &["__c", "__C", "__e", "__E"];

/// Whether a name is that of a platform event.
pub fn is_event(full: &str) -> bool {
    full.ends_with("__e") || full.ends_with("__E")
}

/// The parts of an API name such as `ns__Name__c`.
pub(super) struct ApiName<'a> {
    pub(super) namespace: Option<&'a str>,
    pub(super) name: &'a str,
}

impl<'a> ApiName<'a> {
    /// Splits a name that ends in `__c`.
    pub(super) fn parse(full: &'a str) -> Option<Self> {
        Self::parse_any(full, CUSTOM)
    }

    /// Splits a name that ends in one of some suffixes.
    pub(super) fn parse_any(full: &'a str, suffixes: &[&str]) -> Option<Self> {
        let stem = suffixes.iter().find_map(|suffix| full.strip_suffix(suffix))?;
        Some(match stem.split_once("__") {
            Some((namespace, name)) => Self { namespace: Some(namespace), name },
            None => Self { namespace: None, name: stem },
        })
    }

    /// `name`, or `ns__name` where this name has a namespace, with a suffix.
    pub(super) fn sibling(&self, name: &str, suffix: &str) -> String {
        match self.namespace {
            Some(ns) => format!("{ns}__{name}{suffix}"),
            None => format!("{name}{suffix}"),
        }
    }
}

/// Whether a text is a developer name: a letter first, letters, digits and single underscores, none at the end.
pub(super) fn is_developer_name(name: &str) -> bool {
    is_name_of(name, MAX_NAME)
}

/// As [`is_developer_name`], of at most so many characters.
pub(super) fn is_name_of(name: &str, most: usize) -> bool {
    name.len() <= most
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !name.ends_with('_')
        && !name.contains("__")
}

/// Whether a text may be a namespace prefix.
fn is_namespace(text: &str) -> bool {
    text.len() <= MAX_NAMESPACE && is_developer_name(text)
}

/// Checks a custom name. A namespace is let through only for project files: an org itself has none to create in.
pub(super) fn check(full: &str, suffixes: &[&str], what: &str, namespace_allowed: bool, no_suffix: &str) -> Result<(), DefError> {
    let Some(parts) = ApiName::parse_any(full, suffixes) else {
        return Err(DefError::integrity(no_suffix).on("FullName"));
    };
    let sound = is_developer_name(parts.name) && parts.namespace.is_none_or(|ns| namespace_allowed && is_namespace(ns));
    if sound { Ok(()) } else { Err(bad_name(what, full)) }
}

/// The refusal of a name that is not a developer name.
pub(super) fn bad_name(what: &str, name: &str) -> DefError {
    let message = if too_long(name) {
        format!("{what}: data value too large: {name} (max length={MAX_NAME})")
    } else {
        format!(
            "The {what} field can only contain underscores and alphanumeric characters. It must be unique, begin with a letter, \
             not include spaces, not end with an underscore, and not contain two consecutive underscores."
        )
    };
    DefError::integrity(message).on("FullName")
}

/// Whether length is all that is wrong with a name.
fn too_long(name: &str) -> bool {
    let stem = ApiName::parse_any(name, OBJECTS).map_or(name, |parts| parts.name);
    stem.len() > MAX_NAME
        && stem.starts_with(|c: char| c.is_ascii_alphabetic())
        && !stem.contains("__")
        && !stem.ends_with('_')
        && stem.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["A", "My_Field", "A1_b2", &"x".repeat(40)] {
            assert!(is_developer_name(good), "{good}");
        }
        for bad in ["", "1A", "_A", "A_", "A__B", "Ä", "A B", &"x".repeat(41)] {
            assert!(!is_developer_name(bad), "{bad}");
        }
        assert!(check("ns__A__c", CUSTOM, "Field Name", true, "").is_ok());
        assert!(check("ns__A__c", CUSTOM, "Field Name", false, "").is_err());
        assert_eq!(check("A", CUSTOM, "Field Name", true, "no suffix").unwrap_err().message, "no suffix");
        let long = format!("{}__c", "x".repeat(41));
        assert!(check(&long, CUSTOM, "Field Name", true, "").unwrap_err().message.ends_with("(max length=40)"));
        assert!(check("A__e", CUSTOM, "Field Name", true, "").is_err());
        assert!(check("ns__A__e", OBJECTS, "Object Name", true, "").is_ok());
        assert!(check("é__c", CUSTOM, "Field Name", true, "").is_err());
        assert_eq!(ApiName::parse("ns__A__c").unwrap().sibling("Kids", "__r"), "ns__Kids__r");
    }
}
