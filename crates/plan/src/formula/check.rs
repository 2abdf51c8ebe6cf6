//! Types of expressions: values, signs and operators.

use super::{Fault, Link, Node, Op, Over, Places, Purpose, Resources, Span, Type};
use orglet_schema::Catalog;
use orglet_syntax::formula::ast::{Expr, ExprKind};
use rust_decimal::Decimal;
use std::str::FromStr;

pub(super) struct Checker<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) purpose: Purpose,
    pub(super) places: &'a mut Places,
    pub(super) resources: Option<&'a dyn Resources>,
}

/// `function 'IF()'`, `operator '+'`: how messages speak of either.
pub(super) fn described(name: &str) -> String {
    if name.starts_with(|c: char| c.is_alphabetic()) { format!("function '{name}()'") } else { format!("operator '{name}'") }
}

/// Another type than the ones that are taken there.
pub(super) fn wrong_type(name: &str, expected: &[Type], actual: &Type, span: Span) -> Fault {
    let expected: Vec<String> = expected.iter().filter(|t| *t != actual).map(Type::label).collect();
    let message =
        format!("Incorrect parameter type for {}. Expected {}, received {}", described(name), expected.join(", "), actual.label());
    Fault::new(span, message)
}

/// A type that may not stand there.
pub(super) fn illegal_type(name: &str, span: Span) -> Fault {
    Fault::new(span, format!("Incorrect argument type for {}.", described(name)))
}

/// Too many arguments, or too few.
pub(super) fn wrong_number(name: &str, expected: usize, given: usize, span: Span) -> Fault {
    Fault::new(span, format!("Incorrect number of parameters for {}. Expected {expected}, received {given}", described(name)))
}

impl Checker<'_> {
    /// An expression that is not a picklist field itself.
    pub(super) fn value(&mut self, expr: &Expr) -> Result<(Node, Type), Fault> {
        let found = self.any(expr)?;
        self.no_picklist(expr, found)
    }

    /// What [`Checker::any`] made of an expression, unless that is a picklist. Nothing may be checked twice: the work would double
    /// at every level.
    pub(super) fn no_picklist(&self, expr: &Expr, (node, ty): (Node, Type)) -> Result<(Node, Type), Fault> {
        let name = match &expr.kind {
            ExprKind::Field(name) => name.as_str(),
            ExprKind::Call { args, .. } => match args.first().map(|a| &a.kind) {
                Some(ExprKind::Field(name)) => name,
                _ => "",
            },
            _ => "",
        };
        match ty {
            // To flows a picklist's value is a text.
            Type::Picklist | Type::MultiPicklist if self.purpose == Purpose::Flow => Ok((node, Type::Text)),
            Type::Picklist => {
                let text = format!("Field {name} is a picklist field. Picklist fields are only supported in certain functions.");
                Err(Fault::new(expr.span, text))
            }
            Type::MultiPicklist => {
                let text = format!(
                    "Field {name} is a multi-select picklist field. Multi-select picklist fields are only supported in certain functions."
                );
                Err(Fault::new(expr.span, text))
            }
            ty => Ok((node, ty)),
        }
    }

    /// Any expression.
    pub(super) fn any(&mut self, expr: &Expr) -> Result<(Node, Type), Fault> {
        match &expr.kind {
            ExprKind::Null => Ok((Node::Null, Type::Null)),
            ExprKind::Bool(b) => Ok((Node::Bool(*b), Type::Boolean)),
            ExprKind::Number(n) => match Decimal::from_str(n) {
                Ok(n) => Ok((Node::Number(n), Type::Number)),
                Err(_) => Err(Fault::new(expr.span, format!("The value '{n}' is not a valid number."))),
            },
            ExprKind::Text(t) => Ok((Node::Text(t.clone()), Type::Text)),
            ExprKind::Field(name) => self.reference(name, expr.span),
            ExprKind::Not(of) => {
                let (node, ty) = self.value(of)?;
                if !ty.meets(&Type::Boolean) {
                    return Err(wrong_type("NOT", &[Type::Boolean], &ty, of.span));
                }
                Ok((Node::Not(Box::new(node)), Type::Boolean))
            }
            ExprKind::Sign { minus, of } => {
                let (node, ty) = self.value(of)?;
                if ty != Type::Number {
                    return Err(wrong_type(if *minus { "-" } else { "+" }, &[Type::Number], &ty, of.span));
                }
                Ok((if *minus { Node::Negate(Box::new(node)) } else { node }, Type::Number))
            }
            ExprKind::Chain { first, rest } => self.chain(first, rest),
            ExprKind::Call { name, args } => self.call(name, args, expr.span),
        }
    }

    fn chain(&mut self, first: &Expr, rest: &[(Op, Expr)]) -> Result<(Node, Type), Fault> {
        if let [(op @ (Op::Equal | Op::NotEqual), right)] = rest
            && let Some(found) = self.picklist_equality(first, *op, right)?
        {
            return Ok((found, Type::Boolean));
        }
        let (left, mut ty) = self.value(first)?;
        let (mut span, mut links) = (first.span, Vec::with_capacity(rest.len()));
        for (op, expr) in rest {
            let (right, right_ty) = self.value(expr)?;
            let over = if ty.is_text() || right_ty.is_text() {
                Over::Text
            } else if ty == Type::Boolean || right_ty == Type::Boolean {
                Over::Truth
            } else {
                Over::Other
            };
            ty = joined(*op, (&ty, span), (&right_ty, expr.span))?;
            links.push(Link { op: *op, over, right });
            span = Span { start: span.start, end: expr.span.end };
        }
        Ok((Node::Chain(Box::new(left), links), ty))
    }

    /// `TEXT(Picklist) = "value"` asks what `ISPICKVAL` asks, and minds the case of letters as little.
    fn picklist_equality(&mut self, left: &Expr, op: Op, right: &Expr) -> Result<Option<Node>, Fault> {
        let (call, literal) = match (&left.kind, &right.kind) {
            (_, ExprKind::Text(literal)) => (left, literal),
            (ExprKind::Text(literal), _) => (right, literal),
            _ => return Ok(None),
        };
        let ExprKind::Call { name, args } = &call.kind else { return Ok(None) };
        let [field] = args.as_slice() else { return Ok(None) };
        // Nothing else is a picklist than a field and what it was before; what is deeper is for the chain to check, once.
        let is_field = |expr: &Expr| matches!(expr.kind, ExprKind::Field(_));
        let is_near = is_field(field) || matches!(&field.kind, ExprKind::Call { args, .. } if args.len() == 1 && is_field(&args[0]));
        if !name.eq_ignore_ascii_case("TEXT") || !is_near {
            return Ok(None);
        }
        let (node, ty) = self.any(field)?;
        if ty != Type::Picklist {
            return Ok(None);
        }
        let asked = Node::Call(super::Function::IsPickVal, vec![node, Node::Text(literal.clone())]);
        Ok(Some(if op == Op::NotEqual { Node::Not(Box::new(asked)) } else { asked }))
    }
}

