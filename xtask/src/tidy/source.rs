//! Rust sources as the rules look at them: per line the code without comments and strings, the strings, and whether
//! the line is test code.

/// One line of a source file.
#[derive(Debug, Default)]
pub struct Line {
    /// The code; each string literal is `""` in it, each character literal `''`, comments are gone.
    pub code: String,
    /// The contents of the string literals that begin on this line, escapes as written.
    pub strings: Vec<String>,
    /// Whether it stands in a test file or under `#[cfg(test)]`.
    pub test: bool,
}

/// Splits a source file. `test` says that all of it is test code.
pub fn read(source: &str, test: bool) -> Vec<Line> {
    let mut lines = lex(source);
    mark_tests(&mut lines, test);
    lines
}

fn lex(source: &str) -> Vec<Line> {
    let text: Vec<char> = source.chars().collect();
    let at = |index: usize| text.get(index).copied().unwrap_or('\0');
    let mut lines = vec![Line::default()];
    let mut current = Line::default();
    let mut index = 0;
    while index < text.len() {
        let letter = at(index);
        let word_before = current.code.chars().last().is_some_and(|c| c.is_alphanumeric() || c == '_');
        match letter {
            '\n' => {
                lines.push(std::mem::take(&mut current));
                index += 1;
            }
            '/' if at(index + 1) == '/' => {
                while index < text.len() && at(index) != '\n' {
                    index += 1;
                }
            }
            '/' if at(index + 1) == '*' => {
                let mut depth = 0;
                while index < text.len() {
                    match (at(index), at(index + 1)) {
                        ('/', '*') => (depth, index) = (depth + 1, index + 2),
                        ('*', '/') => (depth, index) = (depth - 1, index + 2),
                        ('\n', _) => {
                            lines.push(std::mem::take(&mut current));
                            index += 1;
                        }
                        _ => index += 1,
                    }
                    if depth == 0 {
                        break;
                    }
                }
            }
            'r' if !word_before || current.code.ends_with('b') => {
                let hashes = text.iter().skip(index + 1).take_while(|c| **c == '#').count();
                if at(index + 1 + hashes) == '"' {
                    let start = index + 2 + hashes;
                    let mut end = start;
                    while end < text.len() && !(at(end) == '"' && (1..=hashes).all(|n| at(end + n) == '#')) {
                        end += 1;
                    }
                    index = end + 1 + hashes;
                    string(&text, start, end, &mut current, &mut lines);
                } else {
                    current.code.push(letter);
                    index += 1;
                }
            }
            '"' => {
                let start = index + 1;
                let mut end = start;
                while end < text.len() && at(end) != '"' {
                    end += if at(end) == '\\' { 2 } else { 1 };
                }
                index = end + 1;
                string(&text, start, end.min(text.len()), &mut current, &mut lines);
            }
            // A character, not a lifetime: it ends after one letter or an escape.
            '\'' if at(index + 1) == '\\' || at(index + 2) == '\'' => {
                index += if at(index + 1) == '\\' { 3 } else { 2 };
                while index < text.len() && at(index) != '\'' {
                    index += 1;
                }
                index += 1;
                current.code.push_str("''");
            }
            _ => {
                current.code.push(letter);
                index += 1;
            }
        }
    }
    lines.push(current);
    lines.remove(0);
    lines
}

fn string(text: &[char], start: usize, end: usize, current: &mut Line, lines: &mut Vec<Line>) {
    let content: String = text.get(start..end).unwrap_or_default().iter().collect();
    let breaks = content.matches('\n').count();
    current.code.push_str("\"\"");
    current.strings.push(content);
    for _ in 0..breaks {
        lines.push(std::mem::take(current));
    }
}

/// Marks every item that follows `#[cfg(test)]`, to the end of its braces or to its semicolon.
fn mark_tests(lines: &mut [Line], all: bool) {
    let (mut waiting, mut depth, mut inside) = (false, 0_i32, false);
    for line in lines {
        let compact: String = line.code.chars().filter(|c| !c.is_whitespace()).collect();
        if !inside && compact.contains("#[cfg(test)]") {
            waiting = true;
        }
        line.test = all || waiting || inside;
        if waiting || inside {
            let code = line.code.rsplit_once("cfg(test)]").map_or(line.code.as_str(), |(_, rest)| rest);
            for letter in code.chars() {
                match letter {
                    '{' => (depth, inside, waiting) = (depth + 1, true, false),
                    '}' => depth -= 1,
                    ';' if waiting => waiting = false,
                    _ => {}
                }
            }
            if inside && depth <= 0 {
                (inside, depth) = (false, 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_comments_are_told_from_code() {
        let lines =
            read("let a = \"x // {\"; // call()\nlet b = r#\"two\nlines\"#; /* a /* b */ c */ let c = '\"';\nfn f<'a>() {}\n", false);
        assert_eq!(lines[0].code, "let a = \"\"; ");
        assert_eq!(lines[0].strings, ["x // {"]);
        assert_eq!(lines[1].strings, ["two\nlines"]);
        assert_eq!(lines[2].code, "; /* a /* b */ c */ let c = ''".replace("/* a /* b */ c */", "") + ";");
        assert_eq!(lines[3].code, "fn f<'a>() {}");
    }

    #[test]
    fn test_modules_are_marked() {
        let lines = read("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { x() }\n}\nfn c() {}\n#[cfg(test)] mod t;\nfn d() {}", false);
        let marks: Vec<bool> = lines.iter().map(|line| line.test).collect();
        assert_eq!(marks, [false, true, true, true, true, false, true, false]);
    }
}
