//! Seeds the cache of a vinext site with the pages that its build has pre-rendered, so that the first visitor
//! gets a HIT.
//!
//! Data flows in one direction, and each stage depends only on those before it:
//!
//! [`manifest`] → [`plan`] → [`pack`] → [`send`] → [`report`]
//!
//! [`formats`] has the cache format of each vinext version, [`runtime`] determines the version, and [`seed()`]
//! runs the stages. [`estimate()`] only counts the entries, and [`export()`] writes them to files instead of
//! sending them. [`prune`] deletes the entries of old builds.
//!
//! The engine does not depend on Node, a terminal or wrangler; the callers provide those.
//!
//! # Examples
//!
//! Seed a Workers KV namespace:
//!
//! ```no_run
//! use vinext_seed::store::cloudflare_kv::{DEFAULT_API_BASE, Endpoint};
//! use vinext_seed::store::http::ApiToken;
//! use vinext_seed::{BuildOptions, CancellationToken, SeedOptions, seed};
//!
//! # async fn example(account_id: &str, namespace_id: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let endpoint = Endpoint::new(DEFAULT_API_BASE, account_id, namespace_id)?;
//! let token = ApiToken::new(std::env::var("CLOUDFLARE_API_TOKEN")?)?;
//! let build = BuildOptions::new(std::env::current_dir()?);
//! let options = SeedOptions::new(build, endpoint, token);
//! let report = seed(options, &(), &CancellationToken::new()).await?;
//! match report.skipped {
//!     Some(skipped) => println!("nothing was seeded: {}", skipped.reason),
//!     None => println!("{} pages are stored", report.seeded_routes),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Seed a directory. Any other [`Store`](store::Store) works in the same way:
//!
//! ```
//! use vinext_seed::runtime::{RuntimeSource, RuntimeVersions};
//! use vinext_seed::sanitized_text::SanitizedText;
//! use vinext_seed::send::RetryPolicy;
//! use vinext_seed::store::Store;
//! use vinext_seed::store::directory::DirectoryStore;
//! use vinext_seed::{BuildOptions, CancellationToken, Limits, WriteRule, seed_into};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let project = tempfile::tempdir()?;
//! # let root = project.path().to_owned();
//! # let pages = root.join("dist/server/prerendered-routes");
//! # std::fs::create_dir_all(&pages)?;
//! # std::fs::write(pages.join("about.html"), "<p>About us</p>")?;
//! # let manifest = r#"{"buildId":"5c1f0e2d-3a4b-4c5d-8e6f-708192a3b4c5","trailingSlash":false,"routes":[
//! #   {"route":"/about","status":"rendered","revalidate":false,"router":"app"}]}"#;
//! # std::fs::write(root.join("dist/server/vinext-prerender.json"), manifest)?;
//! let cache = root.join("cache");
//! let mut build = BuildOptions::new(root);
//! build.runtime = RuntimeSource::Named(RuntimeVersions {
//!     vinext: "1.4.0".to_owned(),
//!     cloudflare: None,
//! });
//! let directory = cache.clone();
//! let open = move || match DirectoryStore::open(directory) {
//!     Ok(store) => Ok((store, Vec::new())),
//!     Err(error) => Err(SanitizedText::new(&error.to_string())),
//! };
//! let (limits, retry, writes) = (Limits::default(), RetryPolicy::default(), WriteRule::default());
//! let cancellation = CancellationToken::new();
//! let report = seed_into(open, build, limits, retry, writes, &(), &cancellation).await?;
//! assert_eq!(report.seeded_routes, 1);
//!
//! let key = "cache:app:v2:5c1f0e2d-3a4b-4c5d-8e6f-708192a3b4c5:/about:html";
//! let stored = DirectoryStore::open(cache)?.get(key).await.result;
//! let value = stored.map_err(|failure| failure.error)?.unwrap_or_default();
//! assert!(String::from_utf8(value)?.contains(r#""html":"<p>About us</p>""#));
//! # Ok(())
//! # }
//! ```

pub mod background;
mod files;
pub mod flight;
pub mod formats;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod manifest;
pub mod pack;
pub mod plan;
pub mod progress;
pub mod prune;
pub mod report;
pub mod runtime;
pub mod sanitized_text;
mod seed;
pub mod send;
pub mod store;

pub use progress::{Observer, Phase, Progress};
pub use report::SeedReport;
pub use seed::{
    Application, BuildOptions, DEFAULT_MAX_FILE_BYTES, DEFAULT_MAX_MEMORY_BYTES,
    DEFAULT_SAMPLE_ROUTES, EntrySize, Estimate, Export, ExportFile, GivenPages, LARGEST_ENTRIES,
    Limits, MAX_CONCURRENCY, Sample, SampledEntry, SeedError, SeedOptions, WriteRule, application,
    estimate, estimate_into, examine, export, read_back, sample, sample_into, seed, seed_into,
};
pub use tokio_util::sync::CancellationToken;
