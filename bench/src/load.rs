//! The load generator: kept-alive HTTP/1.1 connections, each with one request at a time, all on one thread. It reads
//! an answer no further than it must to know its end, so that the machine is left to the servers.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

use crate::server::{Access, Running};

/// Requests of one kind.
#[derive(Clone)]
pub struct Workload {
    /// Its name in the tables.
    pub name: String,
    /// The status that every answer must have.
    pub status: u16,
    /// The requests, whole; each connection asks them in turn, beginning at a place of its own.
    pub requests: Rc<Vec<Vec<u8>>>,
}

/// One measurement of one server.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    /// Answers per second.
    pub rate: f64,
    /// Median time from request to answer, in microseconds.
    pub p50: f64,
    /// The 99th percentile of it.
    pub p99: f64,
    /// Processor time that the server used for each answer, in microseconds.
    pub processor: f64,
}

/// Sends a workload's requests for a time.
pub async fn drive(server: &Running, workload: &Workload, connections: usize, span: Duration) -> io::Result<Sample> {
    let status = workload.status;
    let local = LocalSet::new();
    let mut tasks = Vec::new();
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(Connection::open(server.address).await?);
    }
    let used = server.processor()?;
    let began = Instant::now();
    let end = began + span;
    for (number, mut connection) in open.into_iter().enumerate() {
        let requests = Rc::clone(&workload.requests);
        let first = requests.len() * number / connections;
        tasks.push(local.spawn_local(async move {
            let mut times: Vec<u32> = Vec::with_capacity(1 << 14);
            for request in requests.iter().cycle().skip(first) {
                let asked = Instant::now();
                if asked >= end {
                    break;
                }
                let answered = connection.exchange(request).await?;
                if answered != status {
                    return Err(io::Error::other(format!("answered {answered} instead of {status}: {}", connection.text())));
                }
                times.push(u32::try_from(asked.elapsed().as_nanos()).unwrap_or(u32::MAX));
            }
            Ok(times)
        }));
    }
    let mut times = Vec::new();
    local
        .run_until(async {
            for task in tasks {
                times.extend(task.await.map_err(io::Error::other)??);
            }
            Ok::<(), io::Error>(())
        })
        .await?;
    let took = began.elapsed();
    let used = server.processor()?.saturating_sub(used);
    times.sort_unstable();
    let at = |share: f64| {
        let index = (times.len().saturating_sub(1) as f64 * share) as usize;
        f64::from(times.get(index).copied().unwrap_or_default()) / 1000.0
    };
    let count = times.len() as f64;
    Ok(Sample { rate: count / took.as_secs_f64(), p50: at(0.5), p99: at(0.99), processor: used.as_secs_f64() * 1e6 / count })
}

/// A request, whole. `target` comes after [`Access::root`].
pub fn request(method: &str, access: &Access, target: &str, body: Option<&str>) -> Vec<u8> {
    let Access { token, root } = access;
    let mut text =
        format!("{method} {root}/{target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nAccept: application/json\r\n");
    if let Some(body) = body {
        text.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    text.push_str(body.unwrap_or_default());
    text.into_bytes()
}

/// A kept-alive connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    head: usize,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::with_capacity(1 << 16), head: 0 })
    }

    /// Sends a request and reads its answer; says the status.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        self.head = loop {
            self.more().await?;
            if let Some(at) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let head = self.buffer.get(..self.head).unwrap_or_default();
        let status = head.get(9..12).and_then(number).and_then(|status| u16::try_from(status).ok());
        let status = status.ok_or_else(|| io::Error::other("no status line"))?;
        if let Some(length) = header(head, b"content-length:").and_then(number) {
            while self.buffer.len() < self.head + length {
                self.more().await?;
            }
        } else if header(head, b"transfer-encoding:").is_some() {
            return Err(io::Error::other("an answer came in chunks, which this load generator does not read"));
        }
        Ok(status)
    }

    /// Sends a request; the answer's body, if it has the right status.
    pub async fn body(&mut self, request: &[u8], status: u16) -> io::Result<&[u8]> {
        let answered = self.exchange(request).await?;
        if answered != status {
            return Err(io::Error::other(format!("answered {answered} instead of {status}: {}", self.text())));
        }
        Ok(self.buffer.get(self.head..).unwrap_or_default())
    }

    /// Sends a request; the answer as JSON, if it has the right status.
    pub async fn json(&mut self, request: &[u8], status: u16) -> io::Result<Value> {
        serde_json::from_slice(self.body(request, status).await?).map_err(io::Error::other)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(self.buffer.get(self.head..).unwrap_or_default()).into_owned()
    }

    async fn more(&mut self) -> io::Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}

/// The value of a header, whose name is given in small letters with its colon.
fn header<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let value =
        |line: &'a [u8]| line.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name)).and_then(|_| line.get(name.len()..));
    head.split(|byte| *byte == b'\n').find_map(value).map(<[u8]>::trim_ascii)
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::{header, number};

    #[test]
    fn headers_are_found_in_any_case() {
        let head = b"HTTP/1.1 200 OK\r\nX-Content-Length: 1\r\nContent-Length:  42\r\n\r\n";
        assert_eq!(header(head, b"content-length:").and_then(number), Some(42));
        assert_eq!(header(head, b"transfer-encoding:"), None);
    }
}
