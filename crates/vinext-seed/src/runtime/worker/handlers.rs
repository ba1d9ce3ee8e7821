//! Finds the KV handlers that a Worker constructs, and their options.

use super::adapter::{DATA_REGISTRATION, KV_FACTORY, KV_HANDLER, KvOptions};
use super::facts::Fact;
use super::surroundings::{class_around, function_around, marks, tried_before};
use crate::runtime::javascript::{Kind, Program, TokenPosition, Value, evaluate};

/// The classes and factories that construct KV handlers.
pub(super) struct Handlers<'p, 'a> {
    program: &'p Program<'a>,
    /// The classes, as the tokens of their keywords.
    classes: Vec<TokenPosition>,
    /// The adapter's factories, as the first tokens of their functions and the braces of their bodies.
    factories: Vec<(TokenPosition, TokenPosition)>,
}

impl<'p, 'a> Handlers<'p, 'a> {
    pub(super) fn find(program: &'p Program<'a>) -> Self {
        let classes = marks(program, KV_HANDLER).filter_map(|mark| class_around(program, mark));
        let factories =
            marks(program, KV_FACTORY).filter_map(|mark| function_around(program, mark));
        Self {
            program,
            classes: classes.collect(),
            factories: factories.collect(),
        }
    }

    /// The options of every handler that the code constructs.
    pub(super) fn options(&self) -> Vec<KvOptions> {
        let mut found: Vec<KvOptions> = Vec::new();
        for file in 0..self.program.files().len() {
            found.extend(self.constructed_in(file));
        }
        for mark in marks(self.program, DATA_REGISTRATION) {
            found.extend(self.registered_at(mark));
        }
        found
    }

    /// Handlers that a file constructs itself: `new KVCacheHandler(env.CACHE, { appPrefix })`.
    fn constructed_in(&self, file: usize) -> Vec<KvOptions> {
        let names: Vec<&str> = self
            .classes
            .iter()
            .flat_map(|class| self.names_in(file, *class))
            .collect();
        let Some(module) = self.program.module(file).filter(|_| !names.is_empty()) else {
            return Vec::new();
        };
        let tokens = &module.tokens;
        let constructs = |at: &usize| {
            tokens.is(*at, "new")
                && tokens.kind(at + 1) == Some(Kind::Word)
                && names.contains(&tokens.text(at + 1))
                && tokens.is(at + 2, "(")
                && !self.is_in_factory(TokenPosition { file, index: *at })
                && self
                    .program
                    .definition(TokenPosition {
                        file,
                        index: at + 1,
                    })
                    .is_none_or(|definition| self.classes.contains(&definition))
        };
        (0..tokens.len())
            .filter(constructs)
            .map(|at| {
                self.arguments(TokenPosition {
                    file,
                    index: at + 2,
                })
            })
            .collect()
    }

    /// The options in `(env.CACHE, { … })`, of which this is the bracket.
    fn arguments(&self, bracket: TokenPosition) -> KvOptions {
        let Some(module) = self.program.module(bracket.file) else {
            return KvOptions::default();
        };
        let tokens = &module.tokens;
        let end = tokens.partner(bracket.index);
        let first = bracket.index + 1;
        let mut comma = first;
        while comma < end && !tokens.is(comma, ",") {
            comma = tokens.skip(comma);
        }
        let options = if comma + 1 < end {
            evaluate(
                self.program,
                TokenPosition {
                    index: comma + 1,
                    ..bracket
                },
            )
        } else {
            Value::Undefined
        };
        let namespace = TokenPosition {
            index: first,
            ..bracket
        };
        KvOptions {
            binding: self
                .member_of_env(namespace, comma)
                .map_or(Fact::Unknown, Fact::Known),
            ..KvOptions::of(&options)
        }
    }

