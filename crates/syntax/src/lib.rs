//! SOQL: lexer, syntax tree with positions, parse errors. Knows no schema and no other crate of ours.

pub mod ast;
