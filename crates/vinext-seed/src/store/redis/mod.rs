//! Redis and Valkey, for cache handlers that read the KV adapter's JSON unchanged.
//!
//! Each entry is `SET key value`, with `PX` where it has a TTL. Commands are sent in pipelines, several
//! at a time on one connection, and every reply is checked: entries that a broken connection has
//! confirmed are stored.

mod cluster;
mod connection;
mod limits;
mod reply;
mod url;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use redis::{Pipeline, Value};

pub use limits::LIMITS;
pub use url::RedisUrl;

use super::http::{Secrets, Timeouts, configure_tls};
use super::outcome::{stored_one_by_one, worst};
use super::{
    Frame, KeyPage, ListedKey, Outcome, RequestError, Store, StoreLimits, StoreRules, Stored,
};
use crate::pack::{Batch, BatchEntry};
use crate::sanitized_text::{SanitizedText, with_causes};
use cluster::Topology;
use connection::{Connection, Connector, LinkError, Node};
use reply::Classifier;

/// How long pages that revalidate stay unless the caller says otherwise: 30 days, as with vinext's KV
/// adapter and the public Redis handler.
const DEFAULT_TTL_SECONDS: u64 = 2_592_000;

/// Where a pipeline ends, in bytes of values. The library copies them while it encodes, so that large
/// pipelines would take much memory.
const PIPELINE_BYTES: usize = 128 * 1024;

/// The most commands in a pipeline.
const PIPELINE_COMMANDS: usize = 512;

/// Pipelines on the way at a time, on each connection.
const PIPELINES_IN_FLIGHT: usize = 4;

/// Keys on a page of a listing.
const KEYS_PER_PAGE: usize = 1000;

/// How many keys the server looks at for each step of a listing.
const SCAN_COUNT: usize = 1000;

/// A Redis or Valkey server, or a cluster of them.
pub struct RedisStore {
    connector: Connector,
    topology: Topology,
    /// The server that the URL names.
    first: Node,
    secrets: Secrets,
    /// What the first page of the last listing has found.
    scanned: Mutex<Option<Scanned>>,
}

/// Keys with a prefix, in order. Each page of a listing would have to scan all keys again.
struct Scanned {
    prefix: String,
    keys: Arc<Vec<String>>,
}

