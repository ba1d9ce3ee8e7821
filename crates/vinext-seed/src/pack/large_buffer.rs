//! Makes room in buffers of large pages so that their memory returns to the system when they are freed.
//!
//! glibc keeps freed blocks of up to 32 MiB for later, once one of that size was freed
//! (`M_MMAP_THRESHOLD` in mallopt(3)), so a run would hold far more than it uses. A larger block has a
//! mapping of its own, of which only written pages take memory.

use std::collections::TryReserveError;

/// The smallest buffer that gets a mapping, in bytes. The kernel clears its pages, which takes longer than
/// using freed memory again: 2 MB pages were packed a quarter slower, and took no less.
const MIN_LARGE_BYTES: usize = 4 * 1024 * 1024;

/// The size from which the allocator always maps a block: glibc's `DEFAULT_MMAP_THRESHOLD_MAX`, and a page
/// for its own header. Other allocators map smaller ones as well.
const MAPPED_BYTES: Option<usize> = if cfg!(all(
    target_env = "gnu",
    target_os = "linux",
    target_pointer_width = "64"
)) {
    Some(32 * 1024 * 1024 + 4096)
} else {
    None
};

/// Makes room for exactly `bytes` more, or for as many as it takes to get a mapping.
pub(super) fn make_room(buffer: &mut Vec<u8>, bytes: usize) -> Result<(), TryReserveError> {
    let needed = buffer.len().saturating_add(bytes);
    if needed <= buffer.capacity() {
        return Ok(());
    }
    if let Some(mapped) = MAPPED_BYTES
        && (MIN_LARGE_BYTES..mapped).contains(&needed)
        // A limit on the address space may forbid what a buffer of the exact size does not need.
        && buffer.try_reserve_exact(mapped - buffer.len()).is_ok()
    {
        return Ok(());
    }
    buffer.try_reserve_exact(bytes)
}

/// The memory that a buffer takes, in bytes.
pub(super) fn used_bytes(buffer: &Vec<u8>) -> usize {
    match MAPPED_BYTES {
        Some(mapped) if buffer.capacity() >= mapped => buffer.len(),
        _ => buffer.capacity(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_buffer_has_its_exact_size() {
        let mut buffer = Vec::new();
        make_room(&mut buffer, 1000).unwrap();
        assert_eq!((buffer.capacity(), used_bytes(&buffer)), (1000, 1000));
    }

    #[test]
    fn a_large_buffer_counts_what_is_written() {
        let mut buffer = vec![0; 1000];
        make_room(&mut buffer, 2 * MIN_LARGE_BYTES).unwrap();
        let counted = used_bytes(&buffer);
        match MAPPED_BYTES {
            Some(mapped) => assert_eq!((buffer.capacity(), counted), (mapped, 1000)),
            None => assert_eq!(counted, buffer.capacity()),
        }
        assert!(buffer.capacity() >= 1000 + 2 * MIN_LARGE_BYTES);
    }

    #[test]
    fn available_room_is_used() {
        let mut buffer = Vec::with_capacity(2 * MIN_LARGE_BYTES);
        make_room(&mut buffer, 2 * MIN_LARGE_BYTES).unwrap();
        assert_eq!(buffer.capacity(), 2 * MIN_LARGE_BYTES);
    }

    #[test]
    fn an_impossible_amount_fails() {
        make_room(&mut vec![0], usize::MAX).unwrap_err();
    }

    /// Freed buffers of the size of the largest pages do not stay in the process.
    #[test]
    #[cfg(all(target_env = "gnu", target_os = "linux", target_pointer_width = "64"))]
    fn freed_memory_returns_to_the_system() {
        const PAGE_BYTES: usize = 24_000_000;
        // Other tests run in the same process: several rounds, and far more than they take.
        let mut kept = Vec::new();
        let before = resident_bytes();
        for _ in 0..8 {
            let mut buffers: Vec<Vec<u8>> = Vec::new();
            for _ in 0..4 {
                let mut buffer = Vec::new();
                make_room(&mut buffer, PAGE_BYTES).unwrap();
                buffer.resize(PAGE_BYTES, 1);
                buffers.push(buffer);
                // A small block above it, which would hold the heap's end.
                kept.push(vec![1_u8; 64]);
            }
        }
        let grown = resident_bytes().saturating_sub(before);
        assert!(grown < 2 * PAGE_BYTES, "{grown} bytes more than before");
        drop(kept);
    }

    #[cfg(all(target_env = "gnu", target_os = "linux", target_pointer_width = "64"))]
    fn resident_bytes() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
        1024 * kilobytes.parse::<usize>().unwrap()
    }
}
