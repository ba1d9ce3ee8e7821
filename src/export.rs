//! `exportKvSeed`: the engine's entries as files.
//!
//! In: the caller's options. Out: files, and one promise of what they are.
//! Never: a token or a target; whoever loads the files has them.

use std::path::PathBuf;

use napi::bindgen_prelude::{PromiseRaw, Result};
use napi::{Either, Env};
use napi_derive::napi;
use vinext_seed::{BuildOptions, Export, ExportFile, Limits};

use crate::abort::Signal;
use crate::argument::{Argument, Given, OrNull, optional};
use crate::build_options::JsBuildOptions;
use crate::failure::Failure;
use crate::options::{JsRefusal, JsRuntimeVersions};
use crate::read_options::{max_batch_bytes, max_batch_pairs, text};
use crate::result::{RouteSkipped, SeededRuntime};
use crate::run;

/// What `exportKvSeed` is to write. Options of `seedKvCache` mean what they mean there.
#[napi(object, js_name = "ExportOptions", object_to_js = false)]
pub struct JsExportOptions {
    /// The project's directory. The build is in its `dist/`.
    #[napi(ts_type = "string")]
    pub root: Given<String>,
    /// Where the files go. It is made if need be, and has to be empty.
    #[napi(ts_type = "string")]
    pub directory: Given<String>,
    /// The `appPrefix` of the KV adapter.
    /// @default what the Vite configuration says, else none
    #[napi(ts_type = "string")]
    pub app_prefix: Option<OrNull<String>>,
    /// How long KV keeps pages that revalidate, in whole seconds.
    #[napi(ts_type = "number")]
    pub ttl_seconds: Option<OrNull<f64>>,
    /// How long KV keeps static pages, in whole seconds.
    #[napi(ts_type = "number")]
    pub static_ttl_seconds: Option<OrNull<f64>>,
    /// The packages that will read the entries, by exact version.
    /// @default what is installed in `root`, told by its code
    #[napi(ts_type = "RuntimeVersions")]
    pub runtime: Option<OrNull<JsRuntimeVersions>>,
    /// Export from vinext before 0.2.1 too.
    /// @default false
    #[napi(ts_type = "boolean")]
    pub allow_unproven_routes: Option<OrNull<bool>>,
    /// The Vite configuration to read the KV adapter's options from; `false` not to read any.
    #[napi(ts_type = "string | false")]
    pub vite_config: Option<OrNull<Either<String, bool>>>,
    /// Compare the installed vinext's own key function with ours.
    /// @default true
    #[napi(ts_type = "boolean")]
    pub self_check: Option<OrNull<bool>>,
    /// Why nothing is to be seeded, where the JavaScript of this package found a reason.
    /// @internal
    #[napi(ts_type = "SeedRefusal")]
    pub refusal: Option<JsRefusal>,
    /// The most entries in one file, from 1 to 10,000.
    /// @default 10_000
    #[napi(ts_type = "number")]
    pub max_batch_pairs: Option<OrNull<f64>>,
    /// The most bytes in one file, from 1 to 100,000,000.
    /// @default 25_000_000
    #[napi(ts_type = "number")]
    pub max_batch_bytes: Option<OrNull<f64>>,
    /// Cancels the run.
    #[napi(ts_type = "AbortSignal")]
    pub signal: Option<OrNull<Signal>>,
}

/// What an export left.
#[napi(object, object_from_js = false)]
pub struct SeedExport {
    /// The files, in order.
    pub files: Vec<ExportedFile>,
    /// Routes whose main entry is in them.
    pub routes: f64,
    /// Entries in them.
    pub kv_pairs: f64,
    /// Bytes of them.
    pub bytes: f64,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// Why nothing was written, if nothing was.
    pub skipped: Option<String>,
    /// The same as a stable word.
    pub skipped_code: Option<String>,
    /// What lies behind it, where there is more to say.
    pub skipped_detail: Option<String>,
    /// The build id that is part of every key.
    pub build_id: Option<String>,
    /// The runtime that the entries are for.
    pub runtime: Option<SeededRuntime>,
    /// Routes of the manifest that were left out, each with its reason.
    pub routes_skipped: Vec<RouteSkipped>,
    /// What was assumed because it could not be found out.
    pub warnings: Vec<String>,
}

