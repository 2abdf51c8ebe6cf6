//! The first bytes of a connection, read ahead and given back.

use bytes::{Buf, Bytes};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// A byte stream of any kind; boxed, so that the server's code exists once for sockets, TLS and tunnels.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for T {}

/// Any byte stream.
pub(crate) type BoxStream = Box<dyn Stream>;

/// First byte of every TLS connection: a record that holds a handshake message.
const TLS_HANDSHAKE: u8 = 0x16;

/// What an HTTP/2 client with prior knowledge sends first.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A stream whose first bytes have been read ahead; reading begins with them.
pub(crate) struct Sniffed<S> {
    ahead: Bytes,
    inner: S,
}

impl<S: AsyncRead + Unpin> Sniffed<S> {
    /// Reads until the bytes tell TLS, HTTP/2 and HTTP/1 apart. `None` where the peer closes first.
    ///
    /// It reads on while they may still become the HTTP/2 preface (`P` alone may be a POST): no later step needs to
    /// wait for bytes without a time limit.
    pub(crate) async fn read(mut inner: S) -> io::Result<Option<Self>> {
        let mut buffer = [0u8; 2048];
        let mut filled = 0;
        loop {
            let n = inner.read(&mut buffer[filled..]).await?;
            filled += n;
            let known = !HTTP2_PREFACE.starts_with(&buffer[..filled]) || filled == HTTP2_PREFACE.len();
            if n == 0 && filled == 0 {
                return Ok(None);
            }
            if n == 0 || known {
                return Ok(Some(Self { ahead: Bytes::copy_from_slice(&buffer[..filled]), inner }));
            }
        }
    }

    /// Whether the bytes begin a TLS handshake.
    pub(crate) fn is_tls(&self) -> bool {
        self.ahead.first() == Some(&TLS_HANDSHAKE)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Sniffed<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            return Pin::new(&mut self.inner).poll_read(cx, buf);
        }
        let n = self.ahead.len().min(buf.remaining());
        buf.put_slice(&self.ahead[..n]);
        self.ahead.advance(n);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Sniffed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
