//! The event bus of an org: published platform events wait in a table of the engine's own, in the order of their replay
//! ids, for whoever subscribes. A publish that was acknowledged is there.

mod schema;

pub(crate) use schema::note as note_schemas;
pub use schema::{EventSchema, NAMESPACE, SchemaField, SchemaType, schema, schema_of};

use crate::ids::{Counters, bump};
use crate::record::Row;
use crate::system::{int, own, text};
use crate::{Failure, Org};
use orglet_base::{ApiError, DateTime, ErrorCode, Id, Value};
use orglet_schema::Object;
use orglet_store::{StoreError, Tx};
use serde_json::{Map, Value as Json};
use std::fmt;

/// The counter of replay ids.
pub(crate) const REPLAY: &str = "event replay";
/// How long an event is kept: three days, as the platform keeps events of high volume.
const KEPT_MS: i64 = 72 * 3_600_000;
/// Events that may be published in an hour of the clock: `HourlyPublishedPlatformEvents` of a Developer Edition.
pub const HOURLY: i64 = 50_000;
/// After how many events those past their time are taken away.
const SWEEP: u64 = 64;
const HOUR_MS: i64 = 3_600_000;

/// What tells a published event from all others (version 4 of RFC 9562).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventUuid([u8; 16]);

impl EventUuid {
    pub(crate) fn new() -> Result<Self, Failure> {
        let mut bytes = [0u8; 16];
        getrandom::fill(&mut bytes).map_err(|e| StoreError::Other(format!("no random numbers: {e}")))?;
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Ok(Self(bytes))
    }
}

impl fmt::Display for EventUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// An event as it waits on the bus.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// Its position on the bus. Later events have greater ones.
    pub replay: i64,
    /// The event's object.
    pub object: String,
    /// The id of the schema that its payload follows.
    pub schema: String,
    /// Its UUID.
    pub uuid: String,
    /// When it was published.
    pub created: DateTime,
    /// The id of the user who published it.
    pub author: String,
    /// Custom fields by name: checkboxes as such, all else as text (numbers in digits, times canonical), or null.
    pub payload: Map<String, Json>,
}

/// The id that the answer to a publish has. It names no record, and every event of an object has the same one.
pub(crate) fn id_of(object: &Object) -> Id {
    object.key_prefix.map_or(Id::EMPTY, |prefix| Id::new(prefix, *b"xx", 1))
}

/// Puts an event on the bus, as part of the save that publishes it.
pub(crate) fn append(tx: &mut dyn Tx, org: &Org, object: &Object, row: &Row, author: Id) -> Result<EventUuid, Failure> {
    let now = org.now();
    let uuid = EventUuid::new()?;
    let replay = bump(tx, Counters::Named, REPLAY, 1, 1)?;
    within_allocation(tx, replay as i64, now)?;
    let schema = schema::current_id(tx, &object.name)?;
    let fields = object.fields().iter().enumerate().filter(|(_, f)| f.custom);
    let payload: Map<String, Json> = fields.map(|(i, f)| (f.name.clone(), plain(&row.values[i]))).collect();
    tx.execute(&own(
        "INSERT INTO \"_events\" (replay, object, schema_id, uuid, created, author, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        vec![
            (replay as i64).into(),
            object.name.as_str().into(),
            schema.into(),
            uuid.to_string().into(),
            now.0.into(),
            author.to_string().into(),
            Json::Object(payload).to_string().into(),
        ],
    ))?;
    if replay % SWEEP == 0 {
        tx.execute(&own("DELETE FROM \"_events\" WHERE created < ?1", vec![(now.0 - KEPT_MS).into()]))?;
    }
    Ok(uuid)
}

/// LIMIT_EXCEEDED where the allocation of the hour is used up. Replay ids count what is published, so that the event which stands
/// as many before this one tells it: it is of another hour as long as there is room.
fn within_allocation(tx: &mut dyn Tx, replay: i64, now: DateTime) -> Result<(), Failure> {
    if replay <= HOURLY {
        return Ok(());
    }
    let before = own("SELECT created FROM \"_events\" WHERE replay <= ?1 ORDER BY replay DESC LIMIT 1", vec![(replay - HOURLY).into()]);
    let hour = now.0 - now.0.rem_euclid(HOUR_MS);
    match tx.first(&before)? {
        Some(row) if int(&row[0]) >= hour => {
            let e = ApiError::new(ErrorCode::LimitExceeded, "HourlyPublishedPlatformEvents Limit exceeded.");
            Err(e.with_fields(Vec::<String>::new()).into())
        }
        _ => Ok(()),
    }
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        other => Json::String(other.display()),
    }
}

