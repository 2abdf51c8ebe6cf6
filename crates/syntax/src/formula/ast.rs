//! The syntax tree of a formula. Names are as written; spans are byte offsets into the formula.

pub use crate::ast::Span;

/// An expression and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands. A call's place is that of its name.
    pub span: Span,
}

/// The kinds of expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `NULL`.
    Null,
    /// `TRUE` or `FALSE`.
    Bool(bool),
    /// An unsigned number, as written.
    Number(String),
    /// A quoted text, its escapes resolved.
    Text(String),
    /// A reference: a field, a path over relationships, or a name that begins with `$`.
    Field(String),
    /// A function and its arguments.
    Call {
        /// The function's name, as written.
        name: String,
        /// The arguments, in order.
        args: Vec<Expr>,
    },
    /// `NOT x` or `!x`.
    Not(Box<Expr>),
    /// `-x` or `+x`.
    Sign {
        /// Whether the sign is a minus.
        minus: bool,
        /// What it stands before.
        of: Box<Expr>,
    },
    /// Operands that operators of one level join, from left to right. A long chain is no deeper than a short one.
    Chain {
        /// The leftmost operand.
        first: Box<Expr>,
        /// Each operator with the operand to its right; at least one.
        rest: Vec<(Op, Expr)>,
    },
}

/// An operator between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "named for what they do")]
pub enum Op {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
    Add,
    Subtract,
    Concat,
    Power,
    Multiply,
    Divide,
}

impl Op {
    /// The name by which messages call it. `&&` and `||` are the functions `and` and `or` to them, `==` and `!=` the
    /// other spellings of `=` and `<>`.
    pub fn symbol(self) -> &'static str {
        match self {
            Op::Or => "or",
            Op::And => "and",
            Op::Equal => "=",
            Op::NotEqual => "<>",
            Op::Less => "<",
            Op::Greater => ">",
            Op::LessOrEqual => "<=",
            Op::GreaterOrEqual => ">=",
            Op::Add => "+",
            Op::Subtract => "-",
            Op::Concat => "&",
            Op::Power => "^",
            Op::Multiply => "*",
            Op::Divide => "/",
        }
    }

    /// How tight it binds, 0 being the loosest. Powers bind looser than products: `2 * 3 ^ 2` is 36.
    pub(super) fn level(self) -> u8 {
        match self {
            Op::Or => 0,
            Op::And => 1,
            Op::Equal | Op::NotEqual => 2,
            Op::Less | Op::Greater | Op::LessOrEqual | Op::GreaterOrEqual => 3,
            Op::Add | Op::Subtract | Op::Concat => 4,
            Op::Power => 5,
            Op::Multiply | Op::Divide => 6,
        }
    }
}
