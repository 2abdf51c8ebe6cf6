//! The statement around the search term.

use super::ast::{Group, Returning, Search, SearchWith, WithKind};
use super::{OLD, term};
use crate::ast::{Ident, Limit, Literal, SelectItem, Span};
use crate::soql::lexer::Tok;
use crate::soql::parser::{Parsed, Parser, span};
use crate::{SyntaxError, SyntaxErrorKind as Kind};

const GROUPS: &[(&str, Group)] =
    &[("ALL", Group::All), ("NAME", Group::Name), ("EMAIL", Group::Email), ("PHONE", Group::Phone), ("SIDEBAR", Group::Sidebar)];

pub(super) fn parse(text: &str) -> Parsed<Search> {
    let Some((open, close)) = term::braces(text) else {
        let message = "No search term found. The search term must be enclosed in braces.";
        return Err(SyntaxError::bare(Kind::Missing, Span::default(), message));
    };
    let before = text.get(..open).unwrap_or_default();
    if !before.trim().eq_ignore_ascii_case("FIND") {
        let word = before.split_whitespace().find(|w| !w.eq_ignore_ascii_case("FIND")).unwrap_or("{");
        let at = text.find(word).unwrap_or(0) as u32;
        let place = Span { start: at, end: at + word.len() as u32 };
        return Err(SyntaxError::antlr(Kind::Unexpected, place, format!("unexpected token: {word}")));
    }
    let term = term::read(text, open + 1, close)?;
    let mut parser = Parser::from(text, close + 1, OLD);
    let (group, unknown) = if parser.take_word("IN") { parser.search_group()? } else { (Group::All, None) };
    let returning = if parser.take_word("RETURNING") { parser.list(Parser::returning)? } else { Vec::new() };
    let mut with: Vec<SearchWith> = Vec::new();
    while parser.take_word("WITH") {
        let clause = parser.search_with()?;
        if with.iter().any(|w| w.name.text.eq_ignore_ascii_case(&clause.name.text)) {
            let message = format!("Duplicate WITH {} clause", clause.name.text.to_ascii_uppercase());
            return Err(SyntaxError::at(Kind::Unexpected, clause.name.span, message));
        }
        with.push(clause);
    }
    let limit = if parser.take_word("LIMIT") { Some(parser.search_count()?) } else { None };
    let update = if parser.take_word("UPDATE") { parser.list(Parser::update_option)? } else { Vec::new() };
    parser.end()?;
    // These two are found when the search is made: whatever is wrong with the text comes first.
    if term.text.chars().nth(1).is_none() || (term.expr.is_none() && term.text.trim_matches(['(', ')', '"', ' ']).is_empty()) {
        let message = format!("search term must be longer than one character: {}", term.text);
        return Err(SyntaxError::bare(Kind::Search, Span::default(), message));
    }
    if let Some(word) = unknown {
        let message = format!("Invalid IN fields group: {}", word.text.to_ascii_uppercase());
        return Err(SyntaxError::bare(Kind::Search, word.span, message));
    }
    Ok(Search { term, group, returning, with, limit, update })
}

