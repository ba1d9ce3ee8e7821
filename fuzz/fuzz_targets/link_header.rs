//! Any text as a `Link` header.
//!
//! Must hold: no panic, kept elements are part of the input, none points to the loopback, and
//! filtering again changes nothing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vinext_seed::formats::link_header::framework_links;
use vinext_seed::formats::loopback::is_loopback_url;

fuzz_target!(|header: &str| {
    let Some(kept) = framework_links(header) else {
        return;
    };
    assert!(kept.len() <= header.len() + ", ".len() * header.matches(',').count());
    assert_eq!(framework_links(&kept).as_deref(), Some(kept.as_str()));
    let first = kept.strip_prefix('<').and_then(|rest| rest.split_once('>'));
    let (url, parameters) = first.expect("an element begins with its URL");
    assert!(!is_loopback_url(url), "{kept}");
    assert!(parameters.to_ascii_lowercase().contains("rel"));
});
