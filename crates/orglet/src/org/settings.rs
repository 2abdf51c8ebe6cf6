//! Settings on the command line: `key=value`.

use serde_json::{Map, Value};

/// A setting and what it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    name: String,
    value: Value,
}

/// Reads `key=value`; nothing behind the sign is null. What there is and what it takes is the server's to say.
pub(super) fn parse(text: &str) -> Result<Given, String> {
    let (name, value) = text.split_once('=').ok_or("KEY=VALUE is wanted")?;
    let value = match value.trim() {
        "" => Value::Null,
        "true" => true.into(),
        "false" => false.into(),
        number => number.parse::<i64>().map_err(|_| format!("'{number}' is no whole number, true or false"))?.into(),
    };
    Ok(Given { name: name.trim().to_owned(), value })
}

/// The settings as the admin API takes them; of two of a name the last.
pub(super) fn object(given: &[Given]) -> Value {
    Value::Object(given.iter().map(|given| (given.name.clone(), given.value.clone())).collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_read() {
        let given: Vec<Given> = ["a=1", "b=true", "c=", "a=2"].iter().filter_map(|text| parse(text).ok()).collect();
        assert_eq!(object(&given), json!({"a": 2, "b": true, "c": null}));
        assert!(parse("a").is_err() && parse("a=b").is_err());
    }
}
