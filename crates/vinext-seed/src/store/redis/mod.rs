//! Redis and Valkey, for cache handlers that read the KV adapter's JSON unchanged.
//!
//! Each entry is `SET key value`, with `PX` if it has a TTL. The commands of a batch are one pipeline, and
//! every reply is checked: entries that the server confirmed before the connection broke are stored.

mod activity;
mod cluster;
mod connection;
mod limits;
mod listing;
mod reply;
mod url;
mod wire;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use redis::{Pipeline, ServerError, Value};

pub use limits::LIMITS;
pub use url::RedisUrl;

use super::http::{Secrets, Timeouts, configure_tls};
use super::outcome::{stored_one_by_one, worst};
use super::{Frame, KeyPage, Outcome, RequestError, Store, StoreLimits, StoreRules, Stored};
use crate::pack::Batch;
use crate::sanitized_text::{SanitizedText, with_causes};
use cluster::Topology;
use connection::{Connector, LinkError, Node};
use listing::Scanned;
use reply::Classifier;
use wire::{Command, Wire};

/// How long pages that revalidate stay unless the caller says otherwise: 30 days, as with vinext's KV
/// adapter and the public Redis handler.
const DEFAULT_TTL_SECONDS: u64 = 2_592_000;

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

impl RedisStore {
    /// Opens a store. Makes no connection. Also returns what in the environment (certificates) cannot be
    /// used and is ignored.
    ///
    /// # Errors
    /// If TLS cannot be set up, usually because of certificates.
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
        let mut connection = match self.connector.get(node).await {
            Ok(connection) => connection,
            Err(error) => {
                self.topology.lost(node);
                return all_failed(commands, &classifier.link_error(&error));
            }
        };
        let mut failed = Vec::new();
        let mut waiting = commands.iter();
        let sent = connection.exchange(Wire::of(commands), commands.len(), |reply| {
            let Some(command) = waiting.next() else {
                return;
            };
            let failure = match reply {
                Value::ServerError(error) => self.server_error(&classifier, &error),
                reply if command.is_done(&reply) => return,
                _ => classifier.unexpected(),
            };
            failed.push((command.key().to_owned(), failure));
        });
        match sent.await {
            // After an error, the next connection may reach a server that can do more.
            Ok(()) if failed.is_empty() => self.connector.keep(node, connection),
            Ok(()) => {}
            Err(error) => {
                drop(connection);
                self.topology.lost(node);
                let failure = classifier.link_error(&error);
                failed.extend(all_failed(waiting.as_slice(), &failure));
            }
        }
        failed
    }

    /// Classifies an error that a node has answered with, and follows redirects.
    fn server_error(&self, classifier: &Classifier<'_>, error: &ServerError) -> RequestError {
        if error.code() == "MOVED" {
            let details = error.details().unwrap_or_default();
            self.topology.moved(details, classifier.node);
        }
        classifier.server_error(error)
    }

    /// Queries the slots of all nodes. If that fails, redirects reveal them one by one.
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
        let mut connection = self.connector.get(node).await.map_err(failed)?;
        let replies = connection.query(commands).await.map_err(failed)?;
        for reply in &replies {
            if let Value::ServerError(error) = reply {
                return Err(self.server_error(&classifier, error));
            }
        }
        self.connector.keep(node, connection);
        Ok(replies)
    }
}

impl Store for RedisStore {
    const FRAME: Frame = Frame::RawValue;
    const LIMITS: StoreLimits = LIMITS;
    // The quota is Cloudflare's.
    const HAS_REQUEST_QUOTA: bool = false;

    // A pipeline costs no more if it is short, and the first one is sent while the second is packed.
    const MAX_CHOSEN_BODY_BYTES: usize = 1024 * 1024;

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

#[cfg(test)]
mod tests;
