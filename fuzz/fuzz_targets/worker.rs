//! Any text as the code of a built Worker, alone and around a KV adapter.
//!
//! Must hold: no panic, and termination.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vinext_seed::fuzzing::facts_of_code;

const ADAPTER: &str = "var key=(e,t)=>`app:v2:${e}:__hash:${t}`;var Kv=class{get(e){console.error(`[vinext] \
Invalid cache entry shape for key:`,e)}};var make=({env:e,options:t})=>{throw Error(`[vinext] The KV data \
cache adapter requires a \\`${n}\\``);return new Kv(e)};function on(e){try{set(make({env:e,options:\
{appPrefix:`shop`}}))}catch(e){console.warn(`[vinext] failed to initialize the configured data cache \
adapter; …`)}}";

fuzz_target!(|input: &[u8]| {
    let code = String::from_utf8_lossy(input);
    facts_of_code(&format!("`:__hash:`;{code}"));
    let (before, behind) = code.split_once('\0').unwrap_or((&code, ""));
    facts_of_code(&format!("{before}\n;{ADAPTER}\n;{behind}"));
});
