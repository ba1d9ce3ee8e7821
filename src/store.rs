//! Stores other than Workers KV, as JavaScript names them.

use std::path::PathBuf;

use napi_derive::napi;
use vinext_seed::background::run_blocking;
use vinext_seed::prune::{PruneError, PruneOptions, PruneReport, prune};
use vinext_seed::sanitized_text::SanitizedText;
use vinext_seed::send::RetryPolicy;
use vinext_seed::store::directory::DirectoryStore;
use vinext_seed::store::handler::HandlerStore;
use vinext_seed::store::http::Timeouts;
use vinext_seed::store::redis::{RedisStore, RedisUrl};
use vinext_seed::store::s3::{S3Location, S3Store};
use vinext_seed::store::{Store, StoreRules};
use vinext_seed::{BuildOptions, Estimate, Limits, Observer, Sample, SeedError, SeedReport};
use vinext_seed::{CancellationToken, estimate_into, read_back, sample_into, seed_into};

use crate::api_request::QuestionError;
use crate::error::BindingError;
use crate::handler::JsHandler;
use crate::read_options::RunSettings;

/// A store, with the members of its type.
#[napi(
    discriminant = "type",
    discriminant_case = "lowercase",
    js_name = "NativeStore",
    object_to_js = false
)]
pub enum JsStore {
    /// A server of Redis or Valkey.
    Redis {
        /// `redis://[user:password@]host[:port][/database]`.
        url: String,
    },
    /// A directory.
    Dir {
        /// Where it is.
        path: String,
    },
    /// A bucket.
    S3 {
        /// Its name.
        bucket: String,
        /// The prefix of object names.
        prefix: Option<String>,
        /// The server.
        endpoint: Option<String>,
        /// The region.
        region: Option<String>,
    },
    /// A cache handler.
    Handler,
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
        match self {
            Self::Handler => Ok(PlannedStore::Handler),
            store => store.read().map(PlannedStore::Choice),
        }
    }

    /// Where entries are.
    ///
    /// # Errors
    /// If a URL or a name cannot be used: what they may contain is for the engine to say.
    pub(crate) fn read(self) -> Result<StoreChoice, BindingError> {
        match self {
            Self::Redis { url } => Ok(StoreChoice::Redis(RedisUrl::new(&url)?)),
            Self::Dir { path } => Ok(StoreChoice::Directory(PathBuf::from(path))),
            Self::S3 {
                bucket,
                prefix,
                endpoint,
                region,
            } => {
                let location = S3Location {
                    bucket,
                    prefix: prefix.unwrap_or_default(),
                    endpoint,
                    region,
                };
                location.check()?;
                Ok(StoreChoice::S3(location))
            }
            Self::Handler => {
                let problem = "is a handler, which this function cannot use";
                Err(BindingError::option("store", problem))
            }
        }
    }
}

impl StoreChoice {
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
                let store = run_blocking(move || DirectoryStore::open(path)).await??;
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
    let (store, _) = run_blocking(open).await?.map_err(QuestionError::Client)?;
    Ok(store)
}
