//! The syntax tree.

/// A place in a text, line and column from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "named for what they are")]
pub struct Pos {
    pub line: u32,
    pub column: u32,
}

impl Pos {
    /// The beginning.
    pub const START: Pos = Pos { line: 1, column: 1 };
}

/// Why a text does not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub pos: Pos,
    /// The sentence.
    pub text: String,
}

impl Problem {
    /// A problem at a place.
    pub fn new(pos: Pos, text: impl Into<String>) -> Self {
        Problem { pos, text: text.into() }
    }
}

/// A type as written: `Map<Id, List<Account>>`, `Outer.Inner[]`.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeRef {
    /// The dotted name.
    pub name: Vec<String>,
    /// What stands between `<` and `>`.
    pub args: Vec<TypeRef>,
    /// Pairs of brackets behind.
    pub arrays: u8,
    /// Where.
    pub pos: Pos,
}

impl TypeRef {
    /// As messages say it.
    pub fn text(&self) -> String {
        let mut out = self.name.join(".");
        if !self.args.is_empty() {
            let args: Vec<String> = self.args.iter().map(TypeRef::text).collect();
            out = format!("{out}<{}>", args.join(","));
        }
        for _ in 0..self.arrays {
            out = format!("List<{out}>");
        }
        out
    }
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it begins; a call where its name stands.
    pub pos: Pos,
}

/// The kinds of expression.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "named as in the language")]
pub enum ExprKind {
    Null,
    Bool(bool),
    Int(i32),
    Long(i64),
    Double(f64),
    Decimal(Box<str>),
    Text(Box<str>),
    Name(Box<str>),
    This,
    Super,
    /// `target.name`, `target?.name`.
    Field {
        target: Box<Expr>,
        name: Box<str>,
        safe: bool,
    },
    Index(Box<Expr>, Box<Expr>),
    /// `name(…)`, `target.name(…)`.
    Call {
        target: Option<Box<Expr>>,
        name: Box<str>,
        args: Vec<Expr>,
        safe: bool,
    },
    New {
        ty: TypeRef,
        args: Vec<Expr>,
    },
    /// `new Account(Name = 'x')`.
    NewRecord {
        ty: TypeRef,
        fields: Vec<(Box<str>, Pos, Expr)>,
    },
    /// `new Integer[5]`.
    NewSized {
        ty: TypeRef,
        size: Box<Expr>,
    },
    /// `new List<Integer>{1, 2}`.
    NewList {
        ty: TypeRef,
        items: Vec<Expr>,
    },
    /// `new Map<Id, Account>{a => b}`.
    NewMap {
        ty: TypeRef,
        pairs: Vec<(Expr, Expr)>,
    },
    Cast(TypeRef, Box<Expr>),
    InstanceOf(Box<Expr>, TypeRef),
    ClassOf(TypeRef),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Complement(Box<Expr>),
    /// `++x`, `x--`.
    Step {
        target: Box<Expr>,
        up: bool,
        prefix: bool,
    },
    Binary(Binary, Box<Expr>, Box<Expr>),
    Assign {
        op: Option<Binary>,
        target: Box<Expr>,
        value: Box<Expr>,
    },
    Condition(Box<Expr>, Box<Expr>, Box<Expr>),
    Query(Box<QueryExpr>),
}

