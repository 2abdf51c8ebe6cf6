//! Answers of the admin API as people read them.

use serde_json::Value;

/// A member's text; empty where it has none.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// A line for each member that says something.
pub(super) fn members(value: &Value) -> String {
    let Some(members) = value.as_object() else { return String::new() };
    let shown = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let lines = members.iter().map(|(name, value)| (name.replace('_', " "), shown(value))).filter(|(_, value)| !value.is_empty());
    lines.map(|(name, value)| format!("{name:<15} {value}\n")).collect()
}

/// A line for each setting.
pub(super) fn settings(value: &Value) -> String {
    let shown = |value: &Value| if value.is_null() { "-".to_owned() } else { value.to_string() };
    value.as_object().into_iter().flatten().map(|(name, value)| format!("{name:<23} {}\n", shown(value))).collect()
}

/// How to get into an org.
pub(super) fn access(value: &Value) -> String {
    let names = [
        "name",
        "org_id",
        "instance_url",
        "user_id",
        "username",
        "password",
        "security_token",
        "client_id",
        "client_secret",
        "access_token",
        "api_version",
    ];
    let mut out = String::new();
    for name in names {
        let value = match (name, text(value, name)) {
            ("password", "") => "(set in an earlier run)",
            ("security_token", "") => continue,
            (_, text) => text,
        };
        out.push_str(&format!("{:<15} {value}\n", name.replace('_', " ")));
    }
    for skipped in value["skipped"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        out.push_str(&format!("left out of the project: {skipped}\n"));
    }
    out
}

/// A table of orgs.
pub(super) fn orgs(list: &[Value]) -> String {
    table(&["NAME", "ID", "TEMPLATE", "DATABASE", "CREATED"], list, &["name", "id", "template", "database", "created"])
}

/// A table of databases.
pub(super) fn databases(list: &[Value]) -> String {
    table(&["NAME", "ADDRESS"], list, &["name", "address"])
}

/// What was moved.
pub(super) fn moved(value: &Value) -> String {
    let tables = value["tables"].as_array().map_or(&[][..], Vec::as_slice);
    let rows: u64 = tables.iter().filter_map(|table| table["rows"].as_u64()).sum();
    let place = Some(text(value, "database")).filter(|name| !name.is_empty()).unwrap_or("home");
    format!("{} is in {place}: {} tables with {rows} rows, each equal to what it was\n", text(value, "name"), tables.len())
}

/// A table of snapshots.
pub(super) fn snapshots(list: &[Value]) -> String {
    table(&["NAME", "ORG", "CREATED"], list, &["name", "org", "created"])
}

fn table(heads: &[&str], list: &[Value], members: &[&str]) -> String {
    let row = |value: &Value| -> Vec<String> {
        let cell = |name: &&str| Some(text(value, name)).filter(|t| !t.is_empty()).unwrap_or("-").to_owned();
        members.iter().map(cell).collect()
    };
    let mut rows = vec![heads.iter().map(|head| (*head).to_owned()).collect::<Vec<_>>()];
    rows.extend(list.iter().map(row));
    let widths: Vec<usize> = (0..heads.len()).map(|i| rows.iter().map(|r| r[i].chars().count()).max().unwrap_or(0)).collect();
    let line = |cells: &Vec<String>| {
        let cells: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// One change of a comparison: what became of what, and the fields below it.
pub(super) fn change(change: &Value) -> String {
    let sign = match text(change, "change") {
        "added" => '+',
        "deleted" => '-',
        _ => '~',
    };
    if change.get("fullName").is_some() {
        return format!("{sign} {} {}\n", text(change, "type"), text(change, "fullName"));
    }
    let mut out = format!("{sign} {} {}\n", text(change, "object"), text(change, "id"));
    for (name, value) in change["fields"].as_object().into_iter().flatten() {
        match (sign, value.get("old"), value.get("new")) {
            ('~', Some(old), Some(new)) => out.push_str(&format!("    {name}: {old} -> {new}\n")),
            _ => out.push_str(&format!("    {name}: {value}\n")),
        }
    }
    out
}

/// Rules: what each is for, what it does, and how often it was met.
pub(super) fn faults(list: &[Value]) -> String {
    let rest = |rule: &Value| -> String {
        let told = ["id", "matched", "fired"];
        let members = rule.as_object().into_iter().flatten().filter(|(name, _)| !told.contains(&name.as_str()));
        let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        members.map(|(name, value)| format!("{name}={}", shown(value))).collect::<Vec<_>>().join(" ")
    };
    let rows: Vec<Value> = list
        .iter()
        .map(|rule| {
            let number = |name: &str| rule[name].to_string();
            serde_json::json!({"id": number("id"), "matched": number("matched"), "fired": number("fired"), "rule": rest(rule)})
        })
        .collect();
    table(&["ID", "MATCHED", "FIRED", "RULE"], &rows, &["id", "matched", "fired", "rule"])
}

/// Errors of the catalogue.
pub(super) fn errors(list: &[Value]) -> String {
    let rows: Vec<Value> = list
        .iter()
        .map(|row| serde_json::json!({"id": row["id"], "status": row["status"].to_string(), "code": row["code"], "condition": row["condition"]}))
        .collect();
    table(&["ID", "STATUS", "CODE", "WHEN"], &rows, &["id", "status", "code", "condition"])
}

/// A request and its answer, in a line; bodies below it.
pub(super) fn entry(entry: &Value) -> String {
    let mut out = format!("{} {} {} {}", text(entry, "time"), entry["status"], text(entry, "method"), text(entry, "target"));
    out.push_str(&format!("  {} ms, {} B in, {} B out", entry["milliseconds"], entry["bytes_in"], entry["bytes_out"]));
    for name in ["code", "user", "client"] {
        match text(entry, name) {
            "" => {}
            told => out.push_str(&format!("  {told}")),
        }
    }
    if let Some(fault) = entry["fault"].as_u64() {
        out.push_str(&format!("  (fault {fault})"));
    }
    out.push('\n');
    for (sign, name) in [('>', "request"), ('<', "response")] {
        for line in text(entry, name).lines() {
            out.push_str(&format!("    {sign} {line}\n"));
        }
    }
    out
}
