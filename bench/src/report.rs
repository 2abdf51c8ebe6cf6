//! The figures as a table, and as JSON for whoever keeps them.

use std::io;
use std::time::Duration;

use serde_json::json;

use crate::Options;
use crate::load::{Measured, SERVERS, Sample};
use crate::start::Started;

/// The project's promises: first start to first answer, and idle memory.
const START_BELOW_MILLIS: f64 = 100.0;
const IDLE_BELOW_MIB: f64 = 60.0;

/// Prints the tables; writes the JSON where it was asked for.
pub fn print(options: &Options, measured: &[Measured], started: &Started) -> io::Result<()> {
    println!(
        "\nmedians of {} rounds of {} ms; ratios are orglet's rate over the other's, per round",
        options.rounds,
        options.span.as_millis()
    );
    println!(
        "{:<14} {:>5}  {:>11} {:>14} {:>11}  {:>9} {:>15} {:>17}  {:>9} {:>9}",
        "request", "conns", "axum 1/s", "+rusqlite 1/s", "orglet 1/s", "/ axum", "/ axum+rusqlite", "(least to most)", "p50 us", "p99 us"
    );
    let mut figures = Vec::new();
    for one in measured {
        let [axum, sqlite, orglet] = &one.samples;
        let of = |samples: &[Sample], pick: fn(&Sample) -> f64| median(samples.iter().map(pick));
        let (to_axum, to_sqlite) = (ratios(orglet, axum), ratios(orglet, sqlite));
        let (least, most) = to_sqlite.iter().fold((f64::MAX, f64::MIN), |(least, most), ratio| (least.min(*ratio), most.max(*ratio)));
        let ratio = (median(to_axum.into_iter()), median(to_sqlite.into_iter()));
        println!(
            "{:<14} {:>5}  {:>11.0} {:>14.0} {:>11.0}  {:>9.3} {:>15.3} {:>17}  {:>9.0} {:>9.0}",
            one.workload,
            one.connections,
            of(axum, |s| s.rate),
            of(sqlite, |s| s.rate),
            of(orglet, |s| s.rate),
            ratio.0,
            ratio.1,
            format!("({least:.3} to {most:.3})"),
            of(orglet, |s| s.p50),
            of(orglet, |s| s.p99),
        );
        let servers: serde_json::Map<String, serde_json::Value> = SERVERS
            .iter()
            .zip(&one.samples)
            .map(|(name, samples)| {
                let figures = json!({"rate": of(samples, |s| s.rate), "p50_us": of(samples, |s| s.p50), "p99_us": of(samples, |s| s.p99)});
                ((*name).to_owned(), figures)
            })
            .collect();
        figures.push(json!({
            "request": one.workload,
            "connections": one.connections,
            "servers": servers,
            "orglet_to_axum": ratio.0,
            "orglet_to_axum_rusqlite": ratio.1,
        }));
    }
    let millis = |times: &[Duration]| median(times.iter().map(|time| time.as_secs_f64() * 1000.0));
    let (first, again, memory) = (millis(&started.first), millis(&started.again), millis(&started.memory));
    let idle = median(started.idle.iter().map(|kib| *kib as f64 / 1024.0));
    let loaded = measured.last().map_or(0.0, |one| one.resident as f64 / 1024.0);
    let kept = |good: bool| if good { "kept" } else { "BROKEN" };
    println!("\nspawn to first answer, medians of {} starts", started.first.len());
    println!("  new data directory   {first:>8.1} ms   below {START_BELOW_MILLIS} ms: {}", kept(first < START_BELOW_MILLIS));
    println!("  same directory again {again:>8.1} ms");
    println!("  --memory             {memory:>8.1} ms");
    println!("resident memory");
    println!("  idle                 {idle:>8.1} MiB  below {IDLE_BELOW_MIB} MiB: {}", kept(idle < IDLE_BELOW_MIB));
    println!("  after the load       {loaded:>8.1} MiB");
    if let Some(path) = &options.json {
        let all = json!({
            "requests": figures,
            "start_ms": {"new": first, "again": again, "memory": memory},
            "resident_mib": {"idle": idle, "loaded": loaded},
        });
        std::fs::write(path, serde_json::to_string_pretty(&all)?)?;
    }
    Ok(())
}

/// Each round's rate over the other's rate in the same round.
fn ratios(ours: &[Sample], others: &[Sample]) -> Vec<f64> {
    ours.iter().zip(others).map(|(ours, other)| ours.rate / other.rate).collect()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.len() % 2, values.get(middle), values.get(middle.wrapping_sub(1))) {
        (1, Some(value), _) => *value,
        (0, Some(upper), Some(lower)) => f64::midpoint(*lower, *upper),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn medians() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
        assert_eq!(median(std::iter::empty()), 0.0);
    }
}
