//! Statements.

use super::{Parsed, Parser};
use crate::ast::{Expr, ExprKind, Problem, Stmt, StmtKind, When};
use crate::host::DmlKind;
use crate::lexer::Tok;

impl Parser<'_> {
    pub(super) fn block(&mut self) -> Parsed<Vec<Stmt>> {
        self.expect("{")?;
        let mut out = Vec::new();
        while !self.is("}") {
            if *self.kind() == Tok::End {
                self.expect("}")?;
            }
            out.push(self.stmt()?);
        }
        self.bump();
        Ok(out)
    }

    pub(super) fn stmt(&mut self) -> Parsed<Stmt> {
        let pos = self.pos();
        let kind = self.deeper(Self::stmt_kind)?;
        Ok(Stmt { kind, pos })
    }

    fn inner(&mut self) -> Parsed<Box<Stmt>> {
        self.stmt().map(Box::new)
    }

    fn in_parentheses(&mut self) -> Parsed<Expr> {
        self.expect("(")?;
        let expr = self.expr()?;
        self.expect(")")?;
        Ok(expr)
    }

    fn stmt_kind(&mut self) -> Parsed<StmtKind> {
        if self.is("{") {
            return self.block().map(StmtKind::Block);
        }
        if self.is(";") {
            return self.unexpected();
        }
        let word = self.word_ahead(0).unwrap_or_default().to_ascii_lowercase();
        match word.as_str() {
            "if" => {
                self.bump();
                let test = self.in_parentheses()?;
                let yes = self.inner()?;
                let no = if self.eat_word("else") { Some(self.inner()?) } else { None };
                Ok(StmtKind::If(test, yes, no))
            }
            "while" => {
                self.bump();
                let test = self.in_parentheses()?;
                // A loop without a body.
                let body =
                    if self.is(";") { Box::new(Stmt { pos: self.bump().pos, kind: StmtKind::Block(Vec::new()) }) } else { self.inner()? };
                Ok(StmtKind::While(test, body))
            }
            "do" => {
                self.bump();
                let body = self.inner()?;
                if !self.eat_word("while") {
                    return self.unexpected();
                }
                let test = self.in_parentheses()?;
                self.expect(";")?;
                Ok(StmtKind::DoWhile(body, test))
            }
            "for" => self.for_loop(),
            "return" => {
                self.bump();
                let value = if self.is(";") { None } else { Some(self.expr()?) };
                self.expect(";")?;
                Ok(StmtKind::Return(value))
            }
            "break" => self.alone(StmtKind::Break),
            "continue" => self.alone(StmtKind::Continue),
            "throw" => {
                self.bump();
                let what = self.expr()?;
                self.expect(";")?;
                Ok(StmtKind::Throw(what))
            }
            "try" => self.try_block(),
            "switch" if self.word_ahead(1).is_some_and(|word| word.eq_ignore_ascii_case("on")) => self.switch(),
            "insert" | "update" | "upsert" | "delete" | "undelete" | "merge" => self.dml(&word),
            "system" if self.is_ahead(1, ".") && self.word_ahead(2).is_some_and(|word| word.eq_ignore_ascii_case("runas")) => {
                Err(Problem::new(self.pos(), "System.runAs is not supported here"))
            }
            _ => self.local_or_expr(true),
        }
    }

    fn alone(&mut self, kind: StmtKind) -> Parsed<StmtKind> {
        self.bump();
        self.expect(";")?;
        Ok(kind)
    }

    fn dml(&mut self, word: &str) -> Parsed<StmtKind> {
        let pos = self.bump().pos;
        let kind = match word {
            "insert" => DmlKind::Insert,
            "update" => DmlKind::Update,
            "upsert" => DmlKind::Upsert,
            "delete" => DmlKind::Delete,
            "undelete" => DmlKind::Undelete,
            _ => return Err(Problem::new(pos, "merge is not supported here")),
        };
        let mut user_mode = false;
        if self.is_word("as") {
            self.bump();
            if self.eat_word("user") {
                user_mode = true;
            } else if !self.eat_word("system") {
                return self.unexpected();
            }
        }
        let what = self.expr()?;
        let mut external_id = None;
        if kind == DmlKind::Upsert && !self.is(";") {
            let pos = self.pos();
            let mut name = vec![self.member_name()?.0.into()];
            while self.eat(".") {
                name.push(self.member_name()?.0.into());
                if name.len() > 6 {
                    return self.unexpected();
                }
            }
            external_id = Some((name, pos));
        }
        self.expect(";")?;
        Ok(StmtKind::Dml { kind, what, external_id, user_mode })
    }

    /// A declaration of variables, or an expression.
    fn local_or_expr(&mut self, semicolon: bool) -> Parsed<StmtKind> {
        let is_final = self.eat_word("final");
        let declares = self.attempt(|parser| {
            let ty = parser.type_ref().ok()?;
            let follows = parser.word_ahead(0).is_some() && ["=", ";", ",", ":"].iter().any(|sign| parser.is_ahead(1, sign));
            // `x instanceof …` has a word behind a name too, but not such a sign behind it.
            follows.then_some(ty)
        });
        let Some(ty) = declares else {
            let wordy = self.word_ahead(0).is_some() && self.word_ahead(1).is_some_and(|word| !word.eq_ignore_ascii_case("instanceof"));
            let known = self.word_ahead(0).is_some_and(|word| matches!(word.to_ascii_lowercase().as_str(), "new" | "this" | "super"));
            if wordy && !known && self.word_ahead(2).is_none() {
                // `Integer x y`: what the platform's parser stumbles over is behind the name.
                self.bump();
                return self.unexpected();
            }
            let expr = self.expr()?;
            let stands = matches!(
                expr.kind,
                ExprKind::Call { .. } | ExprKind::Assign { .. } | ExprKind::Step { .. } | ExprKind::New { .. } | ExprKind::NewRecord { .. }
            );
            if !stands {
                if semicolon && !self.is(";") {
                    self.expect(";")?;
                }
                return Err(Problem::new(expr.pos, "Expression cannot be a statement."));
            }
            if semicolon {
                self.expect(";")?;
            }
            return Ok(StmtKind::Expr(expr));
        };
        let mut vars = Vec::new();
        loop {
            let (name, pos) = self.name()?;
            let init = if self.eat("=") { Some(self.expr()?) } else { None };
            vars.push((name, pos, init));
            if !self.eat(",") {
                break;
            }
        }
        if semicolon {
            self.expect(";")?;
        }
        Ok(StmtKind::Local { ty, is_final, vars })
    }

    fn for_loop(&mut self) -> Parsed<StmtKind> {
        self.bump();
        self.expect("(")?;
        let each = self.attempt(|parser| {
            parser.eat_word("final");
            let ty = parser.type_ref().ok()?;
            let (name, _) = parser.name().ok()?;
            parser.eat(":").then_some((ty, name))
        });
        if let Some((ty, name)) = each {
            let over = self.expr()?;
            self.expect(")")?;
            let body = self.body()?;
            return Ok(StmtKind::ForEach { ty, name, over, body });
        }
        let mut init = Vec::new();
        if !self.eat(";") {
            let pos = self.pos();
            loop {
                let kind = self.local_or_expr(false)?;
                let declares = matches!(kind, StmtKind::Local { .. });
                init.push(Stmt { kind, pos });
                if declares || !self.eat(",") {
                    break;
                }
            }
            self.expect(";")?;
        }
        let cond = if self.is(";") { None } else { Some(self.expr()?) };
        self.expect(";")?;
        let mut update = Vec::new();
        while !self.is(")") {
            update.push(self.expr()?);
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")")?;
        let body = self.body()?;
        Ok(StmtKind::For { init, cond, update, body })
    }

    fn body(&mut self) -> Parsed<Box<Stmt>> {
        if self.is(";") { Ok(Box::new(Stmt { pos: self.bump().pos, kind: StmtKind::Block(Vec::new()) })) } else { self.inner() }
    }

    fn try_block(&mut self) -> Parsed<StmtKind> {
        self.bump();
        let body = self.block()?;
        let mut catches = Vec::new();
        while self.eat_word("catch") {
            self.expect("(")?;
            self.eat_word("final");
            let ty = self.type_ref()?;
            let (name, _) = self.name()?;
            self.expect(")")?;
            catches.push((ty, name, self.block()?));
        }
        let finally = if self.eat_word("finally") { Some(self.block()?) } else { None };
        if catches.is_empty() && finally.is_none() {
            return self.unexpected();
        }
        Ok(StmtKind::Try { body, catches, finally })
    }

    fn switch(&mut self) -> Parsed<StmtKind> {
        self.bump();
        self.bump();
        let on = self.expr()?;
        self.expect("{")?;
        let mut whens = Vec::new();
        let mut otherwise = None;
        while self.is_word("when") {
            self.bump();
            if self.is_word("else") {
                self.bump();
                otherwise = Some(self.block()?);
                break;
            }
            let typed = self.attempt(|parser| {
                let ty = parser.type_ref().ok()?;
                let (name, _) = parser.name().ok()?;
                parser.is("{").then_some((ty, name))
            });
            let when = match typed {
                Some((ty, name)) => When::Type(ty, name),
                None => {
                    let mut values = vec![self.expr()?];
                    while self.eat(",") {
                        values.push(self.expr()?);
                    }
                    When::Values(values)
                }
            };
            whens.push((when, self.block()?));
        }
        self.expect("}")?;
        Ok(StmtKind::Switch { on, whens, otherwise })
    }
}
