//! The syntax tree of a SOSL search. What its parts share with SOQL is the same tree.

use crate::ast::{Condition, Ident, Limit, Literal, OrderItem, SelectItem, Span};

/// A whole search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// What is looked for.
    pub term: Term,
    /// In which fields.
    pub group: Group,
    /// RETURNING; empty where every searchable object is meant.
    pub returning: Vec<Returning>,
    /// WITH clauses, in order.
    pub with: Vec<SearchWith>,
    /// LIMIT of the whole.
    pub limit: Option<Limit>,
    /// UPDATE TRACKING, UPDATE VIEWSTAT.
    pub update: Vec<Ident>,
}

/// What stands between the braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// As written, without blanks around it.
    pub text: String,
    /// What it means; `None` where nothing can be found by it.
    pub expr: Option<TermExpr>,
}

/// An expression of words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TermExpr {
    /// A word, or a phrase in quotes: its characters, blanks and punctuation included.
    Text(Vec<TermChar>),
    /// One of them (two or more).
    Or(Vec<TermExpr>),
    /// The first, and what follows with its operator. Operators are evaluated from right to left: `a AND NOT b c` is
    /// `a AND NOT (b c)`.
    Chain(Box<TermExpr>, Vec<(Join, TermExpr)>),
}

/// How a part of a chain goes with what stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// AND.
    And,
    /// AND NOT.
    AndNot,
    /// Nothing: AND for most objects, OR for some.
    Beside,
}

/// A character of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermChar {
    /// Itself.
    Char(char),
    /// `*`: any number of characters.
    Any,
    /// `?`: one character.
    One,
}

/// IN … FIELDS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// ALL.
    All,
    /// NAME.
    Name,
    /// EMAIL.
    Email,
    /// PHONE.
    Phone,
    /// SIDEBAR.
    Sidebar,
    /// The one field that names a record. No search can say so; suggestions are made that way.
    NameField,
}

/// An object of RETURNING.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returning {
    /// The object.
    pub object: Ident,
    /// Its fields; empty where none are listed.
    pub fields: Vec<SelectItem>,
    /// WHERE.
    pub filter: Option<Condition>,
    /// USING ListView.
    pub list_view: Option<Ident>,
    /// ORDER BY.
    pub order_by: Vec<OrderItem>,
    /// LIMIT.
    pub limit: Option<Limit>,
    /// OFFSET.
    pub offset: Option<Limit>,
}

/// A WITH clause: its name, for messages, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchWith {
    /// Its name as written.
    pub name: Ident,
    /// What it says.
    pub kind: WithKind,
}

/// What a WITH clause says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WithKind {
    /// `DIVISION = 'x'`.
    Division,
    /// `DATA CATEGORY group AT category …`: the first group.
    DataCategory(String),
    /// `NETWORK = 'x'`, `NETWORK IN ('x', 'y')`.
    Network(Vec<Literal>),
    /// `SNIPPET`, `SNIPPET (target_length=n)`.
    Snippet,
    /// `METADATA = 'LABELS'`.
    Metadata(Literal),
    /// `HIGHLIGHT`.
    Highlight,
    /// `SPELL_CORRECTION = true`.
    SpellCorrection,
    /// `PricebookId = '01s…'`: the value and its place.
    Pricebook(Literal, Span),
}
