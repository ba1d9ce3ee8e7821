//! Where a bucket is, and which of its objects are entries.

use crate::store::ConfigError;

/// A bucket, and how to reach it. Credentials come from the environment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct S3Location {
    /// The bucket's name.
    pub bucket: String,
    /// What the names of all objects begin with, before the keys of entries; empty for none.
    pub prefix: String,
    /// The server, `https:` or `http:`, for what is compatible with S3. Default: `AWS_ENDPOINT_URL_S3`,
    /// else `AWS_ENDPOINT_URL`, else Amazon's of the region.
    pub endpoint: Option<String>,
    /// The region. Default: `AWS_REGION`, else `AWS_DEFAULT_REGION`, else us-east-1.
    pub region: Option<String>,
}

impl S3Location {
    /// Checks what can be checked without asking the server.
    ///
    /// # Errors
    /// If the bucket, the prefix or the endpoint is invalid.
    pub fn check(&self) -> Result<(), ConfigError> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if self.bucket.is_empty() || !self.bucket.bytes().all(is_name) {
            let problem = "must be a bucket name (letters, digits, `-`, `.` and `_`)";
            return Err(ConfigError::new("bucket", problem));
        }
        if self.prefix.starts_with('/') {
            let problem = "must not begin with a slash: S3 would treat it as part of the name";
            return Err(ConfigError::new("prefix", problem));
        }
        let Some(endpoint) = &self.endpoint else {
            return Ok(());
        };
        let url = reqwest::Url::parse(endpoint).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        match url {
            None => Err(ConfigError::new(
                "endpoint",
                "must be an https: or http: URL",
            )),
            Some(url) if !url.username().is_empty() || url.password().is_some() => {
                let problem = "must not have credentials; set AWS_ACCESS_KEY_ID and \
                               AWS_SECRET_ACCESS_KEY instead";
                Err(ConfigError::new("endpoint", problem))
            }
            Some(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_invalid_buckets_and_endpoints_without_showing_credentials() {
        let location = |bucket: &str, prefix: &str, endpoint: Option<&str>| {
            let location = S3Location {
                bucket: bucket.to_owned(),
                prefix: prefix.to_owned(),
                endpoint: endpoint.map(str::to_owned),
                region: None,
            };
            location.check().map_err(|error| error.to_string())
        };
        assert_eq!(location("cache-1", "vinext-cache/", None), Ok(()));
        assert_eq!(location("b", "", Some("http://127.0.0.1:9000")), Ok(()));
        for (bucket, prefix, endpoint, field) in [
            ("", "", None, "bucket"),
            ("a/b", "", None, "bucket"),
            ("b", "/p", None, "prefix"),
            ("b", "", Some("localhost:9000"), "endpoint"),
            ("b", "", Some("ftp://h"), "endpoint"),
            ("b", "", Some("https://u:hunter22@h"), "endpoint"),
        ] {
            let problem = location(bucket, prefix, endpoint).unwrap_err();
            assert!(problem.starts_with(&format!("`{field}`")), "{problem}");
            assert!(!problem.contains("hunter22"));
        }
    }
}
