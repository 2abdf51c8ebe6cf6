//! A blocking HTTP/1.1 client: one kept-alive connection, one request at a time. What a fault needs besides (half a
//! request, one byte a second) is written to its stream directly.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// The API version that the harness talks to.
pub const API: &str = "/services/data/v62.0";
/// How long an answer may take before it counts as none. A machine under load is slow; a server that hangs is slower.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The value of `Content-Type`, in small letters.
    pub content_type: String,
    /// The body; `Null` where it is not JSON.
    pub body: Value,
}

impl Answer {
    /// Whether this is a well-formed error of the platform: JSON, a list of objects with a message and a code.
    pub fn is_error(&self) -> bool {
        let text = |error: &Value, key: &str| error.get(key).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        self.status >= 400
            && self.content_type.starts_with("application/json")
            && self
                .body
                .as_array()
                .is_some_and(|errors| !errors.is_empty() && errors.iter().all(|error| text(error, "message") && text(error, "errorCode")))
    }

    /// The code of the first error.
    pub fn code(&self) -> &str {
        self.body.get(0).and_then(|error| error.get("errorCode")).and_then(Value::as_str).unwrap_or_default()
    }

    /// The number under which the log tells the cause of an error; empty where there is none.
    pub fn error_id(&self) -> &str {
        let message = self.body.get(0).and_then(|error| error.get("message")).and_then(Value::as_str).unwrap_or_default();
        message.split_once("ErrorId if you contact support: ").map_or("", |(_, id)| id)
    }

    /// The id in the body.
    pub fn id(&self) -> Option<&str> {
        self.body.get("id").and_then(Value::as_str)
    }
}

/// A connection.
pub struct Client {
    stream: TcpStream,
    token: String,
}

impl Client {
    /// Connects; requests carry the session id `token`.
    pub fn open(address: SocketAddr, token: &str) -> io::Result<Client> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Client { stream, token: token.to_owned() })
    }

    /// The bytes of a request. `path` is relative to [`API`] unless it begins with a slash.
    pub fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Vec<u8> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut request = self.head(method, path, &format!("Content-Length: {}\r\n", body.len()));
        request.push_str(&body);
        request.into_bytes()
    }

    /// A head with these further headers, each ended by its line break.
    pub fn head(&self, method: &str, path: &str, headers: &str) -> String {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("{API}/{path}") };
        format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n{headers}\r\n",
            self.token
        )
    }

    /// Sends a request and reads its answer.
    pub fn send(&mut self, method: &str, path: &str, body: Option<&Value>) -> io::Result<Answer> {
        let request = self.request(method, path, body);
        self.stream.write_all(&request)?;
        self.answer()
    }

    /// Sends a form without a session and reads the answer.
    pub fn form(&mut self, path: &str, form: &str) -> io::Result<Answer> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        );
        self.stream.write_all(request.as_bytes())?;
        self.answer()
    }

    /// Reads an answer. Fails when the connection ends before it is whole.
    pub fn answer(&mut self) -> io::Result<Answer> {
        let mut bytes = Vec::new();
        let head = loop {
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            self.more(&mut bytes)?;
        };
        let text = String::from_utf8_lossy(bytes.get(..head).unwrap_or_default()).to_ascii_lowercase();
        let header = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned());
        let status = text.get(9..12).and_then(|digits| digits.parse().ok()).ok_or_else(|| io::Error::other("no status line"))?;
        let length = match header("content-length:") {
            Some(length) => length.parse::<usize>().map_err(io::Error::other)?,
            None if status == 204 || status == 304 => 0,
            None => return Err(io::Error::other("an answer without a length")),
        };
        while bytes.len() < head + length {
            self.more(&mut bytes)?;
        }
        let body = serde_json::from_slice(bytes.get(head..head + length).unwrap_or_default()).unwrap_or(Value::Null);
        Ok(Answer { status, content_type: header("content-type:").unwrap_or_default(), body })
    }

    /// Sends a request whose answer must have this status; the answer's body.
    pub fn expect(&mut self, status: u16, method: &str, path: &str, body: Option<&Value>) -> io::Result<Value> {
        let answer = self.send(method, path, body)?;
        if answer.status != status {
            return Err(io::Error::other(format!("{method} {path}: {} instead of {status}: {}", answer.status, answer.body)));
        }
        Ok(answer.body)
    }

    /// Every record of a query over deleted rows too, all pages.
    pub fn query_all(&mut self, soql: &str) -> io::Result<Vec<Value>> {
        let mut page = self.expect(200, "GET", &format!("queryAll?q={}", encoded(soql)), None)?;
        let mut records = Vec::new();
        loop {
            if let Some(list) = page.get_mut("records").and_then(Value::as_array_mut) {
                records.append(list);
            }
            let Some(next) = page.get("nextRecordsUrl").and_then(Value::as_str).map(String::from) else { break };
            page = self.expect(200, "GET", &next, None)?;
        }
        let total = page.get("totalSize").and_then(Value::as_u64).unwrap_or_default();
        if total != records.len() as u64 {
            return Err(io::Error::other(format!("{} records came of {total}: {soql}", records.len())));
        }
        Ok(records)
    }

    /// The stream itself.
    pub fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    fn more(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        let mut piece = [0; 16 * 1024];
        let read = self.stream.read(&mut piece)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(piece.get(..read).unwrap_or_default());
        Ok(())
    }
}

/// Text as it stands in a query string.
pub fn encoded(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
