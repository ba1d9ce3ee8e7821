//! Tests with manifests that several threads parse.

use super::*;
use serde_json::json;

/// Routes that fill several portions, the path of each made by `path`.
fn routes(path: impl Fn(usize) -> String) -> Vec<String> {
    let padding = "p".repeat(1000);
    let route = |number| json!({ "route": "/:a", "path": path(number), "status": "rendered", "router": "app", "padding": padding });
    let count = 10 * PORTION_BYTES / padding.len();
    (0..count).map(|number| route(number).to_string()).collect()
}

fn find(routes: &[String]) -> Result<(KeyIndex, RouteIndex), ManifestError> {
    let document = format!(r#"{{"buildId":"b","routes":[{}]}}"#, routes.join(",\n"));
    let mut index = RouteIndex::default();
    let mut reader = RouteReader::new(document.as_bytes());
    KeyIndex::find(&mut reader, &mut index, false).map(|candidates| (candidates, index))
}

#[test]
fn merges_the_results_of_other_threads() {
    let mut routes = routes(|number| match number {
        0 => "/".to_owned(),
        // Repeated keys, far apart and close together.
        301 | 602 => "/7/".to_owned(),
        303 => "/302".to_owned(),
        500 => "/index".to_owned(),
        600 => "/[shell]".to_owned(),
        number => format!("/{number}"),
    });
    // Too large for another thread, and with a repeated key.
    let large = "p".repeat(2 * MAX_SHARED_BYTES);
    let last = routes.len();
    routes.push(
        json!({ "route": "/9", "status": "rendered", "router": "app", "padding": large })
            .to_string(),
    );
    let (candidates, index) = find(&routes).unwrap();
    assert_eq!(index.len(), routes.len());
    assert_eq!(candidates.count(), routes.len() - 1);
    assert!(candidates.has_root_and_index());
    assert_eq!(candidates.into_duplicates(), [301, 303, 602, last]);
}

#[test]
fn reports_the_first_invalid_route() {
    let mut routes = routes(|number| format!("/{number}"));
    routes[400] = r#"{"route":tru}"#.to_owned();
    routes[500] = r#"{"route":nul}"#.to_owned();
    let expected = RawRoute::parse(&routes[400]).err().unwrap().to_string();
    for _ in 0..20 {
        let problem = find(&routes).unwrap_err();
        assert!(
            matches!(&problem, ManifestError::Corrupt(detail) if detail.to_string() == expected),
            "{problem:?}"
        );
    }
    // The truncated end comes after the invalid routes.
    routes.push("{".to_owned());
    let problem = find(&routes).unwrap_err();
    assert!(matches!(&problem, ManifestError::Corrupt(detail) if detail.to_string() == expected));
}

#[test]
fn finds_files_whose_names_differ_only_in_case() {
    let paths = ["/Case", "/b", "/case", "/\u{e9}", "/E\u{301}", "/b/c"];
    let mut routes: Vec<_> = paths
        .iter()
        .map(|path| json!({ "route": path, "status": "rendered", "router": "app" }))
        .collect();
    routes.push(json!({ "route": "/B", "status": "rendered", "router": "metadata" }));
    let document = json!({ "buildId": "b", "routes": routes }).to_string();
    let shared_names = |folds_names| {
        let mut reader = RouteReader::new(document.as_bytes());
        let mut index = RouteIndex::default();
        let found = KeyIndex::find(&mut reader, &mut index, folds_names);
        found.unwrap().take_shared_names()
    };
    assert_eq!(shared_names(true), [0, 2, 3, 4]);
    assert_eq!(shared_names(false), [0; 0]);
}
