//! Deterministic documents and builds for the benchmarks.

#![allow(dead_code, reason = "every benchmark needs another part of it")]

use std::fs;
use std::path::Path;

/// A document of about this many bytes, half of it its payload as a JSON string in a script.
pub(crate) fn document(bytes: usize) -> String {
    let mut payload = String::new();
    let mut row = 1;
    while payload.len() < bytes * 2 / 5 {
        payload.push_str(&format!(
            "{row:x}:[\"$\",\"p\",null,{{\"className\":\"mt-4\",\"children\":\"every café of the région {row}\"}}]\n"
        ));
        row += 1;
    }
    let script = serde_json::to_string(&payload).unwrap_or_default();
    let mut html = String::from("<!DOCTYPE html><html lang=\"en\"><body>");
    while html.len() + script.len() < bytes {
        html.push_str("<p class=\"mt-4 leading-7\">the first request renders “the” page</p>\n");
    }
    html + "<script>self.rsc.push(" + &script + ")</script></body></html>"
}

/// Writes the manifest of a build into `server_dir`.
pub(crate) fn write_manifest(server_dir: &Path, routes: usize) -> std::io::Result<()> {
    let routes: Vec<String> = (0..routes).map(route).collect();
    let manifest = format!(
        "{{\n  \"buildId\": \"b\",\n  \"trailingSlash\": false,\n  \"routes\": [\n{}\n  ]\n}}\n",
        routes.join(",\n")
    );
    fs::write(server_dir.join("vinext-prerender.json"), manifest)
}

/// A manifest's route as vinext 1.4.0 writes it.
pub(crate) fn route(index: usize) -> String {
    let tags = [
        &format!("/guides/{index}"),
        &format!("_N_T_/guides/{index}"),
        "_N_T_/layout",
        "_N_T_/guides/layout",
        "_N_T_/guides/[slug]/layout",
        "_N_T_/guides/[slug]/page",
    ]
    .map(|tag| format!("        \"{tag}\""))
    .join(",\n");
    format!(
        "    {{\n      \"route\": \"/guides/:slug\",\n      \"status\": \"rendered\",\n      \
         \"revalidate\": false,\n      \"path\": \"/guides/{index}\",\n      \"router\": \"app\",\n      \
         \"tags\": [\n{tags}\n      ]\n    }}"
    )
}
