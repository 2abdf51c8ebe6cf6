//! Rules on every text file.

use super::Finding;

/// Words that say something is unfinished, in the kinds of file that people write.
const UNFINISHED: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME")];
const WRITTEN: &[&str] = &["rs", "py", "mjs", "js", "sh", "toml", "md"];
/// Hosts that a committed file must not name: whoever builds has registries of their own.
const HOSTS: &[&str] = &[
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("pypi", ".org"),
    concat!("files.pythonhosted", ".org"),
    concat!("registry.npmjs", ".org"),
    concat!("deb.debian", ".org"),
];
/// A folder of one machine. It counts where a path begins, not in the middle of one.
const FOLDERS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/tmp/bri", "ef")];

/// Applies every rule to one file.
pub fn check(path: &str, content: &str, findings: &mut Vec<Finding>) {
    let mut say = |index: usize, reason: String| findings.push(Finding { path: path.to_owned(), line: index + 1, reason });
    let written = path.rsplit_once('.').is_some_and(|(_, extension)| WRITTEN.contains(&extension)) || path == ".ci/run";
    for (index, line) in content.lines().enumerate() {
        for word in UNFINISHED {
            if written && has_word(line, word) {
                say(index, format!("{word}: finish it or file it"));
            }
        }
        for host in HOSTS {
            if line.contains(host) {
                say(index, format!("names the registry host {host}"));
            }
        }
        for folder in FOLDERS {
            if line.match_indices(folder).any(|(at, _)| begins_path(line, at)) {
                say(index, format!("names {folder}, a folder of one machine"));
            }
        }
    }
}

fn has_word(line: &str, word: &str) -> bool {
    let letter = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(letter) && !after.is_some_and(letter)
    })
}

fn begins_path(line: &str, at: usize) -> bool {
    let before = line.get(..at).and_then(|text| text.chars().next_back());
    !before.is_some_and(|c| c.is_alphanumeric() || "_-.}/".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, content: &str) -> usize {
        let mut findings = Vec::new();
        check(path, content, &mut findings);
        findings.len()
    }

    #[test]
    fn machines_and_hosts_are_not_named() {
        assert_eq!(count("a.rs", concat!("read(\"/wo", "rk/x\")")), 1);
        assert_eq!(count("a.rs", concat!("https://host/wo", "rk/x and ./wo", "rk/y")), 0);
        assert_eq!(count("lock.json", concat!("\"https://registry.npmjs", ".org/x\"")), 1);
    }

    #[test]
    fn unfinished_words_stand_alone() {
        assert_eq!(count("a.rs", concat!("// TO", "DO: x")), 1);
        assert_eq!(count("a.rs", concat!("TO", "DOS_AND_MORE")), 0);
        assert_eq!(count("data.tsv", concat!("TO", "DO")), 0);
    }
}
