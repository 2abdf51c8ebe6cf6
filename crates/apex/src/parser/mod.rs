//! Tokens to syntax tree.

mod decl;
mod expr;
mod stmt;

use crate::ast::{ClassDecl, Pos, Problem, Stmt, TriggerDecl, TypeRef};
use crate::lexer::{Tok, Token, lex};

/// How deep blocks and parentheses may nest.
const MAX_DEPTH: u32 = 100;
/// Longest row of operators or members.
const MAX_CHAIN: u32 = 400;

type Parsed<T> = Result<T, Problem>;

/// The parser's place in the tokens.
pub(crate) struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
}

/// Words that name no variable, class or method.
const RESERVED: &[&str] = &[
    "abstract",
    "and",
    "as",
    "break",
    "catch",
    "class",
    "continue",
    "do",
    "else",
    "enum",
    "extends",
    "false",
    "final",
    "finally",
    "for",
    "global",
    "if",
    "implements",
    "instanceof",
    "interface",
    "new",
    "not",
    "null",
    "or",
    "override",
    "private",
    "protected",
    "public",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "transient",
    "true",
    "try",
    "virtual",
    "void",
    "webservice",
    "while",
    "insert",
    "update",
    "upsert",
    "delete",
    "undelete",
    "merge",
    "select",
    "from",
    "where",
    "limit",
    "testmethod",
    "const",
    "goto",
    "import",
    "package",
    "native",
    "synchronized",
    "default",
    "case",
];
/// Of these, what may stand for a member behind a point, and as a method's name.
const MEMBER_WORDS: &[&str] = &["class"];

/// What a compile needs of a text: its tree and its length without comments.
pub(crate) struct Unit<T> {
    pub tree: T,
    pub length: usize,
}

/// Reads the text of a class.
pub(crate) fn class(text: &str) -> Parsed<Unit<ClassDecl>> {
    let (mut parser, length) = Parser::new(text)?;
    let modifiers = parser.modifiers()?;
    let tree = parser.class_decl(modifiers)?;
    parser.end()?;
    Ok(Unit { tree, length })
}

/// Reads the text of a trigger.
pub(crate) fn trigger(text: &str) -> Parsed<Unit<TriggerDecl>> {
    let (mut parser, length) = Parser::new(text)?;
    let tree = parser.trigger_decl()?;
    parser.end()?;
    Ok(Unit { tree, length })
}

/// Reads an anonymous block: statements, with classes and methods among them.
pub(crate) fn anonymous(text: &str) -> Parsed<(Vec<Stmt>, Vec<crate::ast::Member>)> {
    let (mut parser, _) = Parser::new(text)?;
    parser.anonymous()
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Parsed<(Self, usize)> {
        let (tokens, length) = lex(text)?;
        Ok((Parser { text, tokens, at: 0, depth: 0 }, length))
    }

    fn token(&self, ahead: usize) -> &Token {
        let last = self.tokens.len() - 1;
        &self.tokens[(self.at + ahead).min(last)]
    }

    fn kind(&self) -> &Tok {
        &self.token(0).kind
    }

    fn pos(&self) -> Pos {
        self.token(0).pos
    }

    fn bump(&mut self) -> Token {
        let token = self.token(0).clone();
        if self.at < self.tokens.len() - 1 {
            self.at += 1;
        }
        token
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.kind(), Tok::Sign(own) if *own == sign)
    }

    fn is_ahead(&self, ahead: usize, sign: &str) -> bool {
        matches!(&self.token(ahead).kind, Tok::Sign(own) if *own == sign)
    }

    fn word_ahead(&self, ahead: usize) -> Option<&str> {
        match &self.token(ahead).kind {
            Tok::Word(word) => Some(word),
            _ => None,
        }
    }

    fn is_word(&self, word: &str) -> bool {
        self.word_ahead(0).is_some_and(|own| own.eq_ignore_ascii_case(word))
    }

    fn eat(&mut self, sign: &str) -> bool {
        let found = self.is(sign);
        if found {
            self.bump();
        }
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.bump();
        }
        found
    }

    fn shown(&self) -> String {
        let token = self.token(0);
        if token.kind == Tok::End { "<EOF>".to_owned() } else { self.text.get(token.start..token.end).unwrap_or_default().to_owned() }
    }

    fn unexpected<T>(&self) -> Parsed<T> {
        Err(Problem::new(self.pos(), format!("Unexpected token '{}'.", self.shown())))
    }

    fn expect(&mut self, sign: &'static str) -> Parsed<Pos> {
        if self.is(sign) {
            return Ok(self.bump().pos);
        }
        Err(Problem::new(self.pos(), format!("Missing '{sign}' at '{}'", self.shown())))
    }

    fn end(&mut self) -> Parsed<()> {
        if *self.kind() == Tok::End {
            return Ok(());
        }
        Err(Problem::new(self.pos(), format!("Extra '{}', at '<EOF>'", self.shown())))
    }

    /// A name of one's own.
    fn name(&mut self) -> Parsed<(Box<str>, Pos)> {
        let pos = self.pos();
        match self.kind() {
            Tok::Word(word) => {
                let word = word.clone();
                if RESERVED.contains(&word.to_ascii_lowercase().as_str()) {
                    return Err(Problem::new(pos, format!("Identifier name is reserved: {word}")));
                }
                self.bump();
                Ok((word, pos))
            }
            _ => self.unexpected(),
        }
    }

    /// A name behind a point: nearly every word is allowed.
    fn member_name(&mut self) -> Parsed<(Box<str>, Pos)> {
        let pos = self.pos();
        match self.kind() {
            Tok::Word(word) if !MEMBER_WORDS.contains(&word.to_ascii_lowercase().as_str()) => {
                let word = word.clone();
                self.bump();
                Ok((word, pos))
            }
            _ => self.unexpected(),
        }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return Err(Problem::new(self.pos(), "Too many levels of nesting"));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn chain(&self, length: &mut u32) -> Parsed<()> {
        *length += 1;
        if *length > MAX_CHAIN { Err(Problem::new(self.pos(), "Expression is too complex")) } else { Ok(()) }
    }

    /// A type.
    fn type_ref(&mut self) -> Parsed<TypeRef> {
        self.deeper(|parser| {
            let pos = parser.pos();
            let mut name = Vec::new();
            if parser.is_word("void") {
                parser.bump();
                return Ok(TypeRef { name: vec!["void".to_owned()], args: Vec::new(), arrays: 0, pos });
            }
            name.push(parser.name()?.0.into());
            while parser.is(".") && parser.word_ahead(1).is_some_and(|word| !word.eq_ignore_ascii_case("class")) {
                parser.bump();
                name.push(parser.member_name()?.0.into());
                if name.len() > 6 {
                    return parser.unexpected();
                }
            }
            let mut args = Vec::new();
            if parser.is("<") {
                parser.bump();
                loop {
                    args.push(parser.type_ref()?);
                    if !parser.eat(",") {
                        break;
                    }
                }
                parser.expect(">")?;
            }
            let mut arrays = 0;
            while parser.is("[") && parser.is_ahead(1, "]") && arrays < 5 {
                parser.bump();
                parser.bump();
                arrays += 1;
            }
            Ok(TypeRef { name, args, arrays, pos })
        })
    }

    /// What `read` reads, or nothing, with the place unmoved.
    fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let (at, depth) = (self.at, self.depth);
        let found = read(self);
        if found.is_none() {
            self.at = at;
            self.depth = depth;
        }
        found
    }
}
