//! Escapes sixteen bytes at a time with the byte shuffles of x86-64 (SSSE3) and ARM (NEON).
//!
//! A quote or backslash keeps its place behind a fixed number of backslashes: one if it is escaped once,
//! three if twice. So eight bytes and their escapes are a shuffle of these bytes and backslashes, and there
//! are 256 of those, one for each set of places. Nothing is predicted or searched, however many escapes
//! there are. Control characters, which are rare in pages, are left to the table.
//!
//! Invariant: unsafe code is in this module only. It loads from and stores to references of the right
//! size, and calls a function for processors with a feature that was just found.

#![cfg_attr(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    expect(unsafe_code, reason = "see above")
)]
#![cfg_attr(
    not(any(target_arch = "x86_64", target_arch = "aarch64")),
    allow(dead_code, reason = "there is no vector code for this processor")
)]

use super::Escapes;

/// The size of a vector register, in bytes.
const BLOCK_BYTES: usize = 16;

/// How many bytes of text are shuffled at a time.
const GROUP_BYTES: usize = 8;

/// The maximum size of such a group, if each byte has three backslashes before it.
const EXPANDED_BYTES: usize = 4 * GROUP_BYTES;

/// How much text is escaped before it is copied to where it belongs, in bytes.
const PORTION_BYTES: usize = 512;

/// Room for a portion of control characters, `\\u001f` each, and for what is stored beyond its end.
const ROOM_BYTES: usize = 7 * PORTION_BYTES + EXPANDED_BYTES;

/// For each set of bytes that need backslashes, lowest bit first, where the bytes of the result come from:
/// one of the group's eight, or of the backslashes after them.
pub(super) type Expansions = [Expansion; 256];

#[derive(Clone, Copy)]
pub(super) struct Expansion {
    sources: [[u8; BLOCK_BYTES]; EXPANDED_BYTES / BLOCK_BYTES],
    length: u8,
}

/// The expansions that put this many backslashes before a byte, three at most.
#[expect(clippy::cast_possible_truncation, reason = "lengths up to 32")]
pub(super) const fn expansions(backslashes: usize) -> Expansions {
    const BACKSLASH: u8 = GROUP_BYTES as u8;
    let mut expansions = [Expansion {
        sources: [[BACKSLASH; BLOCK_BYTES]; EXPANDED_BYTES / BLOCK_BYTES],
        length: 0,
    }; 256];
    let mut places = 0;
    while places < expansions.len() {
        let mut end = 0;
        let mut byte = 0;
        while byte < GROUP_BYTES {
            if places >> byte & 1 == 1 {
                end += backslashes;
            }
            expansions[places].sources[end / BLOCK_BYTES][end % BLOCK_BYTES] = byte as u8;
            end += 1;
            byte += 1;
        }
        expansions[places].length = end as u8;
        places += 1;
    }
    expansions
}

