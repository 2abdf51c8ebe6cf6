//! Retrievals: definitions of an org as files in metadata format, which deploy again.

use super::{Manifest, RETRIEVAL, Status, archive, jobs, new_id};
use crate::metadata::{self, Custom, value_sets};
use crate::{Failure, Identity};
use orglet_base::{ApiVersion, DateTime, ErrorCode, Id};
use orglet_schema::Storage;
use orglet_schema::custom::{ApexDef, MetaNode, part, types};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What is retrieved (`RetrieveRequest`).
#[derive(Clone, Debug)]
pub struct RetrieveRequest {
    /// Packages by their names; no org here has one.
    pub packages: Vec<String>,
    /// Whether the archive is the one package.
    pub single_package: bool,
    /// The only files that are wanted, by their paths in the archive; all where it is empty.
    pub specific_files: Vec<String>,
    /// Components that are in no package.
    pub unpackaged: Option<Manifest>,
    /// The version that the files are for, where the list says none.
    pub version: ApiVersion,
}

/// A component of a retrieval's files (`FileProperties`).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "members are named and meant as in the API")]
pub struct FileProperties {
    pub created_by: String,
    pub created_by_name: String,
    pub created: String,
    pub file_name: String,
    pub full_name: String,
    pub id: String,
    pub modified: String,
    pub type_name: String,
}

/// A retrieval that was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Retrieved {
    /// `09S…`
    #[serde(with = "jobs::id")]
    pub id: Id,
    /// How it ended.
    pub status: Status,
    /// What the files hold.
    pub properties: Vec<FileProperties>,
    /// What was not found: a file and a sentence.
    pub messages: Vec<(String, String)>,
    /// Why it failed: code and sentence.
    pub error: Option<(String, String)>,
}

/// Retrieves definitions. What is not found is told by the retrieval, whose work is over.
///
/// # Errors
/// Failures of the database.
pub fn retrieve(identity: &Identity, request: &RetrieveRequest) -> Result<Retrieved, Failure> {
    let id = new_id(identity, RETRIEVAL)?;
    let now = identity.org.now();
    let failed = |text: String| {
        let text = format!("{}: {text}", ErrorCode::InvalidCrossReferenceKey.as_str());
        let error = Some((ErrorCode::UnknownException.as_str().to_owned(), text));
        Retrieved { id, status: Status::Failed, properties: Vec::new(), messages: Vec::new(), error }
    };
    let (retrieved, zip) = match (&request.packages[..], &request.unpackaged) {
        ([name, ..], _) => (failed(format!("No package named '{name}' found")), None),
        ([], None) => (failed("No packages or unpackaged specified".to_owned()), None),
        ([], Some(manifest)) => {
            let mut gathered = Gathered::new(identity, request, manifest, now)?;
            gathered.gather()?;
            let (properties, messages, files) = gathered.finish()?;
            let zip = archive::write(&files).map_err(orglet_store::StoreError::Other)?;
            (Retrieved { id, status: Status::Succeeded, properties, messages, error: None }, Some(zip))
        }
    };
    jobs::keep(identity, id, now, &retrieved, zip.as_deref())?;
    Ok(retrieved)
}

/// Of an object what is in its file: all of it, or some definitions.
#[derive(Default)]
struct Chosen {
    whole: bool,
    some: BTreeSet<Id>,
}

struct Gathered<'a> {
    identity: &'a Identity,
    request: &'a RetrieveRequest,
    manifest: &'a Manifest,
    now: DateTime,
    have: Vec<Custom>,
    /// What stands before paths in the archive.
    root: &'static str,
    /// Objects by name, with what is in their files.
    objects: BTreeMap<String, Chosen>,
    /// Files of others, by path: the root element, and what is in it.
    others: BTreeMap<String, (&'static str, Vec<MetaNode>)>,
    /// Files that are no XML, by path.
    bodies: BTreeMap<String, String>,
    /// The types and names that `package.xml` lists.
    listed: BTreeMap<String, BTreeSet<String>>,
    properties: Vec<FileProperties>,
    messages: Vec<(String, String)>,
    users: HashMap<String, String>,
}

impl<'a> Gathered<'a> {
    fn new(identity: &'a Identity, request: &'a RetrieveRequest, manifest: &'a Manifest, now: DateTime) -> Result<Self, Failure> {
        Ok(Self {
            identity,
            request,
            manifest,
            now,
            have: metadata::all(&identity.org)?,
            root: if request.single_package { "" } else { "unpackaged/" },
            objects: BTreeMap::new(),
            others: BTreeMap::new(),
            bodies: BTreeMap::new(),
            listed: BTreeMap::new(),
            properties: Vec::new(),
            messages: Vec::new(),
            users: HashMap::new(),
        })
    }

