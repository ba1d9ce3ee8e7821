use super::*;
use crate::formats::cache_key::ArtifactKind;

fn data_in(document: &[u8], locale: Option<&str>) -> Result<String, SkipReason> {
    let check = PageDataCheck {
        page: "/posts/[slug]".to_owned(),
        build_id: "id".to_owned(),
        locale: locale.map(str::to_owned),
    };
    let entry = PlannedEntry {
        kind: ArtifactKind::Pages,
        is_required: true,
        file: "posts/a.html".to_owned(),
        from_manifest: None,
        key: String::new(),
        headers: None,
        priority: crate::plan::Priority::default(),
    };
    let data = page_data(&check, &entry, document)?;
    Ok(String::from_utf8(data.to_vec()).unwrap())
}

fn with(members: &str) -> String {
    let tag = r#"<script id="__NEXT_DATA__" type="application/json" nonce="x">"#;
    format!(r#"<html>{tag}{{"props":{{"pageProps":{{"a":"\u003c"}}}},{members}}}</script></html>"#)
}

const GOOD: &str =
    r#""page":"/posts/[slug]","query":{},"buildId":"id","isFallback":false,"gsp":true"#;

#[test]
fn copies_the_props_unchanged() {
    let props = r#"{"pageProps":{"a":"\u003c"}}"#;
    assert_eq!(data_in(with(GOOD).as_bytes(), None).unwrap(), props);
    let localized = with(&format!(r#"{GOOD},"locale":"de","locales":["de"]"#));
    assert_eq!(data_in(localized.as_bytes(), Some("de")).unwrap(), props);
}

#[test]
fn skips_pages_the_runtime_does_not_look_up() {
    for (change, code) in [
        ((r#","gsp":true"#, ""), "no-static-props"),
        ((r#""gsp":true"#, r#""gip":true"#), "initial-props"),
        (("false", "true"), "fallback-shell"),
    ] {
        let document = with(&GOOD.replace(change.0, change.1));
        let reason = data_in(document.as_bytes(), None).unwrap_err();
        assert_eq!(reason.code(), code, "{document}");
    }
    let error_page = with(
        &GOOD
            .replace("/posts/[slug]", "/_error")
            .replace(r#","gsp":true"#, ""),
    );
    let reason = data_in(error_page.as_bytes(), None).unwrap_err();
    assert_eq!(reason.code(), "error-page");
    let domains = with(&format!(r#"{GOOD},"domainLocales":[{{"domain":"a.de"}}]"#));
    let reason = data_in(domains.as_bytes(), None).unwrap_err();
    assert_eq!(reason.code(), "domain-locales");
}

#[test]
fn skips_the_document_of_another_page() {
    let other = with(&GOOD.replace("[slug]", "[id]"));
    for (document, locale) in [(other.as_str(), None), (&with(GOOD), Some("de"))] {
        let reason = data_in(document.as_bytes(), locale).unwrap_err();
        assert_eq!(reason.code(), "other-page-data");
    }
}

#[test]
fn skips_missing_or_invalid_page_data() {
    let whole = with(GOOD);
    let unended = whole.split("</script>").next().unwrap();
    for document in [
        "<html></html>",
        unended,
        &format!("{whole}{whole}"),
        &whole.replace("\"buildId\":\"id\"", "\"buildId\":\"other\""),
        &whole.replace(r#"{"pageProps":{"a":"\u003c"}}"#, "[]"),
        &whole.replace("query", "props"),
        &whole.replace("{}", "{"),
    ] {
        let reason = data_in(document.as_bytes(), None).unwrap_err();
        assert_eq!(reason.code(), "no-page-data", "{document}");
    }
    let reason = data_in(b"\xff", None).unwrap_err();
    assert_eq!(reason.code(), "no-page-data");
}
