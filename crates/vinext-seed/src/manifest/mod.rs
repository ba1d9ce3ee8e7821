//! Stage 1: the manifest of what a build pre-rendered, `dist/server/vinext-prerender.json`.
//!
//! In: the file. Out: its header, and its routes one after another as raw JSON.
//! Never: more of the file in memory than a window and the routes that are being packed, and no
//! opinion on which routes can be seeded. That is the plan's.

mod index;
mod raw_route;
mod route;
mod scanner;
mod texts;

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

pub use index::RouteFile;
pub(crate) use index::{RawRoutes, RouteIndex};
pub use raw_route::RawRoute;
pub use route::{Headers, Lifetime, RenderStatus, Route, RouteProblem, RouterKind};
use scanner::{ScanError, Scanner};
pub use texts::Texts;

use crate::error::ForeignText;
use crate::files::{self, NotAFile};

/// The manifest's name within `dist/server/`.
pub const MANIFEST_FILE: &str = "vinext-prerender.json";

/// Why there is no usable manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestProblem {
    /// The build did not pre-render.
    #[error("no {MANIFEST_FILE} found")]
    Missing,
    /// The file is no JSON document.
    #[error("failed to parse {MANIFEST_FILE}")]
    Corrupt(ForeignText),
    /// It is JSON, but not what a build that can be seeded writes.
    #[error("manifest missing buildId or routes")]
    NoBuildIdOrRoutes,
    /// The file is there and cannot be read.
    #[error("cannot read {MANIFEST_FILE}: {0}")]
    Unreadable(#[source] std::io::Error),
}

impl ManifestProblem {
    /// The problem of a part that does not parse.
    #[expect(clippy::needless_pass_by_value, reason = "made for `map_err`")]
    pub(crate) fn not_json(error: serde_json::Error) -> Self {
        Self::Corrupt(ForeignText::new(&error.to_string()))
    }
}

impl From<ScanError> for ManifestProblem {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::Read(error) => Self::Unreadable(error),
            ScanError::Malformed { .. } => Self::Corrupt(ForeignText::new(&error.to_string())),
        }
    }
}

/// What the manifest says of the build as a whole.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Header {
    /// The build id as the manifest has it. Before 0.1.1 it is not the Worker's.
    pub build_id: Option<String>,
    /// Whether the site's URLs end in a slash.
    pub trailing_slash: bool,
    /// Whether there is a list of routes.
    has_routes: bool,
}

/// An open manifest.
#[derive(Debug)]
pub struct ManifestFile {
    file: File,
    /// When the file was written, in milliseconds since the epoch.
    pub written_at_ms: f64,
}

impl ManifestFile {
    /// Opens the manifest in `dist/server/`.
    ///
    /// # Errors
    /// [`ManifestProblem::Missing`] or [`ManifestProblem::Unreadable`].
    pub fn open(server_dir: &Path) -> Result<Self, ManifestProblem> {
        let file = match files::open_regular(&server_dir.join(MANIFEST_FILE)) {
            Ok(file) => file,
            Err(NotAFile::Missing) => return Err(ManifestProblem::Missing),
            Err(problem) => return Err(ManifestProblem::Unreadable(problem.into())),
        };
        let written_at_ms = written_at_ms(&file).map_err(ManifestProblem::Unreadable)?;
        Ok(Self {
            file,
            written_at_ms,
        })
    }

    /// Reads from the start.
    ///
    /// # Errors
    /// If the file cannot be rewound.
    pub fn routes(&self) -> Result<RouteReader<&File>, ManifestProblem> {
        (&self.file).rewind().map_err(ManifestProblem::Unreadable)?;
        Ok(RouteReader::new(&self.file))
    }

    /// Its routes, to be read again where a [`RouteReader`] found them.
    ///
    /// # Errors
    /// If the file's size and time cannot be had.
    pub fn into_routes(self) -> Result<RouteFile, ManifestProblem> {
        RouteFile::new(self.file).map_err(ManifestProblem::Unreadable)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds since 1970 are far below 2^53"
)]
fn written_at_ms(file: &File) -> std::io::Result<f64> {
    let modified = file.metadata()?.modified()?;
    // A time before 1970 is as good as 1970: both only say "long ago".
    let since_epoch = modified
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Ok(since_epoch.as_millis() as f64)
}

/// Reads a manifest front to back.
pub struct RouteReader<R> {
    scanner: Scanner<R>,
    header: Header,
    place: Place,
}

/// Where in the document the reader is.
#[derive(Clone, Copy, Debug)]
enum Place {
    Start,
    Members { is_first: bool },
    Routes { is_first: bool },
    End,
}

impl<R: Read> RouteReader<R> {
    pub(crate) fn new(source: R) -> Self {
        Self {
            scanner: Scanner::new(source),
            header: Header::default(),
            place: Place::Start,
        }
    }

