//! How long an API asks its clients to wait, according to its replies' headers.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};
use sfv::{BareItem, ListEntry, Parser};

/// The longest wait that is accepted. Anything beyond a day is a mistake in units.
const MAX_BELIEVED_WAIT: Duration = Duration::from_secs(24 * 3600);

/// What `retry-after` says: seconds (Cloudflare sends whole ones) or a date.
pub(in crate::store) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok()?,
        // A date that has passed asks for no wait.
        Err(_) => httpdate::parse_http_date(text)
            .ok()?
            .duration_since(now)
            .unwrap_or_default(),
    };
    Some(wait.min(MAX_BELIEVED_WAIT))
}

/// How long there is nothing left to spend, from `Ratelimit: "default";r=0;t=30` (Cloudflare API,
/// "Rate limits": `r` requests remain, the window ends in `t` seconds).
pub(in crate::store) fn exhausted_for(headers: &HeaderMap) -> Option<Duration> {
    headers
        .get_all("ratelimit")
        .iter()
        .filter_map(|value| Parser::new(value.to_str().ok()?).parse::<sfv::List>().ok())
        .flatten()
        .filter_map(|entry| {
            let ListEntry::Item(item) = entry else {
                return None;
            };
            let integer = |name: &str| match item.params.get(name) {
                Some(BareItem::Integer(number)) => u64::try_from(i64::from(*number)).ok(),
                _ => None,
            };
            (integer("r")? == 0).then_some(Duration::from_secs(integer("t")?))
        })
        .max()
        .map(|wait| wait.min(MAX_BELIEVED_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use reqwest::header::HeaderValue;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(
            reqwest::header::HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        )])
    }

    fn seconds(text: &str) -> Option<u64> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        retry_after(&headers("retry-after", text), now).map(|wait| wait.as_secs())
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(seconds("0"), Some(0));
        assert_eq!(seconds(" 300 "), Some(300));
        assert_eq!(seconds("1.5"), Some(1));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:47 GMT"), Some(10));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:27 GMT"), Some(0));
        assert_eq!(seconds("99999999999"), Some(24 * 3600));
        for nonsense in ["", "soon", "-1", "NaN", "inf", "1e999"] {
            assert_eq!(seconds(nonsense), None, "{nonsense}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), SystemTime::now()), None);
    }

    fn exhausted(text: &str) -> Option<u64> {
        exhausted_for(&headers("ratelimit", text)).map(|wait| wait.as_secs())
    }

    #[test]
    fn waits_for_an_exhausted_window() {
        assert_eq!(exhausted(r#""default";r=0;t=30"#), Some(30));
        assert_eq!(exhausted(r#""default";r=50;t=30"#), None);
        assert_eq!(
            exhausted(r#""burst";r=0;t=5, "default";r=0;t=70"#),
            Some(70)
        );
        for nonsense in [
            "",
            "r=0",
            r#""default";r=0"#,
            r#""default";r=0;t=-3"#,
            "limit=3",
        ] {
            assert_eq!(exhausted(nonsense), None, "{nonsense}");
        }
    }

    proptest! {
        #[test]
        fn reads_any_header_without_a_panic(value: Vec<u8>) {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                let mut headers = HeaderMap::new();
                headers.insert("ratelimit", value.clone());
                headers.insert(RETRY_AFTER, value);
                let _ = exhausted_for(&headers);
                let wait = retry_after(&headers, SystemTime::UNIX_EPOCH);
                prop_assert!(wait.is_none_or(|wait| wait <= MAX_BELIEVED_WAIT));
            }
        }
    }
}
