//! A rule: which requests it is for, which of those it strikes, and what they get.

use crate::about;
use crate::{Call, pattern};
use http::header;
use orglet_base::catalogue::{self, Form, Row};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// The longest text of a rule's members.
const LONGEST: usize = 10_000;
/// The longest delay, in milliseconds.
const LONGEST_DELAY: u64 = 600_000;
/// The most fields or values that a rule names.
const MOST_NAMES: usize = 100;

/// A rule as it is asked for.
#[derive(Clone, Debug, Default)]
pub struct Spec {
    /// Methods, separated by commas; any where it is absent.
    pub method: Option<String>,
    /// A pattern of the path.
    pub path: Option<String>,
    /// The object that the request is about.
    pub object: Option<String>,
    /// A pattern of the `User-Agent`.
    pub user_agent: Option<String>,
    /// Only the nth request that fits.
    pub nth: Option<u64>,
    /// Every nth request that fits.
    pub every: Option<u64>,
    /// The first n requests that fit.
    pub first: Option<u64>,
    /// The share of requests that fit, by lot.
    pub probability: Option<f64>,
    /// What the lots are drawn from.
    pub seed: u64,
    /// A row of the catalogue.
    pub error: Option<String>,
    /// The status, in the place of the row's.
    pub status: Option<u16>,
    /// The code, in the place of the row's, or of an error of one's own.
    pub code: Option<String>,
    /// The message, in the place of the row's.
    pub message: Option<String>,
    /// The fields, in the place of the row's.
    pub fields: Option<Vec<String>>,
    /// How the error stands in the answer, in the place of the row's form.
    pub form: Option<String>,
    /// Values for the placeholders of the row's templates.
    pub values: BTreeMap<String, String>,
    /// Milliseconds that the answer is kept back.
    pub delay_ms: u64,
    /// Milliseconds more at most, by lot.
    pub jitter_ms: u64,
    /// `before` or `after` the work is done, the connection is dropped.
    pub drop: Option<String>,
    /// Bytes of the answer after which it breaks off; `half` of it.
    pub torn: Option<Torn>,
    /// The org's API requests of the day are used up.
    pub out_of_limit: bool,
}

/// Where an answer breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Torn {
    /// In the middle.
    Half,
    /// After so many bytes.
    Bytes(usize),
}

/// What a request gets that a rule strikes.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    /// Its own answer, though late.
    Pass,
    /// An error.
    Error(Told),
    /// Nothing, and nothing is done.
    DropBefore,
    /// Nothing, though all is done.
    DropAfter,
    /// A part of its own answer.
    Torn(Torn),
    /// The refusal of an org without API requests.
    OutOfLimit,
}

/// An error as a rule tells it.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub row: Option<&'static Row>,
    pub status: u16,
    pub form: Form,
}

/// Which of the requests that fit are struck.
#[derive(Clone, Copy, Debug)]
enum When {
    Always,
    Nth(u64),
    Every(u64),
    First(u64),
}

/// A rule in force.
#[derive(Debug)]
pub struct Rule {
    /// Its number in its org.
    pub id: u64,
    /// What was asked for.
    pub spec: Spec,
    pub(crate) effect: Effect,
    when: When,
    matched: AtomicU64,
    fired: AtomicU64,
}

impl Rule {
    /// Makes a rule; the error is a sentence.
    pub(crate) fn new(id: u64, spec: Spec) -> Result<Self, String> {
        check_sizes(&spec)?;
        let when = match (spec.nth, spec.every, spec.first) {
            (None, None, None) => When::Always,
            (Some(n), None, None) if n > 0 => When::Nth(n),
            (None, Some(n), None) if n > 0 => When::Every(n),
            (None, None, Some(n)) if n > 0 => When::First(n),
            _ => return Err("one of 'nth', 'every' and 'first' may be given, a number above 0".into()),
        };
        if spec.probability.is_some_and(|p| !(p > 0.0 && p <= 1.0)) {
            return Err("'probability' is above 0 and at most 1".into());
        }
        let effect = effect(&spec)?;
        Ok(Self { id, spec, effect, when, matched: AtomicU64::new(0), fired: AtomicU64::new(0) })
    }

