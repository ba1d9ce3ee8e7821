//! Benchmarks escaping a 40 KB document twice: the engine's encoder and the alternatives.
//!
//! The document either has its payload in a script, as vinext writes it (every sixth byte needs an escape),
//! or is plain prose (every fiftieth does). Each encoder is compared with the slow reference before it is
//! timed.

#[allow(
    dead_code,
    unused_imports,
    reason = "only one of its functions is needed here, and none of its tests"
)]
#[path = "../src/pack/json_text/mod.rs"]
mod json_text;
mod support;

use divan::Bencher;
use divan::counter::BytesCount;

fn main() {
    divan::main();
}

type Way = fn(&mut Vec<u8>, &str);

const TEXTS: [&str; 2] = ["page", "prose"];

fn bench(bencher: Bencher<'_, '_>, text: &str, way: Way) {
    let text = match text {
        "page" => support::document(40_000),
        _ => "The first request after a deploy renders every page once more.\n".repeat(640),
    };
    let mut expected = Vec::new();
    serde_json_twice(&mut expected, &text);
    let mut out = Vec::new();
    way(&mut out, &text);
    assert!(out == expected, "not what JSON.stringify prints");
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| {
        out.clear();
        way(&mut out, &text);
    });
}

/// What the engine does: shuffles of eight bytes, if the processor has them.
#[divan::bench(args = TEXTS)]
fn shuffles(bencher: Bencher<'_, '_>, text: &str) {
    bench(bencher, text, json_text::push_escaped_twice);
}

/// What the engine does elsewhere: a table, one byte at a time.
#[divan::bench(args = TEXTS)]
fn table(bencher: Bencher<'_, '_>, text: &str) {
    bench(bencher, text, |out, text| {
        json_text::push_by_table(out, text.as_bytes(), &json_text::TWICE);
    });
}

/// Searching for what needs an escape with the vector instructions that every x86-64 has.
#[cfg(target_arch = "x86_64")]
#[divan::bench(args = TEXTS)]
fn search_sse2(bencher: Bencher<'_, '_>, text: &str) {
    bench(bencher, text, sse2::push);
}

/// Searching for the two commonest with memchr, and for control characters in between.
#[divan::bench(args = TEXTS)]
fn search_memchr(bencher: Bencher<'_, '_>, text: &str) {
    bench(bencher, text, |out, text| {
        out.reserve(text.len() + text.len() / 4);
        let mut rest = text.as_bytes();
        while let Some(at) = memchr::memchr3(b'"', b'\\', b'\n', rest) {
            let (before, found) = rest.split_at(at);
            assert!(before.iter().fold(true, |all, &byte| all & (byte >= 0x20)));
            out.extend_from_slice(before);
            out.extend_from_slice(match found[0] {
                b'"' => br#"\\\""#,
                b'\\' => br"\\\\",
                _ => br"\\n",
            });
            rest = &found[1..];
        }
        out.extend_from_slice(rest);
    });
}

/// The json-escape-simd crate, once and twice.
#[divan::bench(args = TEXTS)]
fn json_escape_simd_twice(bencher: Bencher<'_, '_>, text: &str) {
    bench(bencher, text, |out, text| {
        let once = json_escape_simd::escape(text);
        let twice = json_escape_simd::escape(&once[1..once.len() - 1]);
        out.extend_from_slice(&twice.as_bytes()[1..twice.len() - 1]);
    });
}

/// The slow reference.
#[divan::bench(args = TEXTS, name = "serde_json_twice")]
fn reference(bencher: Bencher<'_, '_>, text: &str) {
    bench(bencher, text, serde_json_twice);
}

fn serde_json_twice(out: &mut Vec<u8>, text: &str) {
    let once = serde_json::to_string(text).unwrap_or_default();
    let twice = serde_json::to_string(&once[1..once.len() - 1]).unwrap_or_default();
    out.extend_from_slice(&twice.as_bytes()[1..twice.len() - 1]);
}

#[cfg(target_arch = "x86_64")]
mod sse2 {
    #![expect(unsafe_code, reason = "loads of 16 bytes that are checked to be there")]

    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
        _mm_set1_epi8,
    };

    /// Copies 16 bytes at a time where none needs an escape, else up to the first that does.
    pub(super) fn push(out: &mut Vec<u8>, text: &str) {
        out.reserve(text.len() + text.len() / 4);
        let mut rest = text.as_bytes();
        while let Some((block, after)) = rest.split_first_chunk::<16>() {
            let found = escapes(block).trailing_zeros() as usize;
            if found >= 16 {
                out.extend_from_slice(block);
                rest = after;
            } else {
                out.extend_from_slice(&block[..found]);
                out.extend_from_slice(escape(block[found]));
                rest = &rest[found + 1..];
            }
        }
        // A document is valid UTF-8, and no character was cut: escapes are ASCII.
        super::json_text::push_escaped_twice(out, std::str::from_utf8(rest).unwrap_or_default());
    }

    fn escape(byte: u8) -> &'static [u8] {
        match byte {
            b'"' => br#"\\\""#,
            b'\\' => br"\\\\",
            b'\n' => br"\\n",
            _ => unreachable!("there is no other in these documents"),
        }
    }

    fn escapes(block: &[u8; 16]) -> u32 {
        // SAFETY: SSE2 is part of x86-64, and `block` has 16 bytes.
        unsafe {
            let bytes = _mm_loadu_si128(block.as_ptr().cast::<__m128i>());
            let quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x22));
            let backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x5c));
            let low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
            let any = _mm_or_si128(_mm_or_si128(quotes, backslashes), low);
            _mm_movemask_epi8(any).cast_unsigned()
        }
    }
}
