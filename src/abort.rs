//! Cancels a run through an `AbortSignal`.
//!
//! Invariants: the signal is not modified. Others may listen to it too, so our listener is added and
//! removed, and `onabort` is not touched.

#![expect(unsafe_code, reason = "`FromNapiValue` is an unsafe trait")]

use napi::bindgen_prelude::{
    FnArgs, FromNapiValue, Function, FunctionRef, JsObjectValue, Object, ObjectRef, Unknown,
};
use napi::{Env, Error, Status, sys};
use vinext_seed::CancellationToken;

/// An `AbortSignal` that was passed as an option.
pub struct Signal(ObjectRef<false>);

impl FromNapiValue for Signal {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        // SAFETY: `env` and `value` come from Node-API for this call.
        let object = unsafe { Object::from_napi_value(env, value)? };
        let listens = object
            .get_named_property::<Unknown>("addEventListener")?
            .get_type()?;
        let aborted = object
            .get_named_property::<Unknown>("aborted")?
            .get_type()?;
        if listens == napi::ValueType::Function && aborted == napi::ValueType::Boolean {
            return Ok(Self(object.create_ref::<false>()?));
        }
        Err(Error::new(Status::InvalidArg, "not an AbortSignal"))
    }
}

/// A listener on a signal, for the duration of a run.
pub(crate) struct AbortHook(Option<(ObjectRef<false>, FunctionRef<(), ()>)>);

type Listening<'env> = FnArgs<(&'static str, Function<'env, (), ()>)>;

impl AbortHook {
    /// Cancels the token when the signal is aborted, and now if it already is.
    pub(crate) fn install(
        env: &Env,
        signal: Option<Signal>,
        cancellation: &CancellationToken,
    ) -> napi::Result<Self> {
        let Some(Signal(signal)) = signal else {
            return Ok(Self(None));
        };
        let object = signal.get_value(env)?;
        if object.get_named_property::<bool>("aborted")? {
            cancellation.cancel();
        }
        let cancellation = cancellation.clone();
        let listener = env.create_function_from_closure("onAbort", move |_| {
            cancellation.cancel();
            Ok(())
        })?;
        let add: Function<'_, Listening<'_>, Unknown<'_>> =
            object.get_named_property("addEventListener")?;
        let reference = listener.create_ref()?;
        add.apply(object, FnArgs::from(("abort", listener)))?;
        Ok(Self(Some((signal, reference))))
    }

    /// Stops listening. Returns the reason if the signal is aborted. A custom signal object may
    /// throw here, which must not prevent the run from ending.
    pub(crate) fn remove(self, env: &Env) -> Option<Error> {
        let (signal, listener) = self.0?;
        let removed = signal.get_value(env).and_then(|object| {
            let remove: Function<'_, Listening<'_>, Unknown<'_>> =
                object.get_named_property("removeEventListener")?;
            remove.apply(object, FnArgs::from(("abort", listener.borrow_back(env)?)))
        });
        cleared(env, removed);
        let is_aborted = signal
            .get_value(env)
            .and_then(|object| object.get_named_property::<bool>("aborted"));
        let reason = if cleared(env, is_aborted) == Some(true) {
            let reason = signal
                .get_value(env)
                .and_then(|object| object.get_named_property::<Unknown>("reason"))
                .map(Error::from);
            cleared(env, reason)
        } else {
            None
        };
        // A reference that cannot be released belongs to an environment that no longer exists.
        let _ = signal.unref(env);
        reason
    }
}

/// The value, or nothing and no exception: with one pending, no other call into JavaScript works.
fn cleared<T>(env: &Env, result: napi::Result<T>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(_) => {
            take_exception(env.raw());
            None
        }
    }
}

/// Takes the pending exception, if any.
fn take_exception(env: sys::napi_env) -> Option<napi::Error> {
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
