//! A route of the manifest before its fields are checked.
//!
//! Only invalid JSON makes the whole manifest unusable. A field of the wrong type skips its route.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::lazy_strings::{LazyStrings, text};
use super::route::{Headers, Lifetime, RenderStatus, Route, RouteError, RouterKind};

/// A route's unchecked fields.
///
/// Values are borrowed as text, because some are valid JSON that Rust types reject (a lone surrogate in a
/// string, `1e400`), and an error must affect one field only.
#[derive(Default)]
pub struct RawRoute<'a> {
    route: Option<&'a RawValue>,
    path: Option<&'a RawValue>,
    status: Option<&'a RawValue>,
    reason: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    router: Option<&'a RawValue>,
    revalidate: Option<&'a RawValue>,
    expire: Option<&'a RawValue>,
    stale: Option<&'a RawValue>,
    tags: Option<&'a RawValue>,
    route_segments: Option<&'a RawValue>,
    headers: Option<&'a RawValue>,
    response_status: Option<&'a RawValue>,
    fallback: Option<&'a RawValue>,
    not_found: Option<&'a RawValue>,
    redirect_props: Option<&'a RawValue>,
    locale: Option<&'a RawValue>,
}

impl<'a> RawRoute<'a> {
    /// Parses one element of `routes`; `None` if it is valid JSON but not an object.
    ///
    /// # Errors
    /// If it is not valid JSON.
    pub fn parse(json: &'a str) -> serde_json::Result<Option<Self>> {
        if json.starts_with('{') {
            serde_json::from_str(json).map(Some)
        } else {
            serde_json::from_str::<serde::de::IgnoredAny>(json).map(|_| None)
        }
    }

    /// The pattern and path, if they are strings, to name an invalid route in a report.
    #[must_use]
    pub fn name(&self) -> (Option<Cow<'a, str>>, Option<Cow<'a, str>>) {
        (self.route.and_then(text), self.path.and_then(text))
    }

    /// Checks every field.
    ///
    /// # Errors
    /// The first field that has an unexpected type.
    pub fn validate(&self) -> Result<Route<'a>, RouteError> {
        Ok(Route {
            pattern: required_text("route", self.route)?,
            path: optional_text("path", self.path)?,
            status: self.status()?,
            router: self.router()?,
            lifetime: self.lifetime()?,
            tags: strings("tags", self.tags)?,
            route_segments: strings("routeSegments", self.route_segments)?,
            headers: self.headers()?,
            response_status: self.response_status()?,
            is_fallback_shell: self.fallback.is_some_and(|raw| raw.get() == "true"),
            is_not_found: self.not_found.is_some_and(|raw| raw.get() == "true"),
            redirect_props: self.redirect_props()?,
            locale: optional_text("locale", self.locale)?,
        })
    }

    fn status(&self) -> Result<RenderStatus<'a>, RouteError> {
        let status = required_text("status", self.status)?;
        if status == "rendered" {
            return Ok(RenderStatus::Rendered);
        }
        let detail = self.reason.or(self.error).and_then(text);
        Ok(RenderStatus::NotRendered(detail.unwrap_or(status)))
    }

    fn router(&self) -> Result<RouterKind, RouteError> {
        Ok(match optional_text("router", self.router)?.as_deref() {
            Some("app") => RouterKind::App,
            Some("metadata") => RouterKind::Metadata,
            Some("pages") => RouterKind::Pages,
            _ => RouterKind::Other,
        })
    }

    /// `revalidate: false` and `null` (which is how JSON writes `Infinity`) mean a static page, and
    /// so does 0: vinext renders such a page once and never again.
    fn lifetime(&self) -> Result<Option<Lifetime>, RouteError> {
        let revalidate = match self.revalidate.map(RawValue::get) {
            None | Some("null" | "false") => None,
            Some(_) => Some(number(
                "revalidate",
                "a number, false or null",
                self.revalidate,
            )?),
        };
        if revalidate.is_some_and(|seconds| seconds < 0.0) {
            return Ok(None);
        }
        let optional_number = |name, raw: Option<&'a RawValue>| match raw.map(RawValue::get) {
            None | Some("null") => Ok(None),
            Some(_) => number(name, "a number or null", raw).map(Some),
        };
        let stale = optional_number("stale", self.stale)?;
        Ok(Some(Lifetime {
            revalidate_seconds: revalidate.filter(|&seconds| seconds > 0.0),
            expire_seconds: optional_number("expire", self.expire)?,
            stale_seconds: stale.filter(|&seconds| seconds >= 0.0),
        }))
    }

    fn headers(&self) -> Result<Option<Headers>, RouteError> {
        let problem = RouteError::Field {
            name: "headers",
            expected: "an object",
        };
        match self.headers.map(RawValue::get) {
            None | Some("null") => Ok(None),
            Some(json) => serde_json::from_str(json).map(Some).map_err(|_| problem),
        }
    }

    fn redirect_props(&self) -> Result<Option<&'a str>, RouteError> {
        match self.redirect_props.map(RawValue::get) {
            None | Some("null") => Ok(None),
            Some(json) if json.starts_with('{') => Ok(Some(json)),
            Some(_) => Err(RouteError::Field {
                name: "redirectProps",
                expected: "an object",
            }),
        }
    }

    fn response_status(&self) -> Result<Option<u16>, RouteError> {
        let problem = RouteError::Field {
            name: "responseStatus",
            expected: "an HTTP status code",
        };
        match self.response_status.map(RawValue::get) {
            None | Some("null") => Ok(None),
            Some(json) => match json.parse::<u16>() {
                Ok(status) if (100..600).contains(&status) => Ok(Some(status)),
                _ => Err(problem),
            },
        }
    }
}

