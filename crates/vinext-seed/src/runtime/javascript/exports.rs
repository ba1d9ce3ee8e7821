//! Reads what a module imports and exports.

use super::literals::string_content;
use super::scope::Module;
use super::tokens::Kind;

/// What a module exports under a name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::runtime) enum Export {
    /// A local name, and its token.
    Local(usize),
    /// An expression, and its first token.
    Expression(usize),
    /// What another module exports.
    From {
        /// The module, as the specifier names it.
        source: String,
        /// Its name there.
        name: String,
    },
}

impl<'a> Module<'a> {
    /// The names under which this module knows what another one exports as `name`.
    pub(in crate::runtime) fn imported_as(
        &self,
        is_source: impl Fn(&str) -> bool,
        name: &str,
    ) -> Vec<&'a str> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            if let Some(import) = self.import(at) {
                if is_source(&import.source) {
                    let same = import
                        .names
                        .iter()
                        .filter(|(exported, _)| *exported == name);
                    found.extend(same.map(|&(_, local)| self.tokens.text(local)));
                }
                at = import.end;
            } else {
                at = self.tokens.skip(at);
            }
        }
        found
    }

    /// What this module exports under a name.
    pub(in crate::runtime) fn export(&self, name: &str) -> Option<Export> {
        let tokens = &self.tokens;
        let mut at = 0;
        while at < tokens.len() {
            if !tokens.is(at, "export") || tokens.is_before(at, ".") {
                at = tokens.skip(at);
                continue;
            }
            let next = at + 1;
            if tokens.is(next, "{") {
                let end = tokens.partner(next);
                let source = tokens.is(end + 1, "from").then(|| self.string(end + 2));
                for (local, exported) in self.specifiers(next) {
                    if tokens.text(exported) != name {
                        continue;
                    }
                    return match source {
                        Some(source) => Some(Export::From {
                            source: source?,
                            name: tokens.text(local).to_owned(),
                        }),
                        None => Some(Export::Local(local)),
                    };
                }
            } else if tokens.is(next, "default") && name == "default" {
                return Some(Export::Expression(next + 1));
            } else if matches!(
                tokens.text(next),
                "const" | "let" | "var" | "function" | "class"
            ) && tokens.text(next + 1) == name
            {
                return Some(Export::Local(next + 1));
            }
            at = next;
        }
        None
    }

    /// All names that this module exports something under, with the names it has inside.
    pub(in crate::runtime) fn exported_as(&self, local_name: &str) -> Vec<&'a str> {
        let tokens = &self.tokens;
        let mut found = Vec::new();
        for at in 0..tokens.len() {
            if tokens.is(at, "export") && tokens.is(at + 1, "{") && !tokens.is_before(at, ".") {
                for (local, exported) in self.specifiers(at + 1) {
                    if tokens.text(local) == local_name {
                        found.push(tokens.text(exported));
                    }
                }
            }
        }
        found
    }
    /// The import declaration that begins at a token.
    pub(super) fn import(&self, at: usize) -> Option<ImportDeclaration<'a>> {
        let tokens = &self.tokens;
        if !tokens.is(at, "import") || tokens.is_before(at, ".") {
            return None;
        }
        let mut names = Vec::new();
        let mut next = at + 1;
        loop {
            match tokens.text(next) {
                "{" => {
                    let specifiers = self.specifiers(next).into_iter();
                    names
                        .extend(specifiers.map(|(exported, local)| (tokens.text(exported), local)));
                    next = tokens.skip(next);
                }
                "*" if tokens.is(next + 1, "as") => {
                    names.push(("*", next + 2));
                    next += 3;
                }
                "," => next += 1,
                "from" => break,
                _ if tokens.kind(next) == Some(Kind::Word) => {
                    names.push(("default", next));
                    next += 1;
                }
                _ => return None,
            }
        }
        let source = self.string(next + 1)?;
        Some(ImportDeclaration {
            source,
            names,
            end: next + 2,
        })
    }

    /// The pairs of `{a as b, c}`, as tokens.
    fn specifiers(&self, brace: usize) -> Vec<(usize, usize)> {
        let tokens = &self.tokens;
        let end = tokens.partner(brace);
        let mut pairs = Vec::new();
        let mut at = brace + 1;
        while at < end {
            let second = if tokens.is(at + 1, "as") { at + 2 } else { at };
            pairs.push((at, second));
            at = second + 2;
        }
        pairs
    }

    fn string(&self, at: usize) -> Option<String> {
        match self.tokens.kind(at)? {
            Kind::String | Kind::Template => string_content(self.tokens.text(at)),
            _ => None,
        }
    }
}

/// An import declaration.
pub(super) struct ImportDeclaration<'a> {
    pub(super) source: String,
    /// What is imported, and the token of its name here.
    pub(super) names: Vec<(&'a str, usize)>,
    /// The token behind it.
    pub(super) end: usize,
}
