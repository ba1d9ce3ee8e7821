//! Connections to one node: TCP or TLS, with the trust and the timeouts of the HTTP client.
//!
//! The library encodes and parses, but copies what it sends three times, which took more time than everything
//! else. So values go to the socket from the segments they were packed in (`wire`).

use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::{Pipeline, RedisError, ServerError, Value, parse_redis_value_async};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsConnector;

use super::activity::{Activity, Stream, Watched};
use super::url::RedisUrl;
use super::wire::Wire;
use crate::store::http::{Timeouts, look_up};

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
            Some(connection) if connection.stream.is_quiet() => Ok(connection),
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
        let mut connection = Connection {
            stream: Watched {
                stream,
                activity: Arc::clone(&activity),
            },
            activity,
            timeouts: self.timeouts,
        };
        self.log_in(&mut connection).await?;
        Ok(connection)
    }

    async fn log_in(&self, connection: &mut Connection) -> Result<(), LinkError> {
        let commands = self.url.login();
        if commands.is_empty() {
            return Ok(());
        }
        for reply in connection.query(&commands).await? {
            if let Value::ServerError(error) = reply {
                return Err(LinkError::Login(error));
            }
        }
        Ok(())
    }
}

/// A connection. It can be dropped at any time; what was sent may then have arrived.
pub(super) struct Connection {
    stream: Watched,
    activity: Arc<Activity>,
    timeouts: Timeouts,
}

impl Connection {
    /// Sends commands that the library encodes, and reads their replies.
    pub(super) async fn query(&mut self, commands: &Pipeline) -> Result<Vec<Value>, LinkError> {
        let packed = Wire::from(commands.get_packed_pipeline());
        let mut replies = Vec::with_capacity(commands.len());
        let sending = std::iter::once(packed);
        self.exchange(sending, commands.len(), |reply| replies.push(reply))
            .await?;
        Ok(replies)
    }

    /// Sends commands while it reads their replies, as long as bytes move. `receive` gets every reply that
    /// arrives, in order, even if the connection fails afterwards.
    pub(super) async fn exchange(
        &mut self,
        sending: impl Iterator<Item = Wire>,
        replies: usize,
        mut receive: impl FnMut(Value),
    ) -> Result<(), LinkError> {
        let (mut reader, mut writer) = tokio::io::split(&mut self.stream);
        let writing = async {
            for wire in sending {
                wire.write_to(&mut writer).await?;
            }
            writer.flush().await
        };
        let reading = async {
            let mut decoder = Default::default();
            for _ in 0..replies {
                receive(parse_redis_value_async(&mut decoder, &mut reader).await?);
            }
            Ok(())
        };
        let both = async {
            let (mut writing, mut reading) = (pin!(writing), pin!(reading));
            let written = tokio::select! {
                biased;
                read = &mut reading => {
                    let () = read?;
                    // All replies arrived early, which only a faulty server does. The rest is still to be sent.
                    return writing.await.map_err(RedisError::from);
                }
                written = &mut writing => written,
            };
            // Commands that the server confirmed before the connection broke are done.
            let read = reading.await;
            written?;
            read
        };
        let done = watch(&self.activity, &self.timeouts, both).await?;
        done.map_err(LinkError::Redis)
    }
}

/// Does something with a connection, as long as bytes move.
async fn watch<T>(
    activity: &Activity,
    timeouts: &Timeouts,
    work: impl Future<Output = T>,
) -> Result<T, LinkError> {
    let end = Instant::now() + timeouts.request;
    activity.begin();
    let mut work = pin!(work);
    loop {
        let (silent_at, limit) = activity.silent_at(timeouts);
        tokio::select! {
            biased;
            done = &mut work => return Ok(done),
            () = sleep_until(silent_at.min(end)) => {}
        }
        if Instant::now() >= end {
            return Err(LinkError::Silent(timeouts.request));
        }
        // Bytes may have moved meanwhile.
        if activity.silent_at(timeouts).0 <= Instant::now() {
            return Err(LinkError::Silent(limit));
        }
    }
}
