//! The modules of a bundle, and what they import from one another.

use std::cell::OnceCell;

use super::exports::Export;
use super::scope::{Binding, Module};
use super::tokens::{Kind, Tokens};

/// How many re-exports and other names for the same thing are followed.
const MAX_HOPS: usize = 20;

/// A file of a bundle.
#[derive(Clone, Debug)]
pub(in crate::runtime) struct SourceFile {
    /// Its path within the bundle, with slashes.
    pub(in crate::runtime) path: String,
    pub(in crate::runtime) code: String,
}

/// A token of a bundle.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::runtime) struct TokenPosition {
    pub(in crate::runtime) file: usize,
    pub(in crate::runtime) index: usize,
}

/// A bundle's modules. Each is read when it is first needed.
pub(in crate::runtime) struct Program<'a> {
    files: &'a [SourceFile],
    modules: Vec<OnceCell<Option<Module<'a>>>>,
}

impl<'a> Program<'a> {
    pub(in crate::runtime) fn new(files: &'a [SourceFile]) -> Self {
        Self {
            files,
            modules: files.iter().map(|_| OnceCell::new()).collect(),
        }
    }

    pub(in crate::runtime) fn files(&self) -> &'a [SourceFile] {
        self.files
    }

    /// A file's module; `None` if it cannot be read as JavaScript.
    pub(in crate::runtime) fn module(&self, file: usize) -> Option<&Module<'a>> {
        let code = &self.files.get(file)?.code;
        let read = || Tokens::of(code).ok().map(Module::new);
        self.modules.get(file)?.get_or_init(read).as_ref()
    }

    /// Where a name is defined: the first token of a variable's value, or the keyword of a function or
    /// class. `None` if that is unknown.
    pub(in crate::runtime) fn definition(&self, name: TokenPosition) -> Option<TokenPosition> {
        let mut position = name;
        for _ in 0..MAX_HOPS {
            let module = self.module(position.file)?;
            if module.tokens.kind(position.index) != Some(Kind::Word) {
                return None;
            }
            match module.binding(position.index) {
                Binding::Constant(index) | Binding::Declaration(index) => {
                    return Some(TokenPosition { index, ..position });
                }
                Binding::Import { source, name } => {
                    match self.export(position.file, &source, &name)? {
                        Exported::Name(next) => position = next,
                        Exported::Value(value) => return Some(value),
                    }
                }
                Binding::Variable | Binding::Global => return None,
            }
        }
        None
    }

    /// What a file exports as `default`: the first token of the value.
    pub(in crate::runtime) fn default_export(&self, file: usize) -> Option<TokenPosition> {
        match self.module(file)?.export("default")? {
            Export::Local(index) => self.definition(TokenPosition { file, index }),
            Export::Expression(index) => {
                let position = TokenPosition { file, index };
                Some(self.definition(position).unwrap_or(position))
            }
            Export::From { source, name } => match self.export(file, &source, &name)? {
                Exported::Name(name) => self.definition(name),
                Exported::Value(value) => Some(value),
            },
        }
    }

    /// Whether two files are the importer and what a specifier in it names.
    pub(in crate::runtime) fn imports(&self, importer: usize, source: &str, file: usize) -> bool {
        self.file(importer, source) == Some(file)
    }

    fn export(&self, importer: usize, source: &str, name: &str) -> Option<Exported> {
        let (mut file, mut name) = (self.file(importer, source)?, name.to_owned());
        for _ in 0..MAX_HOPS {
            match self.module(file)?.export(&name)? {
                Export::Local(index) => return Some(Exported::Name(TokenPosition { file, index })),
                Export::Expression(index) => {
                    return Some(Exported::Value(TokenPosition { file, index }));
                }
                Export::From {
                    source,
                    name: further,
                } => {
                    file = self.file(file, &source)?;
                    name = further;
                }
            }
        }
        None
    }

    /// The file that a relative specifier names.
    fn file(&self, importer: usize, source: &str) -> Option<usize> {
        if !source.starts_with('.') {
            return None;
        }
        let mut path: Vec<&str> = self.files.get(importer)?.path.split('/').collect();
        path.pop();
        for part in source.split('/') {
            match part {
                "." | "" => {}
                ".." => {
                    path.pop()?;
                }
                name => path.push(name),
            }
        }
        let path = path.join("/");
        self.files.iter().position(|file| file.path == path)
    }
}

enum Exported {
    Name(TokenPosition),
    Value(TokenPosition),
}
