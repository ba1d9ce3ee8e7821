//! Resolves a name to its binding.

use super::tokens::{Kind, Tokens};

/// How many groups around a name are searched. Bundles nest a few dozen.
const MAX_NESTING: usize = 500;

/// What a name refers to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::runtime) enum Binding {
    /// A variable that is set once, and the token at which its value begins.
    Constant(usize),
    /// A function or class declaration, and the token of its keyword.
    Declaration(usize),
    /// What another module exports.
    Import {
        /// The module, as the specifier names it.
        source: String,
        /// What it exports; `*` for all of it.
        name: String,
    },
    /// A binding with an unknown value: a parameter, or a variable that is reassigned.
    Variable,
    /// Nothing in this module.
    Global,
}

/// The tokens of one module, and its names.
#[derive(Debug)]
pub(in crate::runtime) struct Module<'a> {
    pub(in crate::runtime) tokens: Tokens<'a>,
}

/// Tokens of a scope, from the first to the one behind the last.
#[derive(Clone, Copy)]
struct Scope {
    start: usize,
    end: usize,
}

impl<'a> Module<'a> {
    pub(in crate::runtime) fn new(tokens: Tokens<'a>) -> Self {
        Self { tokens }
    }

    /// What the name at this token refers to.
    pub(in crate::runtime) fn binding(&self, at: usize) -> Binding {
        let name = self.tokens.text(at);
        let mut inner = at;
        for _ in 0..MAX_NESTING {
            let opening = self.tokens.enclosing(inner);
            let scope = opening.map_or(
                Scope {
                    start: 0,
                    end: self.tokens.len(),
                },
                |opening| Scope {
                    start: opening + 1,
                    end: self.tokens.partner(opening),
                },
            );
            if self.is_parameter_of_arrow(scope, inner, name) {
                return Binding::Variable;
            }
            if opening.is_none_or(|opening| self.tokens.is(opening, "{"))
                && let Some(found) = self.declared_in(scope, name, false, MAX_NESTING)
            {
                return found;
            }
            match opening {
                None => return Binding::Global,
                Some(opening) if self.is_parameter(opening, name) => return Binding::Variable,
                Some(opening) => inner = opening,
            }
        }
        Binding::Variable
    }

    /// The declaration of a name in a scope, nested functions apart.
    fn declared_in(
        &self,
        scope: Scope,
        name: &str,
        only_var: bool,
        budget: usize,
    ) -> Option<Binding> {
        let tokens = &self.tokens;
        let mut at = scope.start;
        while at < scope.end {
            let is_member = tokens.is_before(at, ".") || tokens.is_before(at, "?.");
            match tokens.text(at) {
                _ if is_member || tokens.kind(at) == Some(Kind::String) => {}
                "var" | "let" | "const" if tokens.kind(at) == Some(Kind::Word) => {
                    if (!only_var || tokens.text(at) == "var")
                        && let Some(found) = self.declarators(at, scope, name)
                    {
                        return Some(found);
                    }
                }
                "function" | "class" if !only_var => {
                    let star = usize::from(tokens.is(at + 1, "*"));
                    if tokens.is(at + 1 + star, name) {
                        return Some(Binding::Declaration(at));
                    }
                }
                "import" if scope.start == 0 => {
                    if let Some(import) = self.import(at) {
                        let found = import
                            .names
                            .iter()
                            .find(|&&(_, local)| tokens.text(local) == name);
                        if let Some(&(exported, _)) = found {
                            return Some(Binding::Import {
                                source: import.source,
                                name: exported.to_owned(),
                            });
                        }
                        at = import.end;
                        continue;
                    }
                }
                "(" | "{" if self.is_plain_group(at) => {
                    let nested = Scope {
                        start: at + 1,
                        end: tokens.partner(at),
                    };
                    let budget = budget.checked_sub(1)?;
                    if let Some(found) = self.declared_in(nested, name, true, budget) {
                        return Some(found);
                    }
                }
                _ => {}
            }
            at = tokens.skip(at);
        }
        None
    }