/// One file of an export.
#[napi(object, object_from_js = false)]
pub struct ExportedFile {
    /// Its name in the directory, `kv-bulk-0001.json` and so on.
    pub name: String,
    /// Entries in it.
    pub kv_pairs: f64,
    /// Its length in bytes.
    pub bytes: f64,
}

/// Writes what `seedKvCache` would send to files that `wrangler kv bulk put` takes, and that the KV
/// bulk API takes as request bodies. It needs no account, no namespace and no token.
///
/// Where there is nothing to do, the promise resolves and `skipped` says why; the directory is then
/// not touched. It rejects like that of `seedKvCache`, and with `EXPORT_DIRECTORY_NOT_EMPTY` or
/// `EXPORT_UNWRITABLE`.
///
/// @example
/// import { exportKvSeed } from "@vinext/seed-native";
///
/// const { files } = await exportKvSeed({ root: process.cwd(), directory: "kv-seed" });
#[napi(ts_return_type = "Promise<SeedExport>")]
pub fn export_kv_seed<'env>(
    env: &'env Env,
    #[napi(ts_arg_type = "ExportOptions")] options: Argument<JsExportOptions>,
) -> Result<PromiseRaw<'env, SeedExport>> {
    match start(env, options) {
        Ok(promise) => Ok(promise),
        Err(failure) => PromiseRaw::reject(env, failure.into_js(env)?),
    }
}

fn start(
    env: &Env,
    options: Argument<JsExportOptions>,
) -> std::result::Result<PromiseRaw<'_, SeedExport>, Failure> {
    let (build, limits, directory, signal) = options.into_inner()?.read()?;
    run::start(env, signal, move |cancellation| async move {
        vinext_seed::export(build, limits, directory, &cancellation).await
    })
}

type Read = (BuildOptions, Limits, PathBuf, Option<Signal>);

impl JsExportOptions {
    fn read(self) -> std::result::Result<Read, Failure> {
        let build = JsBuildOptions {
            root: self.root,
            app_prefix: self.app_prefix,
            ttl_seconds: self.ttl_seconds,
            static_ttl_seconds: self.static_ttl_seconds,
            runtime: self.runtime,
            allow_unproven_routes: self.allow_unproven_routes,
            vite_config: self.vite_config,
            self_check: self.self_check,
            refusal: self.refusal,
        };
        let directory = PathBuf::from(text(self.directory, "directory")?);
        let limits = Limits {
            max_batch_pairs: max_batch_pairs(self.max_batch_pairs)?,
            max_batch_bytes: max_batch_bytes(self.max_batch_bytes)?,
            ..Limits::default()
        };
        let signal = optional(self.signal, "signal", "an AbortSignal")?;
        Ok((build.read()?, limits, directory, signal))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts, far below 2^53")]
impl From<Export> for SeedExport {
    fn from(export: Export) -> Self {
        let report = export.report;
        let (skipped, skipped_code, skipped_detail) = match report.skipped {
            Some(skipped) => (
                Some(skipped.reason),
                Some(skipped.code.into_owned()),
                skipped.detail,
            ),
            None => (None, None, None),
        };
        Self {
            files: export.files.into_iter().map(Into::into).collect(),
            routes: export.routes as f64,
            kv_pairs: export.pairs as f64,
            bytes: export.bytes as f64,
            duration_ms: (report.duration.as_secs_f64() * 1000.0).round(),
            skipped,
            skipped_code,
            skipped_detail,
            build_id: report.build_id,
            runtime: report.runtime.map(Into::into),
            routes_skipped: report.routes_skipped.into_iter().map(Into::into).collect(),
            warnings: report.warnings,
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a count and a length, far below 2^53"
)]
impl From<ExportFile> for ExportedFile {
    fn from(file: ExportFile) -> Self {
        Self {
            name: file.name,
            kv_pairs: file.pairs as f64,
            bytes: file.bytes as f64,
        }
    }
}
