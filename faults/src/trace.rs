//! Reads a system-call trace (`strace -f -y`): which calls were made on which files and sockets, in the order in which
//! the tracer saw them begin and end.

use std::collections::HashMap;

/// A call that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its name, such as `fdatasync`.
    pub name: String,
    /// The file or socket that its first argument stands for, as the tracer names it.
    pub on: String,
    /// All of its arguments, as printed.
    pub arguments: String,
    /// What it answered; negative for an error.
    pub result: i64,
    /// The lines, from 0, at which it began and at which it ended.
    pub began: usize,
    /// See `began`.
    pub ended: usize,
}

/// The calls of a trace that answered something, by the order of their ends.
pub fn calls(trace: &str) -> Vec<Call> {
    let mut open: HashMap<(&str, &str), (usize, &str)> = HashMap::new();
    let mut calls = Vec::new();
    for (at, line) in trace.lines().enumerate() {
        let Some((thread, text)) = line.split_once(' ').map(|(thread, text)| (thread, text.trim_start())) else { continue };
        if let Some(rest) = text.strip_prefix("<... ") {
            let Some((name, rest)) = rest.split_once(" resumed>") else { continue };
            if let Some((began, start)) = open.remove(&(thread, name)) {
                calls.extend(call(name, &format!("{start}{rest}"), began, at));
            }
            continue;
        }
        let Some((name, rest)) = text.split_once('(') else { continue };
        match rest.strip_suffix(" <unfinished ...>") {
            Some(start) => {
                open.insert((thread, name), (at, start));
            }
            None => calls.extend(call(name, rest, at, at)),
        }
    }
    calls
}

fn call(name: &str, rest: &str, began: usize, ended: usize) -> Option<Call> {
    // Data may hold anything, also what looks like the end: the last one counts.
    let (arguments, result) = rest.rsplit_once(" = ")?;
    let arguments = arguments.trim_end().strip_suffix(')').unwrap_or(arguments);
    let result = result.split_whitespace().next()?.parse().ok()?;
    let on = arguments.split_once('<').and_then(|(number, rest)| {
        let named = number.parse::<u32>().is_ok().then_some(rest)?;
        // Sockets are named `TCP:[…->…]`: the bracket that ends a name is the one before the comma or the end.
        named.split_once(">,").map(|(name, _)| name).or_else(|| named.strip_suffix('>'))
    });
    Some(Call { name: name.to_owned(), on: on.unwrap_or_default().to_owned(), arguments: arguments.to_owned(), result, began, ended })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_from_begin_to_end() {
        let trace = r#"17 recvfrom(9<socket:[77]>, "POST /a", 8192, 0, NULL, NULL) = 7
18 fdatasync(5</d/orgs/default.db-wal> <unfinished ...>
17 pwrite64(5</d/orgs/default.db-wal>, "x) = 3 \0", 8, 0) = 8
18 <... fdatasync resumed>) = 0
17 recvfrom(9<socket:[77]>, 0x7f, 8192, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)
17 +++ exited with 0 +++"#;
        let calls = calls(trace);
        let short: Vec<_> = calls.iter().map(|call| (call.name.as_str(), call.on.as_str(), call.result, call.began, call.ended)).collect();
        assert_eq!(
            short,
            [
                ("recvfrom", "socket:[77]", 7, 0, 0),
                ("pwrite64", "/d/orgs/default.db-wal", 8, 2, 2),
                ("fdatasync", "/d/orgs/default.db-wal", 0, 1, 3),
                ("recvfrom", "socket:[77]", -1, 4, 4),
            ]
        );
        assert!(calls[0].arguments.contains("POST /a"));
    }
}
