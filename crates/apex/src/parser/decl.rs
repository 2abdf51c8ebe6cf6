//! Classes, their members, triggers, anonymous blocks.

use super::{Parsed, Parser};
use crate::ast::{Accessor, Annotation, ClassDecl, ClassKind, Member, MethodDecl, Modifiers, Pos, Problem, Stmt, TriggerDecl};
use crate::lexer::Tok;
use crate::outcome::TriggerEvent;

const MODIFIERS: &[&str] = &[
    "public",
    "private",
    "protected",
    "global",
    "static",
    "final",
    "abstract",
    "virtual",
    "override",
    "transient",
    "testmethod",
    "webservice",
];

impl Parser<'_> {
    pub(super) fn modifiers(&mut self) -> Parsed<Modifiers> {
        let mut out = Modifiers::default();
        loop {
            if self.is("@") {
                out.annotations.push(self.annotation()?);
                continue;
            }
            let word = self.word_ahead(0).unwrap_or_default().to_ascii_lowercase();
            let sharing = self.word_ahead(1).is_some_and(|word| word.eq_ignore_ascii_case("sharing"));
            if sharing && matches!(word.as_str(), "with" | "without" | "inherited") {
                self.bump();
                self.bump();
                out.words.push(format!("{word} sharing"));
            } else if MODIFIERS.contains(&word.as_str()) {
                if out.has(&word) {
                    return Err(Problem::new(self.pos(), format!("Duplicate modifier: {word}")));
                }
                self.bump();
                out.words.push(word);
            } else {
                return Ok(out);
            }
        }
    }

    fn annotation(&mut self) -> Parsed<Annotation> {
        let pos = self.bump().pos;
        let name = self.member_name()?.0.to_ascii_lowercase();
        let mut params = Vec::new();
        if self.eat("(") {
            while !self.is(")") {
                let name = if self.word_ahead(0).is_some() && self.is_ahead(1, "=") {
                    let name = self.member_name()?.0.to_ascii_lowercase();
                    self.bump();
                    name
                } else {
                    "value".to_owned()
                };
                let value = match &self.kind() {
                    Tok::Text(text) => text.to_string(),
                    Tok::Word(word) => word.to_string(),
                    Tok::Int(n) => n.to_string(),
                    _ => return self.unexpected(),
                };
                self.bump();
                params.push((name, value));
                self.eat(",");
            }
            self.expect(")")?;
        }
        Ok(Annotation { name, params, pos })
    }

    pub(super) fn class_decl(&mut self, modifiers: Modifiers) -> Parsed<ClassDecl> {
        self.deeper(|parser| parser.class_inside(modifiers))
    }

    fn class_inside(&mut self, modifiers: Modifiers) -> Parsed<ClassDecl> {
        let kind = match self.word_ahead(0).unwrap_or_default().to_ascii_lowercase().as_str() {
            "class" => ClassKind::Class,
            "interface" => ClassKind::Interface,
            "enum" => ClassKind::Enum,
            _ => return self.unexpected(),
        };
        self.bump();
        let (name, pos) = self.name()?;
        let mut class = ClassDecl {
            kind,
            name: name.into(),
            pos,
            modifiers,
            extends: None,
            implements: Vec::new(),
            members: Vec::new(),
            constants: Vec::new(),
        };
        if kind == ClassKind::Enum {
            self.expect("{")?;
            while !self.is("}") {
                class.constants.push(self.name()?.0.into());
                if !self.eat(",") {
                    break;
                }
            }
            self.expect("}")?;
            return Ok(class);
        }
        if self.is("<") {
            return Err(Problem::new(self.pos(), "Generic classes are not supported here"));
        }
        if self.eat_word("extends") {
            if kind == ClassKind::Interface {
                class.implements.push(self.type_ref()?);
                while self.eat(",") {
                    class.implements.push(self.type_ref()?);
                }
            } else {
                class.extends = Some(self.type_ref()?);
            }
        }
        if self.eat_word("implements") {
            loop {
                class.implements.push(self.type_ref()?);
                if !self.eat(",") {
                    break;
                }
            }
        }
        self.expect("{")?;
        while !self.is("}") {
            if *self.kind() == Tok::End {
                self.expect("}")?;
            }
            if self.eat(";") {
                continue;
            }
            let own = class.name.clone();
            let members = self.member(&own, kind)?;
            class.members.extend(members);
        }
        self.bump();
        Ok(class)
    }

    /// A member; several fields where one declaration has several names.
    fn member(&mut self, class: &str, kind: ClassKind) -> Parsed<Vec<Member>> {
        let pos = self.pos();
        if self.is("{") {
            return Ok(vec![Member::Init { is_static: false, body: self.block()?, pos }]);
        }
        let modifiers = self.modifiers()?;
        if self.is("{") && modifiers.words == ["static"] {
            return Ok(vec![Member::Init { is_static: true, body: self.block()?, pos }]);
        }
        let declares =
            |word: Option<&str>| word.is_some_and(|word| matches!(word.to_ascii_lowercase().as_str(), "class" | "interface" | "enum"));
        if declares(self.word_ahead(0)) {
            return Ok(vec![Member::Inner(self.class_decl(modifiers)?)]);
        }
        if self.word_ahead(0).is_some_and(|word| word.eq_ignore_ascii_case(class)) && self.is_ahead(1, "(") {
            let (name, pos) = self.name()?;
            return Ok(vec![Member::Method(self.method(modifiers, None, name.into(), pos, kind)?)]);
        }
        let ty = self.type_ref()?;
        let (name, pos) = if self.is_ahead(1, "(") { self.member_name()? } else { self.name()? };
        if self.is("(") {
            return Ok(vec![Member::Method(self.method(modifiers, Some(ty), name.into(), pos, kind)?)]);
        }
        if self.is("{") {
            return Ok(vec![self.property(modifiers, ty, name.into(), pos)?]);
        }
        let mut out = Vec::new();
        let (mut name, mut pos) = (name, pos);
        loop {
            let init = if self.eat("=") { Some(self.expr()?) } else { None };
            out.push(Member::Field { modifiers: modifiers.clone(), ty: ty.clone(), name: name.into(), pos, init });
            if !self.eat(",") {
                break;
            }
            (name, pos) = self.name()?;
        }
        self.expect(";")?;
        Ok(out)
    }

    fn method(
        &mut self,
        modifiers: Modifiers,
        returns: Option<crate::ast::TypeRef>,
        name: String,
        pos: Pos,
        kind: ClassKind,
    ) -> Parsed<MethodDecl> {
        self.expect("(")?;
        let mut params = Vec::new();
        while !self.is(")") {
            self.eat_word("final");
            let ty = self.type_ref()?;
            params.push((ty, self.name()?.0.into()));
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")")?;
        if self.is(";") && (kind == ClassKind::Interface || modifiers.has("abstract")) {
            let end = self.bump().pos;
            return Ok(MethodDecl { modifiers, returns, name, params, body: None, pos, end });
        }
        let body = self.block()?;
        let end = self.tokens[self.at.saturating_sub(1)].pos;
        Ok(MethodDecl { modifiers, returns, name, params, body: Some(body), pos, end })
    }

    fn property(&mut self, modifiers: Modifiers, ty: crate::ast::TypeRef, name: String, pos: Pos) -> Parsed<Member> {
        self.expect("{")?;
        let (mut get, mut set) = (None, None);
        while !self.is("}") {
            let own = self.modifiers()?;
            let pos = self.pos();
            let slot = if self.eat_word("get") {
                &mut get
            } else if self.eat_word("set") {
                &mut set
            } else {
                return self.unexpected();
            };
            if slot.is_some() {
                return Err(Problem::new(pos, "Duplicate property accessor"));
            }
            let body = if self.eat(";") { None } else { Some(self.block()?) };
            *slot = Some(Accessor { modifiers: own, body, pos });
        }
        self.bump();
        if get.is_none() && set.is_none() {
            return Err(Problem::new(pos, "Properties must have at least one accessor"));
        }
        Ok(Member::Property { modifiers, ty, name, pos, get, set })
    }

    pub(super) fn trigger_decl(&mut self) -> Parsed<TriggerDecl> {
        if !self.eat_word("trigger") {
            return self.unexpected();
        }
        let (name, pos) = self.name()?;
        if !self.eat_word("on") {
            return self.unexpected();
        }
        let (object, object_pos) = self.name()?;
        self.expect("(")?;
        let mut events = Vec::new();
        loop {
            let when = self.word_ahead(0).unwrap_or_default().to_ascii_lowercase();
            let what = self.word_ahead(1).unwrap_or_default().to_ascii_lowercase();
            let event = match (when.as_str(), what.as_str()) {
                ("before", "insert") => TriggerEvent::BeforeInsert,
                ("before", "update") => TriggerEvent::BeforeUpdate,
                ("before", "delete") => TriggerEvent::BeforeDelete,
                ("after", "insert") => TriggerEvent::AfterInsert,
                ("after", "update") => TriggerEvent::AfterUpdate,
                ("after", "delete") => TriggerEvent::AfterDelete,
                ("after", "undelete") => TriggerEvent::AfterUndelete,
                _ => return self.unexpected(),
            };
            if events.contains(&event) {
                return Err(Problem::new(self.pos(), format!("Duplicate trigger event: {when} {what}")));
            }
            self.bump();
            self.bump();
            events.push(event);
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")")?;
        let body = self.block()?;
        Ok(TriggerDecl { name: name.into(), object: object.into(), object_pos, events, body, pos })
    }

    pub(super) fn anonymous(&mut self) -> Parsed<(Vec<Stmt>, Vec<Member>)> {
        let (mut body, mut members) = (Vec::new(), Vec::new());
        while *self.kind() != Tok::End {
            // Classes and methods of the block's own.
            let from = self.at;
            if self.declares().is_some() {
                self.at = from;
                members.extend(self.member("", ClassKind::Class)?);
            } else {
                self.at = from;
                body.push(self.stmt()?);
            }
        }
        Ok((body, members))
    }

    fn declares(&mut self) -> Option<()> {
        self.modifiers().ok()?;
        let word = self.word_ahead(0)?.to_ascii_lowercase();
        if matches!(word.as_str(), "class" | "interface" | "enum") && self.word_ahead(1).is_some() {
            return Some(());
        }
        if matches!(word.as_str(), "new" | "return" | "throw" | "else" | "insert" | "update" | "upsert" | "delete" | "undelete") {
            return None;
        }
        self.type_ref().ok()?;
        (self.word_ahead(0).is_some() && self.is_ahead(1, "(")).then_some(())
    }
}
