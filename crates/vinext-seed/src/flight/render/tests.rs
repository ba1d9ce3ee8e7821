use super::*;

fn read<'a>(payload: &'a str, pathname: &str, may_be_other_page: bool) -> Render<'a> {
    let expected = Expected {
        pathname,
        may_be_other_page,
    };
    render_of(payload.as_bytes(), &expected).unwrap()
}

fn failed(digest: Option<&str>) -> Render<'_> {
    Render::Failed {
        digest: digest.map(Cow::Borrowed),
    }
}

#[test]
fn reads_the_root_and_error_rows_only() {
    let page = "0:{\"__route\":\"route:/a\",\"page:/a\":\"$L1\"}\n";
    assert_eq!(read(page, "/a", true), Render::Page);
    let text = "0:{\"page:/a\":\"$1\"}\n1:T15,\n2:E{\"digest\":\"123\"}\n";
    assert_eq!(read(text, "/a", true), Render::Page);
    let nested = "0:{\"route:/a\":{\"page:/a\":1},\"x\":\"\\\"page:/a\\\":1\"}\n";
    assert_eq!(read(nested, "/a", true), failed(None));
}

#[test]
fn names_the_digest_of_the_first_failure() {
    for (row, digest) in [
        (r#"{"digest":"123"}"#, Some("123")),
        (r#"{"digest":"MY_CODE"}"#, Some("MY_CODE")),
        (r#"{"digest":"a\"b"}"#, Some("a\"b")),
        (r#"{"digest":""}"#, None),
        (r#"{"digest":7}"#, None),
        ("{}", None),
        ("", None),
    ] {
        let payload = format!(
            "1:E{{\"digest\":\"NEXT_REDIRECT;;/x\"}}\n2:E{row}\n3:E{{\"digest\":\"later\"}}\n\
             0:{{\"page:/a\":\"$L1\"}}\n"
        );
        assert_eq!(read(&payload, "/a", false), failed(digest), "{row}");
    }
}

#[test]
fn does_not_decode_a_digest_of_any_length() {
    let payload = format!("0:E{{\"digest\":\"{}\"}}\n", "\\n".repeat(MAX_TEXT_BYTES));
    assert_eq!(read(&payload, "/a", false), failed(None));
}

#[test]
fn control_flow_inside_the_page_is_not_a_failure() {
    for digest in [
        "NEXT_REDIRECT;replace;%2Fx;307;",
        "NEXT_HTTP_ERROR_FALLBACK;404",
        "NEXT_NOT_FOUND",
    ] {
        let payload = format!(
            "0:{{\"{}/a\":\"$L1\",\"page:/a\":\"$L2\"}}\n1:null\n2:E{{\"digest\":\"{digest}\"}}\n",
            "__vinext_streaming_metadata_outlet:route:"
        );
        assert_eq!(read(&payload, "/a", false), Render::Page, "{digest}");
        let in_metadata = payload.replace("1:null\n2:E", "2:null\n1:E");
        assert_eq!(
            read(&in_metadata, "/a", false),
            Render::EndedInMetadata,
            "{digest}"
        );
    }
    let similar = "0:{\"page:/a\":1}\n1:E{\"digest\":\"NEXT_REDIRECTED\"}\n";
    assert_eq!(read(similar, "/a", false), failed(Some("NEXT_REDIRECTED")));
}

#[test]
fn a_root_that_is_control_flow_ended_in_metadata() {
    let payload = "0:E{\"digest\":\"NEXT_REDIRECT;replace;/x;307;\"}\n";
    assert_eq!(read(payload, "/a", false), Render::EndedInMetadata);
}

#[test]
fn detects_another_route_only_in_versions_that_follow_redirects() {
    let payload = "0:{\"__route\":\"route:/about\",\"page:/about\":\"$L1\"}\n";
    assert_eq!(read(payload, "/moved", false), Render::Page);
    let other = Render::OtherPage {
        pathname: Cow::Borrowed("/about"),
    };
    assert_eq!(read(payload, "/moved", true), other);
    assert_eq!(read(payload, "/about/", true), Render::Page);
    let tree = r#"0:["$","$L1",null,{"childSegments":["(g)","日本","@side"],"children":["$","$L1",null,{"childSegments":[]}]}]"#;
    let tree = format!("{tree}\n");
    assert_eq!(read(&tree, "/日本", true), Render::Page);
    assert_eq!(
        read(&tree, "/b", true),
        Render::OtherPage {
            pathname: Cow::Owned("/日本".to_owned())
        }
    );
}

#[test]
fn reports_invalid_payloads() {
    let expected = Expected {
        pathname: "/",
        may_be_other_page: false,
    };
    let read = |payload: &[u8]| render_of(payload, &expected).unwrap_err();
    assert_eq!(read(b""), FlightError::NoRoot);
    assert_eq!(read(b"1:{}\n"), FlightError::NoRoot);
    assert_eq!(read(b"<html>"), FlightError::NotARow { offset: 0 });
    assert_eq!(
        read(b"0:{\"page:/\":1}\n1:{\"cut"),
        FlightError::Truncated { offset: 15 }
    );
}
