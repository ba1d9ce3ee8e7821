//! Fields as manifests have them, and as they should not.

use super::*;

fn validate(json: &str) -> Result<Route<'_>, RouteError> {
    RawRoute::parse(json)
        .unwrap()
        .ok_or(RouteError::NotAnObject)?
        .validate()
}

fn rendered(members: &str) -> String {
    format!(r#"{{"route":"/a","status":"rendered","router":"app"{members}}}"#)
}

#[test]
fn revalidate_is_a_positive_number_or_the_page_is_static() {
    for (revalidate, expected) in [
        ("60", Some(60.0)),
        ("0.5", Some(0.5)),
        ("0", None),
        ("false", None),
        ("null", None),
    ] {
        let json = rendered(&format!(r#","revalidate":{revalidate}"#));
        let lifetime = validate(&json).unwrap().lifetime.unwrap();
        assert_eq!(lifetime.revalidate_seconds, expected, "{revalidate}");
    }
    assert!(
        validate(&rendered(r#","revalidate":-1"#))
            .unwrap()
            .lifetime
            .is_none()
    );
    for revalidate in [r#""60""#, "1e400", "true", "{}", "[60]"] {
        let json = rendered(&format!(r#","revalidate":{revalidate}"#));
        assert!(matches!(
            validate(&json),
            Err(RouteError::Field {
                name: "revalidate",
                ..
            })
        ));
    }
}

#[test]
fn a_lone_surrogate_invalidates_only_its_route() {
    let json = rendered(r#","path":"/\ud800""#);
    assert!(matches!(
        validate(&json),
        Err(RouteError::Field { name: "path", .. })
    ));
    let json = rendered(r#","path":"/\ud83d\ude00""#);
    assert_eq!(validate(&json).unwrap().pathname(), "/😀");
}

#[test]
fn the_last_duplicate_member_wins_and_unknown_ones_are_ignored() {
    let json = rendered(r#","route":"/b","future":{"x":[1,"\ud800"]}"#);
    assert_eq!(validate(&json).unwrap().pattern, "/b");
}

#[test]
fn names_fields_of_the_wrong_type() {
    for (members, name) in [
        (r#","route":7"#, "route"),
        (r#","path":false"#, "path"),
        (r#","status":null"#, "status"),
        (r#","router":1"#, "router"),
        (r#","tags":"a""#, "tags"),
        (r#","headers":[]"#, "headers"),
        (r#","responseStatus":"404""#, "responseStatus"),
        (r#","responseStatus":9000"#, "responseStatus"),
        (r#","expire":"1""#, "expire"),
    ] {
        let json = rendered(members);
        let problem = validate(&json).unwrap_err();
        assert!(matches!(problem, RouteError::Field { name: found, .. } if found == name));
    }
    assert_eq!(validate("7").unwrap_err(), RouteError::NotAnObject);
    assert!(RawRoute::parse("{").is_err());
}

#[test]
fn drops_tags_that_are_not_strings() {
    let json = rendered(r#","tags":["a",1,null,"\udc00","b"]"#);
    let tags: Vec<_> = validate(&json).unwrap().tags.iter().collect();
    assert_eq!(tags, ["a", "b"]);
}
