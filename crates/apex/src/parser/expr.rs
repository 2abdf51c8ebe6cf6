//! Expressions.

use super::{Parsed, Parser};
use crate::ast::{Binary, Expr, ExprKind, Problem, QueryExpr, TypeRef};
use crate::lexer::Tok;

/// Operators by level, loosest first; assignment and `? :` are above them.
const LEVELS: &[&[(&str, Binary)]] = &[
    &[("??", Binary::Coalesce)],
    &[("||", Binary::Or)],
    &[("&&", Binary::And)],
    &[("|", Binary::BitOr)],
    &[("^", Binary::BitXor)],
    &[("&", Binary::BitAnd)],
    &[("===", Binary::Same), ("!==", Binary::NotSame), ("==", Binary::Equal), ("!=", Binary::NotEqual), ("<>", Binary::NotEqual)],
    &[("<=", Binary::LessOrEqual), (">=", Binary::GreaterOrEqual), ("<", Binary::Less), (">", Binary::Greater)],
    &[("<<", Binary::ShiftLeft)],
    &[("+", Binary::Add), ("-", Binary::Subtract)],
    &[("*", Binary::Multiply), ("/", Binary::Divide), ("%", Binary::Remainder)],
];
const RELATION: usize = 7;
const SHIFT: usize = 8;

const ASSIGNMENTS: &[(&str, Option<Binary>)] = &[
    ("=", None),
    ("+=", Some(Binary::Add)),
    ("-=", Some(Binary::Subtract)),
    ("*=", Some(Binary::Multiply)),
    ("/=", Some(Binary::Divide)),
    ("%=", Some(Binary::Remainder)),
    ("&=", Some(Binary::BitAnd)),
    ("|=", Some(Binary::BitOr)),
    ("^=", Some(Binary::BitXor)),
    ("<<=", Some(Binary::ShiftLeft)),
];

