//! Which of the two formats an answer has.

use orglet_base::{ApiError, ApiVersion, ErrorCode};

/// The format of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// JSON, the default.
    #[default]
    Json,
    /// XML.
    Xml,
}

/// The last API version that takes `.json` and `.xml` at the end of a path.
const LAST_WITH_SUFFIX: ApiVersion = ApiVersion(57);

impl Format {
    /// The `Content-Type` of answers, spelled as real orgs spell each.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Json => "application/json;charset=UTF-8",
            Format::Xml => "application/xml; charset=UTF-8",
        }
    }

    /// Chooses from an `Accept` header.
    ///
    /// No header, or one without a single well-formed media range, is JSON, as documented. Otherwise the range with the
    /// highest `q` that names a format wins, the first of several; `q=0` excludes. `*/*` and `application/*` stand for
    /// JSON (for XML where JSON is excluded).
    ///
    /// # Errors
    /// 406 `INVALID_TYPE` where well-formed ranges leave no format (routing-015, whose text is known from one resource
    /// only; the list of values is ours).
    pub fn from_accept(accept: Option<&str>) -> Result<Self, ApiError> {
        let Some(accept) = accept else { return Ok(Format::Json) };
        // What nearly every client says.
        if matches!(accept, "application/json" | "*/*") {
            return Ok(Format::Json);
        }
        let mut any_range = false;
        let mut excluded: [bool; 2] = [false; 2];
        let mut choices: Vec<(Option<Format>, f32)> = Vec::new();
        for item in accept.split(',').take(64) {
            let mut parts = item.split(';').map(str::trim);
            let Some((kind, subtype)) = parts.next().and_then(|r| r.split_once('/')) else { continue };
            if kind.is_empty() || subtype.is_empty() || [kind, subtype].iter().any(|t| t.contains(char::is_whitespace)) {
                continue;
            }
            let q = parts
                .filter_map(|p| p.split_once('='))
                .find(|(key, _)| key.trim().eq_ignore_ascii_case("q"))
                .map_or(1.0, |(_, v)| v.trim().parse::<f32>().ok().filter(|q| (0.0..=1.0).contains(q)).unwrap_or(1.0));
            any_range = true;
            let named = named_format(kind, subtype);
            match (named, kind, subtype) {
                (Some(f), _, _) if q == 0.0 => excluded[f as usize] = true,
                (Some(f), _, _) => choices.push((Some(f), q)),
                (None, "*", "*") | (None, _, "*") if q > 0.0 && (kind == "*" || kind.eq_ignore_ascii_case("application")) => {
                    choices.push((None, q));
                }
                _ => {}
            }
        }
        if !any_range {
            return Ok(Format::Json);
        }
        let mut best: Option<(Format, f32)> = None;
        for (named, q) in choices {
            let format = match named {
                Some(f) => Some(f),
                None => [Format::Json, Format::Xml].into_iter().find(|f| !excluded[*f as usize]),
            };
            if let Some(f) = format
                && best.is_none_or(|(_, b)| q > b)
            {
                best = Some((f, q));
            }
        }
        best.map(|(f, _)| f).ok_or_else(|| {
            let text = format!("Invalid Accept header {accept}. Must be one of the following values: [application/json, application/xml]");
            ApiError::routing(ErrorCode::InvalidType, text).with_status(406)
        })
    }

    /// Splits `.json` or `.xml` off the end of a path; versions after 57.0 take none, and their paths come back as
    /// they are. `None` as the version stands for paths above any (`/services/data/.xml`), which take it too.
    pub fn split_suffix(path: &str, version: Option<ApiVersion>) -> (&str, Option<Format>) {
        if version.is_some_and(|v| v > LAST_WITH_SUFFIX) {
            return (path, None);
        }
        for (suffix, format) in [(".json", Format::Json), (".xml", Format::Xml)] {
            if let Some(rest) = path.strip_suffix(suffix) {
                return (rest, Some(format));
            }
        }
        (path, None)
    }

    /// The format of an answer: the suffix's where there is one, else what `Accept` chooses.
    ///
    /// # Errors
    /// As [`Format::from_accept`].
    pub fn negotiate(accept: Option<&str>, suffix: Option<Format>) -> Result<Self, ApiError> {
        suffix.map_or_else(|| Self::from_accept(accept), Ok)
    }
}

/// The format that a media type names. `text/xml` and `text/json` are taken too: clients of other APIs send them.
fn named_format(kind: &str, subtype: &str) -> Option<Format> {
    let known = kind.eq_ignore_ascii_case("application") || kind.eq_ignore_ascii_case("text");
    match subtype {
        s if known && s.eq_ignore_ascii_case("json") => Some(Format::Json),
        s if known && s.eq_ignore_ascii_case("xml") => Some(Format::Xml),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_headers() {
        for (accept, want) in [
            ("application/json", Format::Json),
            ("application/xml", Format::Xml),
            ("Application/XML; charset=UTF-8", Format::Xml),
            ("*/*", Format::Json),
            ("application/*", Format::Json),
            ("application/xml, application/json", Format::Xml),
            ("application/xml;q=0.5, application/json", Format::Json),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Format::Xml),
            ("text/plain, */*; q=0.1", Format::Json),
            ("application/json;q=0, */*", Format::Xml),
            ("text/xml", Format::Xml),
            ("", Format::Json),
            ("nonsense", Format::Json),
            ("/;;,/", Format::Json),
        ] {
            assert_eq!(Format::from_accept(Some(accept)), Ok(want), "{accept}");
        }
        assert_eq!(Format::from_accept(None), Ok(Format::Json));
        let e = Format::from_accept(Some("text/csv")).unwrap_err();
        assert_eq!((e.status(), e.code()), (406, ErrorCode::InvalidType));
        assert_eq!(e.message(), "Invalid Accept header text/csv. Must be one of the following values: [application/json, application/xml]");
    }

    #[test]
    fn suffixes_end_with_version_57() {
        let path = "/sobjects/Account/001.xml";
        assert_eq!(Format::split_suffix(path, Some(ApiVersion(57))), ("/sobjects/Account/001", Some(Format::Xml)));
        assert_eq!(Format::split_suffix(path, Some(ApiVersion(58))), (path, None));
        assert_eq!(Format::split_suffix("/services/data/.json", None), ("/services/data/", Some(Format::Json)));
        assert_eq!(Format::negotiate(Some("application/json"), Some(Format::Xml)), Ok(Format::Xml));
    }
}
