//! Stores other than Workers KV, as JavaScript names them.

use std::path::PathBuf;

use napi_derive::napi;
use vinext_seed::background::off_the_executor;
use vinext_seed::prune::{PruneError, PruneOptions, PruneReport, prune};
use vinext_seed::sanitized_text::SanitizedText;
use vinext_seed::send::RetryPolicy;
use vinext_seed::store::directory::DirectoryStore;
use vinext_seed::store::handler::{self, HandlerStore};
use vinext_seed::store::http::Timeouts;
use vinext_seed::store::redis::{RedisStore, RedisUrl};
use vinext_seed::store::s3::{S3Location, S3Store};
use vinext_seed::store::{Store, StoreLimits, StoreRules};
use vinext_seed::{BuildOptions, Estimate, Limits, Observer, Sample, SeedError, SeedReport};
use vinext_seed::{CancellationToken, estimate_into, read_back, sample_into, seed_into};

use crate::api_request::QuestionError;
use crate::argument::{Nullable, Typed, optional};
use crate::error::BindingError;
use crate::handler::JsHandler;
use crate::read_options::{RunSettings, STRING, optional_text, text};

/// The type of a cache handler.
const HANDLER: &str = "handler";

/// A store, with the members of its type.
#[napi(object, js_name = "NativeStore", object_to_js = false)]
pub struct JsStore {
    /// Which.
    /// @internal
    #[napi(ts_type = "string")]
    pub r#type: Typed<String>,
    /// Of `redis`: `redis://[user:password@]host[:port][/database]`.
    /// @internal
    #[napi(ts_type = "string")]
    pub url: Option<Nullable<String>>,
    /// Of `dir`: the directory.
    /// @internal
    #[napi(ts_type = "string")]
    pub path: Option<Nullable<String>>,
    /// Of `s3`: the bucket.
    /// @internal
    #[napi(ts_type = "string")]
    pub bucket: Option<Nullable<String>>,
    /// Of `s3`: prefix of object names.
    /// @internal
    #[napi(ts_type = "string")]
    pub prefix: Option<Nullable<String>>,
    /// Of `s3`: the server.
    /// @internal
    #[napi(ts_type = "string")]
    pub endpoint: Option<Nullable<String>>,
    /// Of `s3`: the region.
    /// @internal
    #[napi(ts_type = "string")]
    pub region: Option<Nullable<String>>,
}

/// A store that can be opened.
#[derive(Debug)]
pub(crate) enum StoreChoice {
    Redis(RedisUrl),
    Directory(PathBuf),
    S3(S3Location),
}

/// A store that seeding can be planned for.
#[derive(Debug)]
pub(crate) enum PlannedStore {
    /// One that can be opened.
    Choice(StoreChoice),
    /// A cache handler, which is not called.
    Handler,
}

impl JsStore {
    /// The same for a plan.
    pub(crate) fn read_for_plan(self) -> Result<PlannedStore, BindingError> {
        if self.r#type.is(HANDLER) {
            return Ok(PlannedStore::Handler);
        }
        self.read().map(PlannedStore::Choice)
    }

    /// Checks what names the store.
    pub(crate) fn read(self) -> Result<StoreChoice, BindingError> {
        match text(self.r#type, "store.type")?.as_str() {
            "redis" => {
                let url = optional_text(self.url, "store.url")?;
                let url = url.ok_or_else(|| BindingError::option("store.url", "is missing"))?;
                Ok(StoreChoice::Redis(RedisUrl::new(&url)?))
            }
            "dir" => {
                let path = optional_text(self.path, "store.path")?;
                let path = path.ok_or_else(|| BindingError::option("store.path", "is missing"))?;
                Ok(StoreChoice::Directory(PathBuf::from(path)))
            }
            "s3" => {
                let bucket = optional_text(self.bucket, "store.bucket")?;
                let location = S3Location {
                    bucket: bucket
                        .ok_or_else(|| BindingError::option("store.bucket", "is missing"))?,
                    prefix: optional(self.prefix, "store.prefix", STRING)?.unwrap_or_default(),
                    endpoint: optional_text(self.endpoint, "store.endpoint")?,
                    region: optional_text(self.region, "store.region")?,
                };
                location.check()?;
                Ok(StoreChoice::S3(location))
            }
            other => {
                let other = SanitizedText::new(other);
                let problem = format!("is not a known store type: {other}");
                Err(BindingError::option("store.type", problem))
            }
        }
    }
}

impl StoreChoice {
    /// What it accepts.
    pub(crate) fn limits(&self) -> StoreLimits {
        match self {
            Self::Redis(_) => RedisStore::LIMITS,
            Self::Directory(_) => DirectoryStore::LIMITS,
            Self::S3(_) => S3Store::LIMITS,
        }
    }

