//! WHERE and HAVING conditions, and literals.

use super::{Kind, Parsed, Parser, Place, span};
use crate::SyntaxError;
use crate::ast::{CompareOp, Condition, Expr, InSet, Literal, Span};
use crate::soql::lexer::{self, BadEscape, Tok, Token};

impl Parser<'_> {
    /// A condition. AND and OR may not be mixed at one level, and NOT must stand alone at its level. HAVING takes no
    /// sub-queries.
    pub(crate) fn condition(&mut self, having: bool) -> Parsed<Condition> {
        if self.is("NOT") {
            let word = span(self.advance());
            let inner = self.simple(having)?;
            return self.unmixed(Condition::Not(Box::new(inner), word));
        }
        let first = self.simple(having)?;
        for (keyword, build) in [("AND", Condition::And as fn(Vec<Condition>) -> Condition), ("OR", Condition::Or)] {
            if self.is(keyword) {
                let mut all = vec![first];
                while self.take_word(keyword) {
                    all.push(self.simple(having)?);
                }
                return self.unmixed(build(all));
            }
        }
        Ok(first)
    }

    fn unmixed(&self, condition: Condition) -> Parsed<Condition> {
        // Within parentheses or a sub-query the closing parenthesis is what is missed.
        if self.depth == 0 && (self.is("AND") || self.is("OR")) {
            return Err(self.unexpected_unquoted());
        }
        Ok(condition)
    }

    /// A comparison, or a condition in parentheses.
    fn simple(&mut self, having: bool) -> Parsed<Condition> {
        if self.take(Tok::LParen) {
            let inner = self.nested(|p| p.condition(having))?;
            self.close()?;
            return Ok(Condition::Group(Box::new(inner)));
        }
        if !self.name_at(0) {
            return Err(self.unexpected());
        }
        let from = self.at;
        let left = self.expr()?;
        let op_span = span(self.token());
        let op = match self.peek() {
            Tok::Eq => CompareOp::Eq,
            Tok::Ne => CompareOp::Ne,
            Tok::Lt => CompareOp::Lt,
            Tok::Le => CompareOp::Le,
            Tok::Gt => CompareOp::Gt,
            Tok::Ge => CompareOp::Ge,
            Tok::Word if self.is("LIKE") => CompareOp::Like,
            Tok::Word if self.is("IN") => {
                self.advance();
                return self.in_set(left, false, op_span, from, having);
            }
            Tok::Word if self.is("NOT") => {
                self.advance();
                if !self.take_word("IN") {
                    return Err(self.no_form(from));
                }
                return self.in_set(left, true, op_span, from, having);
            }
            Tok::Word if self.is("INCLUDES") || self.is("EXCLUDES") => {
                let negated = self.is("EXCLUDES");
                self.advance();
                let values = self.included()?;
                return Ok(Condition::Includes { left, negated, op_span, values });
            }
            _ => return Err(self.no_form(from)),
        };
        self.advance();
        if op == CompareOp::Like && self.quirks.new_parser && self.is("NULL") {
            return Err(self.unexpected());
        }
        let (right, right_span) = self.value(op == CompareOp::Like)?;
        Ok(Condition::Compare { left, op, op_span, right, right_span })
    }

    /// `from` is the index of the first token of the left side.
    fn in_set(&mut self, left: Expr, negated: bool, op_span: Span, from: usize, having: bool) -> Parsed<Condition> {
        match self.peek() {
            Tok::Colon => return Err(self.bind()),
            Tok::LParen => self.advance(),
            _ => return Err(self.no_form(from)),
        };
        let set = if self.is("SELECT") && !having {
            InSet::Query(Box::new(self.nested(|p| p.query(Place::SemiJoin))?))
        } else if self.peek() == Tok::RParen {
            return Err(self.no_form(from));
        } else {
            InSet::Literals(self.list(|p| p.value(false))?)
        };
        self.close()?;
        Ok(Condition::In { left, negated, op_span, set })
    }

    fn included(&mut self) -> Parsed<Vec<(String, Span)>> {
        if self.peek() == Tok::Colon {
            return Err(self.bind());
        }
        self.expect(Tok::LParen)?;
        let values = self.list(|p| {
            if p.peek() == Tok::Colon {
                return Err(p.bind());
            }
            if p.peek() != Tok::Str {
                return Err(p.no_string());
            }
            let token = p.advance();
            match p.string(token, false)? {
                Literal::String { text, .. } => Ok((text, span(token))),
                _ => Err(p.unexpected()),
            }
        })?;
        self.close()?;
        Ok(values)
    }

    /// A literal and its place. `like` allows the escapes that only LIKE knows.
    pub(crate) fn value(&mut self, like: bool) -> Parsed<(Literal, Span)> {
        let token = self.token();
        let literal = match token.tok {
            Tok::Colon => return Err(self.bind()),
            Tok::Word => self.word_value()?,
            Tok::Str => {
                self.advance();
                self.string(token, like)?
            }
            Tok::Number => {
                self.advance();
                Literal::Number(self.slice(token).to_owned())
            }
            Tok::Plus | Tok::Minus => {
                self.advance();
                let number = self.expect(Tok::Number)?;
                let sign = if token.tok == Tok::Minus { "-" } else { "" };
                Literal::Number(format!("{sign}{}", self.slice(number)))
            }
            Tok::Date => {
                self.check_half_date_time(token)?;
                self.advance();
                Literal::Date(self.slice(token).to_owned())
            }
            Tok::DateTime => {
                self.check_date_time(token)?;
                self.advance();
                Literal::DateTime(self.slice(token).to_owned())
            }
            Tok::Time => {
                self.advance();
                Literal::Time(self.slice(token).to_owned())
            }
            _ => return Err(self.no_string()),
        };
        Ok((literal, self.span_from(token.start)))
    }

    fn string(&self, token: Token, like: bool) -> Parsed<Literal> {
        let inside = self.text.get(token.start as usize + 1..token.end as usize - 1).unwrap_or_default();
        lexer::unescape(inside, like).map_err(|BadEscape(at)| self.bad_escape(token.start + 1 + at as u32))
    }

    /// TRUE, FALSE, NULL, a date literal or an amount with its currency.
    fn word_value(&mut self) -> Parsed<Literal> {
        let token = self.token();
        let word = self.slice(token);
        let constant = [("TRUE", Literal::Bool(true)), ("FALSE", Literal::Bool(false)), ("NULL", Literal::Null)]
            .into_iter()
            .find(|(name, _)| word.eq_ignore_ascii_case(name));
        if let Some((_, literal)) = constant {
            self.advance();
            return Ok(literal);
        }
        if !self.name_at(0) {
            return Err(self.unexpected());
        }
        if let Some(amount) = self.currency(token) {
            return Ok(amount);
        }
        // A field on the right side is answered as a bind variable is.
        if self.peek_at(1) == Tok::Dot {
            return Err(self.bind());
        }
        self.advance();
        if !self.take(Tok::Colon) {
            return Ok(Literal::DateLiteral(word.to_owned(), None));
        }
        let count = self.token();
        match count.tok {
            Tok::Number if !self.slice(count).contains('.') => {
                self.advance();
                // No range reaches that far; the count is checked where dates are computed.
                let n = self.slice(count).parse().unwrap_or(u64::MAX);
                Ok(Literal::DateLiteral(word.to_owned(), Some(n)))
            }
            Tok::Eof => Err(self.missing()),
            _ => Err(self.unexpected()),
        }
    }

    /// `USD5000`, `EUR9000.50` and, from API v61.0 on, `USD-500`: a code and a number with nothing between.
    fn currency(&mut self, token: Token) -> Option<Literal> {
        let word = self.slice(token);
        let (code, digits) = word.split_at_checked(3)?;
        if !code.bytes().all(|b| b.is_ascii_alphabetic()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let next = self.token_at(1);
        let touches = next.start == token.end;
        if digits.is_empty() {
            let number = self.token_at(2);
            let signed = matches!(next.tok, Tok::Minus | Tok::Plus) && touches && number.start == next.end;
            if !self.quirks.new_parser || !signed || number.tok != Tok::Number {
                return None;
            }
            let sign = if next.tok == Tok::Minus { "-" } else { "" };
            self.at += 3;
            return Some(Literal::Currency(code.to_owned(), format!("{sign}{}", self.slice(number))));
        }
        let fraction = self.slice(next);
        if next.tok == Tok::Number && touches && fraction.starts_with('.') {
            self.at += 2;
            return Some(Literal::Currency(code.to_owned(), format!("{digits}{fraction}")));
        }
        self.at += 1;
        Some(Literal::Currency(code.to_owned(), digits.to_owned()))
    }

    /// A date and a time without a zone are two tokens here. The older lexer has begun a date-time and wants its zone.
    fn check_half_date_time(&self, date: Token) -> Parsed<()> {
        let rest = self.text.as_bytes().get(date.end as usize..).unwrap_or_default();
        match lexer::clock_of_date_time(rest) {
            Some(len) if !self.quirks.new_parser => Err(self.bad_character(Kind::DateTime, date.end + len as u32)),
            _ => Ok(()),
        }
    }

    /// Refuses parts of a date-time that no calendar has. Day 31 of a short month is left to whoever knows calendars.
    fn check_date_time(&self, token: Token) -> Parsed<()> {
        let text = self.slice(token);
        let Some((at, wanted)) = bad_digit(text.as_bytes()) else { return Ok(()) };
        if self.quirks.new_parser {
            return Err(SyntaxError::at(Kind::DateTime, span(token), format!("Invalid datetime: {text}")));
        }
        let place = token.start + at as u32;
        match wanted {
            None => Err(self.bad_character(Kind::DateTime, place)),
            Some(set) => Err(self.mismatched(Kind::DateTime, place, text.get(at..=at).unwrap_or_default(), set)),
        }
    }
}

