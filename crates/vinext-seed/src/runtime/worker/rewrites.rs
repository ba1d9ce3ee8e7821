//! Determines whether `next.config` of a built Worker has rewrites.

use std::path::Path;

use super::bundle::Bundle;

/// The code before the rules in bundles of 0.0.55 to 1.4.0, without quotes and white space.
const RULES: &str = "beforeFiles:[";

/// The start of the rules if there are any, by the first kind of rule that is not empty.
const WITH_RULES: [&str; 3] = [
    "beforeFiles:[{",
    "beforeFiles:[],afterFiles:[{",
    "beforeFiles:[],afterFiles:[],fallback:[{",
];

/// How much of the code after [`RULES`] is read, in characters.
const MAX_CHARACTERS: usize = 80;

/// Whether `next.config` of the built Worker in `root` has rewrites; false if its code does not show it.
#[must_use]
pub fn has_rewrites(root: &Path) -> bool {
    let bundle = Bundle::read(root);
    bundle.files.iter().any(|file| shows_rules(&file.code))
}

fn shows_rules(code: &str) -> bool {
    let name = &RULES[..RULES.len() - ":[".len()];
    code.match_indices(name).any(|(start, _)| {
        let is_code = |character: &char| !character.is_whitespace() && !"\"'".contains(*character);
        let characters = code[start..].chars().take(MAX_CHARACTERS);
        let compact: String = characters.filter(is_code).collect();
        WITH_RULES.iter().any(|rules| compact.starts_with(rules))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_rewrites_of_each_kind_in_minified_and_plain_code() {
        for code in [
            "var Hd={beforeFiles:[{source:`/shadowed`,destination:`/target`}],afterFiles:[],fallback:[]}",
            "Hd={beforeFiles:[],afterFiles:[{source:`/after`,destination:`/target`}],fallback:[]}",
            "Hd={beforeFiles:[],afterFiles:[],fallback:[{source:`/x`,destination:`/y`}]}",
            "const rewrites = {\n\t\"beforeFiles\": [],\n\t\"afterFiles\": [\n\t\t{ \"source\": \"/a\" }",
        ] {
            assert!(shows_rules(code), "{code}");
        }
    }

    #[test]
    fn finds_no_rewrites_where_none_exist() {
        for code in [
            "",
            "var Hd={beforeFiles:[],afterFiles:[],fallback:[]},Ud=[{source:`/`}]",
            "for(let t of e.configRewrites.beforeFiles){let n=[{}]}",
            "...[...e.configRewrites.beforeFiles,...e.configRewrites.afterFiles]",
            "{beforeFiles:[],afterFiles:r,fallback:[]}",
        ] {
            assert!(!shows_rules(code), "{code}");
        }
    }
}
