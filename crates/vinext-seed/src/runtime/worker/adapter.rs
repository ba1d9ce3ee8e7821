//! Finds a Worker's KV cache handler and its options.
//!
//! The messages that the code logs identify it, minified or not, in every published version. The Vite
//! plugin's option `cache.data` (since 0.1.1) becomes a call of the adapter's factory with the options as a
//! literal; up to 0.1.8 the Worker's own code constructs the handler.

use super::facts::{DataCache, Fact, WorkerFacts};
use super::handlers::Handlers;
use super::surroundings::marks;
use crate::runtime::javascript::{Kind, Program, Value};

/// Logged by the KV handler of every version.
pub(super) const KV_HANDLER: &str = "[vinext] Invalid cache entry shape for key:";

/// Thrown by the factory of `@vinext/cloudflare`'s adapter if the binding is missing.
pub(super) const KV_FACTORY: &str = "[vinext] The KV data cache adapter requires a ";

/// Logged if a configured data adapter fails, from 0.1.1 on.
pub(super) const DATA_REGISTRATION: &str =
    "[vinext] failed to initialize the configured data cache adapter";

/// Logged if a configured CDN adapter fails.
const CDN_REGISTRATION: &str = "[vinext] failed to initialize the configured CDN cache adapter";

/// The symbol under which every version stores the active handler.
const HANDLER_SYMBOL: &str = "vinext.cacheHandler";

/// The default binding of `@vinext/cloudflare`'s adapter.
const DEFAULT_BINDING: &str = "VINEXT_KV_CACHE";

/// The options of a KV handler.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct KvOptions {
    pub(super) binding: Fact<String>,
    pub(super) app_prefix: Fact<String>,
    pub(super) ttl_seconds: Fact<Option<f64>>,
}

/// Finds the caches that the code configures.
pub(super) fn find(program: &Program<'_>) -> WorkerFacts {
    let mut facts = WorkerFacts {
        has_cdn_cache: has(program, CDN_REGISTRATION),
        ..WorkerFacts::default()
    };
    if !has(program, KV_HANDLER) {
        let has_other = has(program, DATA_REGISTRATION) || sets_handler(program);
        facts.data_cache = if has_other {
            DataCache::Other
        } else {
            DataCache::Memory
        };
        return facts;
    }
    facts.data_cache = DataCache::Kv;
    let mut all = Handlers::find(program).options().into_iter();
    if let Some(first) = all.next() {
        let agreed = all.fold(first, KvOptions::and);
        facts.binding = agreed.binding;
        facts.app_prefix = agreed.app_prefix;
        facts.ttl_seconds = agreed.ttl_seconds;
    }
    facts
}

impl KvOptions {
    /// From the options of the handler.
    pub(super) fn of(options: &Value) -> Self {
        Self {
            binding: Fact::Unknown,
            app_prefix: prefix(options.member("appPrefix")),
            ttl_seconds: seconds(options.member("ttlSeconds")),
        }
    }

    /// From the options of the adapter, which contain the binding too.
    pub(super) fn of_adapter(options: &Value) -> Self {
        let binding = match options.member("binding") {
            Value::Undefined | Value::Null => Fact::Known(DEFAULT_BINDING.to_owned()),
            Value::String(name) => Fact::Known(name.clone()),
            _ => Fact::Unknown,
        };
        Self {
            binding,
            ..Self::of(options)
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            binding: self.binding.and(other.binding),
            app_prefix: self.app_prefix.and(other.app_prefix),
            ttl_seconds: self.ttl_seconds.and(other.ttl_seconds),
        }
    }
}

/// The prefix that the handler puts before keys: empty if the option is falsy.
fn prefix(value: &Value) -> Fact<String> {
    match value.is_truthy() {
        Some(false) => Fact::Known(String::new()),
        Some(true) => value.to_text().map_or(Fact::Unknown, Fact::Known),
        None => Fact::Unknown,
    }
}

fn seconds(value: &Value) -> Fact<Option<f64>> {
    match value {
        Value::Undefined | Value::Null => Fact::Known(None),
        Value::Number(seconds) => Fact::Known(Some(*seconds)),
        _ => Fact::Unknown,
    }
}

fn has(program: &Program<'_>, text: &str) -> bool {
    program.files().iter().any(|file| file.code.contains(text))
}

/// Whether the code sets a handler other than vinext's own memory cache.
///
/// A setter stores its parameter under the symbol; bundlers drop unused setters.
fn sets_handler(program: &Program<'_>) -> bool {
    marks(program, HANDLER_SYMBOL).any(|mark| {
        let Some(tokens) = program.module(mark.file).map(|module| &module.tokens) else {
            return false;
        };
        // `key = Symbol.for("vinext.cacheHandler")`.
        let Some(key) = mark.index.checked_sub(6) else {
            return false;
        };
        let is_key = tokens.is(key + 1, "=") && tokens.is(key + 2, "Symbol");
        let name = tokens.text(key);
        is_key
            && (0..tokens.len()).any(|at| {
                tokens.is(at, "[")
                    && tokens.is(at + 1, name)
                    && tokens.is(at + 2, "]")
                    && tokens.is(at + 3, "=")
                    && tokens.kind(at + 4) == Some(Kind::Word)
                    && !tokens.is(at + 4, "new")
            })
    })
}
