//! Our HTTP clients.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use oauth2_refresh::token_core::{HttpClient, SendError};
use token_hyper::HyperClient;
use token_hyper::parts::MOST_REQUESTS;
use token_reqwest::ReqwestClient;

use crate::peer::Error;
use crate::setting::Setting;

/// Which of ours sends the requests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Over {
    Hyper,
    Reqwest,
}

/// One of ours.
#[derive(Clone, Debug)]
pub enum OurClient {
    Hyper(HyperClient),
    Reqwest(ReqwestClient),
}

impl Over {
    pub fn name(self) -> &'static str {
        match self {
            Self::Hyper => "`HyperClient`",
            Self::Reqwest => "`ReqwestClient`",
        }
    }

    /// Makes a client that lets so many requests be under way per host; `None`: as many as by
    /// default.
    pub fn client(self, setting: &Setting, most: Option<u16>) -> Result<OurClient, Error> {
        let (root, most) = (&setting.root_certificate, most.unwrap_or(MOST_REQUESTS));
        Ok(match self {
            Self::Hyper => {
                let client = HyperClient::builder().add_root_certificates_pem(root);
                let client = client.only_added_root_certificates();
                OurClient::Hyper(client.max_requests_per_host(most).build()?)
            }
            Self::Reqwest => {
                let client = ReqwestClient::builder().add_root_certificates_pem(root);
                let client = client.only_added_root_certificates();
                OurClient::Reqwest(client.max_requests_per_host(most).build()?)
            }
        })
    }
}

impl HttpClient for OurClient {
    // Without the macro, which would add an allocation.
    fn send<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
        within: Duration,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, SendError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        match self {
            Self::Hyper(client) => client.send(request, within),
            Self::Reqwest(client) => client.send(request, within),
        }
    }
}