/// The first digit of a date-time that its place does not allow, with the set of digits the older lexer wants there;
/// `None` where it has several ways on and names no set.
fn bad_digit(text: &[u8]) -> Option<(usize, Option<&'static str>)> {
    // Tens, then what the greatest ten allows: month 12, day 31, hour 23, minute and second 59.
    let zone = text.iter().skip(19).position(|b| matches!(b, b'+' | b'-')).map(|p| p + 20);
    let mut parts = vec![(5, b'1', b'2'), (8, b'3', b'1'), (11, b'2', b'3'), (14, b'5', b'9'), (17, b'5', b'9')];
    if let Some(zone) = zone {
        let minutes = if text.get(zone + 2) == Some(&b':') { zone + 3 } else { zone + 2 };
        parts.extend([(zone, b'2', b'3'), (minutes, b'5', b'9')]);
    }
    for (at, tens, ones) in parts {
        let (ten, one) = (*text.get(at)?, *text.get(at + 1)?);
        if ten > tens {
            return Some((at, if tens == b'5' { Some("set '0'..'5'") } else { None }));
        }
        if ten == tens && one > ones {
            let set = match ones {
                b'1' => "set '0'..'1'",
                b'2' => "set '0'..'2'",
                _ => "set '0'..'3'",
            };
            return Some((at + 1, Some(set)));
        }
        // Months and days start at 01.
        if at < 11 && ten == b'0' && one == b'0' {
            return Some((at + 1, Some("set '1'..'9'")));
        }
    }
    None
}