/// A command for one key.
enum Command<'a> {
    Set(BatchEntry<'a>),
    Delete(&'a str),
}

impl RedisStore {
    /// Opens a store. Makes no connection. Also returns what in the environment (certificates) cannot be
    /// used and is ignored.
    ///
    /// # Errors
    /// If TLS cannot be set up, mostly because of certificates.
    pub fn new(url: RedisUrl, timeouts: Timeouts) -> Result<(Self, Vec<String>), SanitizedText> {
        let mut warnings = Vec::new();
        let tls = if url.is_tls() {
            let tls = configure_tls(&mut warnings);
            let mut tls = tls.map_err(|error| SanitizedText::new(&with_causes(&error)))?;
            tls.alpn_protocols.clear();
            Some(Arc::new(tls))
        } else {
            None
        };
        let this = Self {
            first: Node {
                host: url.host().to_owned(),
                port: url.port(),
            },
            secrets: url.secrets(),
            connector: Connector::new(url, tls, timeouts),
            topology: Topology::default(),
            scanned: Mutex::new(None),
        };
        Ok((this, warnings))
    }

    fn node(&self, key: &str) -> Node {
        let known = self.topology.node(key);
        known.unwrap_or_else(|| self.first.clone())
    }

    fn classifier<'a>(&'a self, operation: &'static str, node: &'a Node) -> Classifier<'a> {
        Classifier {
            operation,
            secrets: &self.secrets,
            node,
        }
    }

    /// Runs commands, each on the node of its key. Returns what is not done, by key, and why.
    async fn execute(
        &self,
        operation: &'static str,
        commands: Vec<Command<'_>>,
    ) -> Vec<(String, RequestError)> {
        let mut by_node: HashMap<Node, Vec<Command<'_>>> = HashMap::new();
        for command in commands {
            let node = self.node(command.key());
            by_node.entry(node).or_default().push(command);
        }
        let mut on_nodes = Vec::new();
        for (node, commands) in &by_node {
            on_nodes.push(self.execute_on(operation, node, commands));
        }
        let failed = join_all(on_nodes).await.concat();
        if self.topology.take_outdated() {
            self.ask_for_slots().await;
        }
        failed
    }

    async fn execute_on(
        &self,
        operation: &'static str,
        node: &Node,
        commands: &[Command<'_>],
    ) -> Vec<(String, RequestError)> {
        let classifier = self.classifier(operation, node);
        let all_failed = |commands: &[Command<'_>], failure: &RequestError| {
            let failed = |command: &Command<'_>| (command.key().to_owned(), failure.clone());
            commands.iter().map(failed).collect::<Vec<_>>()
        };
        let connection = match self.connector.get(node).await {
            Ok(connection) => connection,
            Err(error) => {
                self.topology.lost(node);
                return all_failed(commands, &classifier.link_error(&error));
            }
        };
        let mut failed = Vec::new();
        let mut done = 0;
        let mut lost = None;
        let sent = connection.watch(async {
            // Each is encoded when its turn comes.
            let mut sending = Vec::new();
            for part in pipelines(commands) {
                sending.push(send(&connection, part));
            }
            let mut replies = stream::iter(sending).buffered(PIPELINES_IN_FLIGHT);
            while let Some((part, replies)) = replies.next().await {
                let replies = match replies {
                    Ok(replies) => replies,
                    Err(error) => {
                        lost = Some(LinkError::Redis(error));
                        return;
                    }
                };
                for (position, command) in part.iter().enumerate() {
                    let failure = match replies.get(position) {
                        Some(Value::ServerError(error)) => {
                            if error.code() == "MOVED" {
                                let details = error.details().unwrap_or_default();
                                self.topology.moved(details, node);
                            }
                            classifier.server_error(error)
                        }
                        Some(reply) if command.is_done(reply) => continue,
                        _ => classifier.unexpected(),
                    };
                    failed.push((command.key().to_owned(), failure));
                }
                done += part.len();
            }
        });
        if let Some(error) = sent.await.err().or(lost) {
            // Dropped with what is still on the way.
            drop(connection);
            self.topology.lost(node);
            let failure = classifier.link_error(&error);
            failed.extend(all_failed(&commands[done..], &failure));
        } else if failed.is_empty() {
            self.connector.keep(node, connection);
        }
        failed
    }

    /// Asks where all slots are. Without an answer, redirects tell.
    async fn ask_for_slots(&self) {
        let mut slots = Pipeline::new();
        slots.cmd("CLUSTER").arg("SLOTS");
        if let Ok(replies) = self
            .query("Reading the cluster's slots", &self.first, &slots)
            .await
            && let Some(reply) = replies.first()
        {
            self.topology.learn(reply, &self.first);
        }
    }

    /// Runs commands that read, on one node.
    async fn query(
        &self,
        operation: &'static str,
        node: &Node,
        commands: &Pipeline,
    ) -> Result<Vec<Value>, RequestError> {
        let classifier = self.classifier(operation, node);
        let failed = |error: LinkError| classifier.link_error(&error);
        let connection = self.connector.get(node).await.map_err(failed)?;
        let sent = connection.watch(connection.send(commands)).await;
        let replies = sent.map_err(failed)?;
        let replies = replies.map_err(|error| failed(LinkError::Redis(error)))?;
        for reply in &replies {
            if let Value::ServerError(error) = reply {
                if error.code() == "MOVED" {
                    let details = error.details().unwrap_or_default();
                    self.topology.moved(details, node);
                }
                return Err(classifier.server_error(error));
            }
        }
        self.connector.keep(node, connection);
        Ok(replies)
    }

    /// All keys with a prefix on all nodes, in order.
    async fn scan(&self, prefix: &str) -> Result<Vec<String>, RequestError> {
        const OPERATION: &str = "Listing keys";
        // A standalone server answers with an error.
        if self.topology.nodes().is_empty() {
            self.ask_for_slots().await;
        }
        let mut nodes = self.topology.nodes();
        if nodes.is_empty() {
            nodes.push(self.first.clone());
        }
        let pattern = format!("{}*", escape_pattern(prefix));
        let mut keys = Vec::new();
        for node in &nodes {
            let mut cursor = b"0".to_vec();
            loop {
                let mut scan = Pipeline::new();
                scan.cmd("SCAN").arg(&cursor).arg("MATCH").arg(&pattern);
                scan.arg("COUNT").arg(SCAN_COUNT);
                let reply = self.query(OPERATION, node, &scan).await?.pop();
                let Some(Value::Array(parts)) = reply else {
                    return Err(self.classifier(OPERATION, node).unexpected());
                };
                let [Value::BulkString(next), Value::Array(found)] = parts.as_slice() else {
                    return Err(self.classifier(OPERATION, node).unexpected());
                };
                keys.extend(found.iter().filter_map(|key| match key {
                    // Keys of others may be no text.
                    Value::BulkString(bytes) => String::from_utf8(bytes.clone()).ok(),
                    _ => None,
                }));
                if next == b"0" {
                    break;
                }
                cursor.clone_from(next);
            }
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    /// When keys expire, in seconds since the epoch; `None` for those that no longer exist.
    async fn expiries(&self, keys: &[String]) -> Result<Vec<Option<Option<u64>>>, RequestError> {
        const OPERATION: &str = "Reading the TTL of keys";
        let mut by_node: HashMap<Node, (Pipeline, Vec<usize>)> = HashMap::new();
        for (position, key) in keys.iter().enumerate() {
            let (pipeline, positions) = by_node.entry(self.node(key)).or_default();
            pipeline.cmd("PTTL").arg(key);
            positions.push(position);
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now_ms = now.map_or(0, |now| now.as_millis());
        let mut expiries = vec![None; keys.len()];
        for (node, (pipeline, positions)) in by_node {
            let replies = self.query(OPERATION, &node, &pipeline).await?;
            for (position, reply) in positions.into_iter().zip(replies) {
                expiries[position] = match reply {
                    Value::Int(-2) => None,
                    Value::Int(ms) => Some(u64::try_from(ms).ok().map(|left_ms| {
                        let at = (now_ms + u128::from(left_ms)) / 1000;
                        u64::try_from(at).unwrap_or(u64::MAX)
                    })),
                    _ => return Err(self.classifier(OPERATION, &node).unexpected()),
                };
            }
        }
        Ok(expiries)
    }

    async fn page(&self, prefix: &str, after: Option<&str>) -> Result<KeyPage, RequestError> {
        let scanned = || self.scanned.lock().unwrap_or_else(PoisonError::into_inner);
        let known = scanned()
            .as_ref()
            .filter(|known| after.is_some() && known.prefix == prefix)
            .map(|known| Arc::clone(&known.keys));
        let all = match known {
            Some(keys) => keys,
            None => Arc::new(self.scan(prefix).await?),
        };
        let begin = all.partition_point(|key| after.is_some_and(|after| key.as_str() <= after));
        let end = all.len().min(begin + KEYS_PER_PAGE);
        let is_last = end == all.len();
        let keys = all[begin..end].to_vec();
        let cursor = keys.last().filter(|_| !is_last).cloned();
        *scanned() = (!is_last).then(|| Scanned {
            prefix: prefix.to_owned(),
            keys: all,
        });
        let expiries = self.expiries(&keys).await?;
        let keys = keys.into_iter().zip(expiries).filter_map(|(name, expiry)| {
            expiry.map(|expires_at_seconds| ListedKey {
                name,
                expires_at_seconds,
                metadata: None,
            })
        });
        Ok(KeyPage {
            keys: keys.collect(),
            cursor,
        })
    }
}

impl Store for RedisStore {
    const FRAME: Frame = Frame::RawValue;
    const LIMITS: StoreLimits = LIMITS;
    // The quota is Cloudflare's.
    const HAS_REQUEST_QUOTA: bool = false;

    const RULES: StoreRules = StoreRules::OtherHandler {
        default_ttl_seconds: Some(DEFAULT_TTL_SECONDS),
    };

    async fn put(&self, batch: &Batch) -> Outcome<Stored> {
        let commands = batch.entries().map(Command::Set).collect();
        let failed = self.execute("Writing", commands).await;
        stored_one_by_one(batch.pairs(), failed)
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Outcome<KeyPage> {
        Outcome::new(self.page(prefix, cursor).await)
    }

    async fn get(&self, key: &str) -> Outcome<Option<Vec<u8>>> {
        const OPERATION: &str = "Reading";
        let node = self.node(key);
        let mut get = Pipeline::new();
        get.cmd("GET").arg(key);
        let reply = self.query(OPERATION, &node, &get).await;
        Outcome::new(reply.and_then(|mut replies| match replies.pop() {
            Some(Value::BulkString(value)) => Ok(Some(value)),
            Some(Value::Nil) => Ok(None),
            _ => Err(self.classifier(OPERATION, &node).unexpected()),
        }))
    }

    async fn delete(&self, keys: &[String]) -> Outcome<()> {
        let commands = keys.iter().map(|key| Command::Delete(key)).collect();
        let failed = self.execute("Deleting", commands).await;
        Outcome::new(worst(&failed).map_or(Ok(()), Err))
    }
}

impl Command<'_> {
    fn key(&self) -> &str {
        match self {
            Self::Set(entry) => entry.key(),
            Self::Delete(key) => key,
        }
    }

    fn value_bytes(&self) -> usize {
        match self {
            Self::Set(entry) => entry.bytes(),
            Self::Delete(_) => 0,
        }
    }

    fn append(&self, pipeline: &mut Pipeline) {
        match self {
            Self::Set(entry) => {
                let value = entry.encoded();
                pipeline.cmd("SET").arg(entry.key()).arg(&value[..]);
                if let Some(seconds) = entry.ttl_seconds() {
                    pipeline.arg("PX").arg(seconds.saturating_mul(1000));
                }
            }
            Self::Delete(key) => {
                pipeline.cmd("DEL").arg(key);
            }
        }
    }

    fn is_done(&self, reply: &Value) -> bool {
        match self {
            Self::Set(_) => *reply == Value::Okay,
            Self::Delete(_) => matches!(reply, Value::Int(_)),
        }
    }
}

/// Cuts commands into pipelines.
fn pipelines<'a, 'b>(commands: &'a [Command<'b>]) -> Vec<&'a [Command<'b>]> {
    let mut parts = Vec::new();
    let (mut first, mut bytes) = (0, 0);
    for (position, command) in commands.iter().enumerate() {
        let is_full =
            bytes + command.value_bytes() > PIPELINE_BYTES || position - first == PIPELINE_COMMANDS;
        if is_full && position > first {
            parts.push(&commands[first..position]);
            (first, bytes) = (position, 0);
        }
        bytes += command.value_bytes();
    }
    parts.push(&commands[first..]);
    parts
}

async fn send<'a, 'b>(
    connection: &Connection,
    part: &'a [Command<'b>],
) -> (&'a [Command<'b>], redis::RedisResult<Vec<Value>>) {
    let mut pipeline = Pipeline::with_capacity(part.len());
    for command in part {
        command.append(&mut pipeline);
    }
    (part, connection.send(&pipeline).await)
}

/// Escapes a prefix for a pattern of `SCAN`.
fn escape_pattern(prefix: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len());
    for character in prefix.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '\\' | '^' | '-') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

#[cfg(test)]
mod tests;
