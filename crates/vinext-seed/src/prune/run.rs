//! Lists the stored entries, decides which builds to delete, and deletes the oldest first.

use std::time::{SystemTime, UNIX_EPOCH};

use super::builds::{Build, Builds, MAX_BUILDS, sort_newest_first};
use super::choose::{Fate, Rule, choose};
use super::evidence::Live;
use super::{PruneError, PruneOptions, PruneReport, PrunedBuild};
use crate::CancellationToken;
use crate::sanitized_text::SanitizedText;
use crate::send::BatchSender;
use crate::store::{Store, StoreError};

pub(super) async fn run<S: Store>(
    store: S,
    options: PruneOptions,
    warnings: Vec<String>,
    cancellation: &CancellationToken,
) -> Result<PruneReport, PruneError> {
    let mut pruning = Pruning {
        sender: BatchSender::new(store, options.retry),
        report: PruneReport {
            warnings,
            ..PruneReport::default()
        },
        options,
        deletes: 0,
    };
    let done = cancellation.run_until_cancelled(pruning.run()).await;
    match done {
        Some(Ok(())) => Ok(pruning.report),
        Some(Err(problem)) => Err(PruneError::Store(problem)),
        None => Err(PruneError::Aborted {
            deleted: pruning.report.deleted,
        }),
    }
}

struct Pruning<S> {
    sender: BatchSender<S>,
    options: PruneOptions,
    report: PruneReport,
    /// The number of deleted keys, for the limit: entries and records.
    deletes: usize,
}

impl<S: Store> Pruning<S> {
    async fn run(&mut self) -> Result<(), StoreError> {
        let Some(mut builds) = self.builds().await? else {
            return Ok(());
        };
        for build in &mut builds {
            if build.at_ms.is_none() {
                build.at_ms = self.age_of(build).await;
            }
        }
        sort_newest_first(&mut builds);
        let options = &self.options;
        let live = Live::find(
            &options.evidence,
            &builds,
            options.dist_build_id.as_deref(),
            options.dist_rsc_build_id.as_deref(),
        );
        if !live.is_known {
            self.report.unsure = Some(self.why_unsure().to_owned());
        }
        let rule = Rule {
            dist_build_id: options.dist_build_id.as_deref(),
            live: &live,
            keep: options.keep,
            before_ms: options
                .older_than
                .map(|age| now_ms() - age.as_secs_f64() * 1000.0),
        };
        let fates = choose(&builds, &rule);
        for (build, fate) in builds.iter().zip(&fates) {
            self.report.builds.push(PrunedBuild {
                build_id: SanitizedText::new(&build.id),
                entries: build.entries,
                at_ms: build.at_ms,
                fate: *fate,
                deleted: 0,
            });
        }
        let deleted = fates.iter().enumerate().rev();
        let deleted = deleted.filter(|(_, fate)| **fate == Fate::Deleted);
        for (position, _) in deleted {
            let build = &builds[position];
            let is_ended = self.options.is_dry_run || self.report.failure.is_some();
            if !is_ended && let Err(problem) = self.delete(build, position).await {
                self.report.failure = Some(problem);
            }
            self.report.not_deleted += build
                .entries
                .saturating_sub(self.report.builds[position].deleted);
        }
        Ok(())
    }

    /// The stored builds; `None` if there are too many.
    async fn builds(&mut self) -> Result<Option<Vec<Build>>, StoreError> {
        let record_prefix = self.options.key_space.record_prefix();
        let entry_prefix = self.options.key_space.entry_prefix().to_owned();
        let mut builds = Builds::new(&entry_prefix);
        for prefix in [&record_prefix, &entry_prefix] {
            let mut cursor = None;
            loop {
                let page = self.sender.list(prefix, cursor.as_deref()).await?;
                self.report.lists += 1;
                for key in &page.keys {
                    if prefix != &record_prefix {
                        builds.add_entry(key);
                    } else if let Some(record) = self.sender.get(&key.name).await? {
                        builds.add_record(&key.name, &record);
                    }
                }
                if builds.len() > MAX_BUILDS {
                    self.report.unsure = Some(format!(
                        "keys of more than {MAX_BUILDS} builds are stored, more than any site has; check the \
                         namespace and the app prefix"
                    ));
                    return Ok(None);
                }
                cursor = page.cursor;
                if cursor.is_none() {
                    break;
                }
            }
        }
        Ok(Some(builds.into_vec()))
    }

    /// When the page of one of a build's entries was rendered, according to its value.
    async fn age_of(&self, build: &Build) -> Option<f64> {
        let value = self.sender.get(&build.sample).await.ok()??;
        let value: serde_json::Value = serde_json::from_slice(&value).ok()?;
        value.get("lastModified")?.as_f64()
    }

    /// Deletes a build's entries, page by page, and its record last.
    async fn delete(&mut self, build: &Build, position: usize) -> Result<(), StoreError> {
        let mut is_whole = true;
        for prefix in &build.key_prefixes {
            // First: an entry without it is merely written again.
            if self.may_delete() > 0 {
                self.sender.forget(prefix).await?;
            }
            is_whole = is_whole && self.delete_under(prefix, position).await?;
        }
        if let Some(record) = build.record_key.as_ref().filter(|_| is_whole)
            && self.may_delete() > 0
        {
            self.sender.delete(std::slice::from_ref(record)).await?;
            self.deletes += 1;
        }
        Ok(())
    }

    /// Deletes the entries whose keys begin with a prefix; `false` if that is not all of them.
    async fn delete_under(&mut self, prefix: &str, position: usize) -> Result<bool, StoreError> {
        let mut cursor = None;
        let mut keys = Vec::new();
        loop {
            let page = self.sender.list(prefix, cursor.as_deref()).await?;
            self.report.lists += 1;
            keys.extend(page.keys.into_iter().map(|key| key.name));
            cursor = page.cursor;
            let is_last = cursor.is_none();
            if is_last || keys.len() >= S::LIMITS.max_batch_entries {
                let keys = std::mem::take(&mut keys);
                let is_whole = self.delete_keys(keys, position).await?;
                if is_last || !is_whole {
                    return Ok(is_whole);
                }
            }
        }
    }

    /// Deletes as many keys as may be; `false` if that is not all of them.
    async fn delete_keys(
        &mut self,
        mut keys: Vec<String>,
        position: usize,
    ) -> Result<bool, StoreError> {
        let found = keys.len();
        keys.truncate(self.may_delete());
        for part in keys.chunks(S::LIMITS.max_batch_entries) {
            self.sender.delete(part).await?;
            self.deletes += part.len();
            self.report.deleted += part.len();
            self.report.builds[position].deleted += part.len();
        }
        Ok(keys.len() == found)
    }

    /// How many more deletes the limit allows.
    fn may_delete(&self) -> usize {
        let max_deletes = self.options.max_deletes;
        max_deletes.map_or(usize::MAX, |max| max.saturating_sub(self.deletes))
    }

    fn why_unsure(&self) -> &'static str {
        if self.options.evidence.is_empty() {
            "the live build is unknown; name the site with --url, or use a token that can read the Worker \
             (\"Workers Scripts: Read\")"
        } else {
            "neither the build in dist nor any build with entries was recognized as the live one; if the \
             site answers with a build that was never seeded, seed and deploy the current build first"
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a time, far below 2^53")]
fn now_ms() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |now| now.as_millis() as f64)
}
