//! Types by their names, and which type goes where.

use super::{Builder, Checked, refuse};
use crate::ast::TypeRef;
use crate::code::Conv;
use crate::ty::Ty;

/// Types of the platform's that are not here: named, so that they are refused by name.
const ABSENT: &[&str] = &[
    "http",
    "httprequest",
    "httpresponse",
    "pagereference",
    "selectoption",
    "queueable",
    "queueablecontext",
    "schedulable",
    "schedulablecontext",
    "messaging",
    "approval",
    "cache",
    "connectapi",
    "flow",
    "process",
    "reports",
    "auth",
    "dom",
    "xmlstreamreader",
    "xmlstreamwriter",
    "jsonparser",
    "jsongenerator",
    "jsontoken",
    "visualforce",
    "apexpages",
    "eventbus",
    "continuation",
    "installhandler",
    "uninstallhandler",
    "sandboxpostcopy",
    "version",
    "domain",
    "url",
    "cookie",
    "search",
    "wave",
    "formula",
    "usermanagement",
    "site",
    "network",
    "asyncexception",
    "collator",
    "uuid",
    "securitydecision",
    "sobjectaccessdecision",
    "security",
    "queryexception.cause",
    "stub",
    "stubprovider",
    "quickaction",
    "canvas",
    "chatteranswers",
];

