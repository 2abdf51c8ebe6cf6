//! The standard library: what the platform's own types can do.

mod collections;
mod database;
mod dates;
mod describe;
mod encoding;
pub(crate) mod format;
pub(crate) mod json;
mod matching;
mod numbers;
mod objects;
pub(crate) mod reader;
mod strings;
mod system;

use crate::ast::{ClassDecl, Member};
use crate::code::Class;
use crate::outcome::{Source, UnitKind};
use crate::parser;
use crate::program::Program;
use crate::run::{Done, Vm};
use crate::schema::{ObjectInfo, Schema};
use crate::ty::Ty;
use crate::value::Value;
use orglet_base::KeyPrefix;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// What a native does: the receiver is the first argument.
pub(crate) type Run = fn(&mut Vm<'_, '_>, Vec<Value>) -> Done<Value>;

/// A line of a table of natives: signature and what it does.
pub(crate) type Line = (&'static str, Run);

/// A native method.
pub(crate) struct Native {
    pub is_static: bool,
    pub params: Vec<Ty>,
    pub returns: Ty,
    /// Whether it returns what its receiver is.
    pub same: bool,
    pub run: Run,
}

/// All natives.
#[derive(Default)]
pub(crate) struct Registry {
    natives: Vec<Native>,
    statics: HashMap<String, HashMap<String, Vec<u32>>>,
    members: HashMap<String, HashMap<String, Vec<u32>>>,
}

impl Registry {
    pub(crate) fn native(&self, id: u32) -> &Native {
        &self.natives[id as usize]
    }

    /// The natives of an owner, both by lower-case names.
    pub(crate) fn methods(&self, owner: &str, name: &str, is_static: bool) -> &[u32] {
        let tables = if is_static { &self.statics } else { &self.members };
        tables.get(owner).and_then(|methods| methods.get(name)).map_or(&[], Vec::as_slice)
    }

    /// Whether there are static natives of an owner.
    pub(crate) fn has_owner(&self, owner: &str) -> bool {
        owner != "internal" && self.statics.contains_key(owner)
    }

    /// A native that the checker calls by itself.
    pub(crate) fn hidden(&self, owner: &str, name: &str) -> Option<u32> {
        self.methods(owner, name, true).first().copied()
    }

    fn add(&mut self, signature: &str, run: Run) {
        let (is_static, rest) = match signature.strip_prefix("static ") {
            Some(rest) => (true, rest),
            None => (false, signature),
        };
        let Some((head, params)) = rest.split_once('(') else { return };
        let Some((returns, path)) = head.rsplit_once(' ') else { return };
        let Some((owner, name)) = path.rsplit_once('.') else { return };
        let params = split(params.trim_end_matches(')')).into_iter().map(|param| parse_type(param.trim())).collect();
        let same = returns == "Same";
        let id = self.natives.len() as u32;
        self.natives.push(Native { is_static, params, returns: if same { Ty::Object } else { parse_type(returns) }, same, run });
        let tables = if is_static { &mut self.statics } else { &mut self.members };
        tables.entry(owner.to_ascii_lowercase()).or_default().entry(name.to_ascii_lowercase()).or_default().push(id);
    }
}

/// Parts between commas outside of `<>`.
fn split(text: &str) -> Vec<&str> {
    let (mut out, mut depth, mut from) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            '>' => depth -= 1,
            ',' if depth == 0 => {
                out.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    if !text[from..].trim().is_empty() {
        out.push(&text[from..]);
    }
    out
}

fn parse_type(text: &str) -> Ty {
    if let Some((outer, inner)) = text.strip_suffix('>').and_then(|text| text.split_once('<')) {
        let args: Vec<Ty> = split(inner).into_iter().map(|arg| parse_type(arg.trim())).collect();
        return match (outer, args.as_slice()) {
            ("List", [of]) => Ty::list(of.clone()),
            ("Set", [of]) => Ty::set(of.clone()),
            ("Map", [key, value]) => Ty::map(key.clone(), value.clone()),
            _ => Ty::Object,
        };
    }
    match text {
        "T" | "K" => Ty::Param(0),
        "V" => Ty::Param(1),
        _ => Ty::plain(&text.to_ascii_lowercase())
            .or_else(|| prelude_class(text).map(Ty::Class))
            .or_else(|| Ty::native(text))
            .unwrap_or_else(|| Ty::record(text)),
    }
}

/// All natives; the tables are read once.
pub(crate) fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| {
        let mut registry = Registry::default();
        let tables = [
            strings::LINES,
            strings::MORE,
            numbers::LINES,
            dates::LINES,
            collections::LINES,
            objects::LINES,
            describe::LINES,
            json::LINES,
            matching::LINES,
            encoding::LINES,
            database::LINES,
            system::LINES,
        ];
        for (signature, run) in tables.into_iter().flatten() {
            registry.add(signature, *run);
        }
        registry
    })
}

