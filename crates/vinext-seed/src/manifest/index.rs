//! The positions of the routes in the file, so that any thread can reread any of them.
//!
//! Invariant: all routes come from the file that was opened. Reading fails if it is written to afterwards.

use std::fs::File;
use std::io;
use std::ops::Range;

use crate::files::{FileError, FileStamp, read_exact_at, take_memory};

/// The position of every route: 12 bytes for each.
#[derive(Clone, Debug, Default)]
pub(crate) struct RouteIndex {
    starts: Vec<u64>,
    lengths: Vec<u32>,
}

impl RouteIndex {
    /// Adds the position of the next route.
    pub(crate) fn push(&mut self, start: u64, bytes: u32) {
        self.starts.push(start);
        self.lengths.push(bytes);
    }

    /// The number of routes.
    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }

    /// As many of `positions`, from the first, as have at most `max_bytes` in the file, but at least one.
    pub(crate) fn fitting(&self, positions: Range<usize>, max_bytes: u64) -> Range<usize> {
        let (first, start) = (positions.start, self.starts[positions.start]);
        let all = &self.starts[positions.clone()];
        let fitting = all
            .partition_point(|&next| next - start <= max_bytes)
            .max(1);
        // The last route that starts within the limit may end beyond it.
        let is_over = self.end(first + fitting - 1) - start > max_bytes && fitting > 1;
        first..first + fitting - usize::from(is_over)
    }

    fn end(&self, position: usize) -> u64 {
        self.starts[position] + u64::from(self.lengths[position])
    }
}

/// A manifest's routes, to be reread.
#[derive(Debug)]
pub struct RouteFile {
    file: File,
    /// The stamp of the file when it was opened.
    stamp: FileStamp,
}

impl RouteFile {
    pub(super) fn new(file: File, stamp: FileStamp) -> Self {
        Self { file, stamp }
    }

    /// Reads the routes at `positions`, which are not empty, and the text between them.
    pub(crate) fn read(
        &self,
        index: &RouteIndex,
        positions: Range<usize>,
        routes: &mut RawRoutes,
    ) -> io::Result<()> {
        let start = index.starts[positions.start];
        let bytes = usize::try_from(index.end(positions.end - 1) - start);
        let bytes = bytes.map_err(io::Error::other)?;
        routes.start = start;
        if routes.json.len() < bytes {
            let missing = bytes - routes.json.len();
            take_memory(&mut routes.json, missing as u64)?;
            routes.json.resize(bytes, 0);
        }
        read_exact_at(&self.file, &mut routes.json[..bytes], start)?;
        if FileStamp::of(&self.file.metadata()?) == self.stamp {
            Ok(())
        } else {
            Err(FileError::Changed.into())
        }
    }
}

/// The text of adjacent routes. The buffer is reused.
#[derive(Debug, Default)]
pub(crate) struct RawRoutes {
    /// The offset of `json` in the file.
    start: u64,
    /// The routes, followed by leftovers of earlier reads.
    json: Vec<u8>,
}

impl RawRoutes {
    /// The raw JSON of the route at a position that was read.
    pub(crate) fn route(&self, index: &RouteIndex, position: usize) -> &[u8] {
        // A difference of offsets within `json`, whose length is a usize.
        #[expect(clippy::cast_possible_truncation, reason = "is within `json`")]
        let start = (index.starts[position] - self.start) as usize;
        &self.json[start..start + index.lengths[position] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MANIFEST_FILE, ManifestFile};
    use super::*;

    /// The positions of all routes, collected during the scan.
    fn index_of(manifest: &ManifestFile) -> RouteIndex {
        let mut reader = manifest.routes().unwrap();
        let mut index = RouteIndex::default();
        while let Some(json) = reader.next_route().unwrap() {
            let bytes = u32::try_from(json.len()).unwrap();
            index.push(reader.offset() - u64::from(bytes), bytes);
        }
        index
    }

    #[test]
    fn limits_the_text_of_a_range() {
        let mut index = RouteIndex::default();
        for (start, bytes) in [(10, 5), (20, 5), (30, 50), (90, 5)] {
            index.push(start, bytes);
        }
        for (positions, max_bytes, expected) in [
            (0..4, 1, 0..1),
            (0..4, 15, 0..2),
            (0..4, 24, 0..2),
            (0..4, 70, 0..3),
            (0..4, 85, 0..4),
            (2..4, 60, 2..3),
            (3..4, 1, 3..4),
        ] {
            assert_eq!(index.fitting(positions, max_bytes), expected);
        }
    }

    #[test]
    fn reads_routes_again_singly_and_together() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(MANIFEST_FILE);
        std::fs::write(
            &path,
            r#"{"buildId":"b", "routes" : [ {"a":1} ,2,  "]," ]}"#,
        )
        .unwrap();
        let manifest = ManifestFile::open(dir.path()).unwrap();
        let index = index_of(&manifest);
        let file = manifest.into_routes();
        let mut routes = RawRoutes::default();
        for positions in [0..3, 1..2, 2..3, 0..1] {
            file.read(&index, positions.clone(), &mut routes).unwrap();
            for position in positions {
                let expected = [r#"{"a":1}"#, "2", r#""],""#][position].as_bytes();
                assert_eq!(routes.route(&index, position), expected);
            }
        }
        std::fs::write(&path, r#"{"buildId":"b","routes":[{"a":1},2,"],","more"]}"#).unwrap();
        assert!(file.read(&index, 0..1, &mut routes).is_err());
    }
}
