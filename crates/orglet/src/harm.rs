//! What rules of an org do to answers on their way out: they come late, break off, or not at all.

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use orglet_http::faults::{Cut, Harm};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Sleep, sleep};
use tower_http::compression::predicate::Predicate;

/// Before a body breaks off, what came of it is given so long to get out.
const LAST_PIECE: Duration = Duration::from_millis(20);

/// The connection ends here.
#[derive(Debug, thiserror::Error)]
#[error("the connection was dropped, as a rule of the org wants it")]
pub(crate) struct Dropped;

/// Waits as long as an answer is to be kept back; the error is that it is not to be sent at all.
pub(crate) async fn keep_back<B>(response: &mut Response<B>) -> Result<(), Dropped> {
    let Some(harm) = response.extensions_mut().remove::<Harm>() else { return Ok(()) };
    if !harm.delay.is_zero() {
        sleep(harm.delay).await;
    }
    if harm.cut == Some(Cut::Drop) { Err(Dropped) } else { Ok(()) }
}

/// Answers that leave as they are meant to: one that breaks off is not compressed, so that its bytes are those that were asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unharmed;

impl Predicate for Unharmed {
    fn should_compress<B: Body>(&self, response: &Response<B>) -> bool {
        response.extensions().get::<Harm>().is_none_or(|harm| harm.cut.is_none())
    }
}

/// A body, whole or to break off.
pub(crate) enum Bare {
    /// All of it.
    Whole(Full<Bytes>),
    /// A piece of a body that says to be longer.
    Torn {
        /// What comes before it breaks off.
        piece: Option<Bytes>,
        /// How long it says to be.
        whole: u64,
        /// Runs while the piece gets out.
        end: Option<Pin<Box<Sleep>>>,
    },
}

impl Bare {
    /// All of a body.
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self::Whole(Full::new(bytes))
    }

    /// An answer with its body as its harm says.
    pub(crate) fn of(response: Response<Bytes>) -> Response<Self> {
        let cut = response.extensions().get::<Harm>().and_then(|harm| harm.cut);
        response.map(|bytes| match cut {
            Some(Cut::After(most)) if most < bytes.len() => {
                let (piece, whole) = (bytes.slice(..most), bytes.len() as u64);
                Self::Torn { piece: Some(piece), whole, end: None }
            }
            _ => Self::whole(bytes),
        })
    }
}

impl Body for Bare {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(cx).map(|frame| frame.map(|frame| frame.map_err(|never| match never {}))),
            Self::Torn { piece, end, .. } => {
                if let Some(bytes) = piece.take().filter(|bytes| !bytes.is_empty()) {
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                // What sends the body sends what it has when it has to wait for more.
                ready!(end.get_or_insert_with(|| Box::pin(sleep(LAST_PIECE))).as_mut().poll(cx));
                Poll::Ready(Some(Err(Dropped)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Torn { .. } => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Torn { whole, .. } => SizeHint::with_exact(*whole),
        }
    }
}
