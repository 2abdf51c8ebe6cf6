//! The compound name of people: `Name` of Contact, Lead and User is made of its parts and stored beside them, so that it
//! can be searched and sorted. It is a `string` to a describe and read-only.

/// The full name: first and last name, or what there is of them. The salutation is not part of it.
pub fn person_name(first: Option<&str>, middle: Option<&str>, last: Option<&str>, suffix: Option<&str>) -> String {
    [first, middle, last, suffix].into_iter().flatten().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn parts_that_are_missing_leave_no_blank() {
        assert_eq!(super::person_name(None, None, Some("Ash"), None), "Ash");
        assert_eq!(super::person_name(Some("Ann"), None, Some("Ash"), None), "Ann Ash");
    }
}
