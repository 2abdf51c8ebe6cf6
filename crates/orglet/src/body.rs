//! Request bodies: collected whole, inflated, and bounded in bytes and time at both ends; all together bounded in bytes.

use crate::fault;
use crate::inflate::{Encoding, InflateFault, Inflater};
use crate::limits::Limits;
use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use orglet_base::{ApiError, ErrorCode};
use orglet_http::codec::Format;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

/// Bytes inflated in one go.
const INFLATE_STEP: usize = 4 * 1024;
/// No encoding makes more bytes of one: deflate's longest match, 258 bytes, takes two bits at least.
const MOST_INFLATED: usize = 1032;
/// What an encoding may hold back of the bytes pushed and give with later ones.
const HELD_BACK: usize = 64 * 1024;

/// Why a body could not be read.
#[derive(Debug)]
pub(crate) enum BodyFault {
    /// Over the limit, as sent or as inflated.
    TooLarge,
    /// Cut off, or not what its encoding says.
    Broken,
    /// The peer took too long.
    Slow,
    /// Other bodies took up all the memory that there is for them.
    NoRoom,
    /// An encoding this server doesn't inflate.
    Encoding(String),
}

impl BodyFault {
    /// The answer to it. The connection ends with it, since the rest of the body is not read.
    pub(crate) fn answer(&self, form: Format, limits: &Limits) -> Response<Bytes> {
        let (status, code, message) = match self {
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                ErrorCode::ExceededMaxSizeRequest,
                format!("The request body exceeds the maximum size of {} bytes", limits.body_bytes),
            ),
            Self::Broken => (
                StatusCode::BAD_REQUEST,
                ErrorCode::BadRequest,
                "The request body could not be read: it is incomplete or not in the encoding that Content-Encoding names".to_owned(),
            ),
            Self::Slow => (StatusCode::REQUEST_TIMEOUT, ErrorCode::BadRequest, "The request body did not arrive in time".to_owned()),
            // routing-029
            Self::NoRoom => (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::ServerUnavailable, "Server Unavailable".to_owned()),
            Self::Encoding(name) => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                ErrorCode::UnsupportedMediaType,
                format!("Content-Encoding '{name}' is not supported; use gzip or deflate"),
            ),
        };
        let error = match self {
            Self::NoRoom => ApiError::new(code, message),
            _ => ApiError::routing(code, message),
        };
        let mut response = fault::api(&error, status, form);
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

/// Room in memory for the bytes of request bodies, shared by all connections.
pub(crate) struct Room(Arc<Semaphore>);

impl Room {
    /// Room as the limits say; a body that is itself within its limit always fits in when it is alone.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self(Arc::new(Semaphore::new(limits.all_bodies_bytes.max(limits.body_bytes).min(Semaphore::MAX_PERMITS))))
    }
}

/// The room that one body takes up; free again when this is dropped.
struct Place<'a> {
    room: &'a Room,
    taken: Option<OwnedSemaphorePermit>,
}

impl Place<'_> {
    fn bytes(&self) -> usize {
        self.taken.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }

    /// Grows to this many bytes, as soon as there is room.
    async fn grow(&mut self, bytes: usize, deadline: Instant) -> Result<(), BodyFault> {
        let Some(more) = bytes.checked_sub(self.bytes()).filter(|more| *more > 0) else { return Ok(()) };
        let more = u32::try_from(more).map_err(|_| BodyFault::TooLarge)?;
        let waited = timeout_at(deadline, self.room.0.clone().acquire_many_owned(more)).await;
        let (Ok(Ok(permit)), taken) = (waited, &mut self.taken) else { return Err(BodyFault::NoRoom) };
        match taken {
            Some(taken) => taken.merge(permit),
            None => *taken = Some(permit),
        }
        Ok(())
    }

    /// Gives back what is over this many bytes.
    fn shrink(&mut self, bytes: usize) {
        let over = self.bytes().saturating_sub(bytes);
        drop(self.taken.as_mut().and_then(|taken| taken.split(over)));
    }
}