    /// Requests that fitted.
    pub fn matched(&self) -> u64 {
        self.matched.load(Ordering::Relaxed)
    }

    /// Requests that were struck.
    pub fn fired(&self) -> u64 {
        self.fired.load(Ordering::Relaxed)
    }

    /// Whether a request fits and is struck: then the lot that its delay is drawn by.
    pub(crate) fn strikes(&self, call: &Call) -> Option<u64> {
        if !self.fits(call) {
            return None;
        }
        let n = self.matched.fetch_add(1, Ordering::Relaxed) + 1;
        let in_turn = match self.when {
            When::Always => true,
            When::Nth(wanted) => n == wanted,
            When::Every(every) => n.is_multiple_of(every),
            When::First(first) => n <= first,
        };
        let lot = draw(self.spec.seed, n);
        // The upper half of the lot decides, the whole of another one is for the delay.
        let drawn = self.spec.probability.is_none_or(|p| ((lot >> 11) as f64) < p * (1u64 << 53) as f64);
        (in_turn && drawn).then(|| {
            self.fired.fetch_add(1, Ordering::Relaxed);
            draw(!self.spec.seed, n)
        })
    }

    fn fits(&self, call: &Call) -> bool {
        let spec = &self.spec;
        let method = |wanted: &str| wanted.split(',').any(|m| m.trim().eq_ignore_ascii_case(call.method.as_str()));
        spec.method.as_deref().is_none_or(method)
            && spec.path.as_deref().is_none_or(|wanted| pattern::fits_path(wanted, &call.path))
            && spec.user_agent.as_deref().is_none_or(|wanted| pattern::fits(wanted, call.header(header::USER_AGENT).unwrap_or_default()))
            && spec.object.as_deref().is_none_or(|wanted| {
                about::object_of(&call.path, about::soql_of(call)).is_some_and(|object| object.eq_ignore_ascii_case(wanted))
            })
    }

    /// How long the answer of a request with this lot is kept back.
    pub(crate) fn delay_ms(&self, lot: u64) -> u64 {
        self.spec.delay_ms + if self.spec.jitter_ms == 0 { 0 } else { lot % (self.spec.jitter_ms + 1) }
    }
}

