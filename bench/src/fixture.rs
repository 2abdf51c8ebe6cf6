//! What every server of a run answers: rows and requests, taken from the org under test.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use crate::load::Connection;

/// How many rows the org holds before the measurements.
const ROWS: usize = 1000;
/// How many different rows are asked for.
const ASKED: usize = 200;
/// The query of the measurement.
const SOQL: &str = "SELECT Id, Name, Industry, AnnualRevenue, NumberOfEmployees, BillingCity, OwnerId, CreatedDate FROM Account LIMIT 100";
/// The columns of `SOQL`.
pub const COLUMNS: [&str; 8] = ["Id", "Name", "Industry", "AnnualRevenue", "NumberOfEmployees", "BillingCity", "OwnerId", "CreatedDate"];

/// A kind of request.
pub struct Workload {
    /// Its name in the table.
    pub name: &'static str,
    /// The status that every answer must have.
    pub status: u16,
    /// The requests, whole, asked in turn.
    pub requests: Vec<Vec<u8>>,
}

/// Fills the org and takes from it what the bare servers need, into `folder`.
pub async fn make(address: SocketAddr, ready: &Value, folder: &Path) -> io::Result<Vec<Workload>> {
    let text = |key: &str| ready.get(key).and_then(Value::as_str).ok_or_else(|| io::Error::other(format!("no {key} in the ready file")));
    let (token, root) = (text("access_token")?, format!("/services/data/v{}", text("api_version")?));
    let get = |path: &str| request("GET", path, token, None);
    let home = format!("{root}/sobjects/Account");
    let mut connection = Connection::open(address).await?;

    let mut rows = Vec::with_capacity(ROWS);
    for number in 0..ROWS {
        let made = connection.json(&request("POST", &home, token, Some(&body(number))), 201).await?;
        let id = made.get("id").and_then(Value::as_str).ok_or_else(|| io::Error::other("a create answered no id"))?;
        rows.push(connection.json(&get(&format!("{home}/{id}")), 200).await?);
    }
    let ids: Vec<&str> = rows.iter().filter_map(|row| row.get("Id").and_then(Value::as_str)).take(ASKED).collect();
    let query = format!("{root}/query?q={}", SOQL.replace(' ', "+").replace(',', "%2C"));
    let page = connection.json(&get(&query), 200).await?;
    if page.get("records").and_then(Value::as_array).map(Vec::len) != Some(100) {
        return Err(io::Error::other("the query did not answer 100 rows"));
    }
    let workloads = vec![
        Workload { name: "record GET", status: 200, requests: ids.iter().map(|id| get(&format!("{home}/{id}"))).collect() },
        Workload { name: "100-row query", status: 200, requests: vec![get(&query)] },
        Workload {
            name: "create",
            status: 201,
            requests: (0..ASKED).map(|number| request("POST", &home, token, Some(&body(ROWS + number)))).collect(),
        },
    ];
    std::fs::write(folder.join("rows.json"), serde_json::to_vec(&rows)?)?;
    std::fs::write(folder.join("page.json"), serde_json::to_vec(&page)?)?;
    Ok(workloads)
}

fn body(number: usize) -> String {
    let industry = ["Energy", "Banking", "Education", "Retail"].get(number % 4).copied().unwrap_or_default();
    json!({
        "Name": format!("Account number {number}"),
        "Industry": industry,
        "AnnualRevenue": 1000 * number,
        "NumberOfEmployees": number,
        "BillingStreet": "1 Market Street",
        "BillingCity": "San Francisco",
        "BillingCountry": "USA",
        "Phone": "+1 415 555 0100",
        "Website": "https://example.com",
        "Description": "A row like any other, made for a measurement.",
    })
    .to_string()
}

fn request(method: &str, path: &str, token: &str, body: Option<&str>) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nAccept: application/json\r\n");
    if let Some(body) = body {
        text.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    text.push_str(body.unwrap_or_default());
    text.into_bytes()
}
