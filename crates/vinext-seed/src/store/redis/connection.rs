//! Connections to one node: TCP or TLS, with the trust and the timeouts of the HTTP client.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Pipeline, ProtocolVersion, RedisConnectionInfo, RedisError};
use redis::{RedisResult, ServerError, Value};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

use super::url::RedisUrl;
use crate::store::http::{Timeouts, look_up};

/// How much the library encodes before it writes to the socket, in bytes. Larger pieces make fewer
/// system calls.
const WRITE_BUFFER_BYTES: usize = 64 * 1024;

/// Where a node of a cluster, or the only server, is.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Node {
    pub(super) host: String,
    pub(super) port: u16,
}

/// Why no reply arrived.
#[derive(Debug)]
pub(super) enum LinkError {
    /// No connection was made, so that nothing was sent.
    NotConnected(io::Error),
    /// The server does not accept the login.
    Login(ServerError),
    /// The connection failed.
    Redis(RedisError),
    /// Nothing was sent or received for too long.
    Silent(Duration),
}

/// Opens connections and keeps those that are idle.
pub(super) struct Connector {
    url: RedisUrl,
    tls: Option<TlsConnector>,
    timeouts: Timeouts,
    idle: Mutex<Vec<(Node, Connection)>>,
}

impl Connector {
    pub(super) fn new(url: RedisUrl, tls: Option<Arc<ClientConfig>>, timeouts: Timeouts) -> Self {
        Self {
            url,
            tls: tls.map(TlsConnector::from),
            timeouts,
            idle: Mutex::default(),
        }
    }

    /// An idle connection to a node, or a new one.
    pub(super) async fn get(&self, node: &Node) -> Result<Connection, LinkError> {
        let kept = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            let position = idle.iter().position(|(of, _)| of == node);
            position.map(|position| idle.swap_remove(position).1)
        };
        match kept {
            Some(connection) if !connection.driver.is_finished() => Ok(connection),
            _ => self.open(node).await,
        }
    }

    /// Keeps a connection for the next request. One that failed is dropped instead.
    pub(super) fn keep(&self, node: &Node, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push((node.clone(), connection));
    }

    async fn open(&self, node: &Node) -> Result<Connection, LinkError> {
        let connecting = async {
            let addresses = look_up(node.host.clone(), node.port).await?;
            let stream = TcpStream::connect(addresses.as_slice()).await?;
            stream.set_nodelay(true)?;
            let Some(tls) = &self.tls else {
                return Ok(Stream::Plain(stream));
            };
            let name = ServerName::try_from(node.host.clone()).map_err(io::Error::other)?;
            let stream = tls.connect(name, stream).await?;
            Ok(Stream::Tls(Box::new(stream)))
        };
        let stream = timeout(self.timeouts.connect, connecting)
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(LinkError::NotConnected)?;
        let activity = Arc::new(Activity::new());
        let stream = Watched {
            stream,
            activity: Arc::clone(&activity),
        };
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(None)
            .set_write_backpressure_boundary(WRITE_BUFFER_BYTES);
        // The library would log in by itself, and not say why the server refuses.
        let nothing = RedisConnectionInfo::default()
            .set_protocol(ProtocolVersion::RESP2)
            .set_skip_set_lib_name();
        let (link, driver) = MultiplexedConnection::new_with_config(&nothing, stream, config)
            .await
            .map_err(LinkError::Redis)?;
        let connection = Connection {
            link,
            driver: AbortOnDropHandle::new(tokio::spawn(driver)),
            activity,
            timeouts: self.timeouts,
        };
        self.log_in(&connection).await?;
        Ok(connection)
    }

    async fn log_in(&self, connection: &Connection) -> Result<(), LinkError> {
        let commands = self.url.login();
        if commands.is_empty() {
            return Ok(());
        }
        let replies = connection.watch(connection.send(&commands)).await?;
        for reply in replies.map_err(LinkError::Redis)? {
            if let Value::ServerError(error) = reply {
                return Err(LinkError::Login(error));
            }
        }
        Ok(())
    }
}

/// A connection. It can be dropped at any time; what was sent may then have arrived.
pub(super) struct Connection {
    link: MultiplexedConnection,
    driver: AbortOnDropHandle<()>,
    activity: Arc<Activity>,
    timeouts: Timeouts,
}

impl Connection {
    /// Sends commands and reads their replies. Several calls may run at the same time.
    pub(super) async fn send(&self, commands: &Pipeline) -> RedisResult<Vec<Value>> {
        let mut link = self.link.clone();
        link.send_packed_commands(commands, 0, commands.len()).await
    }

    /// Does something with the connection, as long as bytes move.
    pub(super) async fn watch<T>(&self, work: impl Future<Output = T>) -> Result<T, LinkError> {
        let end = Instant::now() + self.timeouts.request;
        self.activity.begin();
        let mut work = std::pin::pin!(work);
        loop {
            let (silent_at, limit) = self.activity.silent_at(&self.timeouts);
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                () = sleep_until(silent_at.min(end)) => {}
            }
            if Instant::now() >= end {
                return Err(LinkError::Silent(self.timeouts.request));
            }
            // Bytes may have moved meanwhile.
            if self.activity.silent_at(&self.timeouts).0 <= Instant::now() {
                return Err(LinkError::Silent(limit));
            }
        }
    }
}

/// When a byte was last sent or received.
#[derive(Debug)]
struct Activity {
    start: Instant,
    last_ms: AtomicU64,
    /// Whether there are bytes that the socket does not take.
    is_stuck: AtomicBool,
}

impl Activity {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            last_ms: AtomicU64::new(0),
            is_stuck: AtomicBool::new(false),
        }
    }

    fn begin(&self) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_ms.store(now, Ordering::Relaxed);
    }

    fn wrote(&self, is_stuck: bool) {
        self.is_stuck.store(is_stuck, Ordering::Relaxed);
        if !is_stuck {
            self.begin();
        }
    }

    /// When it will have been silent for too long, and how long that is.
    fn silent_at(&self, timeouts: &Timeouts) -> (Instant, Duration) {
        let limit = if self.is_stuck.load(Ordering::Relaxed) {
            timeouts.idle
        } else {
            timeouts.reply
        };
        let last = Duration::from_millis(self.last_ms.load(Ordering::Relaxed));
        // Rounded down to the millisecond, so that one more is waited.
        (self.start + last + limit + Duration::from_millis(1), limit)
    }
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

/// A stream that notes down when bytes move.
struct Watched {
    stream: Stream,
    activity: Arc<Activity>,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        };
        if read.is_ready() {
            self.activity.begin();
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        };
        self.activity.wrote(written.is_pending());
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
