//! `exportKvSeed`: writes the engine's entries to files.

use std::path::PathBuf;

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use vinext_seed::{BuildOptions, Export, ExportFile, Limits};

use crate::abort::Signal;
use crate::build_options::WithBuild;
use crate::count::count;
use crate::error::BindingError;
use crate::findings::WithFindings;
use crate::run;

/// Options of `exportKvSeed`. Options of `seedKvCache` have the same meaning.
#[napi(
    object,
    js_name = "ExportOptions extends BuildOptions",
    object_to_js = false
)]
pub struct JsExportOptions {
    /// Output directory. It is created if needed, and must be empty.
    pub directory: String,
    /// Maximum number of entries in one file, from 1 to 10,000.
    /// @default 10_000
    pub max_batch_pairs: Option<i64>,
    /// Maximum bytes in one file, from 1 to 100,000,000.
    /// @default 25_000_000
    pub max_batch_bytes: Option<i64>,
    /// Cancels the run.
    #[napi(ts_type = "AbortSignal")]
    pub signal: Option<Signal>,
}

/// Result of an export.
#[napi(
    object,
    js_name = "SeedExport extends BuildFindings",
    object_from_js = false
)]
pub struct JsSeedExport {
    /// The files, in order.
    pub files: Vec<ExportedFile>,
    /// Routes whose main entry is in the files.
    pub routes: f64,
    /// Entries in the files.
    pub kv_pairs: f64,
    /// Bytes of the files.
    pub bytes: f64,
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

/// Writes what `seedKvCache` would send to files for `wrangler kv bulk put`, which the KV bulk API
/// also accepts as request bodies. Needs no account, namespace or token.
///
/// If there is nothing to do, the promise resolves and `skipped` says why; the directory is not
/// touched. Rejects like `seedKvCache`, and with `EXPORT_DIRECTORY_NOT_EMPTY` or
/// `EXPORT_UNWRITABLE`.
///
/// @example
/// import { exportKvSeed } from "@vinext/seed-native";
///
/// const { files } = await exportKvSeed({ root: process.cwd(), directory: "kv-seed" });
#[napi(ts_return_type = "Promise<SeedExport>")]
pub fn export_kv_seed<'env>(
    env: &'env Env,
    #[napi(ts_arg_type = "ExportOptions")] options: WithBuild<JsExportOptions>,
) -> napi::Result<PromiseRaw<'env, SeedExport>> {
    run::promise(env, start(env, options))
}

fn start(
    env: &Env,
    options: WithBuild<JsExportOptions>,
) -> Result<PromiseRaw<'_, SeedExport>, BindingError> {
    let WithBuild { build, own } = options;
    let build = BuildOptions::from(build);
    let limits = Limits {
        max_batch_pairs: own.max_batch_pairs.map(count),
        max_batch_bytes: own.max_batch_bytes.map(count),
        ..Limits::default()
    };
    let directory = PathBuf::from(own.directory);
    run::start(env, own.signal, None, move |_, cancellation| async move {
        vinext_seed::export(build, limits, directory, &cancellation).await
    })
}

/// What `exportKvSeed` resolves with.
type SeedExport = WithFindings<JsSeedExport>;

#[expect(clippy::cast_precision_loss, reason = "counts, far below 2^53")]
impl From<Export> for SeedExport {
    fn from(export: Export) -> Self {
        Self {
            own: JsSeedExport {
                files: export.files.into_iter().map(Into::into).collect(),
                routes: export.routes as f64,
                kv_pairs: export.pairs as f64,
                bytes: export.bytes as f64,
            },
            findings: export.report.into(),
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
