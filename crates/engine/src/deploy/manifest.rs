//! What a package says it holds: `package.xml`, and `destructiveChanges*.xml`, which are of the same form.

use orglet_base::ApiVersion;
use orglet_base::version::VersionSegment;
use orglet_schema::custom::MetaNode;

/// Members of a package that say something of the package itself, and nothing that is kept.
const SAID: &[&str] = &["apiAccessLevel", "description", "setupWeblink"];
/// Members that only packages with a name have.
const OF_PACKAGES: &[&str] = &["fullName", "namespacePrefix", "objectPermissions", "packageType", "postInstallClass", "uninstallClass"];

/// A package's list of what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// Metadata types, each with names: `*` stands for all.
    pub types: Vec<(String, Vec<String>)>,
    /// The API version in whose form the files are.
    pub version: Option<ApiVersion>,
}

impl Manifest {
    /// Reads a file.
    ///
    /// # Errors
    /// A sentence, and the line where that is known.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, (String, Option<u32>)> {
        let node = MetaNode::from_xml(bytes).map_err(|e| (format!("Error parsing file: {}", e.message), Some(e.line)))?;
        if node.name != "Package" {
            return Err((format!("Error parsing file: the root element is {}, not Package", node.name), node.line));
        }
        Self::of(&node)
    }

    /// Reads a package's members.
    ///
    /// # Errors
    /// As [`Manifest::read`].
    pub fn of(node: &MetaNode) -> Result<Self, (String, Option<u32>)> {
        let mut manifest = Self::default();
        for child in node.children.iter().filter(|child| !child.is_null()) {
            match child.name.as_str() {
                "types" => manifest.types.push(types(child)?),
                "version" => manifest.version = Some(version(child)?),
                other if SAID.contains(&other) => {}
                other if OF_PACKAGES.contains(&other) => {
                    return Err((format!("{other}: packages are not supported by this org."), child.line));
                }
                _ => return Err(misplaced(child, "Package")),
            }
        }
        Ok(manifest)
    }

    /// The names of a type.
    pub(super) fn members<'m>(&'m self, ty: &'m str) -> impl Iterator<Item = &'m str> + 'm {
        self.types.iter().filter(move |(name, _)| name == ty).flat_map(|(_, members)| members.iter().map(String::as_str))
    }

    /// Whether something is named, or all of its type are.
    pub(super) fn names(&self, ty: &str, full_name: &str) -> bool {
        self.members(ty).any(|member| member == "*" || member.eq_ignore_ascii_case(full_name))
    }
}

fn misplaced(node: &MetaNode, of: &str) -> (String, Option<u32>) {
    let text = format!(
        "Error parsing file: Element {{http://soap.sforce.com/2006/04/metadata}}{} invalid at this location in type {of}",
        node.name
    );
    (text, node.line)
}

fn types(node: &MetaNode) -> Result<(String, Vec<String>), (String, Option<u32>)> {
    if let Some(other) = node.children.iter().find(|child| !["members", "name"].contains(&child.name.as_str())) {
        return Err(misplaced(other, "PackageTypeMembers"));
    }
    let text = |node: &MetaNode| node.text.as_deref().unwrap_or_default().trim().to_owned();
    let mut names = node.all("name");
    let name = names.next().map(text).filter(|name| !name.is_empty());
    let Some(name) = name else { return Err(("Required field is missing: name".to_owned(), node.line)) };
    if let Some(second) = names.next() {
        let message = "Error parsing file: Element name is duplicated at this location in type PackageTypeMembers";
        return Err((message.to_owned(), second.line));
    }
    Ok((name, node.all("members").map(text).filter(|member| !member.is_empty()).collect()))
}

fn version(node: &MetaNode) -> Result<ApiVersion, (String, Option<u32>)> {
    let text = node.text.as_deref().unwrap_or_default().trim();
    match ApiVersion::parse_number(text) {
        VersionSegment::Served(version) => Ok(version),
        // Files of retired versions are read as those of the oldest that is served.
        VersionSegment::Retired(_) => Ok(ApiVersion::OLDEST),
        VersionSegment::Unknown => Err((format!("Invalid version specified:{text}"), node.line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package() {
        let text = "<?xml version=\"1.0\"?>\n<Package xmlns=\"http://soap.sforce.com/2006/04/metadata\">\n<types><members>A.F__c</members><members>*</members>\n<name>CustomField</name></types><version>62.0</version></Package>";
        let read = Manifest::read(text.as_bytes()).unwrap();
        assert_eq!(read.types, [("CustomField".to_owned(), vec!["A.F__c".to_owned(), "*".to_owned()])]);
        assert!(read.names("CustomField", "B.C__c") && !read.names("CustomObject", "B"));
        let fails = |text: &str| Manifest::read(text.as_bytes()).unwrap_err().0;
        assert!(fails("<Package><version>x</version></Package>").starts_with("Invalid version"));
        assert!(fails("<Package><types><members>A</members></types></Package>").contains("name"));
        assert!(fails("<Package><fullName>P</fullName></Package>").contains("packages"));
        assert!(fails("<Package><nope/></Package>").contains("invalid at this location"));
        assert!(fails("<Other/>").contains("not Package"));
        assert!(fails("no").starts_with("Error parsing file"));
    }
}
