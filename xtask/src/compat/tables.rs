//! Tab-separated tables: a line of names, then lines of as many cells. Lines that begin with `#` are comments.

use std::fs;
use std::io;
use std::path::Path;

/// A table as rows of cells.
pub type Rows = Vec<Vec<String>>;

/// Reads a table; answers its rows without the line of names. Fails where a line has another number of cells.
pub fn read(path: &Path) -> io::Result<Rows> {
    let content = fs::read_to_string(path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    parse(&content).map_err(|reason| io::Error::other(format!("{}:{reason}", path.display())))
}

fn parse(content: &str) -> Result<Rows, String> {
    let mut lines = content.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let width = lines.next().map_or(0, |(_, names)| names.split('\t').count());
    lines
        .map(|(index, line)| {
            let cells: Vec<String> = line.split('\t').map(|cell| cell.trim().to_owned()).collect();
            if cells.len() == width { Ok(cells) } else { Err(format!("{}: {} cells, not {width}", index + 1, cells.len())) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_as_wide_as_their_names() {
        assert_eq!(parse("# note\na\tb\n1\t\n").unwrap(), [["1", ""]]);
        assert!(parse("a\tb\n1\n").unwrap_err().starts_with("2: 1 cells"));
    }
}
