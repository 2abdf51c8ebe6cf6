//! The syntax tree of a SOQL query. Names are as written; spans are byte offsets into the query text.

/// A half-open range of bytes of the query text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A dotted name as written: `Account.Owner.Name`. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The segments, in the query's own spelling.
    pub segments: Vec<Ident>,
    /// From the first segment to the last.
    pub span: Span,
}

/// One identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ident {
    /// As written.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// A whole query; also a child sub-query (whose `from.path` is a relationship name, perhaps qualified) and a semi-join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// SELECT list; for `SELECT COUNT()` see [`SelectItem::Count`].
    pub select: Vec<SelectItem>,
    /// FROM: the driving object first, then alias paths (`FROM Contact c, c.Account a`).
    pub from: Vec<FromItem>,
    /// USING SCOPE.
    pub scope: Option<Ident>,
    /// WHERE.
    pub filter: Option<Condition>,
    /// WITH clauses, in order.
    pub with: Vec<With>,
    /// GROUP BY.
    pub group_by: Option<GroupBy>,
    /// HAVING.
    pub having: Option<Condition>,
    /// ORDER BY.
    pub order_by: Vec<OrderItem>,
    /// LIMIT.
    pub limit: Option<Limit>,
    /// OFFSET.
    pub offset: Option<Limit>,
    /// FOR VIEW, FOR REFERENCE.
    pub for_clause: Option<(ForClause, Span)>,
    /// UPDATE TRACKING, UPDATE VIEWSTAT.
    pub update: Vec<Ident>,
    /// The whole of it.
    pub span: Span,
}

impl Query {
    /// A query of what is selected and from where alone.
    pub fn of(select: Vec<SelectItem>, from: Vec<FromItem>, span: Span) -> Self {
        Self {
            select,
            from,
            scope: None,
            filter: None,
            with: Vec::new(),
            group_by: None,
            having: None,
            order_by: Vec::new(),
            limit: None,
            offset: None,
            for_clause: None,
            update: Vec::new(),
            span,
        }
    }
}

/// The number of a LIMIT or OFFSET.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The number.
    pub value: u64,
    /// Of the number.
    pub span: Span,
}

/// FOR VIEW or FOR REFERENCE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForClause {
    /// FOR VIEW.
    View,
    /// FOR REFERENCE.
    Reference,
}

/// An entry of the SELECT list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectItem {
    /// `COUNT()`, which stands alone.
    Count(Span),
    /// A field path or function call, perhaps aliased.
    Expr {
        /// What is selected.
        expr: Expr,
        /// Its alias.
        alias: Option<Ident>,
    },
    /// `FIELDS(ALL|STANDARD|CUSTOM)`.
    Fields(FieldSet, Span),
    /// `(SELECT … FROM Children)`.
    Child(Box<Query>, Option<Ident>),
    /// `TYPEOF path WHEN T THEN a, b … ELSE c END`.
    TypeOf {
        /// The polymorphic relationship.
        path: Path,
        /// WHEN branches.
        when: Vec<(Ident, Vec<Path>)>,
        /// ELSE branch; empty where there is none.
        otherwise: Vec<Path>,
        /// The whole of it.
        span: Span,
    },
}

/// The argument of FIELDS().
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldSet {
    /// ALL.
    All,
    /// STANDARD.
    Standard,
    /// CUSTOM.
    Custom,
}

/// A value expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// A field path.
    Path(Path),
    /// A function call. The parser checks the shape, not which function exists.
    Call(Call),
}

/// A function call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The function's name, as written.
    pub name: Ident,
    /// Its arguments.
    pub args: Vec<Arg>,
    /// From the name to the closing parenthesis.
    pub span: Span,
}

/// An argument of a function call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg {
    /// A path or nested call.
    Expr(Expr),
    /// A literal, as in `DISTANCE(…, 'mi')` or `GEOLOCATION(1, 2)`.
    Literal(Literal, Span),
}

/// An entry of FROM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FromItem {
    /// The object, relationship or alias path.
    pub path: Path,
    /// Its alias.
    pub alias: Option<Ident>,
}

