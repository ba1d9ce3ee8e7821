//! A page that a caller passes in, and what makes it unusable.

use std::fmt;

use crate::formats::cache_key::ArtifactKind;
use crate::formats::pathname::cache_pathname;
use crate::formats::stored_headers::{is_redirect, stored_page_header};
use crate::manifest::{RawRoute, RouteError};
use crate::sanitized_text::SanitizedText;

/// A page that a caller passes in.
#[derive(Clone, Debug)]
pub struct Page {
    /// The page as a manifest lists it, in JSON.
    route: String,
    html: Vec<u8>,
    rsc: Option<Vec<u8>>,
}

impl Page {
    /// A page as a manifest lists it, in JSON, with its document and its payload.
    #[must_use]
    pub fn new(route: String, html: Vec<u8>, rsc: Option<Vec<u8>>) -> Self {
        Self { route, html, rsc }
    }

    pub(super) fn route(&self) -> &str {
        &self.route
    }

    /// What the build would have in a file.
    pub(super) fn artifact(&self, kind: ArtifactKind) -> Option<&[u8]> {
        match kind {
            ArtifactKind::Html => Some(&self.html),
            ArtifactKind::Rsc => self.rsc.as_deref(),
            _ => None,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.route.len() + self.html.len() + self.rsc.as_ref().map_or(0, Vec::len)
    }

    /// Why the page at this position cannot be used.
    pub(super) fn invalid(&self, position: usize, problem: &str) -> PageError {
        let raw = RawRoute::parse(&self.route).ok().flatten();
        let (pattern, path) = raw.map(|raw| raw.name()).unwrap_or_default();
        let pathname = path.or(pattern).unwrap_or_default();
        PageError::invalid(&format!("page {} ({pathname}): {problem}", position + 1))
    }

    /// Checks it, and returns the pathname in its keys.
    pub(super) fn check(&self) -> Result<String, String> {
        let raw = RawRoute::parse(&self.route).map_err(|error| error.to_string())?;
        let route = raw
            .ok_or(RouteError::NotAnObject)
            .and_then(|raw| raw.validate());
        let route = route.map_err(|problem| problem.to_string())?;
        if !route.pathname().starts_with('/') {
            return Err("its pathname does not begin with /".to_owned());
        }
        let status = route.response_status;
        let stored = stored_page_header(status);
        let headers = route.headers.clone().unwrap_or_default();
        if let Some(name) = headers.keys().find(|&name| name != stored) {
            return Err(format!(
                "the header {name:?} is not allowed: the runtime would not store it with the page, only \
                 {stored:?}"
            ));
        }
        if is_redirect(status) && headers.is_empty() {
            return Err(format!("a redirect needs the header {stored:?}"));
        }
        let pathname = cache_pathname(route.pathname());
        // Keys have no slash at the end.
        Ok(pathname.strip_suffix('/').unwrap_or(&pathname).to_owned())
    }
}

/// Why the pages ended early.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PageError {
    code: &'static str,
    message: SanitizedText,
}

impl PageError {
    /// A page cannot be used.
    #[must_use]
    pub fn invalid(message: &str) -> Self {
        Self {
            code: "INVALID_PAGE",
            message: SanitizedText::new(message),
        }
    }

    /// The source of the pages failed.
    #[must_use]
    pub fn source_failed(message: &str) -> Self {
        Self {
            code: "PAGES_FAILED",
            message: SanitizedText::new(message),
        }
    }

    /// The error's stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message.fmt(formatter)
    }
}

impl std::error::Error for PageError {}
