//! Lanes: requests whose commits are shared. One thread takes all that wait, answers them one after the other, and lets
//! the answers go when their commit is made. So many savers cost one commit and hardly a change of threads.

use crate::app::{App, Peer, Work};
use crate::service::{guarded, unexpected};
use bytes::Bytes;
use http::{Request, Response};
use orglet_http::codec::Format;
use std::num::NonZero;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tracing::Span;

/// The most requests that share a commit; the first of them waits for the last.
const MOST_TOGETHER: usize = 64;
/// Requests that may wait for a lane; further ones wait before it.
const QUEUE: usize = 1024;

/// A request in a lane.
pub(crate) struct Job {
    pub(crate) request: Request<Bytes>,
    pub(crate) peer: Peer,
    pub(crate) id: u64,
    pub(crate) form: Format,
    pub(crate) span: Span,
}

struct Waiting {
    job: Job,
    answer: oneshot::Sender<Response<Bytes>>,
}

/// All lanes; their threads end with this.
pub(crate) struct Lanes(Vec<mpsc::Sender<Waiting>>);

impl Lanes {
    /// As many as the machine has cores. Fails where a thread can't be started.
    pub(crate) fn start(app: &Arc<dyn App>) -> std::io::Result<Self> {
        let count = std::thread::available_parallelism().map_or(1, NonZero::get);
        let lane = |_| {
            let (sender, queue) = mpsc::channel(QUEUE);
            let app = app.clone();
            std::thread::Builder::new().name("orglet-lane".into()).spawn(move || run(&*app, queue))?;
            Ok(sender)
        };
        (0..count).map(lane).collect::<Result<_, _>>().map(Self)
    }

    /// Answers a request in the lane with a number; `None` when its thread is gone.
    pub(crate) async fn answer(&self, lane: u64, job: Job) -> Option<Response<Bytes>> {
        let place = usize::try_from(lane % self.0.len().max(1) as u64).unwrap_or(0);
        let (answer, answered) = oneshot::channel();
        self.0.get(place)?.send(Waiting { job, answer }).await.ok()?;
        answered.await.ok()
    }
}

fn run(app: &dyn App, mut queue: mpsc::Receiver<Waiting>) {
    while let Some(first) = queue.blocking_recv() {
        let more = std::iter::from_fn(|| queue.try_recv().ok()).take(MOST_TOGETHER - 1);
        let (mut answers, mut work) = (Vec::new(), Vec::<Work<'_>>::new());
        for Waiting { job, answer } in std::iter::once(first).chain(more) {
            answers.push((answer, job.id, job.form));
            work.push(Box::new(move || job.span.in_scope(|| guarded(app, job.request, job.peer, job.id, job.form))));
        }
        let done = app.together(work);
        for ((answer, id, form), done) in answers.into_iter().zip(done) {
            // The client may have gone; what it asked for is done all the same.
            let _ = answer.send(done.unwrap_or_else(|error| unexpected(id, &error.to_string(), form)));
        }
    }
}
