//! The route table, read from its source: the server itself need not be compiled for a table of words.

use std::io;

/// A line of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Route {
    /// Path below the version.
    pub path: String,
    /// Verbs, without HEAD.
    pub verbs: Vec<String>,
    /// The resource's name.
    pub name: String,
}

/// Reads the lines of `ROUTES`. Fails when one of them is not of the form that the table has now.
pub fn parse(source: &str) -> io::Result<Vec<Route>> {
    let wrong = |what: &str| io::Error::other(format!("router.rs: {what}"));
    let read = source.split_once("const READ: &[&str] = &[").and_then(|(_, rest)| rest.split_once("];"));
    let read = quoted(read.ok_or_else(|| wrong("no constant READ"))?.0);
    let table = source.split_once("pub static ROUTES: &[Route] = &[").and_then(|(_, rest)| rest.split_once("\n];"));
    let (table, _) = table.ok_or_else(|| wrong("no table ROUTES"))?;
    let routes = table.split("Route {").skip(1).map(|line| {
        let member = |name: &str| line.split_once(&format!("{name}: ")).map(|(_, rest)| rest);
        let text = |name: &str| member(name).and_then(|rest| rest.strip_prefix('"')?.split_once('"')).map(|(text, _)| text.to_owned());
        let verbs = member("verbs").ok_or_else(|| wrong("a line without verbs"))?;
        let verbs = match verbs.strip_prefix("&[") {
            Some(list) => quoted(list.split(']').next().unwrap_or_default()),
            None if verbs.starts_with("READ") => read.clone(),
            None => return Err(wrong("verbs that are neither READ nor a list")),
        };
        Ok(Route {
            path: text("path").ok_or_else(|| wrong("a line without a path"))?,
            verbs: verbs.into_iter().filter(|verb| verb != "HEAD").collect(),
            name: text("name").ok_or_else(|| wrong("a line without a name"))?,
        })
    });
    routes.collect()
}

fn quoted(list: &str) -> Vec<String> {
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether a path, given as its segments, is one of the route's: `{x}` stands for one segment, `{x…}` for the rest.
pub fn fits(path: &str, segments: &[&str]) -> bool {
    let mut rest = segments.iter();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        if part.ends_with("…}") {
            return rest.next().is_some();
        }
        match rest.next() {
            Some(segment) if part.starts_with('{') || part.eq_ignore_ascii_case(segment) => {}
            _ => return false,
        }
    }
    rest.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        let source = r#"
const READ: &[&str] = &["HEAD", "GET"];
pub static ROUTES: &[Route] = &[
    Route { path: "", resource: Resource::Resources, verbs: READ, name: "Resources" },
    Route {
        path: "sobjects/{object}",
        resource: Resource::Basic,
        verbs: &["HEAD", "GET", "POST"],
        name: "Basic",
    },
];
"#;
        let routes = parse(source).unwrap();
        assert_eq!(routes.len(), 2);
        assert_eq!((routes[0].path.as_str(), routes[0].verbs.join(" ").as_str()), ("", "GET"));
        assert_eq!(routes[1], Route { path: "sobjects/{object}".into(), verbs: vec!["GET".into(), "POST".into()], name: "Basic".into() });
        assert!(parse("nothing").is_err());
    }

    #[test]
    fn paths_fit() {
        for (path, segments, good) in [
            ("", vec![], true),
            ("sobjects/{object}", vec!["SObjects", "Account"], true),
            ("sobjects/{object}", vec!["sobjects"], false),
            ("a/{x…}", vec!["a", "b", "c"], true),
            ("a/{x…}", vec!["a"], false),
        ] {
            assert_eq!(fits(path, &segments), good, "{path} {segments:?}");
        }
    }
}
