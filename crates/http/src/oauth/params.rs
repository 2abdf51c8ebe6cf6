//! The parameters of the OAuth endpoints: of the form and of the query, with what all endpoints read from them.

use crate::Call;
use crate::error::OAuthFormat;
use base64::Engine as _;
use http::header::{ACCEPT, AUTHORIZATION};

/// Parameters beyond these are not read; no client sends a tenth of it.
const MOST_PARAMS: usize = 200;

/// The parameters of a request: the form's first, then the query's.
pub(super) struct Params<'c> {
    call: &'c Call,
    pairs: Vec<(String, String)>,
}

/// The consumer key and secret that a request carries.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Client {
    pub id: Option<String>,
    pub secret: Option<String>,
}

impl<'c> Params<'c> {
    /// Reads the parameters. A body of another media type has none: the platform reads forms alone.
    pub(super) fn read(call: &'c Call) -> Self {
        let is_form = call.media_type().is_none_or(|t| t == "application/x-www-form-urlencoded");
        let body: &[u8] = if is_form { &call.body } else { &[] };
        let form = form_urlencoded::parse(body).into_owned();
        let pairs = form.chain(call.query.iter().cloned()).take(MOST_PARAMS).collect();
        Self { call, pairs }
    }

    /// A parameter's value; an empty one counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(n, v)| n == name && !v.is_empty()).map(|(_, v)| v.as_str())
    }

    /// The first of these names that the request gives two different values.
    pub(super) fn ambiguous<'n>(&self, names: &[&'n str]) -> Option<&'n str> {
        names.iter().copied().find(|name| {
            let mut values = self.pairs.iter().filter(|(n, _)| n == name).map(|(_, v)| v);
            let first = values.next();
            values.any(|v| Some(v) != first)
        })
    }

    /// The format of the answer: that of `format`, else the first one that `Accept` names, else `None`. The error is a
    /// `format` that is none.
    pub(super) fn named_format(&self) -> Result<Option<OAuthFormat>, ()> {
        match self.get("format") {
            Some("json") => Ok(Some(OAuthFormat::Json)),
            Some("xml") => Ok(Some(OAuthFormat::Xml)),
            Some("urlencoded") => Ok(Some(OAuthFormat::UrlEncoded)),
            Some(_) => Err(()),
            None => Ok(accepted(self.call.header(ACCEPT))),
        }
    }

    /// The format of the answer, JSON where nothing names one.
    pub(super) fn format(&self) -> Result<OAuthFormat, ()> {
        self.named_format().map(Option::unwrap_or_default)
    }

    /// The connected app's credentials: of the parameters, else of `Authorization: Basic`. The error is such a header
    /// that can't be read.
    pub(super) fn client(&self) -> Result<Client, ()> {
        if let Some(id) = self.get("client_id") {
            return Ok(Client { id: Some(id.to_owned()), secret: self.get("client_secret").map(str::to_owned) });
        }
        let basic = self.call.header(AUTHORIZATION).and_then(|v| v.split_once(' ')).filter(|(s, _)| s.eq_ignore_ascii_case("basic"));
        let Some((_, encoded)) = basic else { return Ok(Client::default()) };
        let bytes = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).map_err(|_| ())?;
        let text = String::from_utf8(bytes).map_err(|_| ())?;
        let (id, secret) = text.split_once(':').ok_or(())?;
        Ok(Client { id: Some(id.to_owned()), secret: Some(secret.to_owned()) })
    }
}

/// The first format that an `Accept` header names, read from left to right; weights don't count here.
fn accepted(accept: Option<&str>) -> Option<OAuthFormat> {
    accept?.split(',').take(64).find_map(|range| {
        let range = range.split(';').next().unwrap_or(range).trim();
        let fits = |name: &str| range.eq_ignore_ascii_case(name);
        if fits("application/json") || fits("text/json") {
            Some(OAuthFormat::Json)
        } else if fits("application/xml") || fits("text/xml") {
            Some(OAuthFormat::Xml)
        } else if fits("application/x-www-form-urlencoded") {
            Some(OAuthFormat::UrlEncoded)
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_is_read_from_left_to_right() {
        for (accept, want) in [
            (None, None),
            (Some("*/*"), None),
            (Some("text/html, application/xml;q=0.1, application/json"), Some(OAuthFormat::Xml)),
            (Some("application/x-www-form-urlencoded"), Some(OAuthFormat::UrlEncoded)),
            (Some("APPLICATION/JSON"), Some(OAuthFormat::Json)),
        ] {
            assert_eq!(accepted(accept), want, "{accept:?}");
        }
    }
}