/// A condition of WHERE or HAVING.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// All of them (two or more).
    And(Vec<Condition>),
    /// One of them (two or more).
    Or(Vec<Condition>),
    /// NOT. `Span` is that of the word.
    Not(Box<Condition>, Span),
    /// In parentheses, kept because semi-joins may not stand inside any.
    Group(Box<Condition>),
    /// `left op literal`.
    Compare {
        /// Left side.
        left: Expr,
        /// Operator.
        op: CompareOp,
        /// Where the operator stands.
        op_span: Span,
        /// Right side.
        right: Literal,
        /// Where the literal stands.
        right_span: Span,
    },
    /// `left [NOT] IN (…)`.
    In {
        /// Left side.
        left: Expr,
        /// NOT IN.
        negated: bool,
        /// The word IN (or NOT of NOT IN).
        op_span: Span,
        /// What it is compared with.
        set: InSet,
    },
    /// `left INCLUDES|EXCLUDES ('a;b', 'c')`.
    Includes {
        /// A multi-select picklist.
        left: Expr,
        /// EXCLUDES.
        negated: bool,
        /// The operator word.
        op_span: Span,
        /// The listed values.
        values: Vec<(String, Span)>,
    },
}

/// The right side of IN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InSet {
    /// Literals, each with its place.
    Literals(Vec<(Literal, Span)>),
    /// A semi-join or anti-join.
    Query(Box<Query>),
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `=`
    Eq,
    /// `!=`, `<>`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// LIKE
    Like,
}

/// A literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// A string with its escapes resolved. For LIKE patterns see `like`.
    String {
        /// The text, escapes resolved (`\%` and `\_` become `%` and `_`).
        text: String,
        /// The text as a LIKE pattern: escapes resolved but for `\%`, `\_` and `\\`, which keep their backslash, so
        /// that a bare `%` or `_` is a wildcard. `None` when it is the same as `text` and has no backslash.
        like: Option<String>,
        /// Whether `\%` or `\_` was used, which only LIKE allows.
        like_only_escape: bool,
    },
    /// A number, as written (`-12.50`, `.5`).
    Number(String),
    /// A number with an ISO currency code: code and number as written.
    Currency(String, String),
    /// A date, as written; not range-checked.
    Date(String),
    /// A date-time, as written; not range-checked.
    DateTime(String),
    /// A time, as written; not range-checked.
    Time(String),
    /// TRUE, FALSE.
    Bool(bool),
    /// NULL.
    Null,
    /// A date literal such as `TODAY` or `LAST_N_DAYS:3`: the word as written and its number. The parser accepts any
    /// bare word here; the binder knows which exist.
    DateLiteral(String, Option<u64>),
}

/// WITH clauses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum With {
    /// SECURITY_ENFORCED, USER_MODE, SYSTEM_MODE.
    Mode(Ident),
    /// `DATA CATEGORY group AT|ABOVE|BELOW|ABOVE_OR_BELOW cat …`.
    DataCategory {
        /// Group, selector word, categories.
        filters: Vec<(Ident, Ident, Vec<Ident>)>,
        /// The whole clause.
        span: Span,
    },
    /// `name = literal`.
    Equals(Ident, Literal),
    /// `name (a = 1, b = 2)`.
    Params(Ident, Vec<(Ident, Literal)>),
}

/// GROUP BY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupBy {
    /// Plain, ROLLUP or CUBE.
    pub kind: GroupKind,
    /// The grouped expressions.
    pub items: Vec<Expr>,
}

/// How GROUP BY groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupKind {
    /// GROUP BY a, b.
    Plain,
    /// GROUP BY ROLLUP(a, b).
    Rollup,
    /// GROUP BY CUBE(a, b).
    Cube,
}

/// An entry of ORDER BY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderItem {
    /// What is ordered by.
    pub expr: Expr,
    /// DESC.
    pub descending: bool,
    /// NULLS FIRST (`true`) or LAST (`false`), where said.
    pub nulls_first: Option<bool>,
}

impl Expr {
    /// Where the expression stands.
    pub fn span(&self) -> Span {
        match self {
            Expr::Path(p) => p.span,
            Expr::Call(c) => c.span,
        }
    }
}
