//! The org as a running program sees it: queries and saves in the transaction that the program runs in.

use super::rows::{Reader, aggregates, incoming};
use super::{Context, Session};
use crate::query::{self, Request};
use crate::save::{self, Change, Incoming, Op, Saved};
use crate::{Failure, record, search};
use orglet_apex::{Dml, DmlKind, Host, HostError, ObjectInfo, Query, Record, RowError, RowResult, Rows, Schema, Usage, UserInfo};
use orglet_base::{ApiError, ApiVersion, DateTime, ErrorCode, Id, KeyPrefix, Statement};
use orglet_plan::Output;
use orglet_schema::Object;
use orglet_store::{Mark, Tx};
use std::sync::Arc;

/// Rows that the queries of a transaction may find ("Apex Governor Limits").
const MOST_ROWS: usize = 50_000;
/// Lines of the log that are kept.
const MOST_LOG: usize = 10_000;
/// Bytes after which no more lines are kept ("Debug Log Limits").
const MOST_LOG_BYTES: usize = 20 << 20;

/// An org with a transaction.
pub(crate) struct InOrg<'a> {
    tx: &'a mut dyn Tx,
    cx: &'a Context<'a>,
    session: &'a mut Session,
}

impl<'a> InOrg<'a> {
    /// The org within a transaction. What programs may ask of the organization is read by it once: a transaction in memory lets no
    /// other read beside it.
    pub(crate) fn new(tx: &'a mut dyn Tx, cx: &'a Context<'a>, session: &'a mut Session) -> Result<Self, Failure> {
        if session.organization.is_none() {
            let org = &*cx.identity.org;
            let name = match cx.catalog.object("Organization").filter(|object| org.has_rows(object)) {
                Some(object) => {
                    let row = record::by_id(tx, org, object, org.id)?;
                    row.and_then(|row| row.get(object, "Name").as_text().map(str::to_owned))
                }
                None => None,
            };
            session.organization = Some(name.unwrap_or_default());
        }
        Ok(Self { tx, cx, session })
    }

    /// A failure that is no matter of the program's ends it; whoever began the transaction is told.
    fn fatal(&mut self, failure: Failure) -> HostError {
        let told = HostError::fatal(failure.to_string());
        self.session.failure = Some(failure);
        told
    }

    fn refused(&mut self, failure: Failure, make: fn(String) -> HostError) -> HostError {
        match failure {
            Failure::Api(e) => make(e.message().to_owned()),
            Failure::Errors(list) => make(list.first().map(|e| e.message().to_owned()).unwrap_or_default()),
            other => self.fatal(other),
        }
    }

    fn found(&mut self, query: &Query) -> Result<Rows, Failure> {
        let soql = query.with_literals();
        let request = Request { soql: &soql, version: ApiVersion::LATEST, all_rows: query.all_rows, batch: MOST_ROWS, tooling: false };
        let identity = self.cx.identity;
        let mut found = query::within(self.tx, identity, &request, MOST_ROWS + 1)?;
        if let (Output::Records(plan), true) = (&found.plan.output, query.for_update) {
            let ids: Vec<Id> =
                (0..found.set.rows.len()).filter_map(|row| found.set.rows.cell(row, 0).text().and_then(|t| Id::parse(t).ok())).collect();
            for id in ids {
                record::by_id_to_change(self.tx, &identity.org, &plan.object, id)?;
            }
            found = query::within(self.tx, identity, &request, MOST_ROWS + 1)?;
        }
        Ok(match &found.plan.output {
            Output::Count(_) => Rows { records: Vec::new(), count: found.count },
            Output::Aggregate(plan) => Rows { records: aggregates(plan, &found.set.rows), count: None },
            Output::Records(plan) => {
                let reader = Reader { catalog: self.cx.catalog, org: &identity.org };
                Rows { records: reader.records(self.tx, plan, &found.set)?, count: None }
            }
        })
    }