    /// The declaration of a name by `var`, `let` or `const`.
    fn declarators(&self, keyword: usize, scope: Scope, name: &str) -> Option<Binding> {
        let tokens = &self.tokens;
        let mut at = keyword + 1;
        while at < scope.end {
            if tokens.kind(at) == Some(Kind::Open) {
                let pattern = at + 1..tokens.partner(at);
                if pattern.clone().any(|inner| tokens.is(inner, name)) {
                    return Some(Binding::Variable);
                }
            } else if tokens.is(at, name) {
                let is_set_once =
                    tokens.is(keyword, "const") || !self.is_set_again(scope, name, at);
                return Some(if tokens.is(at + 1, "=") && is_set_once {
                    Binding::Constant(at + 2)
                } else {
                    Binding::Variable
                });
            }
            while at < scope.end && !tokens.is(at, ",") {
                if tokens.is(at, ";") {
                    return None;
                }
                at = tokens.skip(at);
            }
            at += 1;
        }
        None
    }

    /// Whether anything but its declaration may set a variable.
    fn is_set_again(&self, scope: Scope, name: &str, declaration: usize) -> bool {
        let tokens = &self.tokens;
        (scope.start..scope.end).any(|at| {
            let sets = || {
                let next = tokens.text(at + 1);
                let is_assignment = next.ends_with('=')
                    && !matches!(next, "==" | "===" | "!=" | "!==" | "<=" | ">=");
                let is_step = |index: usize| tokens.is(index, "++") || tokens.is(index, "--");
                tokens.kind(at + 1) == Some(Kind::Punctuator) && is_assignment
                    || is_step(at + 1)
                    || at > 0 && is_step(at - 1)
            };
            at != declaration && tokens.is(at, name) && !tokens.is_before(at, ".") && sets()
        })
    }

    /// Whether the block that a brace opens is a function's, or a handler's, with this parameter.
    fn is_parameter(&self, brace: usize, name: &str) -> bool {
        let tokens = &self.tokens;
        let Some(before) = brace.checked_sub(1).filter(|_| tokens.is(brace, "{")) else {
            return false;
        };
        let parameters = if tokens.is(before, "=>") {
            return self.is_in_arrow_parameters(before, name);
        } else if tokens.is(before, ")") {
            tokens.partner(before)..before
        } else {
            return false;
        };
        let keyword = parameters.start.checked_sub(1);
        let is_condition =
            keyword.is_some_and(|at| matches!(tokens.text(at), "if" | "while" | "switch" | "with"));
        !is_condition && self.names(parameters, name)
    }

    /// Whether a token is in the body of an arrow function without braces that has this parameter.
    fn is_parameter_of_arrow(&self, scope: Scope, inner: usize, name: &str) -> bool {
        let tokens = &self.tokens;
        let mut found = false;
        let mut at = scope.start;
        while at < inner {
            match tokens.text(at) {
                "," | ";" => found = false,
                "=>" => found |= self.is_in_arrow_parameters(at, name),
                _ => {}
            }
            at = tokens.skip(at);
        }
        found
    }

    fn is_in_arrow_parameters(&self, arrow: usize, name: &str) -> bool {
        let tokens = &self.tokens;
        let Some(before) = arrow.checked_sub(1) else {
            return false;
        };
        tokens.is(before, name)
            || tokens.is(before, ")") && self.names(tokens.partner(before)..before, name)
    }

    fn names(&self, mut range: std::ops::Range<usize>, name: &str) -> bool {
        range.any(|at| self.tokens.is(at, name) && !self.tokens.is_before(at, "."))
    }

    /// Whether a bracket opens a block, whose only names are those of `let` and `const`.
    fn is_plain_group(&self, opening: usize) -> bool {
        let tokens = &self.tokens;
        let Some(before) = opening.checked_sub(1) else {
            return true;
        };
        if tokens.is(opening, "(") {
            return tokens.is(before, "for") || tokens.is(before, "await");
        }
        match tokens.text(before) {
            ")" => {
                let keyword = tokens.partner(before).checked_sub(1);
                keyword.is_some_and(|at| {
                    matches!(
                        tokens.text(at),
                        "if" | "while" | "for" | "await" | "switch" | "with" | "catch"
                    )
                })
            }
            "else" | "do" | "try" | "finally" | "catch" | ";" | "{" | "}" => true,
            _ => false,
        }
    }
}
