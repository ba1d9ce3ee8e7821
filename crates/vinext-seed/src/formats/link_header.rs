//! Extracts the framework's own elements from a `Link` header.
//!
//! The header in a manifest comes from the build's own server. Middleware and `next.config` add elements to it,
//! with absolute URLs of that server. The framework's own elements are hints for the browser with an unquoted
//! `rel` (React's `preload`, `preconnect` and `prefetchDNS`, and vinext's fonts), measured on 0.2.0 to 1.4.0.

use memchr::memchr;

use super::loopback::is_loopback_url;

/// The relations of the framework's elements, as it spells them.
const FRAMEWORK_RELATIONS: [&str; 3] = ["preload", "preconnect", "dns-prefetch"];

/// The framework's elements of a `Link` header, unchanged; `None` if there are none.
#[must_use]
pub fn framework_links(header: &str) -> Option<String> {
    let mut kept = String::new();
    for element in elements(header).filter(|element| is_of_framework(element)) {
        if !kept.is_empty() {
            kept.push_str(", ");
        }
        kept.push_str(element);
    }
    (!kept.is_empty()).then_some(kept)
}

fn is_of_framework(element: &str) -> bool {
    let Some((url, parameters)) = element
        .strip_prefix('<')
        .and_then(|rest| rest.split_once('>'))
    else {
        return false;
    };
    let mut relations = split(parameters, b';').filter_map(|parameter| {
        let (name, value) = parameter.trim().split_once('=')?;
        (name.trim_end().eq_ignore_ascii_case("rel")).then_some(value.trim_start())
    });
    let relation = relations.next();
    relation.is_some_and(|relation| FRAMEWORK_RELATIONS.contains(&relation))
        && relations.next().is_none()
        && !is_loopback_url(url)
}

/// The elements of a `Link` header. Commas in `<…>` and in quoted strings separate nothing.
fn elements(header: &str) -> impl Iterator<Item = &str> {
    split(header, b',')
        .map(str::trim)
        .filter(|element| !element.is_empty())
}

/// Splits at an ASCII character outside `<…>` and quoted strings.
fn split(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = unenclosed(text.as_bytes(), separator);
        rest = end.map(|end| &text[end + 1..]);
        Some(end.map_or(text, |end| &text[..end]))
    })
}

/// The position of `separator` outside `<…>` and quoted strings. One that is not closed extends to the end.
fn unenclosed(text: &[u8], separator: u8) -> Option<usize> {
    let mut offset = 0;
    while let Some(&byte) = text.get(offset) {
        offset += match byte {
            _ if byte == separator => return Some(offset),
            b'<' => memchr(b'>', &text[offset..])? + 1,
            b'"' => quoted_length(&text[offset..])?,
            _ => 1,
        };
    }
    None
}

/// The length of the quoted string at the beginning, with both quotes.
fn quoted_length(text: &[u8]) -> Option<usize> {
    let mut offset = 1;
    loop {
        match text.get(offset)? {
            b'"' => return Some(offset + 1),
            b'\\' => offset += 2,
            _ => offset += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REACT: &str = "<https://cdn.example.com>; rel=preconnect, \
        <https://dns.example.com>; rel=dns-prefetch, \
        <https://fonts.example.com/a.woff2>; rel=preload; as=\"font\"; crossorigin=\"\"; \
        type=\"font/woff2\", </big, (1).jpg>; rel=preload; as=\"image\"; fetchpriority=\"high\"";
    const FONT: &str = "</assets/a.woff2>; rel=preload; as=font; type=font/woff2; crossorigin";

    #[test]
    fn keeps_what_the_framework_writes_byte_for_byte() {
        for links in [REACT, FONT, &format!("{REACT}, {FONT}")] {
            assert_eq!(framework_links(links).as_deref(), Some(links));
        }
    }

    #[test]
    fn drops_links_of_middleware_and_configuration() {
        let mixed = format!(
            "<http://127.0.0.1:36323/de>; rel=\"alternate\"; hreflang=\"de\", \
             <http://127.0.0.1:36323/pre.css>; rel=preload; as=style, {REACT}, \
             </x>; rel=\"preload\"; as=style, <https://example.com/>; rel=canonical"
        );
        assert_eq!(framework_links(&mixed).as_deref(), Some(REACT));
    }

    #[test]
    fn drops_links_the_framework_does_not_write() {
        for element in [
            "",
            "nonsense",
            "rel=preload",
            "<>",
            "</a>",
            "</a>; as=style",
            "</a>; rel",
            "</a>; rel=",
            "</a>; rel=\"preload\"",
            "</a>; rel=\"preload alternate\"",
            "</a>; rel=preload; rel=alternate",
            "</a>; rel=alternate; rel=preload",
            "</a>; REL=alternate; rel=preload",
            "</a>; rel=PRELOAD",
            "</a>; rel=preloads",
            "</a>; title=\"; rel=preload\"",
            "</a; rel=preload",
            "<//LOCALHOST/a>; rel=preload",
            "<http://[::1]/a>; rel=preconnect",
        ] {
            assert_eq!(framework_links(element), None, "{element}");
        }
    }

    #[test]
    fn ignores_separators_inside_urls_and_quotes() {
        for element in [
            "</a,b;c>; rel=preload",
            "</a>; rel=preload; as=\"a, \\\"b\\\"; rel=x\"",
            "</a>;rel = preload",
        ] {
            let header = format!("</x>; rel=\"next\", {element},, </y>; rel=prev");
            assert_eq!(framework_links(&header).as_deref(), Some(element));
        }
    }

    proptest! {
        #[test]
        fn never_adds_links(header in "[<>\",; =/a-z\\\\]{0,60}") {
            if let Some(kept) = framework_links(&header) {
                prop_assert!(kept.contains("rel"));
                for element in elements(&kept) {
                    prop_assert!(header.contains(element));
                }
                prop_assert_eq!(framework_links(&kept), Some(kept));
            }
        }
    }
}
