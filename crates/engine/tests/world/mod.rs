//! A server to try things on.
#![allow(dead_code, reason = "each test file uses its part")]

use orglet_base::{ApiVersion, Cell, Id, Value};
use orglet_engine::metadata::{self, Edit};
use orglet_engine::save::{self, Assign, Incoming, Op, Saved};
use orglet_engine::{Failure, Identity, OrgOptions, Server, query};
use orglet_schema::{FieldDef, MetaNode, Object, ObjectDef};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A directory that goes away with the test.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("orglet-engine-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub struct World {
    pub server: Arc<Server>,
}

impl World {
    pub fn in_memory() -> Self {
        let options = OrgOptions { id_seed: Some(1), ..OrgOptions::default() };
        Self { server: Arc::new(Server::open(options).unwrap()) }
    }

    pub fn on_disk(folder: &Folder) -> Self {
        let options = OrgOptions { data: Some(folder.path().to_owned()), id_seed: Some(1), ..OrgOptions::default() };
        Self { server: Arc::new(Server::open(options).unwrap()) }
    }

    pub fn admin(&self) -> Identity {
        self.server.admin().unwrap()
    }

    pub fn object(&self, name: &str) -> Arc<Object> {
        self.server.default_org().catalog().object(name).unwrap().clone()
    }

    pub fn apply(&self, edits: Vec<Edit>) -> Vec<Id> {
        metadata::apply(&self.admin(), edits).unwrap()
    }

    pub fn insert(&self, object: &str, fields: &[(&str, Value)]) -> Result<Saved, Failure> {
        self.insert_as(&self.object(object), fields)
    }

    /// Inserts with an object as the caller knows it.
    pub fn insert_as(&self, object: &Arc<Object>, fields: &[(&str, Value)]) -> Result<Saved, Failure> {
        save::save_one(&self.admin(), object, Op::Insert, incoming(object, fields), None)
    }

    pub fn query(&self, soql: &str) -> Result<query::Answer, Failure> {
        let request = query::Request { soql, version: ApiVersion::LATEST, all_rows: false, batch: query::BATCH, tooling: false };
        query::run(&self.server, &self.admin(), &request)
    }

    /// The rows of an answer, cells as text.
    pub fn rows(&self, soql: &str) -> Vec<Vec<String>> {
        let rows = self.query(soql).unwrap_or_else(|e| panic!("{soql}: {e}")).set.rows;
        let text = |cell: Cell<'_>| match cell {
            Cell::Int(n) => n.to_string(),
            Cell::Text(t) => t.to_owned(),
            _ => String::new(),
        };
        (0..rows.len()).map(|row| (1..rows.columns()).map(|column| text(rows.cell(row, column))).collect()).collect()
    }
}

pub fn incoming(object: &Object, fields: &[(&str, Value)]) -> Incoming {
    let fields = fields.iter().map(|(name, value)| (object.field_index(name).unwrap(), Assign::Value(value.clone()))).collect();
    Incoming { fields, ..Incoming::default() }
}

pub fn object(name: &str) -> Edit {
    let meta = json!({
        "label": "X", "pluralLabel": "Xs", "nameField": {"type": "Text", "label": "N"},
        "deploymentStatus": "Deployed", "sharingModel": "ReadWrite",
    });
    Edit::AddObject(ObjectDef::from_meta(name, &MetaNode::from_json(&meta)).unwrap())
}

pub fn field(object: &str, name: &str, meta: serde_json::Value) -> FieldDef {
    FieldDef::from_meta(object, name, &MetaNode::from_json(&meta)).unwrap()
}

pub fn text_field(object: &str, name: &str) -> Edit {
    Edit::AddField(field(object, name, json!({"label": name, "type": "Text", "length": 80})))
}