/// The owner, lower case, of the natives that values of a type have.
pub(crate) fn owner(ty: &Ty, classes: &[Arc<Class>]) -> &'static str {
    match ty {
        Ty::Bool => "boolean",
        Ty::Int => "integer",
        Ty::Long => "long",
        Ty::Double => "double",
        Ty::Decimal => "decimal",
        Ty::Str => "string",
        Ty::Id => "id",
        Ty::Date => "date",
        Ty::Datetime => "datetime",
        Ty::Time => "time",
        Ty::Blob => "blob",
        Ty::Record(_) => "sobject",
        Ty::List(_) => "list",
        Ty::Set(_) => "set",
        Ty::Map(_) => "map",
        Ty::Class(id) if classes.get(*id as usize).is_some_and(|class| class.kind == crate::ast::ClassKind::Enum) => "enum",
        Ty::Native(name) => match *name {
            "Schema.SObjectType" => "sobjecttype",
            "Schema.SObjectField" => "sobjectfield",
            "Schema.DescribeSObjectResult" => "describesobjectresult",
            "Schema.DescribeFieldResult" => "describefieldresult",
            "Schema.PicklistEntry" => "picklistentry",
            "Schema.ChildRelationship" => "childrelationship",
            "Schema.SObjectTypeFields" => "sobjecttypefields",
            "System.Pattern" => "pattern",
            "System.Matcher" => "matcher",
            "System.Type" => "type",
            "System.TimeZone" => "timezone",
            "System.ListIterator" => "listiterator",
            _ => "object",
        },
        _ => "object",
    }
}

/// What the platform has and this crate has not.
const ABSENT: &[(&str, &[&str])] = &[
    (
        "system",
        &[
            "runas",
            "enqueuejob",
            "schedule",
            "schedulebatch",
            "abortjob",
            "isrunningelasticcompute",
            "purgeoldasyncjobs",
            "submit",
            "process",
            "requestversion",
            "resetpassword",
            "setpassword",
        ],
    ),
    (
        "database",
        &[
            "executebatch",
            "merge",
            "convertlead",
            "getquerylocator",
            "emptyrecyclebin",
            "insertasync",
            "insertimmediate",
            "getdeleted",
            "getupdated",
            "getcursor",
        ],
    ),
    ("test", &["setmock", "createstub", "loaddata", "setcreateddate", "getstandardpricebookid", "enqueuebatchjobs", "getflowresults"]),
    ("json", &["createparser", "creategenerator"]),
    (
        "crypto",
        &[
            "encrypt",
            "decrypt",
            "encryptwithmanagediv",
            "decryptwithmanagediv",
            "sign",
            "signwithcertificate",
            "verify",
            "generateaeskey",
            "signxml",
        ],
    ),
    ("schema", &["describetabs", "describedatacategorygroups", "describedatacategorygroupstructures"]),
];

/// Whether a method is the platform's but not here.
pub(crate) fn absent(owner: &str, name: &str) -> bool {
    ABSENT.iter().any(|(own, names)| *own == owner && names.contains(&name))
}

const PRELUDE: &[(&str, &str)] = &[
    ("Exceptions", include_str!("prelude/exceptions.cls")),
    ("Rest", include_str!("prelude/rest.cls")),
    ("Results", include_str!("prelude/results.cls")),
];

/// The classes of the prelude's texts.
fn prelude_sources() -> &'static [Source] {
    static SOURCES: OnceLock<Vec<Source>> = OnceLock::new();
    SOURCES.get_or_init(|| {
        let mut out = Vec::new();
        for (_, text) in PRELUDE {
            // Classes are parted by lines of dashes in comments.
            for part in text.split("//----") {
                if !part.trim().is_empty() {
                    out.push(Source { kind: UnitKind::Class, name: String::new(), body: part.into() });
                }
            }
        }
        out
    })
}

/// The number of a class of the prelude: they are counted in the order in which they are declared.
pub(crate) fn prelude_class(name: &str) -> Option<u32> {
    static NUMBERS: OnceLock<HashMap<String, u32>> = OnceLock::new();
    fn count(decl: &ClassDecl, prefix: &str, out: &mut HashMap<String, u32>) {
        let name = format!("{prefix}{}", decl.name.to_ascii_lowercase());
        let id = out.len() as u32;
        out.insert(name.clone(), id);
        for member in &decl.members {
            if let Member::Inner(inner) = member {
                count(inner, &format!("{name}."), out);
            }
        }
    }
    let numbers = NUMBERS.get_or_init(|| {
        let mut out = HashMap::new();
        for source in prelude_sources() {
            if let Ok(unit) = parser::class(&source.body) {
                count(&unit.tree, "", &mut out);
            }
        }
        out
    });
    numbers.get(&name.to_ascii_lowercase()).copied()
}

/// A schema without objects.
struct NoObjects;

impl Schema for NoObjects {
    fn object(&self, _: &str) -> Option<Arc<ObjectInfo>> {
        None
    }

    fn object_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn object_of_prefix(&self, _: KeyPrefix) -> Option<Arc<ObjectInfo>> {
        None
    }
}

/// The platform's own classes, on which every program rests.
pub(crate) fn prelude() -> Result<&'static Program, &'static [crate::outcome::CompileError]> {
    static PROGRAM: OnceLock<Result<Program, Vec<crate::outcome::CompileError>>> = OnceLock::new();
    PROGRAM.get_or_init(|| crate::check::extend(&Program::default(), prelude_sources(), &NoObjects, true)).as_ref().map_err(Vec::as_slice)
}
