//! Generates synthetic builds, and `artifacts.txt` next to `dist/` for the floor.
//!
//! A directory that already has the requested site is reused.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use fastrand::Rng;

use crate::BoxError;
use crate::page::Page;

/// How many routes share a directory.
const SECTION_ROUTES: usize = 1000;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Where the build goes.
    directory: PathBuf,
    /// How many routes it has.
    #[arg(long)]
    routes: usize,
    /// Bytes of each document.
    #[arg(long)]
    html_bytes: usize,
    /// Bytes of each payload.
    #[arg(long)]
    rsc_bytes: usize,
    /// What all made-up text follows from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Writes a build.
pub(crate) fn write(options: &Options) -> Result<(), BoxError> {
    let description = format!("{options:?}");
    let stamp = options.directory.join("site.txt");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == description) {
        return Ok(());
    }
    if options.directory.exists() {
        fs::remove_dir_all(&options.directory)?;
    }
    let server = options.directory.join("dist/server");
    let artifacts = server.join("prerendered-routes");
    fs::create_dir_all(&artifacts)?;
    let mut names = BufWriter::new(File::create(options.directory.join("artifacts.txt"))?);
    let mut manifest = BufWriter::new(File::create(server.join("vinext-prerender.json"))?);
    let build_id = "5c1f0e2d-3a4b-4c5d-8e6f-708192a3b4c5";
    write!(
        manifest,
        "{{\n  \"buildId\": \"{build_id}\",\n  \"trailingSlash\": false,\n  \"routes\": ["
    )?;
    let mut rng = Rng::with_seed(options.seed);
    let mut page = Page::default();
    let mut route = String::new();
    for index in 0..options.routes {
        let section = index / SECTION_ROUTES;
        let slug = format!("how-to-{:04x}-{index}", rng.u16(..));
        page.make(&mut rng, &slug, options.html_bytes, options.rsc_bytes);
        let name = format!("guides/s{section}/{slug}");
        if index.is_multiple_of(SECTION_ROUTES) {
            fs::create_dir_all(artifacts.join(format!("guides/s{section}")))?;
        }
        write_artifact(&artifacts, &format!("{name}.html"), &page.html, &mut names)?;
        write_artifact(&artifacts, &format!("{name}.rsc"), &page.rsc, &mut names)?;
        describe_route(&mut route, &name, index);
        manifest.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        manifest.write_all(route.as_bytes())?;
    }
    manifest.write_all(b"\n  ]\n}\n")?;
    manifest.flush()?;
    names.flush()?;
    fs::write(stamp, description)?;
    Ok(())
}

fn write_artifact(
    artifacts: &Path,
    name: &str,
    content: &str,
    names: &mut impl Write,
) -> std::io::Result<()> {
    fs::write(artifacts.join(name), content)?;
    writeln!(names, "{name}")
}

/// A manifest's route as vinext 1.4.0 writes it. Every fourth page revalidates.
fn describe_route(out: &mut String, name: &str, index: usize) {
    let lifetime = if index.is_multiple_of(4) {
        "\"revalidate\": 3600,\n      \"expire\": 31536000"
    } else {
        "\"revalidate\": false"
    };
    let tags = [
        format!("/{name}"),
        format!("_N_T_/{name}"),
        "_N_T_/layout".to_owned(),
        "_N_T_/guides/layout".to_owned(),
        "_N_T_/guides/[section]/layout".to_owned(),
        "_N_T_/guides/[section]/[slug]/layout".to_owned(),
        "_N_T_/guides/[section]/[slug]/page".to_owned(),
    ];
    out.clear();
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "    {{\n      \"route\": \"/guides/:section/:slug\",\n      \"status\": \"rendered\",\n      \
         {lifetime},\n      \"path\": \"/{name}\",\n      \"router\": \"app\",\n      \"tags\": [\n"
    );
    for (position, tag) in tags.iter().enumerate() {
        let comma = if position + 1 < tags.len() { "," } else { "" };
        let _ = writeln!(out, "        \"{tag}\"{comma}");
    }
    out.push_str("      ]\n    }");
}
