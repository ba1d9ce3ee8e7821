//! Any text as the code of a built Worker, alone and around a KV adapter whose prefix is known.
//!
//! Must hold: no panic; with other code around it, the adapter's prefix is read as it stands there or
//! not at all.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vinext_seed::fuzzing::facts_of_code;
use vinext_seed::runtime::worker::Fact;

const ADAPTER: &str = "var key=(e,t)=>`app:v2:${e}:__hash:${t}`;var Kv=class{get(e){console.error(`[vinext] \
Invalid cache entry shape for key:`,e)}};var make=({env:e,options:t})=>{throw Error(`[vinext] The KV data \
cache adapter requires a \\`${n}\\``);return new Kv(e)};function on(e){try{set(make({env:e,options:\
{appPrefix:`shop`}}))}catch(e){console.warn(`[vinext] failed to initialize the configured data cache \
adapter; …`)}}";

fuzz_target!(|input: &[u8]| {
    let code = String::from_utf8_lossy(input);
    facts_of_code(&format!("`:__hash:`;{code}"));
    // The same messages somewhere else make other adapters.
    if code.contains("[vinext]") {
        return;
    }
    let (before, behind) = code.split_once('\0').unwrap_or((&code, ""));
    let facts = facts_of_code(&format!("{before}\n;{ADAPTER}\n;{behind}"));
    if let Fact::Known(prefix) = facts.app_prefix {
        assert_eq!(prefix, "shop");
    }
});
