//! The bytes under the packets: TCP, TLS over TCP, or a Unix socket.
//!
//! [`Transport`] is the stream, [`Inbound`] its read buffer. Both are cancel-safe: bytes that were
//! read are in the buffer, whatever became of the future that asked for them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;

use super::error::{Error, Result, Step};
use super::options::ConnectOptions;

/// Size of the read buffer: what one system call may bring, within the second-level cache. Reading
/// over loopback, 64 KiB cost a third more time per row, and 128 to 512 KiB measured alike.
pub(super) const INBOUND_BYTES: usize = 256 * 1024;

/// Between two probes of a silent peer, and how many may go unanswered.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_PROBES: u32 = 3;

/// A connected stream.
#[derive(Debug)]
pub(super) enum Transport {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Transport {
    /// Opens a TCP connection or a Unix socket.
    pub(super) async fn connect(options: &ConnectOptions) -> Result<Self> {
        let opened = match &options.socket {
            Some(path) => UnixStream::connect(path).await.map(Self::Unix),
            None => connect_tcp(options).await.map(Self::Tcp),
        };
        opened.map_err(|source| Error::Connect {
            address: options.address(),
            source,
        })
    }

    /// Whether nobody else can read what is sent.
    pub(super) fn is_secure(&self) -> bool {
        !matches!(self, Self::Tcp(_))
    }

    /// Writes all of `bytes`.
    pub(super) async fn write_all(&mut self, bytes: &[u8], limit: Option<Duration>) -> Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let written = within(Step::Write, limit, self.write(rest)).await?;
            if written == 0 {
                return Err(Error::Disconnected);
            }
            rest = rest.get(written..).unwrap_or_default();
        }
        within(Step::Write, limit, self.flush()).await
    }

    /// Closes the socket without waiting for anything.
    pub(super) fn abandon(&mut self) {
        let socket = match self {
            Self::Tcp(stream) => socket2::SockRef::from(&*stream),
            Self::Unix(stream) => socket2::SockRef::from(&*stream),
            Self::Tls(stream) => socket2::SockRef::from(stream.get_ref().0),
        };
        // It fails only when the peer has closed already.
        let _ = socket.shutdown(std::net::Shutdown::Both);
    }
}

async fn connect_tcp(options: &ConnectOptions) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((options.host.as_str(), options.port)).await?;
    stream.set_nodelay(true)?;
    if let Some(idle) = options.keepalive_idle {
        let keepalive = socket2::TcpKeepalive::new()
            .with_time(idle)
            .with_interval(KEEPALIVE_INTERVAL)
            .with_retries(KEEPALIVE_PROBES);
        socket2::SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    }
    Ok(stream)
}

async fn within<T>(
    step: Step,
    limit: Option<Duration>,
    action: impl Future<Output = io::Result<T>>,
) -> Result<T> {
    let Some(limit) = limit else {
        return action.await.map_err(Error::io);
    };
    match tokio::time::timeout(limit, action).await {
        Ok(result) => result.map_err(Error::io),
        Err(_) => Err(Error::Timeout { step, limit }),
    }
}

/// The read buffer: bytes that arrived and were not consumed yet.
#[derive(Debug)]
pub(super) struct Inbound {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Inbound {
    pub(super) fn new() -> Self {
        Self {
            buffer: vec![0; INBOUND_BYTES].into_boxed_slice(),
            start: 0,
            end: 0,
        }
    }

    /// The unread bytes.
    pub(super) fn unread(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// The last `length` of the bytes that were consumed, which stay until the next fill.
    pub(super) fn last_consumed(&self, length: usize) -> &[u8] {
        &self.buffer[self.start.saturating_sub(length)..self.start]
    }

    /// Leaves only the last `left` bytes unread.
    pub(super) fn keep_last(&mut self, left: usize) {
        self.start = self.end - left.min(self.end - self.start);
    }

    /// Waits for more bytes.
    pub(super) async fn fill(
        &mut self,
        transport: &mut Transport,
        limit: Option<Duration>,
    ) -> Result<()> {
        self.make_room();
        let room = &mut self.buffer[self.end..];
        debug_assert!(
            !room.is_empty(),
            "frames larger than the buffer come in pieces"
        );
        let read = within(Step::Read, limit, transport.read(room)).await?;
        if read == 0 {
            return Err(Error::Disconnected);
        }
        self.end += read;
        Ok(())
    }

    /// Takes bytes that have already arrived, without waiting.
    pub(super) fn fill_now(&mut self, transport: &mut Transport) -> Result<()> {
        self.make_room();
        let mut room = ReadBuf::new(&mut self.buffer[self.end..]);
        let mut context = Context::from_waker(std::task::Waker::noop());
        match Pin::new(transport).poll_read(&mut context, &mut room) {
            Poll::Pending => Ok(()),
            Poll::Ready(Err(error)) => Err(Error::io(error)),
            Poll::Ready(Ok(())) if room.filled().is_empty() => Err(Error::Disconnected),
            Poll::Ready(Ok(())) => {
                self.end += room.filled().len();
                Ok(())
            }
        }
    }

    fn make_room(&mut self) {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Self::Unix(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