/// Events that wait on the bus after a replay id, oldest first, `most` at most; those of one object where it is named.
pub fn after(org: &Org, object: Option<&str>, replay: i64, most: u32) -> Result<Vec<Published>, Failure> {
    let oldest = org.now().0 - KEPT_MS;
    let (sql, name) = match object {
        Some(name) => (
            "SELECT replay, object, schema_id, uuid, created, author, payload FROM \"_events\" \
             WHERE replay > ?1 AND created >= ?2 AND object = ?4 ORDER BY replay LIMIT ?3",
            Some(name),
        ),
        None => (
            "SELECT replay, object, schema_id, uuid, created, author, payload FROM \"_events\" \
             WHERE replay > ?1 AND created >= ?2 ORDER BY replay LIMIT ?3",
            None,
        ),
    };
    let mut params = vec![replay.into(), oldest.into(), i64::from(most).into()];
    params.extend(name.map(Into::into));
    let rows = org.read(|tx| Ok(tx.all(&own(sql, params.clone()))?))?;
    rows.iter()
        .map(|row| {
            let broken = |e: serde_json::Error| StoreError::Other(format!("event {} cannot be read: {e}", int(&row[0])));
            Ok(Published {
                replay: int(&row[0]),
                object: text(&row[1]).to_owned(),
                schema: text(&row[2]).to_owned(),
                uuid: text(&row[3]).to_owned(),
                created: DateTime(int(&row[4])),
                author: text(&row[5]).to_owned(),
                payload: serde_json::from_str(text(&row[6])).map_err(broken)?,
            })
        })
        .collect()
}

/// Events published since the hour began.
pub fn published_this_hour(org: &Org) -> Result<i64, Failure> {
    let now = org.now().0;
    let counted = own("SELECT COUNT(*) FROM \"_events\" WHERE created >= ?1", vec![(now - now.rem_euclid(HOUR_MS)).into()]);
    Ok(org.read(|tx| Ok(tx.first(&counted)?))?.map_or(0, |row| int(&row[0])))
}

/// Forgets the events of an object that is taken away.
pub(crate) fn forget(tx: &mut dyn Tx, object: &str) -> Result<(), Failure> {
    tx.execute(&own("DELETE FROM \"_events\" WHERE object = ?1", vec![object.into()]))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{OrgOptions, Server};

    #[test]
    fn an_hour_takes_its_allocation_and_no_more() {
        let server = Server::open(OrgOptions::default()).unwrap();
        let org = server.default_org();
        let hour = DateTime::parse("2024-05-15T12:00:00Z").unwrap();
        let at = |replay: i64, created: i64, now: i64| {
            org.transact(|tx| {
                tx.execute(&own("DELETE FROM \"_events\"", vec![]))?;
                let insert = "INSERT INTO \"_events\" VALUES (?1, 'X__e', 's', 'u', ?2, 'a', '{}')";
                tx.execute(&own(insert, vec![7.into(), created.into()]))?;
                within_allocation(tx, replay, DateTime(now))
            })
        };
        // The first and the last of an hour.
        assert!(at(HOURLY + 6, hour.0, hour.0 + 1).is_ok());
        let refused = at(HOURLY + 7, hour.0, hour.0 + HOUR_MS - 1).unwrap_err();
        assert!(matches!(&refused, Failure::Api(e) if e.code() == ErrorCode::LimitExceeded), "{refused:?}");
        assert!(at(HOURLY + 7, hour.0, hour.0 + HOUR_MS).is_ok());
        assert!(at(HOURLY + 7, hour.0 - 1, hour.0).is_ok());
    }

    #[test]
    fn uuids_are_of_version_4() {
        let text = EventUuid::new().map(|uuid| uuid.to_string()).unwrap();
        assert_eq!(text.len(), 36);
        assert_eq!((text.as_bytes()[14], text.as_bytes()[8]), (b'4', b'-'));
        assert!(matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{text}");
    }
}
