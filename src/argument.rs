//! Converts values from JavaScript that may be anything, without throwing.
//!
//! Node-API would throw synchronously during conversion, even from a function that returns a promise.

#![expect(unsafe_code, reason = "`FromNapiValue` is an unsafe trait")]

use napi::bindgen_prelude::{FromNapiValue, TypeName, Unknown, ValidateNapiValue};
use napi::{Status, ValueType, sys};

use crate::error::BindingError;

/// A function's argument; converting it never fails.
pub struct Argument<T>(Result<T, BindingError>);

impl<T> Argument<T> {
    /// The argument, or why it is invalid.
    pub(crate) fn into_inner(self) -> Result<T, BindingError> {
        self.0
    }
}

impl<T: FromNapiValue> FromNapiValue for Argument<T> {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        // Reading a property of `undefined` would leave an exception behind.
        let given = type_of(env, value);
        if given != ValueType::Object {
            let message = format!("the options must be an object, not {}", describe(given));
            return Ok(Self(Err(BindingError::InvalidArgument(message))));
        }
        // SAFETY: `env` and `value` come from Node-API for this call.
        let converted = unsafe { T::from_napi_value(env, value) };
        Ok(Self(converted.map_err(|error| match take_exception(env) {
            // A getter of the options object threw. That is the caller's own error.
            Some(thrown) => BindingError::Thrown(thrown),
            None => BindingError::InvalidArgument(missing_option(&error.reason)),
        })))
    }
}

impl<T> TypeName for Argument<T> {
    fn type_name() -> &'static str {
        "Object"
    }

    fn value_type() -> ValueType {
        ValueType::Object
    }
}

impl<T: FromNapiValue> ValidateNapiValue for Argument<T> {
    unsafe fn validate(_: sys::napi_env, _: sys::napi_value) -> napi::Result<sys::napi_value> {
        Ok(std::ptr::null_mut())
    }
}

/// A nested object of options. Node-API reads members of any value, so a number would pass as an
/// empty object.
pub struct OptionsObject<T>(pub(crate) T);

impl<T: FromNapiValue> FromNapiValue for OptionsObject<T> {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        if type_of(env, value) != ValueType::Object {
            return Err(napi::Error::new(Status::ObjectExpected, "not an object"));
        }
        // SAFETY: `env` and `value` come from Node-API for this call.
        unsafe { T::from_napi_value(env, value) }.map(Self)
    }
}

/// An option's value; converting it never fails either, so that the message can name the option.
pub struct Typed<T>(Result<T, String>);

impl<T> Typed<T> {
    /// The value, or the error that the option must be `expected`.
    pub(crate) fn expect(self, option: &'static str, expected: &str) -> Result<T, BindingError> {
        self.0.map_err(|given| {
            BindingError::InvalidArgument(format!(
                "option `{option}` must be {expected}, not {given}"
            ))
        })
    }
}

impl Typed<String> {
    /// Whether it is this text.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.0.as_ref().is_ok_and(|value| value == text)
    }
}

impl<T: FromNapiValue> FromNapiValue for Typed<T> {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        // SAFETY: `env` and `value` come from Node-API for this call.
        match unsafe { T::from_napi_value(env, value) } {
            Ok(converted) => Ok(Self(Ok(converted))),
            Err(error) if error.status == Status::PendingException => Err(error),
            Err(error) => {
                let given = describe(type_of(env, value));
                Ok(Self(Err(match error.reason.strip_prefix(MISSING_FIELD) {
                    Some(field) => format!("{given} without {field}"),
                    None => given.to_owned(),
                })))
            }
        }
    }
}

/// An option that may be `null`, which means the same as omitting it.
pub(crate) type Nullable<T> = Typed<Option<T>>;

/// The value of an optional option.
pub(crate) fn optional<T>(
    value: Option<Nullable<T>>,
    option: &'static str,
    expected: &str,
) -> Result<Option<T>, BindingError> {
    value.map_or(Ok(None), |given| given.expect(option, expected))
}

fn type_of(env: sys::napi_env, value: sys::napi_value) -> ValueType {
    napi::type_of!(env, value).unwrap_or(ValueType::Unknown)
}

fn describe(value_type: ValueType) -> &'static str {
    match value_type {
        ValueType::Undefined => "undefined",
        ValueType::Null => "null",
        ValueType::Boolean => "a boolean",
        ValueType::Number => "a number",
        ValueType::String => "a string",
        ValueType::Symbol => "a symbol",
        ValueType::Function => "a function",
        ValueType::Object => "an object",
        _ => "something else",
    }
}

/// How napi-rs begins its message about a missing required property; the name follows.
const MISSING_FIELD: &str = "Missing field ";

fn missing_option(reason: &str) -> String {
    match reason.strip_prefix(MISSING_FIELD) {
        Some(option) => format!("option {option} is missing"),
        None => reason.to_owned(),
    }
}

/// Takes the pending exception, if any.
pub(crate) fn take_exception(env: sys::napi_env) -> Option<napi::Error> {
    let mut is_pending = false;
    let mut exception = std::ptr::null_mut();
    // SAFETY: both calls are allowed while an exception is pending, and write to locals.
    let status = unsafe {
        sys::napi_is_exception_pending(env, &raw mut is_pending);
        if !is_pending {
            return None;
        }
        sys::napi_get_and_clear_last_exception(env, &raw mut exception)
    };
    // SAFETY: Node-API just returned this value for this env.
    (status == sys::Status::napi_ok)
        .then(|| napi::Error::from(unsafe { Unknown::from_raw_unchecked(env, exception) }))
}
