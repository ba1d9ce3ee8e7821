//! Which node of a cluster has a key, learned from redirects.
//!
//! A standalone server never redirects, so nothing is queried before the first `MOVED`: the user
//! of an ACL may not be allowed to ask.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use redis::Value;

use super::connection::Node;

/// "Hash slot" in the specification of Redis Cluster.
const SLOTS: u16 = 16_384;

/// The nodes of a cluster.
#[derive(Debug, Default)]
pub(super) struct Topology(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// By slot, as far as they are known.
    nodes: HashMap<u16, Node>,
    /// Whether a redirect named a node that is not in `nodes`.
    is_outdated: bool,
}

impl Topology {
    /// The node of a key; `None` before the first redirect.
    pub(super) fn node(&self, key: &str) -> Option<Node> {
        self.change(|state| {
            if state.nodes.is_empty() {
                return None;
            }
            state.nodes.get(&slot(key)).cloned()
        })
    }

    /// All nodes that have slots.
    pub(super) fn nodes(&self) -> Vec<Node> {
        let mut nodes: Vec<_> = self.change(|state| state.nodes.values().cloned().collect());
        nodes.sort_unstable_by(|a, b| (&a.host, a.port).cmp(&(&b.host, b.port)));
        nodes.dedup();
        nodes
    }

    /// Records a redirect, `3999 127.0.0.1:6381`; an empty host means the one that was asked.
    pub(super) fn moved(&self, details: &str, asked: &Node) {
        let mut words = details.split_ascii_whitespace();
        let slot = words.next().and_then(|word| word.parse().ok());
        let address = words.next().and_then(|word| word.rsplit_once(':'));
        let (Some(slot), Some((host, port))) = (slot, address) else {
            return;
        };
        let Ok(port) = port.parse() else {
            return;
        };
        let host = match host.trim_matches(['[', ']']) {
            "" | "?" => asked.host.clone(),
            host => host.to_owned(),
        };
        self.change(|state| {
            state.nodes.insert(slot, Node { host, port });
            state.is_outdated = true;
        });
    }

    /// Whether the nodes should be queried for all slots. True only once.
    pub(super) fn take_outdated(&self) -> bool {
        self.change(|state| std::mem::take(&mut state.is_outdated))
    }

    /// Forgets a node that does not answer.
    pub(super) fn lost(&self, node: &Node) {
        self.change(|state| state.nodes.retain(|_, known| known != node));
    }

    /// Replaces what is known by the reply to `CLUSTER SLOTS`.
    pub(super) fn learn(&self, reply: &Value, asked: &Node) {
        let Value::Array(ranges) = reply else {
            return;
        };
        let nodes: HashMap<_, _> = ranges
            .iter()
            .filter_map(|range| described(range, asked))
            .flat_map(|(first, last, node)| (first..=last).map(move |slot| (slot, node.clone())))
            .collect();
        if !nodes.is_empty() {
            self.change(|state| state.nodes = nodes);
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A range of slots and its master: `[first, last, [host, port, …], replicas…]`.
fn described(range: &Value, asked: &Node) -> Option<(u16, u16, Node)> {
    let Value::Array(parts) = range else {
        return None;
    };
    let [
        Value::Int(first),
        Value::Int(last),
        Value::Array(master),
        ..,
    ] = parts.as_slice()
    else {
        return None;
    };
    let [host, Value::Int(port), ..] = master.as_slice() else {
        return None;
    };
    let host = match host {
        Value::BulkString(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::SimpleString(text) => text.clone(),
        _ => String::new(),
    };
    let node = Node {
        host: match host.as_str() {
            "" | "?" => asked.host.clone(),
            _ => host,
        },
        port: u16::try_from(*port).ok()?,
    };
    let slot = |number: i64| u16::try_from(number).ok().filter(|slot| *slot < SLOTS);
    Some((slot(*first)?, slot(*last)?, node))
}

/// The slot of a key ("Key distribution model" in the specification of Redis Cluster): of what stands
/// between the first `{` and the next `}`, if there is anything, else of all of it.
fn slot(key: &str) -> u16 {
    let tag = key.split_once('{').and_then(|(_, rest)| {
        let (tag, _) = rest.split_once('}')?;
        (!tag.is_empty()).then_some(tag)
    });
    crc16(tag.unwrap_or(key).as_bytes()) % SLOTS
}

/// CRC-16/XMODEM.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0_u16, |crc, &byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| {
            let shifted = crc << 1;
            if crc & 0x8000 == 0 {
                shifted
            } else {
                shifted ^ 0x1021
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(host: &str, port: u16) -> Node {
        let host = host.to_owned();
        Node { host, port }
    }

    #[test]
    fn computes_slots_as_specified() {
        // Its check value, and `CLUSTER KEYSLOT` of Redis 7.0.
        assert_eq!(crc16(b"123456789"), 0x31C3);
        for (key, expected) in [
            ("", 0),
            ("foo", 12182),
            ("{foo}bar", 12182),
            ("x{foo}{bar}", 12182),
            ("foo{}bar", crc16(b"foo{}bar") % SLOTS),
            ("somekey", 11058),
        ] {
            assert_eq!(slot(key), expected, "{key}");
        }
    }

    #[test]
    fn finds_the_node_of_a_key_by_redirects_and_slots() {
        let topology = Topology::default();
        let asked = node("a", 1);
        assert_eq!(topology.node("foo"), None);
        for (details, expected) in [
            ("12182 10.0.0.2:7002", Some(node("10.0.0.2", 7002))),
            ("12182 :7003", Some(node("a", 7003))),
            ("12182 [::1]:7004", Some(node("::1", 7004))),
            ("nonsense", Some(node("::1", 7004))),
            ("12182 host:port", Some(node("::1", 7004))),
        ] {
            topology.moved(details, &asked);
            assert_eq!(topology.node("foo"), expected, "{details}");
        }
        assert!(topology.take_outdated());
        assert!(!topology.take_outdated());
        let range = |first, last, host: &str, port| {
            let host = Value::BulkString(host.into());
            let master = Value::Array(vec![host, Value::Int(port), Value::Nil]);
            Value::Array(vec![Value::Int(first), Value::Int(last), master])
        };
        let slots = Value::Array(vec![
            range(0, 8191, "b", 2),
            range(8192, 16383, "", 3),
            range(5, 99_999, "x", 4),
            Value::Nil,
        ]);
        topology.learn(&slots, &asked);
        assert_eq!(topology.node("foo"), Some(node("a", 3)));
        assert_eq!(topology.node(""), Some(node("b", 2)));
        assert_eq!(topology.nodes(), [node("a", 3), node("b", 2)]);
        topology.learn(&Value::Nil, &asked);
        topology.lost(&node("b", 2));
        assert_eq!(topology.nodes(), [node("a", 3)]);
    }
}