    /// Saves records of one object.
    fn save(&mut self, dml: &Dml, object: &Arc<Object>, records: &[Record]) -> Result<Vec<Result<Saved, Failure>>, Failure> {
        let cx = self.cx;
        let op = match dml.kind {
            DmlKind::Insert => Op::Insert,
            DmlKind::Update => Op::Update,
            DmlKind::Upsert => {
                let key = match &dml.external_id {
                    Some(name) => record::external_id_field(object, name)?.name.clone(),
                    None => "Id".to_owned(),
                };
                Op::Upsert { key: object.field_index(&key).unwrap_or_default(), update_only: false }
            }
            DmlKind::Delete => Op::Delete,
            DmlKind::Undelete => {
                let ids: Vec<Id> = records.iter().filter_map(Record::id).collect();
                let outcomes = save::undelete_within(self.tx, cx, self.session, &ids, dml.all_or_none)?;
                return Ok(outcomes);
            }
        };
        // An upsert by id creates what has none, and updates the rest.
        if matches!(op, Op::Upsert { .. }) && dml.external_id.is_none() {
            let mut outcomes = Vec::with_capacity(records.len());
            for run in records.chunk_by(|a, b| a.id().is_some() == b.id().is_some()) {
                let kind = if run[0].id().is_some() { DmlKind::Update } else { DmlKind::Insert };
                outcomes.extend(self.save(&Dml { kind, records: Vec::new(), external_id: None, ..dml.clone() }, object, run)?);
            }
            return Ok(outcomes);
        }
        let key = match op {
            Op::Upsert { key, .. } => Some(key),
            _ => None,
        };
        let insert = matches!(op, Op::Insert | Op::Upsert { .. });
        let mut outcomes: Vec<Option<Result<Saved, Failure>>> = Vec::with_capacity(records.len());
        let mut taken = Vec::with_capacity(records.len());
        for one in records {
            let read = match op {
                Op::Delete => Ok(Incoming { id: one.id(), ..Incoming::default() }),
                Op::Insert if one.id().is_some() => {
                    let text = "cannot specify Id in an insert call";
                    Err(ApiError::new(ErrorCode::InvalidFieldForInsertUpdate, text).with_fields(["Id"]))
                }
                Op::Update if one.id().is_none() => {
                    Err(ApiError::new(ErrorCode::MissingArgument, "Id not specified in an update call").with_fields(Vec::<String>::new()))
                }
                _ => incoming(cx.catalog, object, one, insert, key),
            };
            match read {
                Ok(mut record) => {
                    if insert {
                        record.id = None;
                    }
                    taken.push(record);
                    outcomes.push(None);
                }
                Err(e) => outcomes.push(Some(Err(e.into()))),
            }
        }
        let change = Change { object: object.clone(), op, records: taken, all_or_none: dml.all_or_none, system: false, guard: None };
        let mut saved = save::within(self.tx, cx.identity, cx.catalog, self.session, &change)?.into_iter();
        let rest = || Err(ApiError::not_found().into());
        Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(|| saved.next().unwrap_or_else(rest))).collect())
    }

    fn saved(&mut self, dml: &Dml) -> Result<Vec<RowResult>, Failure> {
        let mut results = Vec::with_capacity(dml.records.len());
        for run in dml.records.chunk_by(|a, b| a.object.eq_ignore_ascii_case(&b.object)) {
            let name = &run[0].object;
            let object = self
                .cx
                .catalog
                .object(name)
                .cloned()
                .ok_or_else(|| ApiError::new(ErrorCode::InvalidType, format!("sObject type '{name}' is not supported.")))?;
            for (record, outcome) in run.iter().zip(self.save(dml, &object, run)?) {
                results.push(match outcome {
                    Ok(saved) => RowResult { id: Some(saved.id), created: saved.created, errors: Vec::new() },
                    Err(failure) => RowResult { id: record.id(), created: false, errors: errors(failure)? },
                });
            }
        }
        Ok(results)
    }

    fn statement(&mut self, sql: String) -> Result<(), HostError> {
        match self.tx.execute(&Statement::new(sql, Vec::new())) {
            Ok(_) => Ok(()),
            Err(e) => Err(self.fatal(e.into())),
        }
    }
}

