//! Everything after FROM, in its fixed order.

use super::{Kind, Parsed, Parser, Place, span};
use crate::SyntaxError;
use crate::ast::{Expr, ForClause, GroupBy, GroupKind, Ident, Limit, OrderItem, Query, With};
use crate::soql::lexer::Tok;

impl Parser<'_> {
    /// Reads the clauses that may stand in such a query; what follows is left to the caller, who finds it out of place.
    pub(super) fn clauses(&mut self, place: Place, query: &mut Query) -> Parsed<()> {
        if place == Place::Root && self.take_word("USING") {
            query.scope = Some(self.scope()?);
        }
        if self.take_word("WHERE") {
            query.filter = Some(self.condition(false)?);
        }
        if place == Place::SemiJoin {
            return Ok(());
        }
        while place == Place::Root && self.take_word("WITH") {
            let with = self.with()?;
            query.with.push(with);
        }
        if self.take_word("GROUP") {
            self.expect_word("BY")?;
            query.group_by = Some(self.group_by()?);
            if self.take_word("HAVING") {
                query.having = Some(self.condition(true)?);
            }
        }
        if self.take_word("ORDER") {
            self.expect_word("BY")?;
            query.order_by = self.list(Self::order_item)?;
        }
        if self.take_word("LIMIT") {
            query.limit = Some(self.row_count(false)?);
        }
        if self.take_word("OFFSET") {
            query.offset = Some(self.row_count(true)?);
        }
        if self.take_word("FOR") {
            let clause = if self.is("VIEW") {
                ForClause::View
            } else if self.is("REFERENCE") {
                ForClause::Reference
            } else {
                // FOR UPDATE is for Apex alone.
                return Err(self.unexpected());
            };
            query.for_clause = Some((clause, span(self.advance())));
        }
        if self.take_word("UPDATE") {
            query.update = self.list(|p| if p.is("TRACKING") || p.is("VIEWSTAT") { p.ident() } else { Err(p.unexpected()) })?;
        }
        if place == Place::Root && self.set_options_ahead() {
            self.advance();
            self.advance();
            self.expect(Tok::LParen)?;
            self.list(Self::set_option)?;
            self.close()?;
        }
        Ok(())
    }

    /// Whether SET OPTIONS comes next.
    pub(super) fn set_options_ahead(&self) -> bool {
        self.quirks.set_options && self.is("SET") && self.is_at(1, "OPTIONS")
    }

    /// An option of SET OPTIONS. All are for objects of Data 360 and for managed Apex, so that nothing has to be kept.
    fn set_option(&mut self) -> Parsed<()> {
        let text = self.is("dataspace");
        if !text && !self.is("honorEmptyStrings") && !self.is("explicitNamespace") {
            return Err(self.unexpected());
        }
        self.advance();
        self.expect(Tok::Eq)?;
        match text {
            true if self.peek() == Tok::Str => {
                self.value(false)?;
            }
            true => return Err(self.no_string()),
            false if self.take_word("TRUE") || self.take_word("FALSE") => {}
            false => return Err(self.unexpected()),
        }
        Ok(())
    }

    fn scope(&mut self) -> Parsed<Ident> {
        if !self.take_word("SCOPE") {
            // The older parser takes any word here and stumbles over what follows it.
            if !self.quirks.new_parser && self.name_at(0) {
                self.advance();
            }
            return Err(self.unexpected());
        }
        self.ident()
    }

    fn with(&mut self) -> Parsed<With> {
        if self.is("DATA") && self.is_at(1, "CATEGORY") {
            return self.data_category();
        }
        if ["SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"].iter().any(|mode| self.is(mode)) {
            return Ok(With::Mode(self.ident()?));
        }
        let from = self.at;
        let name = self.ident()?;
        match self.peek() {
            Tok::Eq => {
                self.advance();
                Ok(With::Equals(name, self.value(false)?.0))
            }
            Tok::LParen => {
                self.advance();
                let params = self.list(|p| {
                    let name = p.ident()?;
                    p.expect(Tok::Eq)?;
                    Ok((name, p.value(false)?.0))
                })?;
                self.close()?;
                Ok(With::Params(name, params))
            }
            _ => Err(self.no_form(from)),
        }
    }

    pub(crate) fn data_category(&mut self) -> Parsed<With> {
        let start = self.advance().start;
        self.advance();
        let mut filters = Vec::new();
        loop {
            let group = self.ident()?;
            let known = ["AT", "ABOVE", "BELOW", "ABOVE_OR_BELOW"].iter().any(|s| self.is(s));
            if !known {
                return Err(if self.name_at(0) { self.missing() } else { self.unexpected() });
            }
            let selector = self.ident()?;
            let categories = if self.take(Tok::LParen) {
                let list = self.list(Self::ident)?;
                self.close()?;
                list
            } else {
                vec![self.ident()?]
            };
            filters.push((group, selector, categories));
            if !self.take_word("AND") {
                return Ok(With::DataCategory { filters, span: self.span_from(start) });
            }
        }
    }

    fn group_by(&mut self) -> Parsed<GroupBy> {
        for (word, kind) in [("ROLLUP", GroupKind::Rollup), ("CUBE", GroupKind::Cube)] {
            if !self.is(word) {
                continue;
            }
            if self.peek_at(1) == Tok::LParen {
                self.advance();
                self.advance();
                let items = self.list(Self::group_item)?;
                self.close()?;
                return Ok(GroupBy { kind, items });
            }
            if self.name_at(1) {
                self.advance();
                return Err(self.missing());
            }
        }
        Ok(GroupBy { kind: GroupKind::Plain, items: self.list(Self::group_item)? })
    }

    fn group_item(&mut self) -> Parsed<Expr> {
        let distance = self.is("DISTANCE") && self.peek_at(1) == Tok::LParen;
        let expr = self.expr()?;
        if distance {
            let place = expr.span();
            let message = "unexpected token: 'DISTANCE'";
            return Err(SyntaxError::antlr(Kind::Unexpected, place, message));
        }
        Ok(expr)
    }

    pub(crate) fn order_item(&mut self) -> Parsed<OrderItem> {
        let expr = self.expr()?;
        let descending = self.take_word("DESC");
        if !descending {
            self.take_word("ASC");
        }
        let nulls_first = if self.take_word("NULLS") {
            let first = self.is("FIRST");
            if !first && !self.is("LAST") {
                return Err(self.unexpected());
            }
            self.advance();
            Some(first)
        } else {
            None
        };
        Ok(OrderItem { expr, descending, nulls_first })
    }

    /// The number of LIMIT or OFFSET. One that exceeds 64 bits counts as the greatest that does not.
    fn row_count(&mut self, offset: bool) -> Parsed<Limit> {
        if self.peek() == Tok::Colon {
            return Err(self.bind());
        }
        let start = self.token().start;
        let negative = self.peek() == Tok::Minus;
        let signed = negative || self.peek() == Tok::Plus;
        let number = self.token_at(usize::from(signed));
        if number.tok != Tok::Number || self.slice(number).contains('.') {
            if signed {
                self.advance();
            }
            return Err(self.unexpected());
        }
        let value = self.slice(number).parse().unwrap_or(u64::MAX);
        if negative && value > 0 {
            if !offset {
                return Err(self.unexpected());
            }
            return Err(SyntaxError::at(Kind::Number, span(number), "SOQL offset must be a non-negative value"));
        }
        if signed {
            self.advance();
        }
        self.advance();
        Ok(Limit { value, span: self.span_from(start) })
    }
}