    fn gather(&mut self) -> Result<(), Failure> {
        for (ty, members) in &self.manifest.types {
            self.listed.entry(ty.clone()).or_default();
            if !types::is_known(ty) {
                self.message(format!("Unknown type name '{ty}' specified in package.xml"));
                continue;
            }
            for member in members {
                let found = match ty.as_str() {
                    "CustomObject" => self.object(member)?,
                    "GlobalValueSet" => self.value_sets(member),
                    _ => self.definitions(ty, member)?,
                };
                // Types that the platform lets nobody take whole have nothing of that name.
                let is_whole = member == "*" && !matches!(ty.as_str(), "CustomField" | "ValidationRule" | "RecordType" | "BusinessProcess");
                if !found && !is_whole {
                    self.message(format!("Entity of type '{ty}' named '{member}' cannot be found"));
                }
            }
        }
        Ok(())
    }

    fn message(&mut self, problem: String) {
        self.messages.push((format!("{}package.xml", self.root), problem));
    }

    /// Objects with all that belongs to them; whether there is one of the name.
    fn object(&mut self, name: &str) -> Result<bool, Failure> {
        let is_it = |c: &&Custom| c.object_def().is_some() && (name == "*" || c.name.eq_ignore_ascii_case(name));
        let found: Vec<Custom> = self.have.iter().filter(is_it).cloned().collect();
        for custom in &found {
            self.list("CustomObject", &custom.name);
            self.objects.entry(custom.name.clone()).or_default().whole = true;
            self.property(custom, &format!("objects/{}.object", custom.name))?;
        }
        let catalog = self.identity.org.catalog();
        let standard = catalog.object(name).filter(|o| !o.custom && o.storage != Storage::Virtual && o.flags.layoutable);
        let Some(object) = standard.filter(|_| found.is_empty()) else { return Ok(!found.is_empty()) };
        self.list("CustomObject", &object.name);
        self.objects.entry(object.name.clone()).or_default().whole = true;
        let file = format!("objects/{}.object", object.name);
        self.untold("CustomObject", &object.name, &file);
        Ok(true)
    }

    /// Notes a file of which the org does not know who made it, and when.
    fn untold(&mut self, type_name: &str, full_name: &str, file: &str) {
        let user = &self.identity.user;
        self.properties.push(FileProperties {
            created_by: user.id.to_string(),
            created_by_name: user.name.clone(),
            created: "1970-01-01T00:00:00.000Z".to_owned(),
            file_name: format!("{}{file}", self.root),
            full_name: full_name.to_owned(),
            id: String::new(),
            modified: "1970-01-01T00:00:00.000Z".to_owned(),
            type_name: type_name.to_owned(),
        });
    }

    /// Global value sets, as the fields that use them know them; whether there is one of the name.
    fn value_sets(&mut self, name: &str) -> bool {
        let mut found = value_sets::all(&self.have);
        found.retain(|set| name == "*" || set.full_name.eq_ignore_ascii_case(name));
        for set in &found {
            self.list("GlobalValueSet", &set.full_name);
            let file = format!("globalValueSets/{}.globalValueSet", set.full_name);
            self.others.insert(file.clone(), ("GlobalValueSet", vec![set.node()]));
            self.untold("GlobalValueSet", &set.full_name, &file);
        }
        !found.is_empty()
    }

    /// Definitions of another type; whether there is one of the name.
    fn definitions(&mut self, ty: &str, member: &str) -> Result<bool, Failure> {
        let whole = member == "*" && !matches!(ty, "CustomField" | "ValidationRule" | "RecordType" | "BusinessProcess");
        let of_list = |custom: &Custom| custom.part_def().and_then(|p| part::listed(p.kind())).map(|(root, _)| root) == Some(ty);
        let is_it = |c: &&Custom| {
            let named = whole || c.full_name().eq_ignore_ascii_case(member);
            (c.type_name() == ty && named) || (of_list(c) && (whole || c.object.eq_ignore_ascii_case(member)))
        };
        let found: Vec<Custom> = self.have.iter().filter(is_it).cloned().collect();
        for custom in &found {
            let by_list = custom.type_name() != ty;
            self.list(ty, &if by_list { custom.object.clone() } else { custom.full_name() });
            let file = metadata::file_of(custom);
            match (custom.apex_def(), custom.part_def().map(|part| part.kind()).filter(|kind| kind.member.is_none())) {
                (Some(def), _) => {
                    self.bodies.insert(file.clone(), def.body.clone());
                    self.others.insert(format!("{file}-meta.xml"), (def.kind.name(), vec![beside(def)]));
                }
                (None, None) => {
                    self.objects.entry(custom.object.clone()).or_default().some.insert(custom.id);
                }
                (None, Some(kind)) => {
                    let (root, node) = match part::listed(kind) {
                        Some((root, member)) => (root, metadata::node(member, custom, true)),
                        None => (kind.name, metadata::node(kind.name, custom, false)),
                    };
                    let (_, nodes) = self.others.entry(file.clone()).or_insert_with(|| (root, Vec::new()));
                    if !nodes.contains(&node) {
                        nodes.push(node);
                    }
                }
            }
            self.property(custom, &file)?;
        }
        Ok(!found.is_empty())
    }