impl Parser<'_> {
    /// Nothing may follow.
    pub(super) fn end(&self) -> Parsed<()> {
        if self.peek() == Tok::Eof { Ok(()) } else { Err(self.unexpected_unquoted()) }
    }

    /// `ALL FIELDS`; a word that names no group is answered beside.
    fn search_group(&mut self) -> Parsed<(Group, Option<Ident>)> {
        let known = GROUPS.iter().find(|(word, _)| self.is(word)).map(|(_, group)| *group);
        if known.is_none() && (!self.name_at(0) || self.is("FIELDS") || self.is("RETURNING")) {
            let found = self.shown(self.token());
            let message = format!("expecting a field or entity name, found '{found}'");
            return Err(SyntaxError::at(Kind::Unexpected, span(self.token()), message));
        }
        let word = self.ident()?;
        if !self.take_word("FIELDS") {
            let token = self.token();
            if token.tok != Tok::Word {
                return Err(self.unexpected());
            }
            return Err(SyntaxError::at(Kind::Unexpected, span(token), format!("Malformed search token: {}", self.slice(token))));
        }
        Ok(known.map_or((Group::All, Some(word)), |group| (group, None)))
    }

    /// `Account`, or `Account(Name WHERE … USING ListView=… ORDER BY … LIMIT … OFFSET …)`.
    fn returning(&mut self) -> Parsed<Returning> {
        let object = self.ident()?;
        let mut out =
            Returning { object, fields: Vec::new(), filter: None, list_view: None, order_by: Vec::new(), limit: None, offset: None };
        if !self.take(Tok::LParen) {
            return Ok(out);
        }
        out.fields = self.list(Self::search_field)?;
        if self.take_word("WHERE") {
            out.filter = Some(self.nested(|p| p.condition(false))?);
        }
        if self.take_word("USING") {
            out.list_view = Some(self.list_view()?);
        }
        if self.take_word("ORDER") {
            self.expect_word("BY")?;
            out.order_by = self.list(Self::order_item)?;
        }
        if self.take_word("LIMIT") {
            out.limit = Some(self.search_count()?);
        }
        if self.take_word("OFFSET") {
            out.offset = Some(self.search_count()?);
        }
        self.close()?;
        Ok(out)
    }

    /// A field, or a function of one, with an alias.
    pub(super) fn search_field(&mut self) -> Parsed<SelectItem> {
        let expr = self.expr()?;
        let alias = if self.clause_ahead() { None } else { self.optional_ident() };
        Ok(SelectItem::Expr { expr, alias })
    }

    fn list_view(&mut self) -> Parsed<Ident> {
        let word = self.token();
        if !self.take_word("ListView") || !self.take(Tok::Eq) {
            return Err(SyntaxError::at(Kind::Unexpected, span(word), "Invalid using expr"));
        }
        self.ident()
    }

    /// The number of LIMIT or OFFSET.
    fn search_count(&mut self) -> Parsed<Limit> {
        let token = self.token();
        if token.tok != Tok::Number || self.slice(token).contains('.') {
            let message = format!("expecting a colon, found '{}'", self.shown(token));
            return Err(SyntaxError::at(Kind::Number, span(token), message));
        }
        self.advance();
        Ok(Limit { value: self.slice(token).parse().unwrap_or(u64::MAX), span: span(token) })
    }

    fn update_option(&mut self) -> Parsed<Ident> {
        if self.is("TRACKING") || self.is("VIEWSTAT") {
            return self.ident();
        }
        Err(SyntaxError::at(Kind::Unexpected, span(self.token()), "The update option is invalid."))
    }

    fn search_with(&mut self) -> Parsed<SearchWith> {
        if self.is("DATA") && self.is_at(1, "CATEGORY") {
            let name = Ident { text: "DATA CATEGORY".to_owned(), span: span(self.token()) };
            let group = match self.data_category()? {
                crate::ast::With::DataCategory { filters, .. } => filters.first().map_or(String::new(), |f| f.0.text.clone()),
                _ => String::new(),
            };
            return Ok(SearchWith { name, kind: WithKind::DataCategory(group) });
        }
        let name = self.ident()?;
        let kind = match name.text.to_ascii_uppercase().as_str() {
            "DIVISION" => {
                self.set_text()?;
                WithKind::Division
            }
            "NETWORK" => WithKind::Network(self.networks()?),
            "SNIPPET" => {
                self.snippet()?;
                WithKind::Snippet
            }
            "METADATA" => WithKind::Metadata(self.set_text()?.0),
            "HIGHLIGHT" => WithKind::Highlight,
            "SPELL_CORRECTION" => {
                self.expect(Tok::Eq)?;
                if !self.take_word("TRUE") && !self.take_word("FALSE") {
                    return Err(if self.is("NULL") { invalid_with(&name) } else { self.unexpected() });
                }
                WithKind::SpellCorrection
            }
            "PRICEBOOKID" => {
                let (value, place) = self.set_text()?;
                WithKind::Pricebook(value, place)
            }
            _ => return Err(invalid_with(&name)),
        };
        Ok(SearchWith { name, kind })
    }

    /// `= 'text'`.
    fn set_text(&mut self) -> Parsed<(Literal, Span)> {
        self.expect(Tok::Eq)?;
        if self.peek() != Tok::Str {
            return Err(self.unexpected());
        }
        self.value(false)
    }

    fn networks(&mut self) -> Parsed<Vec<Literal>> {
        if self.take_word("IN") {
            self.expect(Tok::LParen)?;
            let all = self.list(|p| p.value(false))?;
            self.close()?;
            return Ok(all.into_iter().map(|(value, _)| value).collect());
        }
        self.expect(Tok::Eq)?;
        Ok(vec![self.value(false)?.0])
    }

    /// `(target_length = 120)`, if it is there.
    fn snippet(&mut self) -> Parsed<()> {
        if !self.take(Tok::LParen) {
            return Ok(());
        }
        self.expect_word("target_length")?;
        self.expect(Tok::Eq)?;
        let token = self.token();
        if token.tok != Tok::Number {
            let message = format!("expecting a number, found '{}'", self.shown(token));
            return Err(SyntaxError::at(Kind::Number, span(token), message));
        }
        self.advance();
        self.close().map(|_| ())
    }
}

/// A WITH clause that does not exist, or not in this version.
fn invalid_with(name: &Ident) -> SyntaxError {
    SyntaxError::at(Kind::Unexpected, name.span, format!("Invalid WITH {} clause", name.text.to_ascii_uppercase()))
}
