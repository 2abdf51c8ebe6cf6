//! A bar for what takes long.

use super::client::Target;
use serde_json::Value;
use std::io::{IsTerminal, Write};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// How often the server is asked.
const EVERY: Duration = Duration::from_millis(200);
/// Characters of the bar.
const WIDTH: u64 = 30;

/// Does something, and shows meanwhile how far it has come, where there is a terminal to show it on.
pub(super) fn watched<T: Send>(target: &Target, path: &str, work: impl FnOnce() -> Result<T, String> + Send) -> Result<T, String> {
    let mut screen = std::io::stderr();
    if !screen.is_terminal() {
        return work();
    }
    thread::scope(|scope| {
        let (ended, end) = channel();
        let working = scope.spawn(move || {
            let done = work();
            // Nobody waits any more when the other end is gone.
            let _ = ended.send(());
            done
        });
        while matches!(end.recv_timeout(EVERY), Err(RecvTimeoutError::Timeout)) {
            if let Ok(progress) = target.ask("GET", path, None) {
                // A bar that can't be drawn is no reason to stop.
                let _ = write!(screen, "\r{}", line(&progress)).and_then(|()| screen.flush());
            }
        }
        let _ = write!(screen, "\r{:78}\r", "");
        working.join().unwrap_or_else(|_| Err("the request ended unexpectedly".to_owned()))
    })
}

fn line(progress: &Value) -> String {
    let number = |name: &str| progress[name].as_u64().unwrap_or(0);
    let (done, total) = (number("done"), number("total"));
    let of = |whole: u64| (done.min(total) * whole).checked_div(total).unwrap_or(0);
    let part = of(WIDTH);
    let bar: String = (0..WIDTH).map(|i| if i < part { '#' } else { '.' }).collect();
    let table = progress["table"].as_str().unwrap_or_default();
    format!("[{bar}] {:3} % {table:<40.40}", of(100))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_bar_fills() {
        assert!(
            line(&json!({"moving": true, "table": "Account", "done": 50, "total": 200})).starts_with("[#######.......................")
        );
        assert!(line(&json!({"moving": false})).starts_with("[.............................."));
        assert!(line(&json!({"table": "x", "done": 9, "total": 4})).contains("100 %"));
    }
}
