//! What a constant expression evaluates to.

/// What an expression evaluates to.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::runtime) enum Value {
    /// Cannot be determined from the code.
    Unknown,
    Undefined,
    Null,
    Boolean(bool),
    Number(f64),
    String(String),
    Object(Members),
}

/// The members of an object literal.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::runtime) struct Members {
    /// In source order; of a repeated key, the last value counts.
    pub(super) known: Vec<(String, Value)>,
    /// Whether there may be others.
    pub(super) is_open: bool,
}

impl Members {
    /// The value of a member.
    pub(in crate::runtime) fn get(&self, name: &str) -> &Value {
        let found = self.known.iter().rev().find(|(known, _)| known == name);
        match found {
            Some((_, value)) => value,
            None if self.is_open => &Value::Unknown,
            None => &Value::Undefined,
        }
    }

    /// Marks every member as unknown: what follows may overwrite any of them.
    pub(super) fn obscure(&mut self) {
        self.known.clear();
        self.is_open = true;
    }
}

impl Value {
    /// A member of this value, as optional chaining reads it.
    pub(in crate::runtime) fn member(&self, name: &str) -> &Value {
        match self {
            Self::Object(members) => members.get(name),
            Self::Undefined | Self::Null => &Value::Undefined,
            _ => &Value::Unknown,
        }
    }

    /// The value as a part of a template or of a sum of strings.
    pub(in crate::runtime) fn to_text(&self) -> Option<String> {
        Some(match self {
            Self::Undefined => "undefined".to_owned(),
            Self::Null => "null".to_owned(),
            Self::Boolean(value) => value.to_string(),
            Self::Number(value) => ryu_js::Buffer::new().format(*value).to_owned(),
            Self::String(text) => text.clone(),
            Self::Object(_) | Self::Unknown => return None,
        })
    }

    /// Whether it counts as true; `None` if that is unknown.
    pub(in crate::runtime) fn is_truthy(&self) -> Option<bool> {
        match self {
            Self::Unknown => None,
            Self::Undefined | Self::Null => Some(false),
            Self::Boolean(value) => Some(*value),
            Self::Number(value) => Some(*value != 0.0 && !value.is_nan()),
            Self::String(text) => Some(!text.is_empty()),
            Self::Object(_) => Some(true),
        }
    }
}