/// Operators between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named for what they do")]
pub enum Binary {
    Coalesce,
    Or,
    And,
    BitOr,
    BitXor,
    BitAnd,
    Equal,
    NotEqual,
    Same,
    NotSame,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    ShiftLeft,
    ShiftRight,
    ShiftRightUnsigned,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// A query or search in brackets.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryExpr {
    /// The text between the brackets.
    pub text: String,
    /// Binds: their bytes in the text, the colon among them, and what is bound.
    pub binds: Vec<(std::ops::Range<usize>, Expr)>,
    /// A search.
    pub find: bool,
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Stmt {
    /// What it is.
    pub kind: StmtKind,
    /// Where it begins.
    pub pos: Pos,
}

/// The kinds of statement.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "named as in the language")]
pub enum StmtKind {
    Block(Vec<Stmt>),
    Local { ty: TypeRef, is_final: bool, vars: Vec<(Box<str>, Pos, Option<Expr>)> },
    Expr(Expr),
    If(Expr, Box<Stmt>, Option<Box<Stmt>>),
    While(Expr, Box<Stmt>),
    DoWhile(Box<Stmt>, Expr),
    For { init: Vec<Stmt>, cond: Option<Expr>, update: Vec<Expr>, body: Box<Stmt> },
    ForEach { ty: TypeRef, name: Box<str>, over: Expr, body: Box<Stmt> },
    Return(Option<Expr>),
    Break,
    Continue,
    Throw(Expr),
    Try { body: Vec<Stmt>, catches: Vec<(TypeRef, Box<str>, Vec<Stmt>)>, finally: Option<Vec<Stmt>> },
    Switch { on: Expr, whens: Vec<(When, Vec<Stmt>)>, otherwise: Option<Vec<Stmt>> },
    Dml { kind: crate::host::DmlKind, what: Expr, external_id: Option<(Vec<String>, Pos)>, user_mode: bool },
}

/// What a `when` names.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// Values: literals, constants of an enum.
    Values(Vec<Expr>),
    /// `when Account a`.
    Type(TypeRef, Box<str>),
}

/// An annotation.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    /// Lower case.
    pub name: String,
    /// Parameters, names in lower case, values as texts.
    pub params: Vec<(String, String)>,
    /// Where.
    pub pos: Pos,
}

/// Modifiers and annotations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Modifiers {
    /// Lower case; `with sharing` and the like as one.
    pub words: Vec<String>,
    /// Annotations.
    pub annotations: Vec<Annotation>,
}

impl Modifiers {
    /// Whether a word is among them.
    pub fn has(&self, word: &str) -> bool {
        self.words.iter().any(|own| own == word)
    }

    /// An annotation by its lower-case name.
    pub fn annotation(&self, name: &str) -> Option<&Annotation> {
        self.annotations.iter().find(|own| own.name == name)
    }
}

impl Annotation {
    /// A parameter by its lower-case name.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// Kinds of class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as in the language")]
pub enum ClassKind {
    Class,
    Interface,
    Enum,
}

/// A class, interface or enum.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "named as in the language")]
pub struct ClassDecl {
    pub kind: ClassKind,
    pub name: String,
    pub pos: Pos,
    pub modifiers: Modifiers,
    pub extends: Option<TypeRef>,
    pub implements: Vec<TypeRef>,
    pub members: Vec<Member>,
    pub constants: Vec<String>,
}

/// A member of a class.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "named as in the language")]
pub enum Member {
    Field {
        modifiers: Modifiers,
        ty: TypeRef,
        name: String,
        pos: Pos,
        init: Option<Expr>,
    },
    Property {
        modifiers: Modifiers,
        ty: TypeRef,
        name: String,
        pos: Pos,
        get: Option<Accessor>,
        set: Option<Accessor>,
    },
    Method(MethodDecl),
    /// A block of statements that runs when the class, or an instance, is made.
    Init {
        is_static: bool,
        body: Vec<Stmt>,
        pos: Pos,
    },
    Inner(ClassDecl),
}

/// `get` or `set`.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "named as in the language")]
pub struct Accessor {
    pub modifiers: Modifiers,
    pub body: Option<Vec<Stmt>>,
    pub pos: Pos,
}

/// A method or constructor.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "named as in the language")]
pub struct MethodDecl {
    pub modifiers: Modifiers,
    /// None for constructors.
    pub returns: Option<TypeRef>,
    pub name: String,
    pub params: Vec<(TypeRef, String)>,
    pub body: Option<Vec<Stmt>>,
    pub pos: Pos,
    /// Of the closing brace.
    pub end: Pos,
}

/// A trigger.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "named as in the language")]
pub struct TriggerDecl {
    pub name: String,
    pub object: String,
    pub object_pos: Pos,
    pub events: Vec<crate::outcome::TriggerEvent>,
    pub body: Vec<Stmt>,
    pub pos: Pos,
}
