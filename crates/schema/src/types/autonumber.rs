//! Auto-numbers: a `string` field whose value the platform counts up and prints by a display format.

use orglet_base::{DateTime, time};

/// Prints a number by a display format: `{0000}` is the number with at least so many digits, `{YYYY}`, `{YY}`, `{MM}`
/// and `{DD}` the day of creation (UTC), all else as it stands.
pub fn render(format: &str, number: u64, created: DateTime) -> String {
    let (date, _) = created.split();
    let day = time::date_text(date);
    let mut out = String::with_capacity(format.len() + 8);
    let mut rest = format;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let Some(len) = rest[open..].find('}') else { break };
        let inner = &rest[open + 1..open + len];
        match inner {
            "YYYY" => out.push_str(&day[..4]),
            "YY" => out.push_str(&day[2..4]),
            "MM" => out.push_str(&day[5..7]),
            "DD" => out.push_str(&day[8..]),
            zeros if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => {
                out.push_str(&format!("{number:0width$}", width = zeros.len()));
            }
            _ => out.push_str(&rest[open..=open + len]),
        }
        rest = &rest[open + len + 1..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use orglet_base::DateTime;

    #[test]
    fn formats() {
        let t = DateTime::parse("2024-05-15T23:00:00Z").unwrap();
        assert_eq!(super::render("A-{0000}", 7, t), "A-0007");
        assert_eq!(super::render("{YYYY}{MM}{DD}-{0}", 12345, t), "20240515-12345");
        assert_eq!(super::render("{00000000}", 1000, t), "00001000");
    }
}
