//! Reads the manifest from start to end: each route as raw JSON, then the other members.
//!
//! It builds no tree. Whether the manifest is complete is known only at its end, because the build id may
//! come last.

use std::io::Read;

use super::ManifestError;
use super::scanner::Scanner;

/// The manifest's members besides the routes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Header {
    /// The build id in the manifest. Before 0.1.1 it differs from the Worker's.
    pub build_id: Option<String>,
    /// Whether the site's URLs end in a slash.
    pub trailing_slash: bool,
    /// Whether the manifest has a list of routes.
    has_routes: bool,
}

impl Header {
    /// The header of a site whose manifest is not read.
    pub(crate) fn of_pages(trailing_slash: bool) -> Self {
        Self {
            build_id: None,
            trailing_slash,
            has_routes: true,
        }
    }
}

/// Reads a manifest from start to end.
pub struct RouteReader<R> {
    scanner: Scanner<R>,
    header: Header,
    position: Position,
}

/// The reader's position in the document.
#[derive(Clone, Copy, Debug)]
enum Position {
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
            position: Position::Start,
        }
    }

    /// The next element of `routes`, raw; `None` at the end of the document.
    ///
    /// # Errors
    /// If the document is not JSON, or not an object with a list of routes.
    pub fn next_route(&mut self) -> Result<Option<&[u8]>, ManifestError> {
        loop {
            match self.position {
                Position::Start => self.start()?,
                Position::Members { is_first } => self.member(is_first)?,
                Position::Routes { is_first } => {
                    if self.scanner.has_next(is_first, b']')? {
                        self.position = Position::Routes { is_first: false };
                        return Ok(Some(self.scanner.value()?));
                    }
                    self.position = Position::Members { is_first: false };
                }
                Position::End => return Ok(None),
            }
        }
    }

    /// The offset of the reader, in bytes from the start of the file.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.scanner.offset()
    }

    /// The other members. Complete only after the last route.
    ///
    /// # Errors
    /// If there is no build id or no list of routes.
    pub fn into_header(self) -> Result<Header, ManifestError> {
        let has_build_id = self
            .header
            .build_id
            .as_ref()
            .is_some_and(|id| !id.is_empty());
        if has_build_id && self.header.has_routes {
            Ok(self.header)
        } else {
            Err(ManifestError::NoBuildIdOrRoutes)
        }
    }

    fn start(&mut self) -> Result<(), ManifestError> {
        if self.scanner.take(b'{')? {
            self.position = Position::Members { is_first: true };
            return Ok(());
        }
        // Another JSON value has neither build id nor routes; anything else is not a manifest.
        parse::<serde::de::IgnoredAny>(self.scanner.value()?)?;
        self.end()?;
        Err(ManifestError::NoBuildIdOrRoutes)
    }

    fn member(&mut self, is_first: bool) -> Result<(), ManifestError> {
        self.position = Position::Members { is_first: false };
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
                return Err(self.scanner.malformed("`routes` appears twice").into());
            }
            "routes" if self.scanner.take(b'[')? => {
                self.header.has_routes = true;
                self.position = Position::Routes { is_first: true };
            }
            _ => self.scanner.skip_value()?,
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), ManifestError> {
        self.position = Position::End;
        match self.scanner.peek()? {
            None => Ok(()),
            Some(_) => Err(self
                .scanner
                .malformed("trailing data after the document")
                .into()),
        }
    }
}

fn parse<'a, T: serde::Deserialize<'a>>(json: &'a [u8]) -> Result<T, ManifestError> {
    serde_json::from_slice(json).map_err(ManifestError::not_json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(document: &str) -> Result<(Header, Vec<String>), ManifestError> {
        let mut reader = RouteReader::new(document.as_bytes());
        let mut routes = Vec::new();
        while let Some(raw) = reader.next_route()? {
            routes.push(String::from_utf8_lossy(raw).into_owned());
        }
        Ok((reader.into_header()?, routes))
    }

    #[test]
    fn accepts_members_in_any_order() {
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
    fn other_json_lacks_build_id_or_routes() {
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
                matches!(problem, ManifestError::NoBuildIdOrRoutes),
                "{document}: {problem}"
            );
        }
    }

    #[test]
    fn invalid_json_is_corrupt() {
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
                matches!(problem, ManifestError::Corrupt(_)),
                "{document}: {problem}"
            );
        }
    }
}
