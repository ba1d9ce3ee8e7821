//! Evaluates constant expressions.

use super::literals::{number, string_content};
use super::program::{Program, TokenPosition};
use super::tokens::Kind;
use super::value::{Members, Value};

/// How deeply an expression may be nested, including names that refer to other names.
const MAX_DEPTH: usize = 50;

/// The most steps that one evaluation takes.
const MAX_STEPS: usize = 10_000;

/// Evaluates the expression that begins at a token.
pub(in crate::runtime) fn evaluate(program: &Program<'_>, position: TokenPosition) -> Value {
    let mut evaluation = Evaluation {
        program,
        steps: 0,
        depth: 0,
    };
    evaluation.expression(position).unwrap_or(Value::Unknown)
}

struct Evaluation<'p, 'a> {
    program: &'p Program<'a>,
    steps: usize,
    depth: usize,
}

/// A value and the token behind its expression; `None` if it cannot be evaluated.
type Parsed = Option<(Value, usize)>;

impl Evaluation<'_, '_> {
    /// A whole expression, up to what ends it.
    fn expression(&mut self, position: TokenPosition) -> Option<Value> {
        let tokens = &self.program.module(position.file)?.tokens;
        let (value, end) = self.sum(position)?;
        let ends =
            matches!(tokens.text(end), "," | ";" | "") || tokens.kind(end) == Some(Kind::Close);
        // Without a semicolon, the next token must begin a statement.
        let is_next = matches!(tokens.kind(end), Some(Kind::Word))
            && !matches!(tokens.text(end), "in" | "instanceof");
        (ends
            || is_next
            || matches!(
                tokens.kind(end),
                Some(Kind::TemplateMiddle | Kind::TemplateTail)
            ))
        .then_some(value)
    }

    fn sum(&mut self, position: TokenPosition) -> Parsed {
        let (mut left, mut at) = self.product(position)?;
        loop {
            let operator = self.text(position.file, at)?;
            if !matches!(operator, "+" | "-") {
                return Some((left, at));
            }
            let is_sum = operator == "+";
            let (right, end) = self.product(TokenPosition {
                index: at + 1,
                ..position
            })?;
            left = match (left, right) {
                (Value::Number(a), Value::Number(b)) if is_sum => Value::Number(a + b),
                (Value::Number(a), Value::Number(b)) => Value::Number(a - b),
                (left @ Value::String(_), right) | (left, right @ Value::String(_)) if is_sum => {
                    match (left.to_text(), right.to_text()) {
                        (Some(left), Some(right)) => Value::String(left + &right),
                        _ => Value::Unknown,
                    }
                }
                _ => Value::Unknown,
            };
            at = end;
        }
    }

    fn product(&mut self, position: TokenPosition) -> Parsed {
        let (mut left, mut at) = self.unary(position)?;
        loop {
            let operator = self.text(position.file, at)?;
            if !matches!(operator, "*" | "/" | "%") {
                return Some((left, at));
            }
            let operator = operator.to_owned();
            let (right, end) = self.unary(TokenPosition {
                index: at + 1,
                ..position
            })?;
            left = match (left, right) {
                (Value::Number(a), Value::Number(b)) => Value::Number(match operator.as_str() {
                    "*" => a * b,
                    "/" => a / b,
                    _ => a % b,
                }),
                _ => Value::Unknown,
            };
            at = end;
        }
    }

    fn unary(&mut self, position: TokenPosition) -> Parsed {
        self.steps += 1;
        if self.depth == MAX_DEPTH || self.steps > MAX_STEPS {
            return None;
        }
        self.depth += 1;
        let parsed = self.operand(position);
        self.depth -= 1;
        parsed
    }

    fn operand(&mut self, position: TokenPosition) -> Parsed {
        let TokenPosition { file, index } = position;
        let tokens = &self.program.module(file)?.tokens;
        let behind = TokenPosition {
            file,
            index: index + 1,
        };
        let text = tokens.text(index);
        match tokens.kind(index)? {
            Kind::String | Kind::Template => {
                let content = string_content(text).map_or(Value::Unknown, Value::String);
                Some((content, index + 1))
            }
            Kind::Number => Some((Value::Number(number(text)?), index + 1)),
            Kind::TemplateHead => self.template(position),
            Kind::Open if text == "(" => {
                let (value, end) = self.sum(behind)?;
                // Anything else in the parentheses is an operator that is not evaluated.
                (end == tokens.partner(index)).then_some((value, end + 1))
            }
            Kind::Open if text == "{" => Some((self.object(position)?, tokens.skip(index))),
            Kind::Punctuator if matches!(text, "!" | "-" | "+") => {
                let (value, end) = self.unary(behind)?;
                let value = match (text, value) {
                    ("!", value) => Value::Boolean(!value.is_truthy()?),
                    ("-", Value::Number(value)) => Value::Number(-value),
                    ("+", value @ Value::Number(_)) => value,
                    _ => Value::Unknown,
                };
                Some((value, end))
            }
            Kind::Word => match text {
                "undefined" => Some((Value::Undefined, index + 1)),
                "void" => {
                    let (_, end) = self.unary(behind)?;
                    Some((Value::Undefined, end))
                }
                "null" => Some((Value::Null, index + 1)),
                "true" | "false" => Some((Value::Boolean(text == "true"), index + 1)),
                _ => self.name(position),
            },
            _ => None,
        }
    }

