//! A clock that steps back. The machine's own is not touched: the server is killed and starts with an earlier time.

use std::collections::HashSet;
use std::io::{self, Write};

use serde_json::Value;

use super::disk::{answers_again, some};
use super::kill::complaints;
use crate::client::{Answer, Client, encoded};
use crate::load::{self, Failing, Outcome, Plan};
use crate::server::Server;
use crate::{Options, Report};

/// The times of the starts: forward, a second back, an hour back, years back, and forward again.
const TIMES: [&str; 5] =
    ["2026-06-01T12:00:00Z", "2026-06-01T11:59:59Z", "2026-06-01T10:59:59Z", "2019-02-28T23:59:59Z", "2026-06-02T00:00:00Z"];

/// Writes, cursors and sessions across steps of the clock.
pub fn clock(options: &Options, report: &mut Report) -> io::Result<()> {
    let way = options.way("clock-back")?;
    let mut outcomes: Vec<Outcome> = Vec::new();
    let mut ids: HashSet<String> = HashSet::new();
    let mut left: Option<(String, String)> = None;
    for (step, time) in TIMES.iter().enumerate() {
        let server = way.with(&["--now", time]).start()?;
        if step == 0 {
            load::prepare(&server)?;
        }
        let mut client = server.client()?;
        for outcome in &mut outcomes {
            report.none(&format!("{} at {time}", outcome.prefix), outcome.check(&mut client)?);
        }
        // A session and a cursor that an earlier process made. Forward by years, they have expired.
        if let Some((session, cursor)) = left.take() {
            let mut other = Client::open(server.address, &session)?;
            let page = other.send("GET", &cursor, None)?;
            let right = if step + 1 < TIMES.len() { page.status == 200 } else { page.status == 401 && page.is_error() };
            report.none(&format!("session and cursor of before at {time}"), if right { vec![] } else { vec![format!("{page:?}")] });
        }
        answers_again(&server, report)?;
        let plan = Plan { prefix: format!("t{step}-"), workers: 8, seed: (options.seed, 4000 + step as u64), failing: Failing::Never };
        let mut outcome = some(&server, &plan, 800)?;
        report.none(&format!("{} when it was written", outcome.prefix), outcome.check(&mut client)?);
        let twice = outcome.ids().filter(|id| !ids.insert((*id).to_owned())).map(|id| format!("the id {id} was given twice")).collect();
        report.none(&format!("ids at {time}"), twice);
        outcomes.push(outcome);
        let answer = login(&server)?;
        let session = answer.body.get("access_token").and_then(Value::as_str).map(String::from);
        let session = session.ok_or_else(|| io::Error::other(format!("no login: {answer:?}")))?;
        let mut other = Client::open(server.address, &session)?;
        let path = format!("query?q={}", encoded("SELECT Id FROM Account ORDER BY Name"));
        let request = other.head("GET", &path, "Sforce-Query-Options: batchSize=200\r\n");
        other.stream().write_all(request.as_bytes())?;
        let page = other.answer()?;
        let cursor = page.body.get("nextRecordsUrl").and_then(Value::as_str).map(String::from);
        left = Some((session, cursor.ok_or_else(|| io::Error::other(format!("no cursor: {}", page.status)))?));
        server.kill()?;
    }
    report.say(format!(
        "{} steps, {} acknowledged writes, {} ids",
        TIMES.len() - 1,
        outcomes.iter().map(|o| o.acknowledged).sum::<u64>(),
        ids.len()
    ));
    report.none("the log", complaints(&way)?);
    Ok(())
}

/// A login by password.
pub fn login(server: &Server) -> io::Result<Answer> {
    let fact = |name: &str| server.facts.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let form: String = [
        ("grant_type", "password".to_owned()),
        ("client_id", fact("client_id")),
        ("client_secret", fact("client_secret")),
        ("username", fact("username")),
        ("password", fact("password")),
    ]
    .map(|(name, value)| format!("{name}={}", encoded(&value)))
    .join("&");
    server.client()?.form("/services/oauth2/token", &form)
}
