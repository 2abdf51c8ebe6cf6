//! The parser: operators by their levels, with the platform's words for what is missing or out of place.

use super::ast::{Expr, ExprKind, Op, Span};
use super::lexer::{self, Tok, Token};
use super::{FormulaError, MAX_DEPTH};

pub(super) struct Parser<'a> {
    text: &'a str,
    /// The token to be looked at.
    now: Token,
    depth: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Result<Self, FormulaError> {
        Ok(Self { text, now: lexer::next(text, 0)?, depth: 0 })
    }

    /// The whole text as one expression.
    pub(super) fn formula(mut self) -> Result<Expr, FormulaError> {
        let expr = self.expression(0)?;
        match self.now.tok {
            Tok::Eof => Ok(expr),
            Tok::Ident => Err(self.wrong(&format!(" Extra {}", self.token()))),
            _ => Err(self.wrong(&format!(" Extra '{}'", self.token()))),
        }
    }

    fn expression(&mut self, level: u8) -> Result<Expr, FormulaError> {
        if level > 6 {
            return self.unary();
        }
        let first = self.expression(level + 1)?;
        let mut rest: Vec<(Op, Expr)> = Vec::new();
        while let Tok::Op(op) = self.now.tok
            && op.level() == level
        {
            self.advance()?;
            rest.push((op, self.expression(level + 1)?));
        }
        let Some((_, last)) = rest.last() else { return Ok(first) };
        let span = Span { start: first.span.start, end: last.span.end };
        Ok(Expr { kind: ExprKind::Chain { first: Box::new(first), rest }, span })
    }

    fn unary(&mut self) -> Result<Expr, FormulaError> {
        let start = self.now.span;
        let wrap: fn(Box<Expr>) -> ExprKind = match self.now.tok {
            Tok::Not | Tok::Bang => ExprKind::Not,
            Tok::Op(Op::Subtract) => |of| ExprKind::Sign { minus: true, of },
            Tok::Op(Op::Add) => |of| ExprKind::Sign { minus: false, of },
            _ => return self.primary(),
        };
        self.advance()?;
        let of = self.deeper(Self::unary)?;
        let span = Span { start: start.start, end: of.span.end };
        Ok(Expr { kind: wrap(Box::new(of)), span })
    }

    fn primary(&mut self) -> Result<Expr, FormulaError> {
        let span = self.now.span;
        let text = self.token();
        let kind = match self.now.tok {
            Tok::True => ExprKind::Bool(true),
            Tok::False => ExprKind::Bool(false),
            Tok::Null => ExprKind::Null,
            Tok::Number => ExprKind::Number(text.to_owned()),
            Tok::Text => ExprKind::Text(lexer::unquote(text)),
            Tok::Ident => {
                self.advance()?;
                return match self.now.tok {
                    Tok::LParen => self.call(text, span),
                    _ => Ok(Expr { kind: ExprKind::Field(text.to_owned()), span }),
                };
            }
            Tok::LParen => {
                self.advance()?;
                let inside = self.deeper(|p| p.expression(0))?;
                self.close()?;
                return Ok(inside);
            }
            _ => return Err(self.found()),
        };
        self.advance()?;
        Ok(Expr { kind, span })
    }

    fn call(&mut self, name: &str, span: Span) -> Result<Expr, FormulaError> {
        self.advance()?;
        let mut args = Vec::new();
        if self.now.tok != Tok::RParen {
            args.push(self.deeper(|p| p.expression(0))?);
            while self.now.tok == Tok::Comma {
                self.advance()?;
                args.push(self.deeper(|p| p.expression(0))?);
            }
        }
        self.close()?;
        Ok(Expr { kind: ExprKind::Call { name: name.to_owned(), args }, span })
    }

    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Result<Expr, FormulaError>) -> Result<Expr, FormulaError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(FormulaError::too_deep(self.now.span));
        }
        let expr = read(self)?;
        self.depth -= 1;
        Ok(expr)
    }

    fn close(&mut self) -> Result<(), FormulaError> {
        match self.now.tok {
            Tok::RParen => self.advance(),
            _ => Err(self.wrong("  Missing ')'")),
        }
    }

    fn advance(&mut self) -> Result<(), FormulaError> {
        self.now = lexer::next(self.text, self.now.span.end as usize)?;
        Ok(())
    }

    fn token(&self) -> &'a str {
        match self.now.tok {
            Tok::Eof => "end of formula",
            _ => &self.text[self.now.span.start as usize..self.now.span.end as usize],
        }
    }

    fn found(&self) -> FormulaError {
        self.wrong(&format!("  Found '{}'", self.token()))
    }

    fn wrong(&self, what: &str) -> FormulaError {
        FormulaError::syntax(self.now.span, what)
    }
}