    /// The next element of `routes`, raw; `None` at the end of the document.
    ///
    /// # Errors
    /// If the document is no JSON, or not an object with a list of routes.
    pub fn next_route(&mut self) -> Result<Option<&[u8]>, ManifestProblem> {
        loop {
            match self.place {
                Place::Start => self.start()?,
                Place::Members { is_first } => self.member(is_first)?,
                Place::Routes { is_first } => {
                    if self.scanner.has_next(is_first, b']')? {
                        self.place = Place::Routes { is_first: false };
                        return Ok(Some(self.scanner.value()?));
                    }
                    self.place = Place::Members { is_first: false };
                }
                Place::End => return Ok(None),
            }
        }
    }

    /// Where the reader is, in bytes from the start of the file.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.scanner.offset()
    }

    /// What the manifest says of the build. Complete only after the last route.
    ///
    /// # Errors
    /// If there is no build id or no list of routes.
    pub fn into_header(self) -> Result<Header, ManifestProblem> {
        let has_build_id = self
            .header
            .build_id
            .as_ref()
            .is_some_and(|id| !id.is_empty());
        if has_build_id && self.header.has_routes {
            Ok(self.header)
        } else {
            Err(ManifestProblem::NoBuildIdOrRoutes)
        }
    }

    fn start(&mut self) -> Result<(), ManifestProblem> {
        if self.scanner.take(b'{')? {
            self.place = Place::Members { is_first: true };
            return Ok(());
        }
        // Another JSON value has neither build id nor routes; anything else is no manifest at all.
        parse::<serde::de::IgnoredAny>(self.scanner.value()?)?;
        self.end()?;
        Err(ManifestProblem::NoBuildIdOrRoutes)
    }

    fn member(&mut self, is_first: bool) -> Result<(), ManifestProblem> {
        self.place = Place::Members { is_first: false };
        if !self.scanner.has_next(is_first, b'}')? {
            return self.end();
        }
        let name: String = parse(self.scanner.value()?)?;
        if !self.scanner.take(b':')? {
            return Err(self.scanner.malformed("a colon is missing").into());
        }
        match name.as_str() {
            "buildId" => {
                let build_id: serde_json::Value = parse(self.scanner.value()?)?;
                self.header.build_id = build_id.as_str().map(str::to_owned);
            }
            "trailingSlash" => {
                let trailing_slash: serde_json::Value = parse(self.scanner.value()?)?;
                self.header.trailing_slash = trailing_slash == true;
            }
            "routes" if self.header.has_routes => {
                return Err(self.scanner.malformed("`routes` stands twice").into());
            }
            "routes" if self.scanner.take(b'[')? => {
                self.header.has_routes = true;
                self.place = Place::Routes { is_first: true };
            }
            _ => self.scanner.skip_value()?,
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), ManifestProblem> {
        self.place = Place::End;
        match self.scanner.peek()? {
            None => Ok(()),
            Some(_) => Err(self
                .scanner
                .malformed("something follows the document")
                .into()),
        }
    }
}

fn parse<'a, T: serde::Deserialize<'a>>(json: &'a [u8]) -> Result<T, ManifestProblem> {
    serde_json::from_slice(json).map_err(ManifestProblem::not_json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(document: &str) -> Result<(Header, Vec<String>), ManifestProblem> {
        let mut reader = RouteReader::new(document.as_bytes());
        let mut routes = Vec::new();
        while let Some(raw) = reader.next_route()? {
            routes.push(String::from_utf8_lossy(raw).into_owned());
        }
        Ok((reader.into_header()?, routes))
    }

    #[test]
    fn members_may_stand_in_any_order() {
        let (header, routes) = read(
            r#"{"pregeneratedConcretePaths":[["/",["/"]]],"routes":[{"a":1},2],"x":{"routes":[]},
               "trailingSlash":true,"buildId":"b"}"#,
        )
        .unwrap();
        assert_eq!(header.build_id.as_deref(), Some("b"));
        assert!(header.trailing_slash);
        assert_eq!(routes, [r#"{"a":1}"#, "2"]);
    }

    #[test]
    fn json_that_is_no_manifest_lacks_build_id_or_routes() {
        for document in [
            "{}",
            "[]",
            "null",
            "\"text\"",
            r#"{"buildId":"b"}"#,
            r#"{"routes":[]}"#,
            r#"{"buildId":"","routes":[]}"#,
            r#"{"buildId":7,"routes":[]}"#,
            r#"{"buildId":"b","routes":{}}"#,
            r#"{"buildId":"b","routes":null}"#,
        ] {
            let problem = read(document).unwrap_err();
            assert!(
                matches!(problem, ManifestProblem::NoBuildIdOrRoutes),
                "{document}: {problem}"
            );
        }
    }

    #[test]
    fn what_is_no_json_is_corrupt() {
        for document in [
            "",
            " ",
            "nonsense",
            "{",
            r#"{"buildId":"b","routes":["#,
            r#"{"buildId":"b","routes":[]"#,
            r#"{"buildId":"b","routes":[]}}"#,
            r#"{"buildId":"b" "routes":[]}"#,
            r#"{"buildId" "b"}"#,
            r#"{"buildId":"b",}"#,
            r#"{"buildId":,"routes":[]}"#,
            "\u{feff}{}",
        ] {
            let problem = read(document).unwrap_err();
            assert!(
                matches!(problem, ManifestProblem::Corrupt(_)),
                "{document}: {problem}"
            );
        }
    }
}
