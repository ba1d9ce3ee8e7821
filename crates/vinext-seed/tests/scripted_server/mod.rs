//! An HTTP server on a raw socket that follows a script of replies and faults.
//!
//! It uses no HTTP library, which would not allow resets and silence. After the last scripted reply it answers
//! as if everything was stored.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

/// What to do with a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A reply with a status, header lines and a body.
    Send(u16, &'static str, String),
    /// The same after a while.
    Late(Duration, Box<Reply>),
    /// Closes the connection before the body is read.
    CloseBeforeBody,
    /// Closes it when half of the body is read.
    CloseInBody,
    /// Closes it after the body.
    CloseUnanswered,
    /// Closes it in the middle of the reply.
    CloseHalfAnswered,
    /// Sends the reply byte by byte, with this wait between them.
    Trickle(Duration),
    /// Never answers.
    Silence,
}

/// A success.
pub const STORED: &str = r#"{"success":true,"errors":[],"messages":[],"result":null}"#;

/// A server and what it has seen.
pub struct ScriptedServer {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Vec<String>>>>,
}

impl ScriptedServer {
    pub fn start(script: impl IntoIterator<Item = Reply>) -> Self {
        let script = Arc::new(Mutex::new(script.into_iter().collect::<VecDeque<_>>()));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let (script, log) = (Arc::clone(&script), Arc::clone(&log));
                // A connection that breaks is what this is about.
                std::thread::spawn(move || drop(serve(&connection.unwrap(), &script, &log)));
            }
        });
        Self { address, seen }
    }

    /// The keys of every request whose body arrived.
    pub fn seen(&self) -> Vec<Vec<String>> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(
    connection: &TcpStream,
    script: &Mutex<VecDeque<Reply>>,
    log: &Mutex<Vec<Vec<String>>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection);
    loop {
        let Some(length) = read_head(&mut reader)? else {
            return Ok(());
        };
        let next = script.lock().unwrap().pop_front();
        let mut reply = next.unwrap_or_else(|| Reply::Send(200, "", STORED.to_owned()));
        match reply {
            Reply::CloseBeforeBody => return Ok(()),
            Reply::CloseInBody => {
                let half = u64::try_from(length / 2).unwrap();
                std::io::copy(&mut reader.take(half), &mut std::io::sink())?;
                return Ok(());
            }
            _ => {}
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        log.lock().unwrap().push(keys(&body));
        if let Reply::Late(wait, later) = reply {
            sleep(wait);
            reply = *later;
        }
        match reply {
            Reply::Send(status, headers, body) => {
                connection
                    .try_clone()?
                    .write_all(message(status, headers, &body).as_bytes())?;
            }
            Reply::Trickle(wait) => {
                for byte in message(200, "", STORED).bytes() {
                    connection.try_clone()?.write_all(&[byte])?;
                    sleep(wait);
                }
            }
            Reply::CloseHalfAnswered => {
                let message = message(200, "", STORED);
                connection
                    .try_clone()?
                    .write_all(&message.as_bytes()[..message.len() - 9])?;
                return Ok(());
            }
            Reply::Silence => sleep(Duration::from_secs(60)),
            _ => return Ok(()),
        }
    }
}

/// The keys of a bulk write or delete; none of a question.
fn keys(body: &[u8]) -> Vec<String> {
    let entries: Vec<serde_json::Value> = serde_json::from_slice(body).unwrap_or_default();
    let key = |entry: &serde_json::Value| {
        let key = entry.get("key").unwrap_or(entry);
        key.as_str().unwrap().to_owned()
    };
    entries.iter().map(key).collect()
}

fn message(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} Reason\r\n{headers}content-length: {length}\r\n\r\n{body}")
}

/// The body's length; none at the end of the connection.
fn read_head(reader: &mut BufReader<&TcpStream>) -> std::io::Result<Option<usize>> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok();
        }
        if line.is_empty() {
            return Ok(Some(length.unwrap_or(0)));
        }
    }
}
