//! The reasons why a route is skipped. Every skipped route is reported with one of them.

use crate::formats::artifact_path::UnsafePathError;
use crate::formats::stored_headers::LoopbackLocationError;
use crate::manifest::RouteError;
use crate::sanitized_text::SanitizedText;

/// Why a route, or one artifact of it, is not seeded.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SkipReason {
    /// The build did not render it, for the reason in the manifest.
    NotRendered(SanitizedText),
    /// It belongs to the Pages Router, and the manifest of this version lacks what an entry needs.
    OldPagesRouter,
    /// It belongs to an unknown router.
    NotAppRouter,
    /// It is a metadata route, which this version does not read from the cache.
    MetadataNotRead,
    /// It is the build's render of the error page, under a reserved pathname.
    ErrorPage,
    /// It is a shell for unknown paths, which the runtime never serves from the cache.
    FallbackShell,
    /// The manifest's entry is invalid.
    InvalidRoute(RouteError),
    /// Its `revalidate` is negative.
    NegativeRevalidate,
    /// The pathname could lead out of the directory of artifacts.
    UnsafePathError(UnsafePathError),
    /// This version looks up only pages with a numeric `revalidate`.
    NeverRead,
    /// The app has `cacheComponents`, and nothing on the page is cached, so the Worker renders it on every
    /// request.
    NotCached,
    /// `/` and `/index` share their files, which hold the one that was written last.
    IndexCollision,
    /// An earlier route has the same cache key.
    Duplicate,
    /// Its key exceeds the store's limit, and this version's adapter does not shorten it.
    KeyTooLong {
        /// The length of the key that would be needed, in bytes.
        bytes: usize,
        /// The longest key that the store accepts, in bytes.
        limit_bytes: usize,
    },
    /// This version rendered the page with parameters that differ from a request's.
    WrongParams,
    /// The file of the artifact does not exist.
    MissingArtifact {
        /// Its name within the directory of artifacts.
        file: String,
    },
    /// The file exists but cannot be used.
    UnusableArtifact {
        /// Its name within the directory of artifacts.
        file: String,
        /// The problem.
        problem: SanitizedText,
    },
    /// The `.rsc` file holds an HTML document.
    RscIsHtml {
        /// Its name within the directory of artifacts.
        file: String,
    },
    /// An error page was rendered instead, or a part of it failed under a Suspense boundary.
    FailedRender {
        /// The error's digest in the build's log, if the payload has it.
        digest: Option<SanitizedText>,
    },
    /// Its metadata calls `notFound()` or `redirect()`, and the page itself does not.
    EndsInMetadata,
    /// The build followed a redirect and rendered another page instead.
    FollowedRedirect {
        /// The other page.
        pathname: SanitizedText,
    },
    /// It is rewritten to another page, and the runtime looks it up under that page's keys.
    Rewritten {
        /// The other page.
        pathname: SanitizedText,
    },
    /// It redirects to an address of the build machine.
    LoopbackRedirect,
    /// Its document is empty.
    EmptyDocument {
        /// Its name within the directory of artifacts.
        file: String,
    },
    /// The entry exceeds the store's limit or the memory budget.
    ValueTooLarge {
        /// The artifact's name within the directory of artifacts.
        file: String,
        /// Its size in bytes, or a lower bound.
        bytes: u64,
        /// The limit that it exceeds, in bytes.
        limit_bytes: u64,
    },
    /// It has no `getStaticProps` (Pages Router): the Worker serves its static file.
    NoStaticProps,
    /// It has `getInitialProps` (Pages Router): the Worker renders it on every request.
    InitialProps,
    /// Its locale can depend on the domain (`i18n.domains`, Pages Router), and so can its key.
    DomainLocales,
    /// The document has no usable page data (Pages Router).
    NoPageData {
        /// The document's name within the directory of artifacts.
        file: String,
        /// The problem.
        problem: SanitizedText,
    },
    /// The document holds another page (Pages Router).
    OtherPageData {
        /// The document's name within the directory of artifacts.
        file: String,
        /// The other page, as Next.js names it.
        page: SanitizedText,
    },
    /// The disk ignores case, and the file may hold another page.
    SharedName {
        /// Its name within the directory of artifacts.
        file: String,
    },
    /// The file changed each time it was read.
    ArtifactChanged {
        /// Its name within the directory of artifacts.
        file: String,
    },
}

impl SkipReason {
    /// The reason's stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotRendered(_) => "not-rendered",
            Self::OldPagesRouter | Self::NotAppRouter => "not-app-router",
            Self::MetadataNotRead => "metadata-not-read",
            Self::ErrorPage => "error-page",
            Self::FallbackShell => "fallback-shell",
            Self::InvalidRoute(error) => error.code(),
            Self::NegativeRevalidate => "negative-revalidate",
            Self::UnsafePathError(error) => error.code(),
            Self::NeverRead => "never-read",
            Self::NotCached => "not-cached",
            Self::IndexCollision => "index-collision",
            Self::Duplicate => "duplicate",
            Self::KeyTooLong { .. } => "key-too-long",
            Self::WrongParams => "wrong-params",
            Self::MissingArtifact { .. } => "missing-artifact",
            Self::UnusableArtifact { .. } => "unusable-artifact",
            Self::RscIsHtml { .. } => "rsc-is-html",
            Self::FailedRender { .. } => "failed-render",
            Self::EndsInMetadata => "ends-in-metadata",
            Self::FollowedRedirect { .. } => "followed-redirect",
            Self::Rewritten { .. } => "rewritten",
            Self::LoopbackRedirect => LoopbackLocationError::CODE,
            Self::EmptyDocument { .. } => "empty-document",
            Self::ValueTooLarge { .. } => "value-too-large",
            Self::NoStaticProps => "no-static-props",
            Self::InitialProps => "initial-props",
            Self::DomainLocales => "domain-locales",
            Self::NoPageData { .. } => "no-page-data",
            Self::OtherPageData { .. } => "other-page-data",
            Self::SharedName { .. } => "shared-name",
            Self::ArtifactChanged { .. } => "artifact-changed",
        }
    }
}

impl SkipReason {
    /// More detail: the digest of an error in the build's log, the build's reason for not rendering the
    /// route, or the pathname of the other page.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::NotRendered(detail) => Some(detail.as_str()),
            Self::FailedRender { digest } => digest.as_ref().map(SanitizedText::as_str),
            Self::FollowedRedirect { pathname } | Self::Rewritten { pathname } => {
                Some(pathname.as_str())
            }
            _ => None,
        }
    }

    /// Whether two reasons are equal except for the file or size in them.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match self {
            Self::NotRendered(_)
            | Self::OldPagesRouter
            | Self::NotAppRouter
            | Self::InvalidRoute(_)
            | Self::UnsafePathError(_)
            | Self::FailedRender { .. } => self == other,
            _ => self.code() == other.code(),
        }
    }

    /// Whether only its files prevent the page from being seeded.
    pub(crate) fn is_about_files(&self) -> bool {
        matches!(
            self,
            Self::MissingArtifact { .. }
                | Self::UnusableArtifact { .. }
                | Self::ArtifactChanged { .. }
                | Self::RscIsHtml { .. }
                | Self::EmptyDocument { .. }
                | Self::SharedName { .. }
                | Self::NoPageData { .. }
                | Self::OtherPageData { .. }
                | Self::ValueTooLarge { .. }
        )
    }
}
