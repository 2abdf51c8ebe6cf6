//! The query as a whole, its SELECT list, and the expressions that name fields.

use super::{Kind, Parsed, Parser, Place, span};
use crate::SyntaxError;
use crate::ast::{Arg, Call, Expr, FieldSet, FromItem, Ident, Literal, Query, SelectItem, Span};
use crate::soql::lexer::Tok;

/// How many calls may stand inside one another: `CALENDAR_YEAR(convertTimezone(CreatedDate))`.
const MAX_CALLS: u32 = 2;

impl Parser<'_> {
    /// A query from SELECT on.
    pub(super) fn query(&mut self, place: Place) -> Parsed<Query> {
        let start = self.token().start;
        self.select_word(place)?;
        let select =
            if place == Place::SemiJoin { vec![SelectItem::Expr { expr: self.expr()?, alias: None }] } else { self.select_list()? };
        self.expect_from()?;
        let from = if place == Place::SemiJoin { vec![self.source()?] } else { self.list(Self::source)? };
        let mut query = Query::of(select, from, Span::default());
        self.clauses(place, &mut query)?;
        query.span = self.span_from(start);
        Ok(query)
    }

    fn select_word(&mut self, place: Place) -> Parsed<()> {
        if self.take_word("SELECT") {
            return Ok(());
        }
        let token = self.token();
        match token.tok {
            Tok::Word if place == Place::Root => {
                // Recorded with v39.0: a word that is the whole text is quoted.
                let alone = self.peek_at(1) == Tok::Eof;
                let quote = if self.quirks.new_parser || alone { "'" } else { "" };
                let message = format!("unexpected token: {quote}{}{quote}", self.slice(token));
                Err(SyntaxError::bare(Kind::Unexpected, span(token), message))
            }
            _ => Err(self.unexpected()),
        }
    }

    fn expect_from(&mut self) -> Parsed<()> {
        if self.take_word("FROM") {
            return Ok(());
        }
        if !self.name_at(0) {
            return Err(self.unexpected());
        }
        // A surplus word, or FROM left out or misspelt.
        if self.quirks.new_parser && !self.is_at(1, "FROM") { Err(self.missing()) } else { Err(self.unexpected_unquoted()) }
    }

    fn select_list(&mut self) -> Parsed<Vec<SelectItem>> {
        if self.is("COUNT") && self.peek_at(1) == Tok::LParen && self.peek_at(2) == Tok::RParen {
            let start = self.advance().start;
            self.advance();
            let end = self.advance().end;
            return Ok(vec![SelectItem::Count(Span { start, end })]);
        }
        let keyword = self.at.saturating_sub(1);
        if self.peek() != Tok::LParen && !self.name_at(0) {
            return Err(self.no_form(keyword));
        }
        self.list(|p| p.select_item(keyword))
    }

    /// `keyword` is the index of the SELECT token.
    fn select_item(&mut self, keyword: usize) -> Parsed<SelectItem> {
        if self.take(Tok::LParen) {
            let query = self.nested(|p| p.query(Place::Child))?;
            self.close()?;
            return Ok(SelectItem::Child(Box::new(query), self.select_alias()));
        }
        if self.is("TYPEOF") && self.typeof_ahead() {
            return self.type_of();
        }
        if self.is("FIELDS") && self.peek_at(1) == Tok::LParen {
            return self.fields();
        }
        // COUNT() is tried first at the head of the list, so what was read then goes back to SELECT.
        let from = if self.is("COUNT") && self.at == keyword + 1 { keyword } else { self.at };
        let expr = self.expr_within(0, from)?;
        Ok(SelectItem::Expr { expr, alias: self.select_alias() })
    }

    fn select_alias(&mut self) -> Option<Ident> {
        if self.is("GROUP") { None } else { self.optional_ident() }
    }

    pub(crate) fn optional_ident(&mut self) -> Option<Ident> {
        if self.name_at(0) { self.ident().ok() } else { None }
    }

    /// Whether TYPEOF is followed by a path and WHEN; otherwise it is a name.
    fn typeof_ahead(&self) -> bool {
        let mut ahead = 1;
        while self.name_at(ahead) && self.peek_at(ahead + 1) == Tok::Dot {
            ahead += 2;
        }
        self.name_at(ahead) && self.is_at(ahead + 1, "WHEN")
    }

    fn type_of(&mut self) -> Parsed<SelectItem> {
        let start = self.advance().start;
        let path = self.path()?;
        let mut when = Vec::new();
        while self.take_word("WHEN") {
            let name = self.ident()?;
            self.expect_word("THEN")?;
            when.push((name, self.list(Self::path)?));
        }
        let otherwise = if self.take_word("ELSE") { self.list(Self::path)? } else { Vec::new() };
        self.expect_word("END")?;
        Ok(SelectItem::TypeOf { path, when, otherwise, span: self.span_from(start) })
    }

    fn fields(&mut self) -> Parsed<SelectItem> {
        let start = self.advance().start;
        self.expect(Tok::LParen)?;
        let set = if self.is("ALL") {
            FieldSet::All
        } else if self.is("STANDARD") {
            FieldSet::Standard
        } else if self.is("CUSTOM") {
            FieldSet::Custom
        } else {
            return Err(self.unexpected());
        };
        self.advance();
        let end = self.close()?.end;
        Ok(SelectItem::Fields(set, Span { start, end }))
    }

    /// A field path or a function call.
    pub(crate) fn expr(&mut self) -> Parsed<Expr> {
        let from = self.at;
        self.expr_within(0, from)
    }

    /// `calls` is the number of calls around; `from` the index of the token a failed choice is shown from.
    fn expr_within(&mut self, calls: u32, from: usize) -> Parsed<Expr> {
        if !self.name_at(0) || self.peek_at(1) != Tok::LParen {
            return Ok(Expr::Path(self.path()?));
        }
        let name = self.ident()?;
        if calls >= MAX_CALLS {
            let message = if self.quirks.new_parser { "unexpected token: '('" } else { "expecting a right parentheses, found '('" };
            return Err(SyntaxError::antlr(Kind::Unexpected, span(self.token()), message));
        }
        self.expect(Tok::LParen)?;
        let args = if name.text.eq_ignore_ascii_case("DISTANCE") {
            self.distance_args(from)?
        } else if self.name_at(0) {
            let inner = self.at;
            let arg = self.expr_within(calls + 1, inner)?;
            // A comma shows that another form was meant.
            if self.peek() == Tok::Comma {
                return Err(self.no_form(from));
            }
            vec![Arg::Expr(arg)]
        } else {
            return Err(self.no_form(from));
        };
        let end = self.close()?.end;
        let span = Span { start: name.span.start, end };
        Ok(Expr::Call(Call { name, args, span }))
    }

    /// `path, (path | GEOLOCATION(latitude, longitude)), 'unit'`.
    fn distance_args(&mut self, from: usize) -> Parsed<Vec<Arg>> {
        if !self.name_at(0) {
            return Err(self.no_form(from));
        }
        let mut args = vec![Arg::Expr(Expr::Path(self.path()?))];
        self.expect(Tok::Comma)?;
        if self.peek() == Tok::Colon {
            return Err(self.bind());
        }
        if self.is("GEOLOCATION") && self.peek_at(1) == Tok::LParen {
            args.push(Arg::Expr(Expr::Call(self.geolocation()?)));
        } else {
            args.push(Arg::Expr(Expr::Path(self.path()?)));
        }
        self.expect(Tok::Comma)?;
        if self.peek() != Tok::Str {
            return Err(self.no_string());
        }
        let (unit, place) = self.value(false)?;
        args.push(Arg::Literal(unit, place));
        Ok(args)
    }

    fn geolocation(&mut self) -> Parsed<Call> {
        let name = self.ident()?;
        self.expect(Tok::LParen)?;
        let latitude = self.coordinate()?;
        self.expect(Tok::Comma)?;
        let longitude = self.coordinate()?;
        let end = self.close()?.end;
        let span = Span { start: name.span.start, end };
        Ok(Call { name, args: vec![latitude, longitude], span })
    }

    fn coordinate(&mut self) -> Parsed<Arg> {
        if self.peek() == Tok::Colon {
            return Err(self.bind());
        }
        if !matches!(self.peek(), Tok::Number | Tok::Plus | Tok::Minus) {
            return Err(self.unexpected());
        }
        let (number, place): (Literal, Span) = self.value(false)?;
        Ok(Arg::Literal(number, place))
    }

    fn source(&mut self) -> Parsed<FromItem> {
        let path = self.path()?;
        if self.is("AS") && self.name_at(1) {
            self.advance();
            return Ok(FromItem { path, alias: Some(self.ident()?) });
        }
        let alias = if self.clause_ahead() { None } else { self.optional_ident() };
        Ok(FromItem { path, alias })
    }

    /// Whether a word that could be an alias starts a clause.
    pub(crate) fn clause_ahead(&self) -> bool {
        self.is("GROUP")
            || self.set_options_ahead()
            || (self.is("ORDER") && self.is_at(1, "BY"))
            || (self.is("OFFSET") && matches!(self.peek_at(1), Tok::Number | Tok::Plus | Tok::Minus | Tok::Colon))
    }
}
