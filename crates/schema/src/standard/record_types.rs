//! Which standard objects may have record types (`data/record_types.tsv`).

const RECORD_TYPES: &str = include_str!("../../data/record_types.tsv");

/// What record types mean for a standard object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// The field that `RecordTypeId` stands behind in a describe, where that is known.
    pub after: Option<&'static str>,
    /// The picklist that business processes choose values of: sales, lead, support and solution processes.
    pub process: Option<&'static str>,
}

/// What record types mean for a standard object, by its name in any case; none where it has no record types.
pub fn of(object: &str) -> Option<Typed> {
    let some = |text: Option<&'static str>| text.filter(|t| !t.is_empty());
    lines()
        .find(|(name, ..)| name.eq_ignore_ascii_case(object))
        .map(|(_, after, process)| Typed { after: some(after), process: some(process) })
}

fn lines() -> impl Iterator<Item = (&'static str, Option<&'static str>, Option<&'static str>)> {
    RECORD_TYPES.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let mut columns = line.split('\t');
        (columns.next().unwrap_or_default(), columns.next(), columns.next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_names_what_there_is() {
        let objects = crate::standard::objects();
        for (name, after, process) in lines() {
            let object = objects.object(name).unwrap_or_else(|| panic!("there is no object {name}"));
            assert!(object.flags.layoutable && object.field("RecordTypeId").is_none(), "{name}");
            for field in [after, process].into_iter().flatten().filter(|f| !f.is_empty()) {
                assert!(object.field(field).is_some(), "{name} has no {field}");
            }
        }
        assert_eq!(of("opportunity").and_then(|t| t.process), Some("StageName"));
        assert_eq!(of("User"), None);
    }
}