    /// `CACHE` of an expression `env.CACHE`, or of the variable that holds it.
    fn member_of_env(&self, from: TokenPosition, end: usize) -> Option<String> {
        let tokens = &self.program.module(from.file)?.tokens;
        let last = end.checked_sub(1)?;
        if end == from.index + 1 && tokens.kind(from.index) == Some(Kind::Word) {
            let value = self.program.definition(from)?;
            let tokens = &self.program.module(value.file)?.tokens;
            let mut end = value.index;
            while !matches!(tokens.text(end), "" | "," | ";")
                && tokens.kind(end) != Some(Kind::Close)
            {
                end = tokens.skip(end);
            }
            // Only one variable is followed: code does not assign a namespace twice.
            return (end > value.index + 1).then(|| self.member_of_env(value, end))?;
        }
        // `env.CACHE`, `env?.CACHE`, `env["CACHE"]`, `this.env.CACHE`.
        let is_path = (from.index..end).all(|at| {
            matches!(tokens.kind(at), Some(Kind::Word))
                || matches!(tokens.text(at), "." | "?." | "!" | "[" | "]")
                || matches!(tokens.kind(at), Some(Kind::String | Kind::Template))
        });
        if !is_path || end < from.index + 3 {
            return None;
        }
        if tokens.is(last, "]") {
            let key = evaluate(
                self.program,
                TokenPosition {
                    index: tokens.partner(last) + 1,
                    ..from
                },
            );
            return match key {
                Value::String(name) => Some(name),
                _ => None,
            };
        }
        let is_member = matches!(tokens.text(last - 1), "." | "?.");
        (is_member && tokens.kind(last) == Some(Kind::Word)).then(|| tokens.text(last).to_owned())
    }

    /// Handlers that the code generated from `cache.data` registers, in a `try` whose `catch` logs the
    /// message.
    fn registered_at(&self, mark: TokenPosition) -> Vec<KvOptions> {
        let unclear = || vec![KvOptions::default()];
        let Some((block, end)) = tried_before(self.program, mark) else {
            return unclear();
        };
        let Some(module) = self.program.module(mark.file) else {
            return unclear();
        };
        let tokens = &module.tokens;
        let mut found = Vec::new();
        for at in block..end {
            // `factory({ env, options: … })` or `instantiate(factory, { env, options: … }, "data")`.
            let is_options = tokens.is(at, "options") && tokens.is(at + 1, ":");
            let object = tokens.enclosing(at).filter(|_| is_options);
            let Some(factory) = object.and_then(|object| object.checked_sub(2)) else {
                continue;
            };
            let position = |index| TokenPosition {
                file: mark.file,
                index,
            };
            let is_factory =
                |definition| self.factories.iter().any(|(start, _)| *start == definition);
            match self.program.definition(position(factory)) {
                // Another adapter. If it constructs a KV handler, that code is found separately.
                Some(definition) if !is_factory(definition) => {}
                Some(_) | None => {
                    let options = evaluate(self.program, position(at + 2));
                    found.push(KvOptions::of_adapter(&options));
                }
            }
        }
        if found.is_empty() && !self.factories.is_empty() {
            return unclear();
        }
        found
    }

    fn is_in_factory(&self, position: TokenPosition) -> bool {
        self.factories.iter().any(|(_, brace)| {
            let end = self
                .program
                .module(brace.file)
                .map_or(0, |module| module.tokens.partner(brace.index));
            brace.file == position.file && (brace.index..end).contains(&position.index)
        })
    }

    /// The names by which a file knows a class.
    fn names_in(&self, file: usize, class: TokenPosition) -> Vec<&'a str> {
        let Some(home) = self.program.module(class.file) else {
            return Vec::new();
        };
        let tokens = &home.tokens;
        let mut own = Vec::new();
        if tokens.kind(class.index + 1) == Some(Kind::Word)
            && !tokens.is(class.index + 1, "extends")
        {
            own.push(tokens.text(class.index + 1));
        }
        if class.index >= 2 && tokens.is_before(class.index, "=") {
            own.push(tokens.text(class.index - 2));
        }
        if file == class.file {
            return own;
        }
        // Most files of a bundle do not use the class.
        let files = self.program.files();
        let (_, home_name) = files[class.file]
            .path
            .rsplit_once('/')
            .unwrap_or(("", &files[class.file].path));
        if !files[file].code.contains(home_name) {
            return Vec::new();
        }
        let Some(module) = self.program.module(file) else {
            return Vec::new();
        };
        let is_home = |source: &str| self.program.imports(file, source, class.file);
        own.iter()
            .flat_map(|name| home.exported_as(name))
            .flat_map(|exported| module.imported_as(is_home, exported))
            .collect()
    }
}
