//! One route of the manifest with every field checked.

use std::borrow::Cow;
use std::fmt;

use super::lazy_strings::LazyStrings;

/// Whether the build rendered a route.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RenderStatus<'a> {
    /// The build rendered it; its artifacts are on disk.
    Rendered,
    /// The build did not render it, for this reason.
    NotRendered(Cow<'a, str>),
}

/// Which part of vinext serves a route.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RouterKind {
    /// The App Router.
    App,
    /// A metadata file of the App Router, such as `sitemap.ts` (since 1.0.0-beta.8).
    Metadata,
    /// The Pages Router.
    Pages,
    /// Unknown to this version of the seeder.
    Other,
}

/// How long a route may be cached, in seconds, which can have fractions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lifetime {
    /// Seconds until the page is rendered again; `None` for a static page. Positive.
    pub revalidate_seconds: Option<f64>,
    /// Seconds until the page must no longer be served (since 0.0.49).
    pub expire_seconds: Option<f64>,
    /// Seconds for which a client may reuse the page without revalidating (since 1.0.0-beta.5).
    pub stale_seconds: Option<f64>,
}

/// A route as the build listed it, every field checked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Route<'a> {
    /// The pattern, `/blog/:slug`.
    pub pattern: Cow<'a, str>,
    /// The concrete pathname if it differs from the pattern, percent-encoded.
    pub path: Option<Cow<'a, str>>,
    /// Whether the build rendered it.
    pub status: RenderStatus<'a>,
    /// Which router serves it.
    pub router: RouterKind,
    /// How long it may be cached. `None` if the manifest has a negative `revalidate`.
    pub lifetime: Option<Lifetime>,
    /// The runtime's tags, if this version writes them (since 1.0.0-beta.4).
    pub tags: LazyStrings<'a>,
    /// The file system's segments of a metadata route.
    pub route_segments: LazyStrings<'a>,
    /// The response headers to store, a JSON object (since 0.2.0).
    pub headers: Option<Headers>,
    /// The response status if it is not 200 (since 1.0.0-beta.8).
    pub response_status: Option<u16>,
    /// Whether it is a shell for paths that are unknown at build time.
    pub is_fallback_shell: bool,
    /// Whether `getStaticProps` returned `notFound` (Pages Router, 1.4.0).
    pub is_not_found: bool,
    /// The props of a redirect that `getStaticProps` returned, a JSON object (Pages Router, 1.4.0).
    pub redirect_props: Option<&'a str>,
    /// The locale of a page of the Pages Router, if the site has several (1.4.0).
    pub locale: Option<Cow<'a, str>>,
}

/// Response headers as in the manifest: each name has a string or an array of strings.
pub type Headers = serde_json::Map<String, serde_json::Value>;

impl Route<'_> {
    /// The pathname in the names of the artifacts: the concrete one, or else the pattern.
    #[must_use]
    pub fn pathname(&self) -> &str {
        self.path.as_deref().unwrap_or(&self.pattern)
    }
}

/// Why a route of the manifest cannot be used.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RouteError {
    /// It is not an object.
    NotAnObject,
    /// A field has an unexpected type.
    Field {
        /// The field's name.
        name: &'static str,
        /// The expected type, as the end of a sentence.
        expected: &'static str,
    },
}

impl RouteError {
    /// The error's stable code, which is also that of the skipped route.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAnObject | Self::Field { .. } => "invalid-route",
        }
    }
}

impl std::error::Error for RouteError {}

impl fmt::Display for RouteError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject => formatter.write_str("the manifest's route is not an object"),
            Self::Field { name, expected } => {
                write!(formatter, "`{name}` in the manifest is not {expected}")
            }
        }
    }
}
