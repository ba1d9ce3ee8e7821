use super::*;

fn bulk(api_base: &str) -> Result<String, String> {
    Endpoint::new(api_base, "acc", "ns")
        .map(|endpoint| endpoint.bulk().to_string())
        .map_err(|error| {
            assert_eq!(error.field, "api_base");
            error.problem
        })
}

#[test]
fn the_path_follows_the_base() {
    let path = "accounts/acc/storage/kv/namespaces/ns/bulk";
    assert_eq!(
        bulk(DEFAULT_API_BASE).unwrap(),
        format!("https://api.cloudflare.com/client/v4/{path}")
    );
    assert_eq!(
        bulk("https://x.example/v4/").unwrap(),
        format!("https://x.example/v4/{path}")
    );
    assert_eq!(
        bulk("http://localhost:8080").unwrap(),
        format!("http://localhost:8080/{path}")
    );
}

#[test]
fn plain_http_is_for_this_machine_only() {
    for base in [
        "http://127.0.0.1:1/v4",
        "http://127.9.9.9",
        "http://[::1]:1",
        "http://localhost",
    ] {
        assert!(bulk(base).is_ok(), "{base}");
    }
    for base in [
        "http://example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://10.0.0.1",
        "ftp://localhost",
        "file:///etc",
    ] {
        assert_eq!(
            bulk(base),
            Err(EndpointError::NotHttps.to_string()),
            "{base}"
        );
    }
}

#[test]
fn rejects_invalid_base_urls() {
    for base in ["", "nonsense", "//example.com", "https://"] {
        assert_eq!(
            bulk(base),
            Err(EndpointError::NotAUrl.to_string()),
            "{base}"
        );
    }
    for base in [
        "https://u@x.example",
        "https://u:p@x.example",
        "https://x/?a",
        "https://x/#a",
    ] {
        assert_eq!(
            bulk(base),
            Err(EndpointError::NotABase.to_string()),
            "{base}"
        );
    }
}

#[test]
fn ids_cannot_change_the_path() {
    for (id, problem) in [
        ("", EndpointError::EmptyId),
        ("<your-kv-namespace-id>", EndpointError::Placeholder),
        ("a/b", EndpointError::InvalidId('/')),
        ("..", EndpointError::InvalidId('.')),
        ("a?b", EndpointError::InvalidId('?')),
        ("a b", EndpointError::InvalidId(' ')),
    ] {
        let result = Endpoint::new(DEFAULT_API_BASE, "acc", id);
        assert_eq!(result, Err(ConfigError::new("namespace_id", problem)));
    }
    assert_eq!(
        Endpoint::new(DEFAULT_API_BASE, "", "ns"),
        Err(ConfigError::new("account_id", EndpointError::EmptyId))
    );
}

#[test]
fn keys_and_cursors_cannot_change_the_path() {
    let endpoint = Endpoint::new("https://x.example/v4", "acc", "ns").unwrap();
    let namespace = "https://x.example/v4/accounts/acc/storage/kv/namespaces/ns";
    assert_eq!(
        endpoint.value("cache:a/b?c#d%e é").as_str(),
        format!("{namespace}/values/cache:a%2Fb%3Fc%23d%25e%20%C3%A9")
    );
    assert_eq!(
        endpoint.new_value("a?b", Some(60)).as_str(),
        format!("{namespace}/values/a%3Fb?expiration_ttl=60")
    );
    assert_eq!(
        endpoint.keys("a&b=/", Some("x+y"), 1000).as_str(),
        format!("{namespace}/keys?limit=1000&prefix=a%26b%3D%2F&cursor=x%2By")
    );
    assert_eq!(
        endpoint.keys("", None, 10).as_str(),
        format!("{namespace}/keys?limit=10")
    );
}

#[test]
fn a_path_stays_below_the_base() {
    let base = ApiBase::new("https://x.example/client/v4/").unwrap();
    let resolved = |path, query: &[_]| base.resolve(path, query).map(|url| url.0.to_string());
    assert_eq!(
        resolved("/accounts/a%2Fb/workers", &[]).unwrap(),
        "https://x.example/client/v4/accounts/a%2Fb/workers"
    );
    let query = [("name".to_owned(), "a b&c".to_owned())];
    assert_eq!(
        resolved("/accounts", &query).unwrap(),
        "https://x.example/client/v4/accounts?name=a+b%26c"
    );
    for path in [
        "",
        "accounts",
        "/accounts?a",
        "/accounts#a",
        "/../../user",
        "/%2e%2e/user",
        "/..",
        "/a/../..",
        "\\..\\user",
        "@evil.example/",
    ] {
        assert!(base.resolve(path, &[]).is_err(), "{path}");
    }
}
