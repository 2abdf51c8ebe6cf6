//! What monitoring is told: requests by resource and status, how long they took, and figures of the engine.
//!
//! Counting is an addition to a number that was there before the first request: no lock, and no label that a client could
//! make up. The text is made when it is asked for.

use crate::router::Resource;
use orglet_engine::Server as Engine;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Statuses that are told apart; the last stands for all others.
const STATUSES: [u16; 24] =
    [200, 201, 202, 204, 300, 304, 400, 401, 403, 404, 405, 406, 408, 409, 410, 412, 413, 414, 415, 420, 428, 500, 503, 0];
/// Upper bounds of the classes of durations, in seconds; a last class has no bound.
const BOUNDS: [f64; 13] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// What a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A resource of the REST API.
    Rest(Resource),
    /// The REST API, without having come as far as a resource.
    RestOther,
    /// A class of an org.
    ApexRest,
    /// OAuth and identity.
    OAuth,
    /// SOAP.
    Soap,
    /// The admin API.
    Admin,
    /// None of these.
    Other,
}

const OTHERS: [&str; 6] = ["rest", "oauth", "soap", "admin", "other", "apex_rest"];

impl Place {
    fn index(self) -> usize {
        match self {
            Place::Rest(resource) => OTHERS.len() + resource as usize,
            Place::RestOther => 0,
            Place::OAuth => 1,
            Place::Soap => 2,
            Place::Admin => 3,
            Place::Other => 4,
            Place::ApexRest => 5,
        }
    }

    fn name(index: usize) -> String {
        match OTHERS.get(index) {
            Some(name) => (*name).to_owned(),
            None => Resource::all().get(index - OTHERS.len()).map_or_else(String::new, |resource| snake(&format!("{resource:?}"))),
        }
    }
}

/// `QueryMore` as `query_more`.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for (at, c) in name.chars().enumerate() {
        if c.is_ascii_uppercase() && at > 0 {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Where a request notes what it was for.
#[derive(Debug)]
pub(crate) struct Noted(Cell<Place>);

impl Default for Noted {
    fn default() -> Self {
        Self(Cell::new(Place::Other))
    }
}

impl Noted {
    pub(crate) fn set(&self, place: Place) {
        self.0.set(place);
    }

    pub(crate) fn get(&self) -> Place {
        self.0.get()
    }
}

/// The counts of a server.
#[derive(Debug)]
pub struct Metrics {
    places: Vec<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    statuses: [AtomicU64; STATUSES.len()],
    durations: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
}

impl Default for Metrics {
    fn default() -> Self {
        let count = OTHERS.len() + Resource::all().len();
        Self { places: (0..count).map(|_| Counts::default()).collect() }
    }
}

impl Metrics {
    /// Counts a request that was answered.
    pub(crate) fn count(&self, place: Place, status: u16, took: Duration) {
        let Some(counts) = self.places.get(place.index()) else { return };
        let status = STATUSES.iter().position(|s| *s == status).unwrap_or(STATUSES.len() - 1);
        counts.statuses[status].fetch_add(1, Ordering::Relaxed);
        let seconds = took.as_secs_f64();
        let class = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len());
        counts.durations[class].fetch_add(1, Ordering::Relaxed);
        counts.nanos.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The text that Prometheus reads.
    pub(crate) fn text(self: &Arc<Self>, engine: &Arc<Engine>) -> String {
        let mut registry = Registry::with_prefix("orglet");
        registry.register_collector(Box::new(Scrape { metrics: self.clone(), engine: Engines(engine.clone()) }));
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &registry);
        text
    }
}

#[derive(Debug)]
struct Scrape {
    metrics: Arc<Metrics>,
    engine: Engines,
}

struct Engines(Arc<Engine>);

impl fmt::Debug for Engines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("engine")
    }
}

