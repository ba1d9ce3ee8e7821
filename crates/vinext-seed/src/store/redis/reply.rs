//! Classifies errors of the server and of connections.
//!
//! Invariant: transient errors are retried; errors that need a change of configuration end the run.

use std::error::Error;

use redis::{RedisError, ServerError};

use super::connection::{LinkError, Node};
use crate::sanitized_text::with_causes;
use crate::store::http::{Secrets, certificate_advice, tls_problem};
use crate::store::{RequestError, RequestErrorKind, StoreError};

/// What messages say about requests to one server.
pub(super) struct Classifier<'a> {
    pub(super) operation: &'static str,
    pub(super) secrets: &'a Secrets,
    pub(super) node: &'a Node,
}

impl Classifier<'_> {
    /// An error that the server has answered with.
    pub(super) fn server_error(&self, error: &ServerError) -> RequestError {
        let word = error.code();
        let details = error.details().unwrap_or_default();
        let (kind, code, advice) = meaning(word, details);
        let said = self.secrets.scrub(&format!("{word} {details}"));
        let error = self.error(code, &format!("the server replied {said}"));
        kind.because(match advice {
            "" => error,
            advice => error.advise(advice),
        })
    }

    /// A reply whose type does not match the command.
    pub(super) fn unexpected(&self) -> RequestError {
        let error = self.error("REDIS_BAD_REPLY", "the reply does not match the command");
        RequestErrorKind::UnexpectedReply.because(error.may_be_stored(true))
    }

    /// A request without a reply.
    pub(super) fn link_error(&self, error: &LinkError) -> RequestError {
        match error {
            LinkError::NotConnected(error) => self.not_connected(error),
            LinkError::Silent(limit) => {
                let reason = format!("no data was sent or received for {limit:?}");
                let error = self.error("REDIS_TIMEOUT", &reason);
                RequestErrorKind::TooSlow.because(error.may_be_stored(true))
            }
            LinkError::Login(error) => self.login_error(error),
            LinkError::Redis(error) => self.redis_error(error),
        }
    }

    fn redis_error(&self, error: &RedisError) -> RequestError {
        if let Ok(error) = ServerError::try_from(error.clone()) {
            return self.server_error(&error);
        }
        let detail = self.secrets.scrub(&with_causes(error));
        let error = self.error(
            "NETWORK_ERROR",
            &format!("the connection was lost: {detail}"),
        );
        RequestErrorKind::ConnectionLost.because(error.may_be_stored(true))
    }

    /// Replies to `AUTH`. Old versions have no code for a wrong password.
    fn login_error(&self, error: &ServerError) -> RequestError {
        let mut failure = self.server_error(error);
        if failure.kind == RequestErrorKind::Rejected {
            let message = failure.error.message;
            let error = StoreError::new("REDIS_UNAUTHORIZED", message).advise(UNAUTHORIZED);
            failure = RequestErrorKind::Fatal.because(error);
        }
        failure
    }

    fn not_connected(&self, error: &std::io::Error) -> RequestError {
        let detail = self.secrets.scrub(&with_causes(error));
        let failed = |code, reason: &str| self.error(code, &format!("{reason}: {detail}"));
        let inner = error.get_ref().map(|inner| inner as &(dyn Error + 'static));
        if let Some(problem) = inner.and_then(tls_problem) {
            let error = failed("TLS_UNTRUSTED", "no secure connection");
            return RequestErrorKind::Fatal.because(error.advise(certificate_advice(problem)));
        }
        RequestErrorKind::Transient.because(failed("NETWORK_ERROR", "no connection"))
    }

    fn error(&self, code: &'static str, reason: &str) -> StoreError {
        let Self {
            operation, node, ..
        } = self;
        let Node { host, port } = node;
        StoreError::new(
            code,
            format!("{operation} at {host}:{port} failed: {reason}"),
        )
    }
}

const UNAUTHORIZED: &str = "Check the user name and the password in the store's URL";

/// What an error's first word means for the next request.
fn meaning(word: &str, details: &str) -> (RequestErrorKind, &'static str, &'static str) {
    use RequestErrorKind::{Fatal, Rejected, Transient};
    match word {
        "NOAUTH" | "WRONGPASS" => (Fatal, "REDIS_UNAUTHORIZED", UNAUTHORIZED),
        "NOPERM" => (
            Fatal,
            "REDIS_UNAUTHORIZED",
            "The ACL of the user must allow SET on the keys of the cache (`+set ~*cache:*`)",
        ),
        "OOM" => (
            Fatal,
            "REDIS_OUT_OF_MEMORY",
            "The server is full: raise `maxmemory`, choose an eviction policy, or seed fewer pages",
        ),
        "READONLY" => (
            Transient,
            "REDIS_READ_ONLY",
            "This is a replica, or a failover is under way: name the primary in the store's URL",
        ),
        "MOVED" | "ASK" | "TRYAGAIN" => (
            Transient,
            "REDIS_MOVED",
            "The cluster is moving its slots; try again when it is done",
        ),
        "LOADING" | "BUSY" | "CLUSTERDOWN" | "MASTERDOWN" | "MISCONF" | "NOREPLICAS" => {
            (Transient, "REDIS_NOT_READY", "")
        }
        "ERR" if details.contains("max number of clients") => (
            Transient,
            "REDIS_NOT_READY",
            "Raise `maxclients`, or lower the concurrency",
        ),
        "ERR" if details.contains("DB index is out of range") => (
            Fatal,
            "REDIS_REJECTED",
            "Check the database number in the store's URL",
        ),
        "ERR" if details.contains("unknown command") => (
            Fatal,
            "REDIS_REJECTED",
            "This server does not support the required Redis commands",
        ),
        _ => (Rejected, "REDIS_REJECTED", ""),
    }
}