fn number(
    name: &'static str,
    expected: &'static str,
    raw: Option<&RawValue>,
) -> Result<f64, RouteError> {
    let parsed = raw.and_then(|raw| raw.get().parse::<f64>().ok());
    // `1e400` is legal JSON and infinite; `inf` and `NaN`, which Rust also reads, are not JSON.
    parsed
        .filter(|seconds| seconds.is_finite())
        .ok_or(RouteError::Field { name, expected })
}

fn strings<'a>(
    name: &'static str,
    raw: Option<&'a RawValue>,
) -> Result<LazyStrings<'a>, RouteError> {
    LazyStrings::of(raw).ok_or(RouteError::Field {
        name,
        expected: "an array",
    })
}

fn required_text<'a>(
    name: &'static str,
    raw: Option<&'a RawValue>,
) -> Result<Cow<'a, str>, RouteError> {
    raw.and_then(text).ok_or(RouteError::Field {
        name,
        expected: TEXT,
    })
}

fn optional_text<'a>(
    name: &'static str,
    raw: Option<&'a RawValue>,
) -> Result<Option<Cow<'a, str>>, RouteError> {
    match raw {
        None => Ok(None),
        Some(raw) if raw.get() == "null" => Ok(None),
        Some(raw) => text(raw).map(Some).ok_or(RouteError::Field {
            name,
            expected: TEXT,
        }),
    }
}

const TEXT: &str = "a string of Unicode characters";

/// The name of a member, without keeping it.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Member {
    Route,
    Path,
    Status,
    Reason,
    Error,
    Router,
    Revalidate,
    Expire,
    Stale,
    Tags,
    RouteSegments,
    Headers,
    ResponseStatus,
    Fallback,
    NotFound,
    RedirectProps,
    Locale,
    #[serde(other)]
    Unknown,
}

impl<'de> Deserialize<'de> for RawRoute<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = RawRoute<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a route")
            }

            // Written by hand, since a derived implementation rejects duplicate members. For
            // `JSON.parse`, which the official seeders use, the last one counts.
            fn visit_map<A: MapAccess<'de>>(
                self,
                mut members: A,
            ) -> Result<RawRoute<'de>, A::Error> {
                let mut route = RawRoute::default();
                while let Some(name) = members.next_key::<Member>()? {
                    let value = Some(members.next_value::<&RawValue>()?);
                    match name {
                        Member::Route => route.route = value,
                        Member::Path => route.path = value,
                        Member::Status => route.status = value,
                        Member::Reason => route.reason = value,
                        Member::Error => route.error = value,
                        Member::Router => route.router = value,
                        Member::Revalidate => route.revalidate = value,
                        Member::Expire => route.expire = value,
                        Member::Stale => route.stale = value,
                        Member::Tags => route.tags = value,
                        Member::RouteSegments => route.route_segments = value,
                        Member::Headers => route.headers = value,
                        Member::ResponseStatus => route.response_status = value,
                        Member::Fallback => route.fallback = value,
                        Member::NotFound => route.not_found = value,
                        Member::RedirectProps => route.redirect_props = value,
                        Member::Locale => route.locale = value,
                        Member::Unknown => {}
                    }
                }
                Ok(route)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests;
