use std::fmt;

use token_core::{Secret, Timestamp};

use super::config::AccessKey;
use crate::sign::access_key_credentials;

/// The user name and the password of one connection to Quectel's AMQP subscription
/// ([`Region::amqp_url`](crate::Region::amqp_url)), for SASL PLAIN.
pub struct AmqpLogin {
    /// The key, the algorithm and the time. It is not secret.
    pub username: String,
    /// The digest of the user name and the AccessSecret.
    pub password: Secret,
}

impl fmt::Debug for AmqpLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmqpLogin")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

impl AccessKey {
    /// Returns the login of an AMQP connection that is made at `now`. The vendor accepts it for ten
    /// minutes, so make a new one for each connection, also when the client reconnects.
    ///
    /// ```
    /// use quectel_auth::{AccessKey, Region};
    /// use token_core::Timestamp;
    ///
    /// let quectel = AccessKey::builder(Region::Europe)
    ///     .access_key("24b9zicjuns41H6MDg71AMnP")
    ///     .access_secret("6AE3p2SnA9ShP7ofigrccoeeks8DDoteJ1jUUTEz")
    ///     .build()?;
    /// let login = quectel.amqp_login(Timestamp::from_unix_millis(1_743_059_249_391));
    /// assert!(login.username.ends_with("&timestamp=1743059249391"));
    /// assert!(login.password.expose().starts_with("34fe86986230670c"));
    /// # Ok::<(), token_core::BuildError>(())
    /// ```
    ///
    /// The formula is that of the SaaS login: lower-case hex SHA-256 of the user name and the
    /// AccessSecret (page "AMQP Subscription"). The host's clock may be off by up to ten minutes.
    pub fn amqp_login(&self, now: Timestamp) -> AmqpLogin {
        let signed = access_key_credentials(&self.access_key, &self.access_secret, now);
        AmqpLogin {
            username: signed.username,
            password: signed.password,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Region;

    // The vendor's sample of the SaaS login, whose formula the AMQP page repeats.
    #[test]
    fn the_published_login_is_reproduced_and_debug_shows_no_password() {
        let quectel = AccessKey::builder(Region::China)
            .access_key("24b9zicjuns41H6MDg71AMnP")
            .access_secret("6AE3p2SnA9ShP7ofigrccoeeks8DDoteJ1jUUTEz")
            .build()
            .unwrap();
        let login = quectel.amqp_login(Timestamp::from_unix_millis(1_743_059_249_391));
        let digest = "34fe86986230670cba424cadd01ded50f04929de3bfb0b0aef033ccee314fed1";
        assert_eq!(login.password.expose(), digest);
        assert_eq!(
            login.username,
            "ver=1&auth_mode=accessKey&sign_method=sha256&access_key=24b9zicjuns41H6MDg71AMnP\
             &timestamp=1743059249391"
        );
        assert!(!format!("{login:?}").contains(digest));
    }

    #[test]
    fn each_region_has_its_own_subscription() {
        let hosts = [Region::China, Region::Europe].map(Region::amqp_url);
        assert!(
            hosts
                .iter()
                .all(|url| url.starts_with("amqps://") && url.ends_with("/quec-open"))
        );
        assert_ne!(hosts[0], hosts[1]);
    }
}