/// A body's bytes and their place: the room is free when the last who looks at the bytes has gone.
struct Placed {
    bytes: Bytes,
    _place: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Placed {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads a request's body whole and inflates it; `Content-Encoding` is then gone from its head.
pub(crate) async fn read(parts: &mut Parts, mut body: Incoming, limits: &Limits, room: &Room) -> Result<Bytes, BodyFault> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let encoding = encoding(&parts.headers)?;
    let fits = body.size_hint().lower() <= limits.body_bytes as u64;
    let place = Place { room, taken: None };
    let mut incoming = Pieces { body: &mut body, limits, place, seen: 0, end: Instant::now() + limits.body_total };
    let outcome = match encoding {
        _ if !fits => Err(BodyFault::TooLarge),
        None => collect(&mut incoming).await,
        Some(encoding) => {
            parts.headers.remove(CONTENT_ENCODING);
            parts.headers.remove(CONTENT_LENGTH);
            inflate(&mut incoming, encoding).await
        }
    };
    let taken = incoming.place.taken.take();
    match (outcome, taken) {
        (Ok(bytes), Some(place)) => Ok(Bytes::from_owner(Placed { bytes, _place: place })),
        (Err(BodyFault::TooLarge), taken) => {
            drop(taken);
            discard(body, limits.body_bytes).await;
            Err(BodyFault::TooLarge)
        }
        (outcome, _) => outcome,
    }
}

/// The encoding to undo; `None` for identity.
fn encoding(headers: &HeaderMap) -> Result<Option<Encoding>, BodyFault> {
    let mut values = headers.get_all(CONTENT_ENCODING).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let name = value.to_str().unwrap_or_default().trim().to_ascii_lowercase();
    match (name.as_str(), values.next()) {
        ("identity" | "", None) => Ok(None),
        ("gzip" | "x-gzip", None) => Ok(Some(Encoding::Gzip)),
        ("deflate", None) => Ok(Some(Encoding::Deflate)),
        _ => Err(BodyFault::Encoding(name)),
    }
}

/// A body's pieces as they are sent, with the bounds on bytes and time.
struct Pieces<'a> {
    body: &'a mut Incoming,
    limits: &'a Limits,
    place: Place<'a>,
    seen: usize,
    end: Instant,
}

impl Pieces<'_> {
    fn deadline(&self) -> Instant {
        self.end.min(Instant::now() + self.limits.body_idle)
    }

    /// Takes up room for this many bytes.
    async fn make_room(&mut self, bytes: usize) -> Result<(), BodyFault> {
        let deadline = self.deadline();
        self.place.grow(bytes, deadline).await
    }

    async fn next(&mut self) -> Result<Option<Bytes>, BodyFault> {
        loop {
            let next = timeout_at(self.deadline(), self.body.frame()).await.map_err(|_| BodyFault::Slow)?;
            let Some(frame) = next else { return Ok(None) };
            // Trailers are of no interest.
            let Ok(data) = frame.map_err(|_| BodyFault::Broken)?.into_data() else { continue };
            self.seen += data.len();
            return if self.seen > self.limits.body_bytes { Err(BodyFault::TooLarge) } else { Ok(Some(data)) };
        }
    }
}

async fn collect(pieces: &mut Pieces<'_>) -> Result<Bytes, BodyFault> {
    // Most bodies are one piece, which then is never copied.
    let Some(first) = pieces.next().await? else { return Ok(Bytes::new()) };
    pieces.make_room(first.len()).await?;
    let Some(second) = pieces.next().await? else { return Ok(first) };
    let mut whole = BytesMut::from(first);
    let mut next = Some(second);
    while let Some(piece) = next {
        pieces.make_room(whole.len() + piece.len()).await?;
        whole.extend_from_slice(&piece);
        next = pieces.next().await?;
    }
    Ok(whole.freeze())
}

async fn inflate(pieces: &mut Pieces<'_>, encoding: Encoding) -> Result<Bytes, BodyFault> {
    let mut inflater = Inflater::new(encoding, pieces.limits.body_bytes);
    while let Some(piece) = pieces.next().await? {
        // A few kilobytes may inflate to megabytes: other connections get their turn in between.
        for part in piece.chunks(INFLATE_STEP) {
            // What it inflates to is not known before: room for the worst, and what is over goes back at once.
            let worst = inflater.len().saturating_add(part.len() * MOST_INFLATED + HELD_BACK);
            pieces.make_room(worst.min(pieces.limits.body_bytes)).await?;
            inflater.push(part)?;
            pieces.place.shrink(inflater.len());
            tokio::task::consume_budget().await;
        }
    }
    Ok(inflater.finish()?)
}

impl From<InflateFault> for BodyFault {
    fn from(fault: InflateFault) -> Self {
        match fault {
            InflateFault::TooLarge => Self::TooLarge,
            InflateFault::Broken => Self::Broken,
        }
    }
}

/// Reads on for a while and forgets it: a client that is still sending would otherwise see a reset, not the answer.
async fn discard(mut body: Incoming, bound: usize) {
    let reading = async {
        let mut seen = 0;
        while let Some(Ok(frame)) = body.frame().await {
            seen += frame.data_ref().map_or(0, Bytes::len);
            if seen > bound {
                break;
            }
        }
    };
    // Either way the answer follows.
    let _ = timeout(Duration::from_secs(5), reading).await;
}