/// A search as the API writes it: Apex has its words in quotes, the API in braces.
fn braced(sosl: &str) -> String {
    let start = sosl.trim_start();
    let Some(rest) = start.get(..4).filter(|word| word.eq_ignore_ascii_case("find")).map(|_| start[4..].trim_start()) else {
        return sosl.to_owned();
    };
    let Some(quoted) = rest.strip_prefix('\'') else { return sosl.to_owned() };
    let mut words = String::with_capacity(quoted.len());
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' => return format!("FIND {{{words}}}{}", &quoted[at + 1..]),
            '\\' => match chars.next() {
                Some((_, quote @ ('\'' | '"'))) => words.push(quote),
                Some((_, other)) => words.extend(['\\', other]),
                None => break,
            },
            '{' | '}' => words.extend(['\\', c]),
            c => words.push(c),
        }
    }
    sosl.to_owned()
}

/// What a record is refused with. A failure of another kind ends the program.
fn errors(failure: Failure) -> Result<Vec<RowError>, Failure> {
    let row = |e: &ApiError| RowError {
        status: e.code().as_str().to_owned(),
        message: e.message().to_owned(),
        fields: e.fields().map(<[String]>::to_vec).unwrap_or_default(),
    };
    match failure {
        Failure::Choices(_, ids) => {
            let text = format!("more than one record found for external id field: {}", super::call::list(&ids));
            Ok(vec![RowError { status: "DUPLICATE_EXTERNAL_ID".to_owned(), message: text, fields: Vec::new() }])
        }
        failure if !failure.errors().is_empty() => Ok(failure.errors().iter().map(row).collect()),
        other => Err(other),
    }
}

impl Schema for InOrg<'_> {
    fn object(&self, name: &str) -> Option<Arc<ObjectInfo>> {
        self.cx.compiled.objects.object(name)
    }

    fn object_names(&self) -> Vec<String> {
        self.cx.compiled.objects.object_names()
    }

    fn object_of_prefix(&self, prefix: KeyPrefix) -> Option<Arc<ObjectInfo>> {
        self.cx.compiled.objects.object_of_prefix(prefix)
    }
}