impl Builder<'_> {
    /// A type, seen from a class.
    pub(crate) fn resolve(&self, ty: &TypeRef, class: Option<u32>) -> Checked<Ty> {
        let mut found = self.resolve_base(ty, class)?;
        for _ in 0..ty.arrays {
            found = Ty::list(found);
        }
        Ok(found)
    }

    fn resolve_base(&self, ty: &TypeRef, class: Option<u32>) -> Checked<Ty> {
        let last = ty.name.last().map(|name| name.to_ascii_lowercase()).unwrap_or_default();
        let of_system = ty.name.len() == 1 || ty.name.len() == 2 && ty.name[0].eq_ignore_ascii_case("system");
        if of_system && matches!(last.as_str(), "list" | "set" | "map") {
            let mut args = Vec::with_capacity(ty.args.len());
            for arg in &ty.args {
                args.push(self.resolve(arg, class)?);
            }
            let mut args = args.into_iter();
            return match (last.as_str(), args.next(), args.next(), args.next()) {
                ("list", Some(of), None, None) => Ok(Ty::list(of)),
                ("set", Some(of), None, None) => Ok(Ty::set(of)),
                ("map", Some(key), Some(value), None) => Ok(Ty::map(key, value)),
                _ => refuse(ty.pos, format!("Invalid type: {}", ty.name.join("."))),
            };
        }
        let Some(found) = self.named(&ty.name, class) else {
            let first = ty.name.first().map(|name| name.to_ascii_lowercase()).unwrap_or_default();
            let known = ABSENT.contains(&first.as_str()) || first == "system" && ABSENT.contains(&last.as_str());
            let batch = first == "database"
                && matches!(last.as_str(), "batchable" | "batchablecontext" | "querylocator" | "stateful" | "allowscallouts");
            let text = ty.name.join(".");
            return refuse(ty.pos, if known || batch { format!("{text} is not supported here") } else { format!("Invalid type: {text}") });
        };
        for arg in &ty.args {
            self.resolve(arg, class)?;
        }
        let takes = matches!(&found, Ty::Class(id) if self.class(*id).is_prelude && matches!(last.as_str(), "iterator" | "iterable" | "comparator"));
        if !ty.args.is_empty() && !takes {
            return refuse(ty.pos, format!("Invalid type: {}", ty.text()));
        }
        Ok(found)
    }

    /// A type without parameters by its dotted name.
    pub(crate) fn named(&self, name: &[String], class: Option<u32>) -> Option<Ty> {
        let lower: Vec<String> = name.iter().map(|part| part.to_ascii_lowercase()).collect();
        let parts: Vec<&str> = lower.iter().map(String::as_str).collect();
        match parts.as_slice() {
            [one] => self.simple(one, class),
            ["system", one] => Ty::plain(one)
                .or_else(|| self.names.get(*one).filter(|id| self.class(**id).is_prelude).map(|id| Ty::Class(*id)))
                .or_else(|| Ty::native(&format!("system.{one}")))
                .or_else(|| self.dotted(&parts, class)),
            ["schema", one] => Ty::native(&format!("schema.{one}"))
                .or_else(|| self.names.get(*one).filter(|id| self.class(**id).is_prelude).map(|id| Ty::Class(*id)))
                .or_else(|| self.object_type(one)),
            ["system", rest @ ..] if rest.len() > 1 => self.dotted(rest, class),
            _ => self.dotted(&parts, class),
        }
    }

    fn dotted(&self, parts: &[&str], class: Option<u32>) -> Option<Ty> {
        let (first, rest) = parts.split_first()?;
        let Ty::Class(mut at) = self.simple(first, class)? else { return None };
        for part in rest {
            at = *self.class(at).inner.get(*part)?;
        }
        Some(Ty::Class(at))
    }

    fn simple(&self, name: &str, class: Option<u32>) -> Option<Ty> {
        if let Some(ty) = Ty::plain(name) {
            return Some(ty);
        }
        self.class_named(name, class).map(Ty::Class).or_else(|| Ty::native(name)).or_else(|| self.object_type(name))
    }

    fn object_type(&self, name: &str) -> Option<Ty> {
        if name == "aggregateresult" {
            return Some(Ty::record("AggregateResult"));
        }
        self.object(name).map(|object| Ty::record(&object.name))
    }

    /// A class by its lower-case name, seen from a class: its own inner ones, those of its outer and parents, top-level ones.
    pub(crate) fn class_named(&self, name: &str, from: Option<u32>) -> Option<u32> {
        let mut scope = from;
        while let Some(id) = scope {
            let mut up = Some(id);
            while let Some(at) = up {
                let class = self.class(at);
                if let Some(found) = class.inner.get(name) {
                    return Some(*found);
                }
                up = class.parent;
            }
            let class = self.class(id);
            if class.outer.is_some() && class.name.eq_ignore_ascii_case(name) {
                return Some(id);
            }
            scope = class.outer;
        }
        self.names.get(name).copied()
    }

    /// How a value of one type becomes one of another by itself; `None` where it can't.
    pub(crate) fn convert(&self, from: &Ty, to: &Ty) -> Option<Option<Conv>> {
        use Ty::*;
        if from == to {
            return Some(None);
        }
        Some(match (from, to) {
            (Void, _) | (_, Void) => return Option::None,
            (Null, _) | (_, Object) => Option::None,
            (Int, Long) => Some(Conv::Long),
            (Int | Long | Decimal, Double) => Some(Conv::Double),
            (Int | Long | Double, Decimal) => Some(Conv::Decimal),
            (Id, Str) => Some(Conv::IdToString),
            (Str, Id) => Some(Conv::StringToId),
            (Date, Datetime) => Some(Conv::DateToDatetime),
            (Record(Some(_)), Record(Option::None)) => Option::None,
            (List(a), List(b)) | (Set(a), Set(b)) => {
                return self.elements(a, b).then_some(Option::None);
            }
            (Map(a), Map(b)) => return (self.elements(&a.0, &b.0) && self.elements(&a.1, &b.1)).then_some(Option::None),
            (Class(a), Class(b)) => return self.class(*a).is_a.contains(b).then_some(Option::None),
            (List(_) | Set(_), Class(b)) => return (&*self.class(*b).full_name == "Iterable").then_some(Option::None),
            (Native("System.ListIterator"), Class(b)) => return (&*self.class(*b).full_name == "Iterator").then_some(Option::None),
            _ => return Option::None,
        })
    }

    /// Whether a collection of one type may stand for one of another.
    fn elements(&self, a: &Ty, b: &Ty) -> bool {
        a == b
            || match (a, b) {
                (Ty::Id, Ty::Str)
                | (Ty::Str, Ty::Id)
                | (Ty::Record(_), Ty::Record(None))
                | (Ty::Record(None), Ty::Record(_))
                | (_, Ty::Object) => true,
                (Ty::List(_) | Ty::Set(_) | Ty::Map(_) | Ty::Class(_), _) => self.convert(a, b).is_some(),
                _ => false,
            }
    }

    /// Whether a value of one type can be one of another, which a cast finds out.
    pub(crate) fn castable(&self, from: &Ty, to: &Ty) -> bool {
        if self.convert(from, to).is_some() || self.convert(to, from).is_some() {
            return true;
        }
        match (from, to) {
            (a, b) if a.is_number() && b.is_number() => true,
            (Ty::Object, _) => true,
            (Ty::Class(a), Ty::Class(b)) => {
                let interface = |id: u32| self.class(id).kind == crate::ast::ClassKind::Interface;
                interface(*a) || interface(*b)
            }
            (Ty::List(a), Ty::List(b)) | (Ty::Set(a), Ty::Set(b)) => self.castable(a, b),
            (Ty::Map(a), Ty::Map(b)) => self.castable(&a.0, &b.0) && self.castable(&a.1, &b.1),
            _ => false,
        }
    }
}
