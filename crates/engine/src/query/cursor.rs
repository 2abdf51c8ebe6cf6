//! Query locators: `01g…` ids with the position of the next row, over ids kept in the server's own store.

use super::Request;
use crate::auth::random_text;
use crate::system::{int, own, text};
use crate::{Failure, Identity, Server};
use orglet_base::{ApiError, ErrorCode, Id, Param};

/// How long a locator lives, in milliseconds (two days).
const LIFE_MS: i64 = 2 * 86_400_000;
/// Locators that a user may have at a time; the oldest give way.
const MOST_OPEN: i64 = 100;
/// Ids in one stored piece.
const PIECE: usize = 2000;
/// Characters of an id in a piece.
const WIDTH: usize = 18;

/// The error for a locator that is unknown, expired or another user's (query-053).
pub(super) fn invalid() -> ApiError {
    ApiError::new(ErrorCode::InvalidQueryLocator, "invalid query locator")
}

/// Puts the ids of a result aside, to be read in pages of `batch`; answers the locator of what follows the first
/// `taken` of them. A user's older locators give way to new ones.
#[allow(clippy::too_many_arguments, reason = "whose result it is, what it is, and how far it was read")]
pub(super) fn store(
    server: &Server,
    identity: &Identity,
    request: &Request<'_>,
    path: &[usize],
    ids: &[String],
    batch: usize,
    taken: usize,
) -> Result<String, Failure> {
    let id = Id::parse(&format!("01g5g0{}", random_text(9)?)).map_err(|_| invalid())?.to_string();
    let now = server.now().0;
    let way = path.iter().map(usize::to_string).collect::<Vec<_>>().join("/");
    server.store.transact_with::<_, Failure>(|tx| {
        tx.execute(&own(
            "DELETE FROM \"_cursor_ids\" WHERE cursor IN (SELECT id FROM \"_cursors\" WHERE created < ?1)",
            vec![(now - LIFE_MS).into()],
        ))?;
        tx.execute(&own("DELETE FROM \"_cursors\" WHERE created < ?1", vec![(now - LIFE_MS).into()]))?;
        tx.execute(&own(
            "INSERT INTO \"_cursors\" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            vec![
                id.as_str().into(),
                identity.org.id.to_string().into(),
                identity.user.id.to_string().into(),
                request.soql.into(),
                way.as_str().into(),
                i64::from(request.all_rows).into(),
                (ids.len() as i64).into(),
                (batch as i64).into(),
                now.into(),
            ],
        ))?;
        let others =
            "SELECT id FROM \"_cursors\" WHERE org = ?1 AND \"user\" = ?2 ORDER BY created DESC, rowid DESC LIMIT 1000000 OFFSET ?3";
        let whose = || -> Vec<Param> { vec![identity.org.id.to_string().into(), identity.user.id.to_string().into(), MOST_OPEN.into()] };
        let old: Vec<String> = tx.all(&own(others, whose()))?.iter().map(|row| text(&row[0]).to_owned()).collect();
        for old in old {
            tx.execute(&own("DELETE FROM \"_cursor_ids\" WHERE cursor = ?1", vec![old.as_str().into()]))?;
            tx.execute(&own("DELETE FROM \"_cursors\" WHERE id = ?1", vec![old.as_str().into()]))?;
        }
        for (n, piece) in ids.chunks(PIECE).enumerate() {
            tx.execute(&own(
                "INSERT INTO \"_cursor_ids\" VALUES (?1, ?2, ?3)",
                vec![id.as_str().into(), ((n * PIECE) as i64).into(), piece.concat().into()],
            ))?;
        }
        Ok(())
    })?;
    Ok(format!("{id}-{taken}"))
}

/// What a locator leads to.
pub(super) struct Page {
    pub(super) soql: String,
    pub(super) path: Vec<usize>,
    pub(super) all_rows: bool,
    pub(super) total: u64,
    pub(super) ids: Vec<String>,
    pub(super) next: Option<String>,
    pub(super) batch: usize,
}

/// The ids of the page that a locator names.
pub(super) fn page(server: &Server, identity: &Identity, locator: &str, batch: Option<usize>) -> Result<Page, Failure> {
    let (id, position) = locator.split_once('-').ok_or_else(invalid)?;
    let id = Id::parse(id).map_err(|_| invalid())?.to_string();
    let position: usize = position.parse().map_err(|_| invalid())?;
    server.store.read_with(|tx| {
        let found = tx.first(&own(
            "SELECT soql, child, all_rows, total, created, batch FROM \"_cursors\" WHERE id = ?1 AND org = ?2 AND \"user\" = ?3",
            vec![id.as_str().into(), identity.org.id.to_string().into(), identity.user.id.to_string().into()],
        ))?;
        let row = found.ok_or_else(invalid)?;
        let total = int(&row[3]) as usize;
        // Without a size of its own, a page has that of the first.
        let batch = batch.unwrap_or(int(&row[5]).max(1) as usize);
        if int(&row[4]) < server.now().0 - LIFE_MS || position >= total {
            return Err(invalid().into());
        }
        let first = position / PIECE * PIECE;
        let last = position + batch;
        let pieces = tx.all(&own(
            "SELECT ids FROM \"_cursor_ids\" WHERE cursor = ?1 AND first >= ?2 AND first < ?3 ORDER BY first",
            vec![id.as_str().into(), (first as i64).into(), (last as i64).into()],
        ))?;
        let ids: Vec<String> = pieces
            .iter()
            .flat_map(|p| text(&p[0]).as_bytes().chunks(WIDTH))
            .skip(position - first)
            .take(batch)
            .map(|id| String::from_utf8_lossy(id).into_owned())
            .collect();
        let next = (last < total).then(|| format!("{id}-{last}"));
        let path = text(&row[1]).split('/').filter_map(|n| n.parse().ok()).collect();
        Ok(Page { soql: text(&row[0]).to_owned(), path, all_rows: int(&row[2]) == 1, total: total as u64, ids, next, batch })
    })
}

/// The locator of what lies `further` rows past another.
pub(super) fn locator(of: &str, further: usize) -> Result<String, Failure> {
    let (id, position) = of.split_once('-').ok_or_else(invalid)?;
    let position: usize = position.parse().map_err(|_| invalid())?;
    let id = Id::parse(id).map_err(|_| invalid())?;
    Ok(format!("{id}-{}", position + further))
}