impl Host for InOrg<'_> {
    fn query(&mut self, query: &Query) -> Result<Rows, HostError> {
        self.found(query).map_err(|failure| self.refused(failure, HostError::query))
    }

    fn search(&mut self, query: &Query) -> Result<Vec<Vec<Record>>, HostError> {
        let sosl = braced(&query.with_literals());
        let request = search::Request { sosl: &sosl, version: ApiVersion::LATEST, by_name: false };
        let make: fn(String) -> HostError = |message| HostError { type_name: "System.SearchException", message, fatal: false };
        let answer = match search::within(self.tx, self.cx.identity, &request) {
            Ok(answer) => answer,
            Err(failure) => return Err(self.refused(failure, make)),
        };
        let mut lists = Vec::with_capacity(answer.found.len());
        for found in &answer.found {
            let Some(plan) = found.search.records() else { continue };
            let reader = Reader { catalog: self.cx.catalog, org: &self.cx.identity.org };
            match reader.records(self.tx, plan, &found.set) {
                Ok(records) => lists.push(records),
                Err(failure) => return Err(self.fatal(failure)),
            }
        }
        Ok(lists)
    }

    fn dml(&mut self, dml: Dml) -> Result<Vec<RowResult>, HostError> {
        if let Err(e) = self.tx.mark(Mark::Set) {
            return Err(self.fatal(e.into()));
        }
        let grown = self.session.grown.len();
        let done = self.saved(&dml);
        let undone = match &done {
            Ok(results) => dml.all_or_none && results.iter().any(|r| !r.errors.is_empty()),
            Err(_) => true,
        };
        if undone {
            self.session.grown.truncate(grown);
        }
        // A store that has failed takes no more statements.
        if !matches!(done, Err(Failure::Store(_)))
            && let Err(e) = self.tx.mark(if undone { Mark::Return } else { Mark::Forget })
        {
            return Err(self.fatal(e.into()));
        }
        done.map_err(|failure| self.refused(failure, HostError::dml))
    }

    fn savepoint(&mut self) -> Result<u32, HostError> {
        let number = u32::try_from(self.session.savepoints.len()).unwrap_or(u32::MAX);
        self.session.savepoints.push((self.session.depth, self.session.grown.len()));
        self.statement(format!("SAVEPOINT apex_{number}"))?;
        Ok(number)
    }

    fn rollback(&mut self, savepoint: u32) -> Result<(), HostError> {
        // What was set around a trigger, or within one that has ended, is no savepoint any more.
        let grown = match self.session.savepoints.get(savepoint as usize) {
            Some((depth, grown)) if *depth == self.session.depth => *grown,
            _ => return Err(HostError { type_name: "System.TypeException", message: "Invalid savepoint".to_owned(), fatal: false }),
        };
        for (later, _) in self.session.savepoints.iter_mut().skip(savepoint as usize + 1) {
            *later = u32::MAX;
        }
        self.statement(format!("ROLLBACK TO apex_{savepoint}"))?;
        // What was undone takes no room.
        self.session.grown.truncate(grown);
        Ok(())
    }

    fn user(&self) -> UserInfo {
        let identity = self.cx.identity;
        let user = &identity.user;
        UserInfo {
            user_id: Some(user.id),
            profile_id: user.profile_id,
            role_id: user.role_id,
            organization_id: Some(identity.org.id),
            organization_name: self.session.organization.clone().unwrap_or_default(),
            name: user.name.clone(),
            first_name: user.first_name.clone().unwrap_or_default(),
            last_name: user.last_name.clone(),
            user_name: user.username.clone(),
            email: user.email.clone(),
            user_type: user.user_type.clone(),
            locale: user.locale.clone(),
            language: user.language.clone(),
            time_zone: user.time_zone_key.clone(),
            default_currency: "USD".to_owned(),
            session_id: Some(identity.token.to_string()),
        }
    }

    fn now(&mut self) -> DateTime {
        self.cx.identity.org.now()
    }

    fn random(&mut self) -> u64 {
        let mut bytes = [0; 8];
        // A generator of the system's that fails gives the time, which no program may rely on either.
        if getrandom::fill(&mut bytes).is_err() {
            return self.cx.identity.org.now().0.unsigned_abs();
        }
        u64::from_ne_bytes(bytes)
    }

    fn debug(&mut self, level: &str, line: u32, text: &str) {
        tracing::debug!(target: "apex", org = %self.cx.identity.org.id, level, line, "{text}");
        if self.session.log.len() < MOST_LOG && self.session.logged < MOST_LOG_BYTES {
            self.session.logged += text.len();
            self.session.log.push(format!("USER_DEBUG|[{line}]|{level}|{text}"));
        }
    }

    fn usage(&mut self) -> &mut Usage {
        &mut self.session.usage
    }
}

#[cfg(test)]
mod tests {
    use super::braced;

    #[test]
    fn quotes_of_a_search_become_braces() {
        for (apex, api) in [
            ("FIND 'map*' IN ALL FIELDS RETURNING Account", "FIND {map*} IN ALL FIELDS RETURNING Account"),
            ("find 'o\\'x {y}'", "FIND {o'x \\{y\\}}"),
            ("FIND {x}", "FIND {x}"),
            ("FIND 'open", "FIND 'open"),
            ("", ""),
        ] {
            assert_eq!(braced(apex), api, "{apex}");
        }
    }
}