/// Appends `text` with its escapes. Returns `false` and does nothing if the processor has no such
/// instructions, or the text is too short to benefit.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(super) fn push(out: &mut Vec<u8>, text: &[u8], escapes: &Escapes) -> bool {
    let is_possible = text.len() >= BLOCK_BYTES && registers::are_there();
    if is_possible {
        // SAFETY: the processor has the features, as was just checked.
        unsafe { push_blocks(out, text, escapes) }
    }
    is_possible
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) fn push(_: &mut Vec<u8>, _: &[u8], _: &Escapes) -> bool {
    false
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[cfg_attr(target_arch = "x86_64", target_feature(enable = "ssse3"))]
#[cfg_attr(target_arch = "aarch64", target_feature(enable = "neon"))]
fn push_blocks(out: &mut Vec<u8>, text: &[u8], escapes: &Escapes) {
    let mut escaped = [0; ROOM_BYTES];
    for portion in text.chunks(PORTION_BYTES) {
        let (blocks, rest) = portion.as_chunks::<BLOCK_BYTES>();
        let mut end = 0;
        for block in blocks {
            let bytes = registers::load(block);
            let found = registers::find(bytes);
            if found.has_controls {
                end = super::copy_by_table(&mut escaped, end, block, &escapes.table);
            } else if found.places == [0; 2] {
                store(&mut escaped, end, [bytes]);
                end += BLOCK_BYTES;
            } else {
                let groups = registers::with_backslashes(bytes);
                for (group, places) in groups.into_iter().zip(found.places) {
                    let expansion = &escapes.expansions[usize::from(places)];
                    let [first, second] = &expansion.sources;
                    let expanded = [
                        registers::shuffle(group, registers::load(first)),
                        registers::shuffle(group, registers::load(second)),
                    ];
                    store(&mut escaped, end, expanded);
                    end += usize::from(expansion.length);
                }
            }
        }
        end = super::copy_by_table(&mut escaped, end, rest, &escapes.table);
        out.extend_from_slice(&escaped[..end]);
    }
}

/// Stores blocks one after another from `start` on.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[cfg_attr(target_arch = "x86_64", target_feature(enable = "ssse3"))]
#[cfg_attr(target_arch = "aarch64", target_feature(enable = "neon"))]
#[inline]
fn store<const BLOCKS: usize>(
    escaped: &mut [u8; ROOM_BYTES],
    start: usize,
    blocks: [registers::Block; BLOCKS],
) {
    let room = &mut escaped[start..start + BLOCKS * BLOCK_BYTES];
    let (places, _) = room.as_chunks_mut::<BLOCK_BYTES>();
    for (place, block) in places.iter_mut().zip(blocks) {
        registers::store(place, block);
    }
}

/// Positions in a block.
struct Found {
    /// Quotes and backslashes in its first and second group, lowest bit first.
    places: [u8; BLOCK_BYTES / GROUP_BYTES],
    has_controls: bool,
}

/// The instructions of x86-64.
#[cfg(target_arch = "x86_64")]
mod registers {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
        _mm_set1_epi8, _mm_shuffle_epi8, _mm_storeu_si128, _mm_unpackhi_epi64, _mm_unpacklo_epi64,
    };

    use super::{BLOCK_BYTES, Found};

    pub(super) type Block = __m128i;

    const QUOTE: i8 = 0x22;
    const BACKSLASH: i8 = 0x5c;
    const LAST_CONTROL: i8 = 0x1f;

    pub(super) fn are_there() -> bool {
        std::arch::is_x86_feature_detected!("ssse3")
    }

    #[target_feature(enable = "ssse3")]
    #[inline]
    pub(super) fn load(bytes: &[u8; BLOCK_BYTES]) -> Block {
        // SAFETY: there are as many bytes as are loaded, which need no alignment.
        unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
    }

    #[target_feature(enable = "ssse3")]
    #[inline]
    pub(super) fn store(place: &mut [u8; BLOCK_BYTES], block: Block) {
        // SAFETY: there is room for as many bytes as are stored, which need no alignment.
        unsafe { _mm_storeu_si128(place.as_mut_ptr().cast(), block) }
    }

    #[target_feature(enable = "ssse3")]
    #[inline]
    pub(super) fn find(bytes: Block) -> Found {
        let are = |byte| _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte));
        let places = _mm_movemask_epi8(_mm_or_si128(are(QUOTE), are(BACKSLASH)));
        let lower = _mm_min_epu8(bytes, _mm_set1_epi8(LAST_CONTROL));
        let [first, second, ..] = places.to_le_bytes();
        Found {
            places: [first, second],
            has_controls: _mm_movemask_epi8(_mm_cmpeq_epi8(lower, bytes)) != 0,
        }
    }

    /// Both groups of a block, each followed by backslashes.
    #[target_feature(enable = "ssse3")]
    #[inline]
    pub(super) fn with_backslashes(bytes: Block) -> [Block; 2] {
        let backslashes = _mm_set1_epi8(BACKSLASH);
        [
            _mm_unpacklo_epi64(bytes, backslashes),
            _mm_unpackhi_epi64(bytes, backslashes),
        ]
    }

    #[target_feature(enable = "ssse3")]
    #[inline]
    pub(super) fn shuffle(bytes: Block, sources: Block) -> Block {
        _mm_shuffle_epi8(bytes, sources)
    }
}

/// The instructions of 64-bit ARM, which all of its processors have.
#[cfg(target_arch = "aarch64")]
mod registers {
    use std::arch::aarch64::{
        uint8x16_t, vaddv_u8, vandq_u8, vceqq_u8, vcltq_u8, vcombine_u8, vdup_n_u8, vdupq_n_u8,
        vget_high_u8, vget_low_u8, vld1q_u8, vmaxvq_u8, vorrq_u8, vqtbl1q_u8, vst1q_u8,
    };

    use super::{BLOCK_BYTES, Found};

    pub(super) type Block = uint8x16_t;

    /// What each byte of a group counts in the set of places.
    const BITS: [u8; BLOCK_BYTES] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];

    pub(super) fn are_there() -> bool {
        std::arch::is_aarch64_feature_detected!("neon")
    }

    #[target_feature(enable = "neon")]
    #[inline]
    pub(super) fn load(bytes: &[u8; BLOCK_BYTES]) -> Block {
        // SAFETY: there are as many bytes as are loaded, which need no alignment.
        unsafe { vld1q_u8(bytes.as_ptr()) }
    }

    #[target_feature(enable = "neon")]
    #[inline]
    pub(super) fn store(place: &mut [u8; BLOCK_BYTES], block: Block) {
        // SAFETY: there is room for as many bytes as are stored, which need no alignment.
        unsafe { vst1q_u8(place.as_mut_ptr(), block) }
    }

    #[target_feature(enable = "neon")]
    #[inline]
    pub(super) fn find(bytes: Block) -> Found {
        let are = |byte| vceqq_u8(bytes, vdupq_n_u8(byte));
        let found = vandq_u8(vorrq_u8(are(b'"'), are(b'\\')), load(&BITS));
        Found {
            places: [vaddv_u8(vget_low_u8(found)), vaddv_u8(vget_high_u8(found))],
            has_controls: vmaxvq_u8(vcltq_u8(bytes, vdupq_n_u8(b' '))) != 0,
        }
    }

    /// Both groups of a block, each followed by backslashes.
    #[target_feature(enable = "neon")]
    #[inline]
    pub(super) fn with_backslashes(bytes: Block) -> [Block; 2] {
        let backslashes = vdup_n_u8(b'\\');
        [
            vcombine_u8(vget_low_u8(bytes), backslashes),
            vcombine_u8(vget_high_u8(bytes), backslashes),
        ]
    }

    #[target_feature(enable = "neon")]
    #[inline]
    pub(super) fn shuffle(bytes: Block, sources: Block) -> Block {
        vqtbl1q_u8(bytes, sources)
    }
}
