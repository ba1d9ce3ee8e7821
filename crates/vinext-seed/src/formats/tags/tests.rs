use super::*;

#[test]
fn patterns_become_file_system_segments() {
    let segments: Vec<_> = route_segments("/c/:slug/:rest+/:opt*").collect();
    assert_eq!(segments, ["c", "[slug]", "[...rest]", "[[...opt]]"]);
    assert_eq!(route_segments("/").count(), 0);
}

#[test]
fn drops_tags_the_adapter_would_drop() {
    let longest = "t".repeat(MAX_TAG_UTF16_UNITS);
    let tags = [
        "",
        "a:b",
        "a\\b",
        "a\tb",
        &longest,
        &format!("{longest}t"),
        "ok",
        "ok",
    ];
    let kept = storable(tags.into_iter().collect(), ColonTags::Dropped);
    assert_eq!(kept.iter().collect::<Vec<_>>(), [&longest, "ok"]);
    let kept = storable(tags.into_iter().collect(), ColonTags::Kept);
    assert_eq!(kept.iter().collect::<Vec<_>>(), ["a:b", &longest, "ok"]);
}

#[test]
fn a_list_is_complete_with_the_root_layout_and_no_comma_in_the_path() {
    let tags = [
        "/a",
        "_N_T_/a",
        "_N_T_/layout",
        "_N_T_/(group)/layout",
        "/a",
    ];
    let whole = whole_list("/a", tags.iter()).unwrap();
    assert_eq!(whole.iter().collect::<Vec<_>>(), tags[..4]);
    assert_eq!(whole_list("/a,b", tags.iter()), None);
    assert_eq!(whole_list("/a", ["posts", "_N_T_/a"].iter()), None);
    assert_eq!(whole_list("/a", [""; 0].iter()), None);
}

#[test]
fn detects_a_rewrite_by_tags_of_another_pathname() {
    let of = |path: &str| TagList::from_iter([path, "_N_T_/layout"]);
    assert_eq!(rewritten_to("/a", &of("/b")).as_deref(), Some("/b"));
    let encoded = rewritten_to("/a", &of("/%E6%97%A5 x"));
    assert_eq!(encoded.as_deref(), Some("/日 x"));
    assert_eq!(rewritten_to("/a", &of("/a%2Fb")).as_deref(), Some("/a%2Fb"));
    for (pathname, first) in [
        ("/a", "/a"),
        ("/a", "/a/"),
        ("/", "/"),
        ("/日", "/%E6%97%A5"),
        ("/a", "posts"),
    ] {
        assert_eq!(rewritten_to(pathname, &of(first)), None, "{pathname}");
    }
}

#[test]
fn encoding_leaves_printable_ascii_alone() {
    assert_eq!(encode("/blog/日本 ~\t"), "/blog/%E6%97%A5%E6%9C%AC ~\t");
    assert_eq!(encode("a\u{7f}\nb"), "a%7F%0Ab");
}
