//! The client of the process.

use std::sync::OnceLock;

use token_core::BuildError;

use crate::client::ReqwestClient;

static SHARED: OnceLock<ReqwestClient> = OnceLock::new();

#[cfg_attr(docsrs, doc(cfg(feature = "rustls")))]
impl ReqwestClient {
    /// Returns a client with the defaults of [`ReqwestClient::builder`] that the whole process
    /// shares, so that root certificates are read once, and connections and the limit to requests
    /// per host are shared. It is built when it is first asked for.
    ///
    /// ```
    /// use token_reqwest::ReqwestClient;
    ///
    /// let client = ReqwestClient::shared()?;
    /// # Ok::<(), token_core::BuildError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the machine has no root certificates. The next call tries again.
    pub fn shared() -> Result<Self, BuildError> {
        if let Some(shared) = SHARED.get() {
            return Ok(shared.clone());
        }
        let built = Self::new()?;
        Ok(SHARED.get_or_init(|| built).clone())
    }
}