impl Collector for Scrape {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let load = |n: &AtomicU64| n.load(Ordering::Relaxed);
        let mut requests = to.encode_descriptor("requests", "Requests answered", None, MetricType::Counter)?;
        for (place, counts) in self.metrics.places.iter().enumerate() {
            for (status, count) in STATUSES.iter().zip(&counts.statuses).filter(|(_, count)| load(count) > 0) {
                let status = if *status == 0 { "other".to_owned() } else { status.to_string() };
                let labels = [("resource", Place::name(place)), ("status", status)];
                requests.encode_family(&labels)?.encode_counter::<[(&str, String); 0], _, u64>(&load(count), None)?;
            }
        }
        let help = "How long requests took in the application";
        let mut durations = to.encode_descriptor("request_duration_seconds", help, None, MetricType::Histogram)?;
        for (place, counts) in self.metrics.places.iter().enumerate() {
            let classes: Vec<u64> = counts.durations.iter().map(load).collect();
            let total: u64 = classes.iter().sum();
            if total == 0 {
                continue;
            }
            let buckets: Vec<(f64, u64)> = BOUNDS.iter().copied().chain([f64::INFINITY]).zip(classes).collect();
            let labels = [("resource", Place::name(place))];
            let sum = load(&counts.nanos) as f64 / 1e9;
            durations.encode_family(&labels)?.encode_histogram::<[(&str, String); 0]>(sum, total, &buckets, None)?;
        }
        let orgs = self.engine.0.open_orgs();
        for (name, help, value) in [
            ("orgs_open", "Orgs that are open, without the default one", orgs.open),
            ("writes_waiting", "Writes that wait for others, over the open orgs", orgs.waiting_writes),
            ("sessions_in_memory", "Sessions in memory", self.engine.0.sessions_in_memory()),
        ] {
            let value = i64::try_from(value).unwrap_or(i64::MAX);
            to.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)?;
        }
        let (kept, planned) = orglet_engine::query::plan_figures();
        for (name, help, value) in [
            ("plans_hits", "Queries whose plan was kept", kept),
            ("plans_made", "Queries that were planned", planned),
            ("orgs_hits", "Requests that found their org open", orgs.hits),
            ("orgs_opened", "Orgs that were opened for a request", orgs.opened),
            ("orgs_closed", "Orgs that were closed to make room", orgs.closed),
        ] {
            let mut counter = to.encode_descriptor(name, help, None, MetricType::Counter)?;
            counter.encode_counter::<[(&str, String); 0], _, u64>(&value, None)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use orglet_engine::OrgOptions;

    #[test]
    fn every_resource_has_its_place() {
        let mut names: Vec<String> = (0..Metrics::default().places.len()).map(Place::name).collect();
        assert!(names.contains(&"query_more".to_owned()) && names.iter().all(|n| !n.is_empty()));
        for resource in Resource::all() {
            assert_eq!(Place::name(Place::Rest(*resource).index()), snake(&format!("{resource:?}")));
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), OTHERS.len() + Resource::all().len());
    }

    #[test]
    fn requests_are_told_by_resource_status_and_duration() {
        let metrics = Arc::new(Metrics::default());
        for micros in [100, 700, 20_000_000] {
            metrics.count(Place::Rest(Resource::Query), 200, Duration::from_micros(micros));
        }
        metrics.count(Place::Soap, 599, Duration::ZERO);
        let engine = Arc::new(Engine::open(OrgOptions::default()).unwrap());
        let text = metrics.text(&engine);
        for line in [
            "orglet_requests_total{resource=\"query\",status=\"200\"} 3",
            "orglet_requests_total{resource=\"soap\",status=\"other\"} 1",
            "orglet_request_duration_seconds_bucket{le=\"0.0005\",resource=\"query\"} 1",
            "orglet_request_duration_seconds_bucket{le=\"0.001\",resource=\"query\"} 2",
            "orglet_request_duration_seconds_bucket{le=\"10.0\",resource=\"query\"} 2",
            "orglet_request_duration_seconds_bucket{le=\"+Inf\",resource=\"query\"} 3",
            "orglet_request_duration_seconds_count{resource=\"query\"} 3",
            "orglet_orgs_open 0",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
        assert!(text.contains("\norglet_plans_made_total ") && text.contains("\norglet_plans_hits_total "), "{text}");
    }
}
