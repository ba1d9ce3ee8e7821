//! Packs one route: reads its artifacts, checks them and encodes its entries.
//!
//! Invariant: a file that cannot be used costs the route it belongs to, never the run.

use super::PackError;
use super::artifact_check::{check_artifact, check_embedded};
use super::artifacts::{ArtifactBuffer, retry_changed};
use super::entry::{Encoder, EntryParts, EntryTail};
use super::pack_route_error::PackRouteError;
use super::page_data::page_data;
use super::segment::{NewEntry, SegmentBuilder};
use super::source::RouteArtifacts;
use super::worker::PackContext;
use crate::manifest::Route;
use crate::plan::{PlannedEntry, PlannedRoute, SkipReason};
use crate::sanitized_text::SanitizedText;

/// The largest artifact that is encoded without reserving memory first, in bytes. Its encoding, up to
/// seven times as large, is counted afterwards.
const MAX_UNRESERVED_BYTES: usize = 128 * 1024;

/// Which route it is, and where its artifacts are.
#[derive(Clone, Copy)]
pub(super) struct RoutePlace<'a> {
    /// Its position among all routes.
    pub(super) position: usize,
    /// The position of the first route in the segment.
    pub(super) range_start: usize,
    pub(super) artifacts: RouteArtifacts<'a>,
}

/// Where a route's entries come from and go.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The position of the first route in the segment.
    pub(super) range_start: usize,
    pub(super) artifacts: RouteArtifacts<'a>,
    /// How many entries the segment had before.
    pub(super) route_start: usize,
    /// Whether another route's artifact names differ from these only in case.
    pub(super) shares_file_name: bool,
}

impl<'a> Place<'a> {
    /// The artifact that was read last, or that is in memory.
    fn artifact<'b>(self, entry: &PlannedEntry, buffer: &'b ArtifactBuffer) -> &'b [u8]
    where
        'a: 'b,
    {
        match self.artifacts {
            RouteArtifacts::Memory(page) => page.artifact(entry.kind).unwrap_or_default(),
            RouteArtifacts::Files(_) => buffer.artifact(),
        }
    }
}

impl PackContext {
    /// Encodes all entries of a route, or none.
    pub(super) fn encode(
        &self,
        place: RoutePlace<'_>,
        route: &Route<'_>,
        builder: &mut SegmentBuilder,
        buffer: &mut ArtifactBuffer,
    ) -> Result<(), PackRouteError> {
        let planned = self.planner.plan(place.position, route)?;
        let tail = self.encoder.tail(&planned);
        let place = Place {
            range_start: place.range_start,
            artifacts: place.artifacts,
            route_start: builder.entries(),
            shares_file_name: self.planner.scan().shares_file_name(place.position),
        };
        let encoded = planned.entries.iter().try_for_each(|entry| {
            self.encode_entry(&planned, entry, &tail, place, builder, buffer)
        });
        if encoded.is_err() {
            builder.truncate(place.route_start);
        }
        encoded
    }

    /// Encodes one entry, unless it is optional and its file is missing.
    fn encode_entry(
        &self,
        planned: &PlannedRoute,
        entry: &PlannedEntry,
        tail: &EntryTail,
        place: Place<'_>,
        builder: &mut SegmentBuilder,
        buffer: &mut ArtifactBuffer,
    ) -> Result<(), PackRouteError> {
        let read = retry_changed(
            || self.read(entry, place, buffer),
            |stop| {
                matches!(
                    stop,
                    PackRouteError::Skip(SkipReason::ArtifactChanged { .. })
                )
            },
        );
        if !read? {
            return self.check_document_alone(planned, place, buffer);
        }
        let artifact = match &entry.from_manifest {
            Some(json) => json.as_bytes(),
            None => place.artifact(entry, buffer),
        };
        check_artifact(planned, entry, artifact)?;
        let page_data = match &planned.page_data_check {
            Some(check) => page_data(check, entry, artifact)?,
            None => &[],
        };
        let own_members = Encoder::own_members(planned, entry);
        if self.planner.omits(entry.kind) {
            buffer.release();
            return Ok(());
        }
        let identified = self.encoder.identify(entry, tail, &own_members, artifact);
        let (digest, record) = identified.unzip();
        let record = record.as_deref().unwrap_or_default();
        let metadata = self.encoder.metadata_aside(tail, record);
        let parts = EntryParts {
            entry,
            artifact,
            page_data,
            own_members: &own_members,
            tail,
            record,
        };
        self.encoder.check_size(parts)?;
        let new = NewEntry {
            key: &entry.key,
            key_offset: self.encoder.key_offset(&entry.key),
            ttl_seconds: planned.ttl_seconds,
            is_first: builder.entries() == place.route_start,
            digest,
            metadata: metadata.as_deref(),
            priority: entry.priority,
        };
        if !(self.needed).needs(&entry.key, digest, planned.ttl_seconds) {
            builder.push_unencoded(new, artifact.len());
            buffer.release();
            return Ok(());
        }
        if artifact.len() > MAX_UNRESERVED_BYTES {
            let framed_bytes = self.encoder.framed_bytes_at_most(parts);
            let reserved = self.pool.reserve(place.range_start, framed_bytes);
            builder
                .make_room(framed_bytes, reserved.ok_or(PackRouteError::Cancelled)?)
                .map_err(|error| {
                    PackRouteError::End(PackError::OutOfMemory(SanitizedText::new(
                        &error.to_string(),
                    )))
                })?;
        }
        builder.push(new, |out| self.encoder.push(out, parts));
        buffer.release();
        Ok(())
    }

    /// Checks a page that has no file for its payload by the one in its document.
    fn check_document_alone(
        &self,
        planned: &PlannedRoute,
        place: Place<'_>,
        buffer: &mut ArtifactBuffer,
    ) -> Result<(), PackRouteError> {
        if let (Some(check), Some(document)) = (&planned.payload_check, planned.entries.first()) {
            if self.read(document, place, buffer)? {
                check_embedded(check, place.artifact(document, buffer))?;
            }
            buffer.release();
        }
        Ok(())
    }
}
