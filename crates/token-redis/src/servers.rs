//! The addresses of the servers.

use std::fmt;

use token_core::BuildError;

/// A single Redis, one behind sentinels, or a cluster, as URLs:
/// `redis://[user][:password@]host[:port][/database]`, or `rediss://` for TLS.
///
/// ```
/// use token_redis::Servers;
///
/// let node = Servers::node("rediss://:password@redis.example:6380/2");
/// let sentinels = Servers::sentinels(["redis://s1.example:26379", "redis://s2.example:26379"], "tokens")
///     .nodes_like("rediss://user:password@node");
/// let cluster = Servers::cluster(["rediss://user:password@c1.example", "rediss://user:password@c2.example"]);
/// ```
#[derive(Clone)]
pub struct Servers(pub(crate) Kind);

#[derive(Clone)]
pub(crate) enum Kind {
    Node(String),
    Sentinels {
        sentinels: Vec<String>,
        service: String,
        nodes_like: Option<String>,
    },
    Cluster(Vec<String>),
}

impl Servers {
    /// One server. A failover must move its name or address.
    pub fn node(url: impl Into<String>) -> Self {
        Self(Kind::Node(url.into()))
    }

    /// The primary that these sentinels know under the name `service`; they are asked at each
    /// connect. The user and the password of the first URL are used for the sentinels.
    pub fn sentinels(
        sentinels: impl IntoIterator<Item = impl Into<String>>,
        service: &str,
    ) -> Self {
        Self(Kind::Sentinels {
            sentinels: sentinels.into_iter().map(Into::into).collect(),
            service: service.to_owned(),
            nodes_like: None,
        })
    }

    /// A cluster, by some of its nodes. User, password and TLS must be the same in all URLs.
    pub fn cluster(nodes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(Kind::Cluster(nodes.into_iter().map(Into::into).collect()))
    }

    /// Sets user, password, database and TLS for the servers behind sentinels, as a URL whose host
    /// and port are ignored. Without it they are reached without TLS and without a password. It has
    /// no effect on other kinds.
    #[must_use]
    pub fn nodes_like(mut self, url: impl Into<String>) -> Self {
        if let Kind::Sentinels { nodes_like, .. } = &mut self.0 {
            *nodes_like = Some(url.into());
        }
        self
    }

    /// Checks the URLs, without connecting.
    pub(crate) fn check(&self) -> Result<(), BuildError> {
        if self.urls().is_empty() {
            return Err(BuildError::missing("servers"));
        }
        if !cfg!(feature = "rustls") && self.want_tls() {
            return Err(BuildError::invalid(
                "servers",
                "need the feature `rustls` for rediss://",
            ));
        }
        Ok(())
    }

    pub(crate) fn all_want_tls(&self) -> bool {
        self.urls().iter().all(|url| is_tls(url))
    }

    pub(crate) fn want_tls(&self) -> bool {
        self.urls().iter().any(|url| is_tls(url))
    }

    fn urls(&self) -> Vec<&str> {
        match &self.0 {
            Kind::Node(url) => vec![url],
            Kind::Sentinels {
                sentinels,
                nodes_like,
                ..
            } => sentinels
                .iter()
                .chain(nodes_like)
                .map(String::as_str)
                .collect(),
            Kind::Cluster(nodes) => nodes.iter().map(String::as_str).collect(),
        }
    }
}

/// Shows no URL: it may contain a password.
impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Node(_) => "Servers(node)",
            Kind::Sentinels { .. } => "Servers(sentinels)",
            Kind::Cluster(_) => "Servers(cluster)",
        })
    }
}

fn is_tls(url: &str) -> bool {
    url.starts_with("rediss:") || url.starts_with("valkeys:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_password_of_a_url() {
        let url = "redis://user:hunter2@redis.example";
        for servers in [
            Servers::node(url),
            Servers::cluster([url]),
            Servers::sentinels([url], "s").nodes_like(url),
        ] {
            assert!(!format!("{servers:?} {servers:#?}").contains("hunter2"));
        }
    }
}
