//! Plans routes of the App Router: a document and a payload for each page, one entry for a metadata route.

use super::{PayloadCheck, PlannedEntry, PlannedRoute, Planner, SkipReason};
use crate::formats::cache_key::ArtifactKind;
use crate::formats::pathname::cache_pathname;
use crate::formats::profile::QueryProof;
use crate::formats::stored_headers::{
    LoopbackLocationError, document_headers, metadata_headers, payload_headers,
};
use crate::formats::tags::Leaf;
use crate::manifest::{Headers, Lifetime, Route};

impl Planner {
    /// The document and the payload of a page.
    pub(super) fn app_page(
        &self,
        route: &Route<'_>,
        lifetime: Lifetime,
    ) -> Result<PlannedRoute, SkipReason> {
        let status = route.response_status.filter(|_| self.profile.has_status);
        let headers = route.headers.as_ref().filter(|_| self.profile.has_headers);
        let stored = |of: fn(&Headers, Option<u16>) -> Result<_, LoopbackLocationError>| {
            headers.map_or(Ok(None), |headers| of(headers, status))
        };
        let html_headers = stored(document_headers).map_err(|_| SkipReason::LoopbackRedirect)?;
        let rsc_headers = stored(payload_headers).map_err(|_| SkipReason::LoopbackRedirect)?;
        let cached = cache_pathname(route.pathname());
        // Another status is intended; only a page with status 200 can hide a failed render.
        let must_be_page = status.is_none_or(|status| status == 200) && !self.seeds_failed_renders;
        let payload_check = must_be_page.then(|| PayloadCheck {
            pathname: self.profile.follows_redirects.then(|| cached.to_string()),
            has_own_document: self.profile.renders_twice,
        });
        let (tags, looked_up) = self.page_tags(route, cached)?;
        Ok(PlannedRoute {
            entries: vec![
                self.app_entry(route, &looked_up, ArtifactKind::Html, html_headers)?,
                self.app_entry(route, &looked_up, ArtifactKind::Rsc, rsc_headers)?,
            ],
            payload_check,
            page_data_check: None,
            tags,
            lifetime,
            starts_stale: false,
            ttl_seconds: self.ttl.ttl_seconds(&lifetime, self.limits.min_ttl_seconds),
            status,
            query_proof: self.profile.query_proof,
            has_expiry: self.profile.has_expiry,
        })
    }

    /// The response of a metadata route.
    pub(super) fn metadata_route(
        &self,
        route: &Route<'_>,
        lifetime: Lifetime,
    ) -> Result<PlannedRoute, SkipReason> {
        let headers = route
            .headers
            .as_ref()
            .map(metadata_headers)
            .unwrap_or_default();
        let cached = cache_pathname(route.pathname());
        Ok(PlannedRoute {
            entries: vec![self.app_entry(route, &cached, ArtifactKind::Route, Some(headers))?],
            payload_check: None,
            page_data_check: None,
            tags: self.tags(route, cached, route.route_segments.iter(), Leaf::Route),
            lifetime,
            starts_stale: false,
            ttl_seconds: self.ttl.ttl_seconds(&lifetime, self.limits.min_ttl_seconds),
            status: Some(route.response_status.unwrap_or(200)),
            // The runtime asks for proof only before it serves a page.
            query_proof: QueryProof::None,
            has_expiry: self.profile.has_expiry,
        })
    }

    /// The entry of one artifact, under the App Router's key.
    fn app_entry(
        &self,
        route: &Route<'_>,
        cached_pathname: &str,
        kind: ArtifactKind,
        headers: Option<Headers>,
    ) -> Result<PlannedEntry, SkipReason> {
        let pathname = route.pathname();
        let trailing_slash = self.scan.header.trailing_slash;
        let file = self
            .profile
            .artifact_path
            .file(pathname, kind, trailing_slash)
            .map_err(SkipReason::UnsafePathError)?;
        let rule = self.profile.cache_key;
        let logical_key = rule.key(&self.build_id, cached_pathname, kind);
        self.entry_under(&logical_key, route, kind, file, headers)
    }
}