    /// A name, and members that are read of it.
    fn name(&mut self, position: TokenPosition) -> Parsed {
        let tokens = &self.program.module(position.file)?.tokens;
        let mut value = match self.program.definition(position) {
            Some(definition) if definition != position => self.nested(definition),
            _ => Value::Unknown,
        };
        let mut at = position.index + 1;
        loop {
            if matches!(tokens.text(at), "." | "?.") && tokens.kind(at + 1) == Some(Kind::Word) {
                value = value.member(tokens.text(at + 1)).clone();
                at += 2;
            } else if tokens.kind(at) == Some(Kind::Open) && !tokens.is(at, "{") {
                // A call, or a computed member.
                value = Value::Unknown;
                at = tokens.skip(at);
            } else {
                return Some((value, at));
            }
        }
    }

    fn nested(&mut self, position: TokenPosition) -> Value {
        self.steps += 1;
        if self.depth == MAX_DEPTH || self.steps > MAX_STEPS {
            return Value::Unknown;
        }
        self.depth += 1;
        let value = self.expression(position).unwrap_or(Value::Unknown);
        self.depth -= 1;
        value
    }

    fn template(&mut self, position: TokenPosition) -> Parsed {
        let tokens = &self.program.module(position.file)?.tokens;
        let tail = tokens.partner(position.index);
        let mut content = string_content(tokens.text(position.index));
        let mut at = position.index + 1;
        while at <= tail {
            let part = match tokens.kind(at)? {
                Kind::TemplateMiddle | Kind::TemplateTail => string_content(tokens.text(at)),
                _ => {
                    let part = self.nested(TokenPosition {
                        index: at,
                        ..position
                    });
                    // To the end of the substitution.
                    while !matches!(
                        tokens.kind(at + 1)?,
                        Kind::TemplateMiddle | Kind::TemplateTail
                    ) {
                        at = tokens.skip(at + 1) - 1;
                    }
                    part.to_text()
                }
            };
            content = content.zip(part).map(|(content, part)| content + &part);
            at = tokens.skip(at).min(at + 1);
        }
        Some((content.map_or(Value::Unknown, Value::String), tail + 1))
    }

    fn object(&mut self, position: TokenPosition) -> Option<Value> {
        let tokens = &self.program.module(position.file)?.tokens;
        let end = tokens.partner(position.index);
        let mut members = Members::default();
        let mut at = position.index + 1;
        while at < end {
            let is_method = tokens.is(at + 1, "(");
            let key = match tokens.kind(at)? {
                _ if is_method => None,
                Kind::Word => Some(tokens.text(at).to_owned()),
                Kind::String => string_content(tokens.text(at)),
                Kind::Number => {
                    number(tokens.text(at)).and_then(|value| Value::Number(value).to_text())
                }
                _ => None,
            };
            match (key, tokens.text(at + 1)) {
                (Some(key), ":") => {
                    let value = self.nested(TokenPosition {
                        index: at + 2,
                        ..position
                    });
                    members.known.push((key, value));
                }
                (Some(key), "," | "}") if tokens.kind(at) == Some(Kind::Word) => {
                    let value = self.nested(TokenPosition {
                        index: at,
                        ..position
                    });
                    members.known.push((key, value));
                }
                _ if tokens.is(at, "...") => {
                    let spread = self.nested(TokenPosition {
                        index: at + 1,
                        ..position
                    });
                    match spread {
                        Value::Object(others) => {
                            if others.is_open {
                                members.obscure();
                            }
                            members.known.extend(others.known);
                        }
                        Value::Unknown => members.obscure(),
                        _ => {}
                    }
                }
                // A computed name, a method, an accessor.
                _ => members.obscure(),
            }
            while at < end && !tokens.is(at, ",") {
                at = tokens.skip(at);
            }
            at += 1;
        }
        Some(Value::Object(members))
    }

    fn text(&self, file: usize, at: usize) -> Option<&str> {
        Some(self.program.module(file)?.tokens.text(at))
    }
}
