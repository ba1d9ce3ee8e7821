//! Generates pages that look like those of a vinext build.
//!
//! As in a real build, the document carries its payload in a script as a JSON string, so that one byte in
//! seven needs an escape: the text is no easier to encode than a real page's.

use fastrand::Rng;

/// Words of the text. A few are not ASCII, as in most sites.
const WORDS: [&str; 32] = [
    "cache",
    "edge",
    "the",
    "of",
    "a",
    "deploy",
    "worker",
    "visitor",
    "first",
    "request",
    "page",
    "render",
    "and",
    "with",
    "naïve",
    "before",
    "café",
    "build",
    "to",
    "in",
    "key",
    "価格",
    "is",
    "payload",
    "tag",
    "every",
    "stale",
    "für",
    "namespace",
    "it’s",
    "region",
    "“quoted”",
];

/// The document up to its title, as vinext writes it.
const HEAD: &str = "<!DOCTYPE html><html lang=\"en\"><head><meta charSet=\"utf-8\"/>\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\
<link rel=\"modulepreload\" fetchPriority=\"low\" href=\"/_next/static/chunks/x1.js\" crossorigin=\"\"/>\
<script src=\"/_next/static/chunks/x2.js\" type=\"module\" async=\"\" crossorigin=\"\"></script><title>";

/// What stands before the payload in a document.
const SCRIPT: &str = "<script>((self[Symbol.for(\"vinext.navigationRuntime\")]??={functions:{}})\
.bootstrap.rsc??={rsc:[]}).rsc.push(";

/// What a document ends with.
const END: &str = ")</script></body></html>";

/// A page's two artifacts.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) html: String,
    pub(crate) rsc: String,
}

impl Page {
    /// Makes the page of one route anew, `html_bytes` and `rsc_bytes` long, give or take a sentence.
    pub(crate) fn make(&mut self, rng: &mut Rng, title: &str, html_bytes: usize, rsc_bytes: usize) {
        self.make_rsc(rng, title, rsc_bytes);
        let script = serde_json::to_string(&self.rsc).unwrap_or_default();
        self.html.clear();
        self.html.push_str(HEAD);
        self.html.push_str(title);
        self.html.push_str("</title></head><body><main>");
        let fixed_bytes = SCRIPT.len() + script.len() + END.len();
        while self.html.len() + fixed_bytes < html_bytes {
            let link = rng.u32(..);
            self.html
                .push_str("<p class=\"mt-4 leading-7 text-slate-700\"><a href=\"/guides/");
            self.html.push_str(&link.to_string());
            self.html.push_str("\">");
            sentence(&mut self.html, rng);
            self.html.push_str("</a></p>\n");
        }
        self.html.push_str("</main>");
        self.html.push_str(SCRIPT);
        self.html.push_str(&script);
        self.html.push_str(END);
    }

    fn make_rsc(&mut self, rng: &mut Rng, title: &str, rsc_bytes: usize) {
        self.rsc.clear();
        self.rsc
            .push_str("0:{\"page:/\":\"$L1\",\"layout:/\":\"$L2\",\"title\":\"");
        self.rsc.push_str(title);
        self.rsc.push_str("\",\"__rootLayout\":\"/\"}\n");
        let mut row = 1;
        while self.rsc.len() < rsc_bytes {
            self.rsc.push_str(&format!("{row:x}:[\"$\",\"p\",null,{{"));
            self.rsc.push_str(
                "\"className\":\"mt-4 leading-7\",\"children\":[\"$\",\"a\",null,{\"children\":\"",
            );
            sentence(&mut self.rsc, rng);
            self.rsc.push_str("\"}]}]\n");
            row += 1;
        }
    }
}

fn sentence(out: &mut String, rng: &mut Rng) {
    for _ in 0..rng.usize(3..8) {
        out.push_str(WORDS[rng.usize(..WORDS.len())]);
        out.push(' ');
    }
}