    fn list(&mut self, ty: &str, name: &str) {
        self.listed.entry(ty.to_owned()).or_default().insert(name.to_owned());
    }

    fn property(&mut self, custom: &Custom, file: &str) -> Result<(), Failure> {
        if !self.users.contains_key(&custom.author) {
            let user = match Id::parse(&custom.author) {
                Ok(id) => self.identity.org.user(id)?,
                Err(_) => None,
            };
            self.users.insert(custom.author.clone(), user.map(|user| user.name.clone()).unwrap_or_default());
        }
        self.properties.push(FileProperties {
            created_by: custom.author.clone(),
            created_by_name: self.users.get(&custom.author).cloned().unwrap_or_default(),
            created: custom.created.clone(),
            file_name: format!("{}{file}", self.root),
            full_name: custom.full_name(),
            id: custom.id.to_string(),
            modified: custom.modified.clone(),
            type_name: custom.type_name().to_owned(),
        });
        Ok(())
    }

    /// The files, with what they hold and what is missing.
    #[allow(clippy::type_complexity, reason = "three lists, taken apart at once")]
    fn finish(mut self) -> Result<(Vec<FileProperties>, Vec<(String, String)>, Vec<(String, Vec<u8>)>), Failure> {
        let mut files = Vec::new();
        for (name, chosen) in &self.objects {
            let inside = |custom: &Custom| chosen.whole || chosen.some.contains(&custom.id);
            let node = metadata::object_node(&self.have, name, chosen.whole, inside);
            files.push((format!("{}objects/{name}.object", self.root), written(&node)));
        }
        for (path, (root, mut nodes)) in std::mem::take(&mut self.others) {
            let node = match nodes.len() {
                1 if nodes[0].name == root => nodes.remove(0),
                _ => MetaNode::list(root, nodes),
            };
            files.push((format!("{}{path}", self.root), written(&node)));
        }
        files.extend(std::mem::take(&mut self.bodies).into_iter().map(|(path, body)| (format!("{}{path}", self.root), body.into_bytes())));
        let only = &self.request.specific_files;
        files.retain(|(path, _)| only.is_empty() || only.contains(path));
        let is_there = |path: &str| files.iter().any(|(there, _)| there == path);
        self.properties.retain(|p| is_there(&p.file_name));
        let package = format!("{}package.xml", self.root);
        files.push((package.clone(), written(&self.package())));
        let (user, now) = (&self.identity.user, self.now.to_canonical());
        self.properties.push(FileProperties {
            created_by: user.id.to_string(),
            created_by_name: user.name.clone(),
            created: now.clone(),
            file_name: package.clone(),
            full_name: package,
            id: String::new(),
            modified: now,
            type_name: "Package".to_owned(),
        });
        Ok((self.properties, self.messages, files))
    }

    /// The list of what is in the archive.
    fn package(&self) -> MetaNode {
        let types = self.listed.iter().map(|(ty, names)| {
            let mut members: Vec<MetaNode> = names.iter().map(|name| MetaNode::leaf("members", name)).collect();
            members.push(MetaNode::leaf("name", ty));
            MetaNode::list("types", members)
        });
        let version = self.manifest.version.unwrap_or(self.request.version);
        MetaNode::list("Package", types.chain([MetaNode::leaf("version", &version.to_string())]).collect())
    }
}

/// What stands beside the body of a class or a trigger.
fn beside(def: &ApexDef) -> MetaNode {
    let status = if def.active { "Active" } else { "Inactive" };
    MetaNode::list(def.kind.name(), vec![MetaNode::leaf("apiVersion", &def.api_version), MetaNode::leaf("status", status)])
}

fn written(node: &MetaNode) -> Vec<u8> {
    node.to_xml().into_bytes()
}
