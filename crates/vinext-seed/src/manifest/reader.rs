//! Reads the manifest from front to back: each route as raw JSON, then the rest of the document.
//!
//! It builds no tree and decides nothing before the end, because the build id may come last.

use std::io::Read;

use super::ManifestError;
use super::scanner::Scanner;

/// Facts about the whole build in the manifest.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Header {
    /// The build id as the manifest has it. Before 0.1.1 it is not the Worker's.
    pub build_id: Option<String>,
    /// Whether the site's URLs end in a slash.
    pub trailing_slash: bool,
    /// Whether the manifest has a list of routes.
    has_routes: bool,
}

impl Header {
    /// Facts about a site whose manifest is not read.
    pub(crate) fn of_pages(trailing_slash: bool) -> Self {
        Self {
            build_id: None,
            trailing_slash,
            has_routes: true,
        }
    }
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
    /// If the document is not JSON, or not an object with a list of routes.
    pub fn next_route(&mut self) -> Result<Option<&[u8]>, ManifestError> {
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

    /// Facts about the build in the manifest. Complete only after the last route.
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
            self.place = Place::Members { is_first: true };
            return Ok(());
        }
        // Another JSON value has neither build id nor routes; anything else is not a manifest.
        parse::<serde::de::IgnoredAny>(self.scanner.value()?)?;
        self.end()?;
        Err(ManifestError::NoBuildIdOrRoutes)
    }

    fn member(&mut self, is_first: bool) -> Result<(), ManifestError> {
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
                return Err(self.scanner.malformed("`routes` appears twice").into());
            }
            "routes" if self.scanner.take(b'[')? => {
                self.header.has_routes = true;
                self.place = Place::Routes { is_first: true };
            }
            _ => self.scanner.skip_value()?,
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), ManifestError> {
        self.place = Place::End;
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
