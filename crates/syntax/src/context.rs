//! The piece of the query, the caret and the `ERROR at Row:1:Column:8` line that stand before an error's sentence.
//! Shared by parse errors and by errors found when names are looked up.

use crate::ast::Span;

/// How far to each side of the fault the query is shown, in characters, before widening to whole words.
const REACH: usize = 30;

/// Row (from 1) and column (from 0, in characters) of a byte offset. An offset beyond the text, or inside a
/// character, counts as the next character boundary at or before it.
pub fn position(query: &str, offset: u32) -> (usize, usize) {
    let (row, start, _, at) = locate(query, offset);
    (row, query[start..at].chars().count())
}

/// Builds `"\n{context}\n{blanks}^\nERROR at Row:{r}:Column:{c}\n{sentence}"` for the word at `span.start`.
///
/// Columns count characters from 1. With `antlr_column` the column is the one that the generator of the platform's parsers
/// gives, counted from 0, and context and caret follow that number, so the caret stands one place further left.
///
/// Only the row that holds the fault is shown: captures of queries over several rows have row and column of that
/// kind, and show nothing of the rows before. That nothing of the rows after it shows either is inferred.
pub fn block(query: &str, span: Span, sentence: &str, antlr_column: bool) -> String {
    let (row, start, end, at) = locate(query, span.start);
    let line: Vec<char> = query[start..end].trim_end_matches('\r').chars().collect();
    let column = query[start..at].chars().count().min(line.len());
    let (caret, shown_column) = if antlr_column { (column.saturating_sub(1), column) } else { (column, column + 1) };

    let breaks = |c: &char| c.is_whitespace() || *c == ',';
    let from = match caret.checked_sub(REACH) {
        None | Some(0) => 0,
        Some(reach) => line[..=reach.min(line.len() - 1)].iter().rposition(breaks).map_or(0, |p| p + 1),
    };
    // Forward it is the column that counts: a capture with the older one shows a word more than the caret reaches.
    let to = column + REACH;
    let to = if to >= line.len() { line.len() } else { line[to..].iter().position(breaks).map_or(line.len(), |p| to + p) };

    let shown: String = line[from..to].iter().collect();
    let blanks = " ".repeat(caret - from);
    format!("\n{shown}\n{blanks}^\nERROR at Row:{row}:Column:{shown_column}\n{sentence}")
}

/// Row (from 1), start and end of its line and the offset itself, all in bytes and on character boundaries.
fn locate(query: &str, offset: u32) -> (usize, usize, usize, usize) {
    let mut at = (offset as usize).min(query.len());
    while !query.is_char_boundary(at) {
        at -= 1;
    }
    let before = &query[..at];
    let row = before.bytes().filter(|b| *b == b'\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |p| p + 1);
    let end = query[at..].find('\n').map_or(query.len(), |p| at + p);
    (row, start, end, at)
}
