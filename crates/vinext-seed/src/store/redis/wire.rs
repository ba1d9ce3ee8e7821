//! Encoded commands, in which the values of entries are not copied.

use std::io::{self, IoSlice};

use bytes::Bytes;
use redis::Value;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::pack::BatchEntry;

/// Commands in one write. Each takes two slices, of which Linux accepts 1,024.
const COMMANDS_PER_WRITE: usize = 64;

/// A command for one key.
pub(super) enum Command<'a> {
    Set(BatchEntry<'a>),
    Delete(&'a str),
}

impl Command<'_> {
    pub(super) fn key(&self) -> &str {
        match self {
            Self::Set(entry) => entry.key(),
            Self::Delete(key) => key,
        }
    }

    /// Whether a reply says that it is done.
    pub(super) fn is_done(&self, reply: &Value) -> bool {
        match self {
            Self::Set(_) => *reply == Value::Okay,
            Self::Delete(_) => matches!(reply, Value::Int(_)),
        }
    }
}

/// Encoded commands: text, and the values to insert into it.
#[derive(Debug, Default)]
pub(super) struct Wire {
    text: Vec<u8>,
    /// Each with its position in the text.
    values: Vec<(usize, Bytes)>,
}

impl Wire {
    /// Commands in pieces of the right size to be written at once. Each is encoded when its turn comes.
    pub(super) fn of(commands: &[Command<'_>]) -> impl Iterator<Item = Self> {
        commands.chunks(COMMANDS_PER_WRITE).map(|some| {
            let mut wire = Self::default();
            for command in some {
                wire.push(command);
            }
            wire
        })
    }

    fn push(&mut self, command: &Command<'_>) {
        match command {
            Command::Set(entry) => self.push_set(entry),
            Command::Delete(key) => {
                redis::cmd("DEL")
                    .arg(key)
                    .write_packed_command(&mut self.text);
            }
        }
    }

    /// `SET key value`, and `PX` with milliseconds if it has a TTL.
    fn push_set(&mut self, entry: &BatchEntry<'_>) {
        let (key, value) = (entry.key(), entry.encoded());
        let milliseconds = entry.ttl_seconds();
        let milliseconds = milliseconds.map(|seconds| seconds.saturating_mul(1000).to_string());
        let arguments = if milliseconds.is_some() { 5 } else { 3 };
        let (key_bytes, value_bytes) = (key.len(), value.len());
        let head =
            format!("*{arguments}\r\n$3\r\nSET\r\n${key_bytes}\r\n{key}\r\n${value_bytes}\r\n");
        self.text.extend_from_slice(head.as_bytes());
        self.values.push((self.text.len(), value));
        self.text.extend_from_slice(b"\r\n");
        if let Some(number) = milliseconds {
            let tail = format!("$2\r\nPX\r\n${}\r\n{number}\r\n", number.len());
            self.text.extend_from_slice(tail.as_bytes());
        }
    }

    /// Writes all of it, copying nothing.
    pub(super) async fn write_to(&self, writer: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        let mut pieces = self.pieces();
        let mut left = pieces.as_mut_slice();
        while !left.is_empty() {
            let written = writer.write_vectored(left).await?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            IoSlice::advance_slices(&mut left, written);
        }
        Ok(())
    }

    /// Text and values in turn, without empty ones.
    fn pieces(&self) -> Vec<IoSlice<'_>> {
        let mut pieces = Vec::with_capacity(2 * self.values.len() + 1);
        let mut done = 0;
        for (position, value) in &self.values {
            pieces.push(IoSlice::new(&self.text[done..*position]));
            if !value.is_empty() {
                pieces.push(IoSlice::new(value));
            }
            done = *position;
        }
        if done < self.text.len() {
            pieces.push(IoSlice::new(&self.text[done..]));
        }
        pieces
    }
}

/// Commands that are encoded already.
impl From<Vec<u8>> for Wire {
    fn from(text: Vec<u8>) -> Self {
        Self {
            text,
            values: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use super::*;
    use crate::pack::raw_batch_of;

    /// A socket that takes a few bytes at a time.
    struct Narrow(Vec<u8>);

    impl AsyncWrite for Narrow {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let taken = bytes.len().min(7);
            self.0.extend_from_slice(&bytes[..taken]);
            Poll::Ready(Ok(taken))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn writes_the_same_bytes_as_the_library() {
        let keys: Vec<_> = (0..150).map(|number| format!("é{number}")).collect();
        let values = ["", "v", "\r\n$3\r\nDEL"];
        let entries: Vec<_> = keys
            .iter()
            .enumerate()
            .map(|(at, key)| (key.as_str(), values[at % 3], (at % 2 == 0).then_some(60)))
            .collect();
        let batch = raw_batch_of(&entries);
        let mut commands: Vec<_> = batch.entries().map(Command::Set).collect();
        commands.push(Command::Delete("gone"));
        let mut expected = redis::pipe();
        for (key, value, ttl_seconds) in entries {
            expected.cmd("SET").arg(key).arg(value);
            if let Some(seconds) = ttl_seconds {
                expected.arg("PX").arg(seconds * 1000);
            }
        }
        expected.cmd("DEL").arg("gone");
        let mut socket = Narrow(Vec::new());
        for wire in Wire::of(&commands) {
            wire.write_to(&mut socket).await.unwrap();
        }
        let [found, expected] = [socket.0, expected.get_packed_pipeline()]
            .map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(found, expected);
    }
}
