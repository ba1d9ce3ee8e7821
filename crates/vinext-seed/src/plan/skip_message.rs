//! The text of each reason why a route is skipped, as the end of a sentence about the route.

use std::fmt;

use super::SkipReason;
use crate::formats::stored_headers::LoopbackLocationError;

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRendered(detail) => write!(f, "not rendered by the build ({detail})"),
            Self::OldPagesRouter => {
                f.write_str("a page of the Pages Router, which can be seeded from vinext 1.4.0 on")
            }
            Self::NotAppRouter => f.write_str("not a route of the App Router or the Pages Router"),
            Self::NoStaticProps => f.write_str(
                "a page without `getStaticProps`, which the Worker serves from its static files",
            ),
            Self::InitialProps => f.write_str(
                "a page with `getInitialProps`, which the Worker renders on every request",
            ),
            Self::DomainLocales => f.write_str(
                "the site has `i18n.domains`, so the keys of its pages depend on the domain",
            ),
            Self::SharedName { file } => write!(
                f,
                "this disk ignores case, and {file} may hold another page whose name differs only in case; \
                 build on a case-sensitive disk"
            ),
            Self::NoPageData { file, problem } => write!(f, "{file} {problem}"),
            Self::OtherPageData { file, page } => {
                write!(f, "{file} holds the page {page} instead")
            }
            Self::MetadataNotRead => {
                f.write_str("this version of vinext does not read metadata routes from the cache")
            }
            Self::ErrorPage => f.write_str("the build's render of the error page, not a page"),
            Self::FallbackShell => {
                f.write_str("a fallback shell, which the runtime never serves from the cache")
            }
            Self::InvalidRoute(error) => error.fmt(f),
            Self::NegativeRevalidate => f.write_str("its `revalidate` is negative"),
            Self::UnsafePathError(error) => error.fmt(f),
            Self::NeverRead => f.write_str(
                "a static page; this version of vinext only looks up pages with a numeric \
                 `revalidate`",
            ),
            Self::NotCached => f.write_str(
                "the app has `cacheComponents` but the page has no \"use cache\", so the Worker renders it on \
                 every request",
            ),
            Self::IndexCollision => f.write_str(
                "`/` and `/index` share one file in this version of vinext, so either may hold the \
                 other's page",
            ),
            Self::Duplicate => f.write_str("an earlier route has the same cache key"),
            Self::KeyTooLong { bytes, limit_bytes } => write!(
                f,
                "its key has {bytes} bytes, the store takes {limit_bytes}, and this version of the \
                 KV adapter does not shorten it"
            ),
            Self::WrongParams => f.write_str(
                "this version of vinext pre-renders percent-encoded paths like this one with different \
                 parameters than requests get, so the page may show the wrong text",
            ),
            Self::MissingArtifact { file } => write!(f, "{file} does not exist"),
            Self::UnusableArtifact { file, problem } => write!(f, "{file}: {problem}"),
            Self::RscIsHtml { file } => write!(f, "{file} holds an HTML document"),
            Self::ArtifactChanged { file } => write!(
                f,
                "{file} changed while being read; seed again when no build is running"
            ),
            Self::FailedRender { digest: None } => {
                f.write_str("an error page was rendered in its place")
            }
            Self::FailedRender {
                digest: Some(digest),
            } => write!(f, "its render failed with the error {digest}"),
            Self::EndsInMetadata => f.write_str(
                "its metadata calls `notFound()` or `redirect()`, which the build renders with \
                 status 200; call it in the page too",
            ),
            Self::FollowedRedirect { pathname } => write!(
                f,
                "the build followed its redirect and rendered {pathname} in its place"
            ),
            Self::Rewritten { pathname } => write!(
                f,
                "it is rewritten to {pathname}, and this version of vinext looks it up there"
            ),
            Self::LoopbackRedirect => LoopbackLocationError.fmt(f),
            Self::EmptyDocument { file } => write!(f, "{file} is empty"),
            Self::ValueTooLarge {
                file,
                bytes,
                limit_bytes,
            } => {
                write!(
                    f,
                    "the entry of {file} has at least {bytes} bytes, the limit is {limit_bytes}"
                )
            }
        }
    }
}
