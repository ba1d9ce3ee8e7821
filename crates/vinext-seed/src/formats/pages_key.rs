//! The logical cache key of a page of the Pages Router, such as `pages:v2:<build id>:<pathname>`.
//!
//! As `pagesIsrCacheKey` in vinext 1.4.0's `server/isr-cache` builds it; the tests compare with that.

use std::borrow::Cow;

use percent_encoding::utf8_percent_encode;

use super::cache_key::bounded_key;
use super::path_hash::PathHash;
use super::pathname::{NOT_UNRESERVED, decoded_pathname};

/// What the keys begin with (1.4.0). Earlier keys begin with `pages:`, and their manifests do not have
/// what an entry needs.
pub const PAGES_NAMESPACE: &str = "pages:v2";

/// The key under which the runtime looks for a page.
///
/// `pathname` is the manifest's, percent-encoded and with the prefix of the locale; `locale` is the
/// page's, if the site has several.
#[must_use]
pub fn pages_cache_key(build_id: &str, pathname: &str, locale: Option<&str>) -> String {
    let pathname = without_locale(pathname, locale);
    let decoded = decoded_pathname(&pathname);
    let normalized = without_slash(&decoded);
    let identity: Cow<'_, str> = match locale {
        // The runtime takes a second slash too, if no locale follows.
        None => Cow::Borrowed(without_slash(normalized)),
        Some(locale) => {
            let variant = format!("locale:{locale}");
            let variant = utf8_percent_encode(&variant, NOT_UNRESERVED);
            Cow::Owned(format!("{normalized}::i18n={variant}"))
        }
    };
    bounded_key(
        PAGES_NAMESPACE,
        build_id,
        &identity,
        ["", ""],
        PathHash::Sha256Hex,
    )
}

fn without_slash(pathname: &str) -> &str {
    match pathname.strip_suffix('/') {
        Some(_) if pathname == "/" => pathname,
        Some(stripped) => stripped,
        None => pathname,
    }
}

/// The pathname without the prefix of its locale. The default locale has none.
#[must_use]
pub fn without_locale<'a>(pathname: &'a str, locale: Option<&str>) -> Cow<'a, str> {
    let rest = locale.and_then(|locale| {
        let rest = pathname.strip_prefix('/')?.strip_prefix(locale)?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    });
    let Some(rest) = rest else {
        return Cow::Borrowed(pathname);
    };
    // As the runtime puts together what is left, without empty segments.
    let segments = rest.split('/').filter(|segment| !segment.is_empty());
    let joined: String = segments.flat_map(|segment| ["/", segment]).collect();
    Cow::Owned(if joined.is_empty() {
        "/".to_owned()
    } else {
        joined
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_moves_from_the_path_into_the_variant() {
        assert_eq!(
            pages_cache_key("id", "/de/a%20b/", Some("de")),
            "pages:v2:id:/a b::i18n=locale%3Ade"
        );
        assert_eq!(
            pages_cache_key("id", "/de", Some("de")),
            "pages:v2:id:/::i18n=locale%3Ade"
        );
        assert_eq!(
            pages_cache_key("id", "/dea", Some("de")),
            "pages:v2:id:/dea::i18n=locale%3Ade"
        );
        assert_eq!(pages_cache_key("id", "/de/a", None), "pages:v2:id:/de/a");
    }

    #[test]
    fn a_long_pathname_is_hashed_with_its_variant() {
        let pathname = format!("/{}", "a".repeat(300));
        let one = pages_cache_key("id", &pathname, Some("de"));
        let other = pages_cache_key("id", &pathname, Some("en"));
        assert!(one.starts_with("pages:v2:id:__hash:"), "{one}");
        assert_ne!(one, other);
    }
}