    /// How its reader treats keys.
    pub(crate) fn rules(&self) -> StoreRules {
        match self {
            Self::Redis(_) => RedisStore::RULES,
            Self::Directory(_) => DirectoryStore::RULES,
            Self::S3(_) => S3Store::RULES,
        }
    }

    /// Samples a build's entries in this store's format.
    pub(crate) async fn sample(
        &self,
        build: BuildOptions,
        routes: usize,
        cancellation: &CancellationToken,
    ) -> Result<Sample, SeedError> {
        match self {
            Self::Redis(_) => sample_into::<RedisStore>(build, routes, cancellation).await,
            Self::Directory(_) => sample_into::<DirectoryStore>(build, routes, cancellation).await,
            Self::S3(_) => sample_into::<S3Store>(build, routes, cancellation).await,
        }
    }

    /// Reads the values of keys.
    pub(crate) async fn read_back(
        self,
        keys: &[String],
    ) -> Result<Vec<Option<Vec<u8>>>, QuestionError> {
        let (retry, timeouts) = (RetryPolicy::default(), Timeouts::default());
        match self {
            Self::Redis(url) => {
                let store = opened(move || RedisStore::new(url, timeouts)).await?;
                read_back(store, keys, retry).await
            }
            Self::Directory(path) => read_back(DirectoryStore::existing(path), keys, retry).await,
            Self::S3(location) => {
                let store = opened(move || S3Store::new(location, timeouts)).await?;
                read_back(store, keys, retry).await
            }
        }
        .map_err(QuestionError::Store)
    }

    /// Deletes the entries of old builds from it.
    pub(crate) async fn prune(
        self,
        options: PruneOptions,
        cancellation: &CancellationToken,
    ) -> Result<PruneReport, PruneError> {
        let timeouts = Timeouts::default();
        match self {
            Self::Redis(url) => {
                let open = move || RedisStore::new(url, timeouts);
                prune(open, options, cancellation).await
            }
            Self::Directory(path) => {
                let open = move || Ok((DirectoryStore::existing(path), Vec::new()));
                prune(open, options, cancellation).await
            }
            Self::S3(location) => {
                let open = move || S3Store::new(location, timeouts);
                prune(open, options, cancellation).await
            }
        }
    }

    /// Seeds a build into it.
    pub(crate) async fn seed(
        self,
        build: BuildOptions,
        run: RunSettings,
        observer: &dyn Observer,
        cancellation: &CancellationToken,
    ) -> Result<SeedReport, SeedError> {
        let RunSettings {
            limits,
            retry,
            timeouts,
            writes,
            ..
        } = run;
        match self {
            Self::Redis(url) => {
                let open = move || RedisStore::new(url, timeouts);
                seed_into(open, build, limits, retry, writes, observer, cancellation).await
            }
            Self::Directory(path) => {
                let store = off_the_executor(move || DirectoryStore::open(path)).await??;
                let open = move || Ok((store, Vec::new()));
                seed_into(open, build, limits, retry, writes, observer, cancellation).await
            }
            Self::S3(location) => {
                let open = move || S3Store::new(location, timeouts);
                seed_into(open, build, limits, retry, writes, observer, cancellation).await
            }
        }
    }

    /// Counts what seeding a build into it would write.
    pub(crate) async fn estimate(
        &self,
        build: BuildOptions,
        limits: Limits,
        max_writes: Option<usize>,
        cancellation: &CancellationToken,
    ) -> Result<Estimate, SeedError> {
        match self {
            Self::Redis(_) => {
                estimate_into::<RedisStore>(build, limits, max_writes, cancellation).await
            }
            Self::Directory(_) => {
                estimate_into::<DirectoryStore>(build, limits, max_writes, cancellation).await
            }
            Self::S3(_) => estimate_into::<S3Store>(build, limits, max_writes, cancellation).await,
        }
    }
}

impl PlannedStore {
    /// What it accepts.
    pub(crate) fn limits(&self) -> StoreLimits {
        match self {
            Self::Choice(store) => store.limits(),
            Self::Handler => handler::LIMITS,
        }
    }

    /// Counts what seeding a build into it would write.
    pub(crate) async fn estimate(
        &self,
        build: BuildOptions,
        limits: Limits,
        max_writes: Option<usize>,
        cancellation: &CancellationToken,
    ) -> Result<Estimate, SeedError> {
        match self {
            Self::Choice(store) => {
                store
                    .estimate(build, limits, max_writes, cancellation)
                    .await
            }
            Self::Handler => {
                estimate_into::<HandlerStore<JsHandler>>(build, limits, max_writes, cancellation)
                    .await
            }
        }
    }
}

async fn opened<S: Send + 'static>(
    open: impl FnOnce() -> Result<(S, Vec<String>), SanitizedText> + Send + 'static,
) -> Result<S, QuestionError> {
    let (store, _) = off_the_executor(open)
        .await?
        .map_err(QuestionError::Client)?;
    Ok(store)
}