/// The type of what an operator makes of two types.
fn joined(op: Op, (left, left_at): (&Type, Span), (right, right_at): (&Type, Span)) -> Result<Type, Fault> {
    let name = op.symbol();
    let each = |wanted: Type, gives: Type| {
        for (ty, at) in [(left, left_at), (right, right_at)] {
            if !ty.meets(&wanted) {
                return Err(wrong_type(name, std::slice::from_ref(&wanted), ty, at));
            }
        }
        Ok(gives)
    };
    match op {
        Op::And | Op::Or => each(Type::Boolean, Type::Boolean),
        Op::Multiply | Op::Divide | Op::Power => each(Type::Number, Type::Number),
        Op::Concat => each(Type::Text, Type::Text),
        Op::Equal | Op::NotEqual => {
            if *left == Type::Location || *right == Type::Location {
                return Err(illegal_type(name, left_at));
            }
            if !left.meets(right) {
                return Err(wrong_type(name, std::slice::from_ref(left), right, right_at));
            }
            Ok(Type::Boolean)
        }
        Op::Less | Op::Greater | Op::LessOrEqual | Op::GreaterOrEqual => {
            if *left == Type::Location || *right == Type::Location {
                return Err(illegal_type(name, left_at));
            }
            if *left != Type::Null && *right != Type::Null && left != right {
                return Err(wrong_type(name, std::slice::from_ref(left), right, right_at));
            }
            for (ty, at) in [(left, left_at), (right, right_at)] {
                if *ty == Type::Boolean {
                    return Err(wrong_type(name, &[Type::Number, Type::Date, Type::DateTime], ty, at));
                }
            }
            Ok(Type::Boolean)
        }
        Op::Add | Op::Subtract => sum(op, (left, left_at), (right, right_at)),
    }
}

/// Sums and differences: of numbers, of dates and times with numbers, of two points in time, of texts.
fn sum(op: Op, (left, left_at): (&Type, Span), (right, right_at): (&Type, Span)) -> Result<Type, Fault> {
    use Type::*;
    let adds = op == Op::Add;
    let name = op.symbol();
    match (left, right) {
        (Null, _) | (_, Null) => Ok(Null),
        (Number, Number) => Ok(Number),
        (Number, Date | DateTime) if adds => Ok(right.clone()),
        (Date | DateTime | Time, Number) => Ok(left.clone()),
        (Date, Date) | (DateTime, DateTime) | (Time, Time) if !adds => Ok(Number),
        (Time, Time) => Err(illegal_type(name, right_at)),
        (Number, Date | DateTime) | (Date, Date) | (DateTime, DateTime) => Err(wrong_type(name, &[Number], right, right_at)),
        (a, b) if adds && a.is_text() => match b.is_text() {
            true => Ok(Text),
            false => Err(wrong_type(name, &[Text], right, right_at)),
        },
        (Number | Date | DateTime | Time, _) => Err(wrong_type(name, &[Number, Date, DateTime], right, right_at)),
        _ => Err(wrong_type(name, &[Number, Date, DateTime], left, left_at)),
    }
}
