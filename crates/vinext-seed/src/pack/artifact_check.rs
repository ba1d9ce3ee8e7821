//! Decides by an artifact's content whether its route may be seeded.

use memchr::memmem;

use crate::flight::{Expected, FlightError, Render, embedded_payload, render_of};
use crate::formats::cache_key::ArtifactKind;
use crate::plan::{PayloadCheck, PlannedEntry, PlannedRoute, SkipReason};
use crate::sanitized_text::SanitizedText;

/// Part of the document that the build writes for a redirect in a page's metadata.
const REDIRECT_DOCUMENT: &[u8] = b"<meta id=\"__next-page-redirect\"";

/// The largest document whose scripts are read: their payload is held next to it, outside the
/// memory budget.
const MAX_EMBEDDING_BYTES: usize = 1024 * 1024;

/// Checks that an artifact is what its route should show.
///
/// # Errors
/// The reason why the route is skipped.
pub(super) fn check_artifact(
    planned: &PlannedRoute,
    entry: &PlannedEntry,
    artifact: &[u8],
) -> Result<(), SkipReason> {
    match entry.kind {
        ArtifactKind::Html => check_document(planned, entry, artifact),
        ArtifactKind::Rsc => check_payload(planned, entry, artifact),
        ArtifactKind::Route
        | ArtifactKind::Pages
        | ArtifactKind::PagesRedirect
        | ArtifactKind::PagesNotFound => Ok(()),
    }
}

/// Redirects have no document. Any other page that is empty lost its content.
fn check_document(
    planned: &PlannedRoute,
    entry: &PlannedEntry,
    document: &[u8],
) -> Result<(), SkipReason> {
    let is_redirect = planned
        .status
        .is_some_and(|status| (300..400).contains(&status));
    if document.trim_ascii().is_empty() && !is_redirect {
        return Err(SkipReason::EmptyDocument {
            file: entry.file.clone(),
        });
    }
    match &planned.payload_check {
        Some(check) if check.has_own_document => check_embedded(check, document),
        _ => Ok(()),
    }
}

/// Checks the payload in a document's scripts, for a document that was rendered separately or has
/// no payload file. Without one, nothing shows how the page was rendered.
///
/// # Errors
/// The reason why the route is skipped.
pub(super) fn check_embedded(check: &PayloadCheck, document: &[u8]) -> Result<(), SkipReason> {
    if document.len() > MAX_EMBEDDING_BYTES {
        return Ok(());
    }
    match embedded_payload(document) {
        Some(payload) => classify(check, &payload).unwrap_or(Ok(())),
        None => Ok(()),
    }
}

fn check_payload(
    planned: &PlannedRoute,
    entry: &PlannedEntry,
    payload: &[u8],
) -> Result<(), SkipReason> {
    let file = || entry.file.clone();
    let check = planned.payload_check.as_ref();
    if is_html(payload) {
        let ends_in_metadata = memmem::find(payload, REDIRECT_DOCUMENT).is_some();
        return Err(if check.is_some() && ends_in_metadata {
            SkipReason::EndsInMetadata
        } else {
            SkipReason::RscIsHtml { file: file() }
        });
    }
    let Some(check) = check else {
        return Ok(());
    };
    let unusable = |problem: FlightError| SkipReason::UnusableArtifact {
        file: file(),
        problem: SanitizedText::new(&problem.to_string()),
    };
    classify(check, payload).map_err(unusable)?
}

/// What a payload shows about its page.
fn classify(check: &PayloadCheck, payload: &[u8]) -> Result<Result<(), SkipReason>, FlightError> {
    let expected = Expected {
        pathname: check.pathname.as_deref().unwrap_or_default(),
        may_be_other_page: check.pathname.is_some(),
    };
    Ok(match render_of(payload, &expected)? {
        Render::Page => Ok(()),
        Render::Failed { digest } => Err(SkipReason::FailedRender {
            digest: digest.map(|digest| SanitizedText::new(&digest)),
        }),
        Render::EndedInMetadata => Err(SkipReason::EndsInMetadata),
        Render::OtherPage { pathname } => Err(SkipReason::FollowedRedirect {
            pathname: SanitizedText::new(&pathname),
        }),
    })
}

/// Whether a payload is a document instead. The prerenderer of 0.0.49 wrote such files.
fn is_html(payload: &[u8]) -> bool {
    let doctype = b"<!doctype";
    let start = payload.trim_ascii_start();
    start.len() >= doctype.len() && start[..doctype.len()].eq_ignore_ascii_case(doctype)
}
