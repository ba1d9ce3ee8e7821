//! The URL of a Redis or Valkey server, which may contain a password.
//!
//! Invariant: neither `Debug` nor any message shows the credentials.

use std::fmt;

use percent_encoding::percent_decode_str;
use redis::Pipeline;
use reqwest::Url;

use crate::store::ConfigError;
use crate::store::http::Secrets;

/// The port of Redis and Valkey if a URL names none.
const DEFAULT_PORT: u16 = 6379;

/// The option that a message is about.
const FIELD: &str = "url";

/// A server, and how to log in.
#[derive(Clone)]
pub struct RedisUrl {
    url: Url,
    is_tls: bool,
    host: String,
    port: u16,
    database: i64,
    username: Option<String>,
    password: Option<String>,
}

impl RedisUrl {
    /// Reads `redis://[user:password@]host[:port][/database]`; `rediss:` with TLS. `valkey:` and
    /// `valkeys:` mean the same.
    ///
    /// # Errors
    /// If it is not such a URL. The message never repeats it, since it may contain a password.
    pub fn new(text: &str) -> Result<Self, ConfigError> {
        let wrong = |problem: &str| Err(ConfigError::new(FIELD, problem));
        let Ok(url) = Url::parse(text) else {
            return wrong(
                "is not a URL; write redis://[user:password@]host[:port][/database], and percent-encode reserved \
                 characters of the password",
            );
        };
        let is_tls = match url.scheme() {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            "redis+unix" | "valkey+unix" | "unix" => {
                return wrong("is a Unix socket, which is not supported; use a host and a port");
            }
            _ => return wrong("must begin with redis://, rediss://, valkey:// or valkeys://"),
        };
        let host = match url.host_str() {
            Some(host) if !host.is_empty() => host.trim_matches(['[', ']']).to_owned(),
            _ => return wrong("has no host"),
        };
        if url.query().is_some() || url.fragment().is_some() {
            return wrong("has a query or a fragment; remove it");
        }
        let database = match url.path().trim_matches('/') {
            "" => 0,
            number => match number.parse::<u32>() {
                Ok(number) => i64::from(number),
                Err(_) => return wrong("has a path that is not a database number"),
            },
        };
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(String::from);
        let (Ok(username), Ok(password)) = (
            decoded(url.username()),
            decoded(url.password().unwrap_or_default()),
        ) else {
            return wrong("has credentials that are not percent-encoded UTF-8");
        };
        Ok(Self {
            is_tls,
            host,
            port: url.port().unwrap_or(DEFAULT_PORT),
            database,
            username: Some(username).filter(|text| !text.is_empty()),
            password: Some(password).filter(|text| !text.is_empty()),
            url,
        })
    }

    pub(super) fn is_tls(&self) -> bool {
        self.is_tls
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn secrets(&self) -> Secrets {
        Secrets::of_url(&self.url)
    }

    /// The first commands of a connection: login and database, unless they are the default.
    pub(super) fn login(&self) -> Pipeline {
        let mut commands = Pipeline::new();
        if self.username.is_some() || self.password.is_some() {
            let login = commands.cmd("AUTH");
            if let Some(username) = &self.username {
                login.arg(username);
            }
            login.arg(self.password.as_deref().unwrap_or_default());
        }
        if self.database != 0 {
            commands.cmd("SELECT").arg(self.database);
        }
        commands
    }
}

/// Without the credentials.
impl fmt::Display for RedisUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.url.scheme();
        let host = self.url.host_str().unwrap_or_default();
        write!(formatter, "{scheme}://{host}:{}", self.port)?;
        match self.database {
            0 => Ok(()),
            number => write!(formatter, "/{number}"),
        }
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RedisUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_server_database_and_login() {
        for (text, shown, is_tls, username, password) in [
            (
                "redis://localhost",
                "redis://localhost:6379",
                false,
                None,
                None,
            ),
            ("rediss://h:1/", "rediss://h:1", true, None, None),
            ("valkey://h/3", "valkey://h:6379/3", false, None, None),
            ("valkeys://h", "valkeys://h:6379", true, None, None),
            (
                "redis://[::1]:7000",
                "redis://[::1]:7000",
                false,
                None,
                None,
            ),
            (
                "redis://:p%40ss%3Aword@h",
                "redis://h:6379",
                false,
                None,
                Some("p@ss:word"),
            ),
            (
                "redis://seeder:s%2Fecret@h:6380/12",
                "redis://h:6380/12",
                false,
                Some("seeder"),
                Some("s/ecret"),
            ),
        ] {
            let url = RedisUrl::new(text).unwrap();
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), format!("RedisUrl({shown})"));
            assert_eq!(url.is_tls(), is_tls, "{text}");
            let given = (url.username.as_deref(), url.password.as_deref());
            assert_eq!(given, (username, password));
        }
        assert_eq!(RedisUrl::new("redis://[::1]").unwrap().host(), "::1");
    }

    #[test]
    fn rejects_invalid_urls_without_repeating_them() {
        for text in [
            "",
            "localhost:6379",
            "http://user:hunter22@h",
            "redis://",
            "redis:///1",
            "redis://u:hunter22@h/one",
            "redis://u:hunter22@h/-1",
            "redis://u:hunter22@h?tls=true",
            "redis://u:hunter22@h#x",
            "redis+unix:///run/redis.sock",
            "redis://u:hunter22%ff@h",
            "redis://u:hunter22@h:99999",
        ] {
            let problem = RedisUrl::new(text).unwrap_err();
            assert_eq!(problem.field, "url", "{text}");
            assert!(!problem.to_string().contains("hunter22"), "{problem}");
        }
    }
}