impl Parser<'_> {
    pub(super) fn expr(&mut self) -> Parsed<Expr> {
        self.deeper(|parser| {
            let target = parser.condition()?;
            let op = match parser.kind() {
                Tok::Sign(sign) => ASSIGNMENTS.iter().find(|(own, _)| own == sign).map(|(_, op)| (*op, 1)),
                _ => None,
            };
            let op = op.or_else(|| {
                let shifts = (1..=2).take_while(|n| parser.is_ahead(n - 1, ">")).count();
                // `>>=` and `>>>=` are read as brackets, as types end in them.
                match shifts {
                    1 if parser.adjacent(1) && parser.is_ahead(1, ">=") => Some((Some(Binary::ShiftRight), 2)),
                    2 if parser.adjacent(1) && parser.adjacent(2) && parser.is_ahead(2, ">=") => {
                        Some((Some(Binary::ShiftRightUnsigned), 3))
                    }
                    _ => None,
                }
            });
            let Some((op, tokens)) = op else { return Ok(target) };
            let pos = target.pos;
            for _ in 0..tokens {
                parser.bump();
            }
            let value = parser.expr()?;
            Ok(Expr { kind: ExprKind::Assign { op, target: Box::new(target), value: Box::new(value) }, pos })
        })
    }

    /// Whether a token begins where the one before it ends.
    fn adjacent(&self, ahead: usize) -> bool {
        self.token(ahead - 1).end == self.token(ahead).start
    }

    fn condition(&mut self) -> Parsed<Expr> {
        let test = self.binary(0)?;
        if !self.is("?") {
            return Ok(test);
        }
        self.bump();
        let pos = test.pos;
        let yes = self.expr()?;
        self.expect(":")?;
        let no = self.expr()?;
        Ok(Expr { kind: ExprKind::Condition(Box::new(test), Box::new(yes), Box::new(no)), pos })
    }

    /// The operator that stands here: its level, and how many tokens it is.
    fn operator(&self) -> Option<(Binary, usize, usize)> {
        let Tok::Sign(sign) = self.kind() else { return None };
        // Shifts are read as brackets, as types end in them; `>>=` is an assignment.
        if *sign == ">" && self.adjacent(1) {
            let shifts =
                1 + usize::from(self.is_ahead(1, ">")) + usize::from(self.is_ahead(1, ">") && self.is_ahead(2, ">") && self.adjacent(2));
            if self.is_ahead(shifts, ">=") && self.adjacent(shifts) {
                return None;
            }
            match shifts {
                2 => return Some((Binary::ShiftRight, SHIFT, 2)),
                3 => return Some((Binary::ShiftRightUnsigned, SHIFT, 3)),
                _ => {}
            }
        }
        LEVELS.iter().enumerate().find_map(|(level, signs)| signs.iter().find(|(own, _)| own == sign).map(|(_, op)| (*op, level, 1)))
    }

    /// Operands and operators of a level or tighter ones.
    fn binary(&mut self, least: usize) -> Parsed<Expr> {
        let mut left = self.unary()?;
        let mut length = 0;
        loop {
            if least <= RELATION && self.is_word("instanceof") {
                let pos = self.bump().pos;
                let ty = self.type_ref()?;
                left = Expr { kind: ExprKind::InstanceOf(Box::new(left), ty), pos };
                continue;
            }
            let pos = self.pos();
            let Some((op, level, tokens)) = self.operator().filter(|(_, level, _)| *level >= least) else { return Ok(left) };
            for _ in 0..tokens {
                self.bump();
            }
            self.chain(&mut length)?;
            let right = self.binary(level + 1)?;
            left = Expr { kind: ExprKind::Binary(op, Box::new(left), Box::new(right)), pos };
        }
    }

    fn unary(&mut self) -> Parsed<Expr> {
        let pos = self.pos();
        let sign = match self.kind() {
            Tok::Sign(sign @ ("!" | "-" | "+" | "~" | "++" | "--")) => *sign,
            Tok::Sign("(") => {
                if let Some(ty) = self.attempt(|parser| parser.cast()) {
                    let of = self.deeper(Self::unary)?;
                    return Ok(Expr { kind: ExprKind::Cast(ty, Box::new(of)), pos });
                }
                return self.postfix();
            }
            _ => return self.postfix(),
        };
        self.bump();
        if sign == "-" && matches!(self.kind(), Tok::TooBig(text) if &**text == "2147483648") {
            self.bump();
            return Ok(Expr { kind: ExprKind::Int(i32::MIN), pos });
        }
        let of = Box::new(self.deeper(Self::unary)?);
        let kind = match sign {
            "!" => ExprKind::Not(of),
            "-" => ExprKind::Negate(of),
            "~" => ExprKind::Complement(of),
            "+" => return Ok(*of),
            sign => ExprKind::Step { target: of, up: sign == "++", prefix: true },
        };
        Ok(Expr { kind, pos })
    }

    /// `(Type)`, where what follows can be what is cast.
    fn cast(&mut self) -> Option<TypeRef> {
        self.bump();
        let ty = self.type_ref().ok()?;
        if !self.eat(")") {
            return None;
        }
        let follows = match self.kind() {
            Tok::Word(word) => !word.eq_ignore_ascii_case("instanceof"),
            Tok::Sign(sign) => matches!(*sign, "(" | "!" | "~" | "["),
            Tok::End => false,
            _ => true,
        };
        follows.then_some(ty)
    }

    fn postfix(&mut self) -> Parsed<Expr> {
        let mut left = self.primary()?;
        let mut length = 0;
        loop {
            let pos = self.pos();
            match self.kind() {
                Tok::Sign(sign @ ("." | "?.")) => {
                    let safe = *sign == "?.";
                    self.bump();
                    if self.is_word("class") {
                        self.bump();
                        let ty = type_of(&left).ok_or_else(|| Problem::new(pos, "Unexpected token 'class'."))?;
                        left = Expr { kind: ExprKind::ClassOf(ty), pos: left.pos };
                        continue;
                    }
                    let (name, pos) = self.member_name()?;
                    let target = Box::new(left);
                    let kind = if self.is("(") {
                        ExprKind::Call { target: Some(target), name, args: self.arguments()?, safe }
                    } else {
                        ExprKind::Field { target, name, safe }
                    };
                    left = Expr { kind, pos };
                }
                Tok::Sign("[") => {
                    self.bump();
                    let index = self.expr()?;
                    self.expect("]")?;
                    left = Expr { pos: left.pos, kind: ExprKind::Index(Box::new(left), Box::new(index)) };
                }
                Tok::Sign(sign @ ("++" | "--")) => {
                    let up = *sign == "++";
                    self.bump();
                    left = Expr { pos: left.pos, kind: ExprKind::Step { target: Box::new(left), up, prefix: false } };
                }
                _ => return Ok(left),
            }
            self.chain(&mut length)?;
        }
    }

    pub(super) fn arguments(&mut self) -> Parsed<Vec<Expr>> {
        self.expect("(")?;
        self.list(")")
    }

    fn list(&mut self, close: &'static str) -> Parsed<Vec<Expr>> {
        let mut out = Vec::new();
        if self.eat(close) {
            return Ok(out);
        }
        loop {
            out.push(self.expr()?);
            if self.eat(",") {
                continue;
            }
            self.expect(close)?;
            return Ok(out);
        }
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let pos = self.pos();
        let kind = match self.kind().clone() {
            Tok::Int(n) => ExprKind::Int(n),
            Tok::Long(n) => ExprKind::Long(n),
            Tok::Double(n) => ExprKind::Double(n),
            Tok::Decimal(text) => ExprKind::Decimal(text),
            Tok::Text(text) => ExprKind::Text(text),
            Tok::TooBig(_) => return Err(Problem::new(pos, "Illegal integer")),
            Tok::Sign("(") => {
                self.bump();
                let inner = self.expr()?;
                self.expect(")")?;
                return Ok(inner);
            }
            Tok::Sign("[") => return self.query(),
            Tok::Word(word) => return self.word(&word),
            _ => return self.unexpected(),
        };
        self.bump();
        Ok(Expr { kind, pos })
    }

    fn word(&mut self, word: &str) -> Parsed<Expr> {
        let pos = self.pos();
        let kind = match word.to_ascii_lowercase().as_str() {
            "null" => ExprKind::Null,
            "true" => ExprKind::Bool(true),
            "false" => ExprKind::Bool(false),
            "this" | "super" => {
                self.bump();
                let kind = if self.is("(") {
                    ExprKind::Call { target: None, name: word.to_ascii_lowercase().into(), args: self.arguments()?, safe: false }
                } else if word.eq_ignore_ascii_case("this") {
                    ExprKind::This
                } else {
                    ExprKind::Super
                };
                return Ok(Expr { kind, pos });
            }
            "new" => {
                self.bump();
                let kind = self.new_expr()?;
                return Ok(Expr { kind, pos });
            }
            "list" | "set" | "map" if self.is_ahead(1, "<") => {
                let ty = self.type_ref()?;
                self.expect(".")?;
                if !self.eat_word("class") {
                    return self.unexpected();
                }
                return Ok(Expr { kind: ExprKind::ClassOf(ty), pos });
            }
            _ => {
                // `String[].class`
                if self.is_ahead(1, "[") && self.is_ahead(2, "]") {
                    let ty = self.type_ref()?;
                    self.expect(".")?;
                    if !self.eat_word("class") {
                        return self.unexpected();
                    }
                    return Ok(Expr { kind: ExprKind::ClassOf(ty), pos });
                }
                let (name, pos) = self.name()?;
                let kind = if self.is("(") {
                    ExprKind::Call { target: None, name, args: self.arguments()?, safe: false }
                } else {
                    ExprKind::Name(name)
                };
                return Ok(Expr { kind, pos });
            }
        };
        self.bump();
        Ok(Expr { kind, pos })
    }

    fn new_expr(&mut self) -> Parsed<ExprKind> {
        let mut ty = self.type_ref()?;
        if self.is("[") {
            self.bump();
            let size = Box::new(self.expr()?);
            self.expect("]")?;
            while self.is("[") && self.is_ahead(1, "]") && ty.arrays < 5 {
                self.bump();
                self.bump();
                ty.arrays += 1;
            }
            ty.arrays += 1;
            return Ok(ExprKind::NewSized { ty, size });
        }
        if self.is("{") {
            self.bump();
            return self.initial(ty);
        }
        if !self.is("(") {
            return self.unexpected();
        }
        if self.is_ahead(2, "=") && self.word_ahead(1).is_some() {
            self.bump();
            let mut fields = Vec::new();
            loop {
                let (name, pos) = self.member_name()?;
                self.expect("=")?;
                fields.push((name, pos, self.expr()?));
                if !self.eat(",") {
                    break;
                }
            }
            self.expect(")")?;
            return Ok(ExprKind::NewRecord { ty, fields });
        }
        Ok(ExprKind::New { ty, args: self.arguments()? })
    }

    fn initial(&mut self, ty: TypeRef) -> Parsed<ExprKind> {
        let is_map = ty.arrays == 0 && ty.name.last().is_some_and(|name| name.eq_ignore_ascii_case("map"));
        if !is_map {
            return Ok(ExprKind::NewList { ty, items: self.list("}")? });
        }
        let mut pairs = Vec::new();
        while !self.is("}") {
            let key = self.expr()?;
            self.expect("=>")?;
            pairs.push((key, self.expr()?));
            if !self.eat(",") {
                break;
            }
        }
        self.expect("}")?;
        Ok(ExprKind::NewMap { ty, pairs })
    }

    /// `[SELECT …]`, `[FIND …]`.
    fn query(&mut self) -> Parsed<Expr> {
        let open = self.bump();
        let find = self.is_word("find");
        if !find && !self.is_word("select") {
            return self.unexpected();
        }
        let from = open.end;
        let mut brackets = 0;
        let mut binds = Vec::new();
        loop {
            match self.kind() {
                Tok::End => return Err(Problem::new(open.pos, "Missing ']' at '<EOF>'")),
                Tok::Sign("[") => brackets += 1,
                Tok::Sign("]") if brackets == 0 => break,
                Tok::Sign("]") => brackets -= 1,
                Tok::Sign(":") if !self.behind_date_literal() => {
                    let start = self.bump().start - from;
                    let bound = self.deeper(|parser| parser.binary(SHIFT + 1))?;
                    let end = self.tokens[self.at - 1].end - from;
                    binds.push((start..end, bound));
                    continue;
                }
                _ => {}
            }
            self.bump();
        }
        let close = self.bump();
        let text = self.text.get(from..close.start).unwrap_or_default().to_owned();
        Ok(Expr { kind: ExprKind::Query(Box::new(QueryExpr { text, binds, find })), pos: open.pos })
    }

    /// Whether a colon belongs to `LAST_N_DAYS:3` or to a time.
    fn behind_date_literal(&self) -> bool {
        if self.at == 0 || !matches!(self.token(1).kind, Tok::Int(_)) {
            return false;
        }
        match &self.tokens[self.at - 1].kind {
            Tok::Word(word) => {
                let word = word.to_ascii_uppercase();
                word.contains("_N_") || word.starts_with("N_") || word.starts_with('T')
            }
            Tok::Int(_) => true,
            _ => false,
        }
    }
}

/// The type that a name in an expression stands for.
fn type_of(expr: &Expr) -> Option<TypeRef> {
    let mut name = Vec::new();
    let mut at = expr;
    loop {
        match &at.kind {
            ExprKind::Name(first) => {
                name.push(first.to_string());
                break;
            }
            ExprKind::Field { target, name: own, safe: false } => {
                name.push(own.to_string());
                at = target;
            }
            _ => return None,
        }
    }
    name.reverse();
    Some(TypeRef { name, args: Vec::new(), arrays: 0, pos: at.pos })
}