/// A lot: equal for equal seeds and numbers, and for nobody to see a pattern in (SplitMix64).
fn draw(seed: u64, n: u64) -> u64 {
    let mut z = seed.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn check_sizes(spec: &Spec) -> Result<(), String> {
    for (name, text) in [("method", &spec.method), ("path", &spec.path), ("object", &spec.object), ("user_agent", &spec.user_agent)] {
        if text.as_ref().is_some_and(|text| text.is_empty() || text.len() > pattern::LONGEST) {
            return Err(format!("'{name}' has 1 to {} bytes", pattern::LONGEST));
        }
    }
    let texts = spec.values.values().chain(spec.fields.iter().flatten()).chain(&spec.message).chain(&spec.code);
    if texts.into_iter().any(|text| text.len() > LONGEST) {
        return Err(format!("no text may have more than {LONGEST} bytes"));
    }
    if spec.values.len() > MOST_NAMES || spec.fields.as_ref().is_some_and(|fields| fields.len() > MOST_NAMES) {
        return Err(format!("there may be {MOST_NAMES} fields or values at most"));
    }
    if spec.delay_ms > LONGEST_DELAY || spec.jitter_ms > LONGEST_DELAY {
        return Err(format!("'delay_ms' and 'jitter_ms' are {LONGEST_DELAY} at most"));
    }
    Ok(())
}

fn effect(spec: &Spec) -> Result<Effect, String> {
    let tells = spec.error.is_some() || spec.code.is_some() || spec.status.is_some();
    let asked = [tells, spec.drop.is_some(), spec.torn.is_some(), spec.out_of_limit];
    if asked.iter().filter(|given| **given).count() > 1 {
        return Err("one of an error ('error', or 'status' and 'code'), 'drop', 'torn' and 'out_of_limit' may be given".into());
    }
    let of_errors = spec.message.is_some() || spec.fields.is_some() || spec.form.is_some() || !spec.values.is_empty();
    if of_errors && !tells {
        return Err("'message', 'fields', 'form' and 'values' are of an error: give 'error', or 'status' and 'code'".into());
    }
    match (spec.drop.as_deref(), spec.torn) {
        (Some("before"), _) => return Ok(Effect::DropBefore),
        (Some("after"), _) => return Ok(Effect::DropAfter),
        (Some(_), _) => return Err("'drop' is 'before' or 'after'".into()),
        (None, Some(torn)) => return Ok(Effect::Torn(torn)),
        (None, None) => {}
    }
    if spec.out_of_limit {
        return Ok(Effect::OutOfLimit);
    }
    if !tells {
        if spec.delay_ms == 0 && spec.jitter_ms == 0 {
            return Err("the rule says nothing of what is to happen: an error, a delay, 'drop', 'torn' or 'out_of_limit'".into());
        }
        return Ok(Effect::Pass);
    }
    let row = match &spec.error {
        Some(id) => Some(catalogue::row(id).ok_or_else(|| format!("the catalogue has no error '{id}'"))?),
        None => None,
    };
    if row.is_none() && (spec.code.is_none() || spec.status.is_none()) {
        return Err("an error of your own has 'status' and 'code'".into());
    }
    if row.is_none() && !spec.values.is_empty() {
        return Err("'values' are for an error of the catalogue".into());
    }
    if let Some(row) = row {
        let known = row.placeholders();
        if let Some(name) = spec.values.keys().find(|name| !known.contains(&name.as_str())) {
            let has = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(format!("the message of {} has no place for '{name}'; it has {has}", row.id));
        }
    }
    let form = match &spec.form {
        Some(name) => Form::named(name).ok_or_else(|| format!("there is no form '{name}'"))?,
        None => row.map_or(Form::Array, |row| row.form),
    };
    let status = spec.status.or(row.map(|row| row.status)).unwrap_or(400);
    if !(200..=599).contains(&status) {
        return Err("'status' is between 200 and 599".into());
    }
    Ok(Effect::Error(Told { row, status, form }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Peer, Scheme};
    use bytes::Bytes;

    fn call(method: &str, target: &str) -> Call {
        let request = http::Request::builder().method(method).uri(target).header("user-agent", "python-requests/2").body(Bytes::new());
        Call::new(request.unwrap(), Peer { scheme: Scheme::Http, trusted: true })
    }

    fn delayed(spec: Spec) -> Rule {
        Rule::new(1, Spec { delay_ms: 5, ..spec }).unwrap()
    }

    fn struck(rule: &Rule, calls: usize) -> Vec<usize> {
        (1..=calls).filter(|_| rule.strikes(&call("GET", "/services/data/v62.0/limits")).is_some()).collect()
    }

    #[test]
    fn rules_fit_by_what_they_name() {
        let text = |t: &str| Some(t.to_owned());
        for (spec, method, target, fit) in [
            (Spec::default(), "GET", "/services/data", true),
            (Spec { method: text("post, PATCH"), ..Spec::default() }, "PATCH", "/services/data", true),
            (Spec { method: text("POST"), ..Spec::default() }, "GET", "/services/data", false),
            (Spec { path: text("sobjects/**"), ..Spec::default() }, "GET", "/services/data/v62.0/sobjects/Account/1", true),
            (Spec { path: text("/services/data/*"), ..Spec::default() }, "GET", "/services/data/v62.0/sobjects", false),
            (Spec { object: text("account"), ..Spec::default() }, "GET", "/services/data/v62.0/sobjects/Account", true),
            (Spec { object: text("Account"), ..Spec::default() }, "GET", "/services/data/v62.0/query?q=SELECT+Id+FROM+Account", true),
            (Spec { object: text("Account"), ..Spec::default() }, "GET", "/services/data/v62.0/query?q=SELECT+Id+FROM+Contact", false),
            (Spec { user_agent: text("python*"), ..Spec::default() }, "GET", "/", false),
            (Spec { user_agent: text("python**"), ..Spec::default() }, "GET", "/", true),
        ] {
            let rule = delayed(spec);
            assert_eq!(rule.strikes(&call(method, target)).is_some(), fit, "{:?} {method} {target}", rule.spec);
        }
    }

    #[test]
    fn rules_strike_in_turn() {
        assert_eq!(struck(&delayed(Spec { nth: Some(3), ..Spec::default() }), 9), [3]);
        assert_eq!(struck(&delayed(Spec { every: Some(4), ..Spec::default() }), 9), [4, 8]);
        assert_eq!(struck(&delayed(Spec { first: Some(2), ..Spec::default() }), 9), [1, 2]);
        let rule = delayed(Spec { first: Some(2), ..Spec::default() });
        struck(&rule, 5);
        assert_eq!((rule.matched(), rule.fired()), (5, 2));
    }

    #[test]
    fn lots_are_repeatable_and_fair() {
        let half = |seed| struck(&delayed(Spec { probability: Some(0.25), seed, ..Spec::default() }), 4000);
        let first = half(7);
        assert_eq!(first, half(7));
        assert_ne!(first, half(8));
        assert!((900..1100).contains(&first.len()), "{}", first.len());
        let rule = delayed(Spec { jitter_ms: 10, ..Spec::default() });
        let delays: std::collections::BTreeSet<u64> = (0..500).map(|n| rule.delay_ms(draw(1, n))).collect();
        assert_eq!(delays, (5..=15).collect());
    }

    #[test]
    fn what_does_not_hold_is_refused() {
        let text = |t: &str| Some(t.to_owned());
        for (spec, says) in [
            (Spec::default(), "says nothing"),
            (Spec { error: text("crud-999"), ..Spec::default() }, "no error 'crud-999'"),
            (Spec { error: text("crud-018"), drop: text("before"), ..Spec::default() }, "one of"),
            (Spec { code: text("X"), ..Spec::default() }, "'status' and 'code'"),
            (Spec { status: Some(99), code: text("X"), ..Spec::default() }, "between 200 and 599"),
            (Spec { drop: text("never"), ..Spec::default() }, "'before' or 'after'"),
            (Spec { delay_ms: 1, nth: Some(1), every: Some(2), ..Spec::default() }, "'nth', 'every' and 'first'"),
            (Spec { delay_ms: 1, nth: Some(0), ..Spec::default() }, "above 0"),
            (Spec { delay_ms: 1, probability: Some(1.5), ..Spec::default() }, "at most 1"),
            (Spec { delay_ms: 1, probability: Some(f64::NAN), ..Spec::default() }, "at most 1"),
            (Spec { delay_ms: 999_999_999, ..Spec::default() }, "600000 at most"),
            (Spec { delay_ms: 1, message: text("m"), ..Spec::default() }, "are of an error"),
            (Spec { error: text("crud-018"), form: text("poem"), ..Spec::default() }, "no form 'poem'"),
            (
                Spec { error: text("crud-018"), values: [("nme".to_owned(), "x".to_owned())].into(), ..Spec::default() },
                "no place for 'nme'; it has field, Object",
            ),
            (Spec { delay_ms: 1, path: text(""), ..Spec::default() }, "'path' has 1 to"),
        ] {
            let refused = Rule::new(1, spec.clone()).unwrap_err();
            assert!(refused.contains(says), "{spec:?}: {refused}");
        }
    }
}
