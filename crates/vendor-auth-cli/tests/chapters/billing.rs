//! The user of the chapters, with the profile `billing`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use token_sim::OAuth2Server;

use crate::chapter::{self, Block};
use crate::home::{Home, Ran};

/// A user and a vendor.
pub(crate) struct Billing {
    pub(crate) home: Home,
    pub(crate) server: Arc<OAuth2Server>,
}

impl Billing {
    /// A user with the profile of the overview.
    pub(crate) async fn start() -> Self {
        Self::at(OAuth2Server::start().await.unwrap(), "")
    }

    /// A user of this vendor, with more sections in the configuration.
    pub(crate) fn at(server: OAuth2Server, more: &str) -> Self {
        Self::sharing(Arc::new(server), more)
    }

    /// Another user of the same vendor.
    pub(crate) fn of(other: &Self, more: &str) -> Self {
        Self::sharing(Arc::clone(&other.server), more)
    }

    fn sharing(server: Arc<OAuth2Server>, more: &str) -> Self {
        let [profile] = chapter::blocks("README.md", ["toml"]);
        let mut billing = Self {
            home: Home::with(""),
            server,
        };
        billing.home = Home::with(&(billing.made_real(&profile).text + more));
        let secret = ".config/vendor-auth/billing-secret";
        billing.write(secret, billing.server.client_secret(), 0o600);
        billing
    }

    /// Replaces the vendor and the API of the chapters by the simulated ones.
    pub(crate) fn made_real(&self, block: &Block) -> Block {
        let server = &self.server;
        let replaced = [
            ("https://id.example.com/oauth2/token", server.token_url()),
            ("billing-job", server.client_id().to_owned()),
            ("https://api.example.com/invoices", self.api_url()),
            ("https://api.example.com", server.base_url()),
            (
                "vendor = \"oauth2\"\n",
                "vendor = \"oauth2\"\nallow_plain_http = true\n".to_owned(),
            ),
        ];
        let mut text = block.text.clone();
        for (example, real) in replaced {
            text = text.replace(example, &real);
        }
        Block {
            text,
            ..block.clone()
        }
    }

    /// Returns the URL of the API.
    pub(crate) fn api_url(&self) -> String {
        self.server.resource_url()
    }

    /// Writes a file of the user, with the directories that it needs.
    pub(crate) fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.home.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    /// Returns a shell of the user, who has installed the command.
    pub(crate) fn shell(&self, shell: &str, script: &str) -> Command {
        let installed = Path::new(env!("CARGO_BIN_EXE_vendor-auth")).parent();
        let mut path = installed.unwrap().as_os_str().to_owned();
        path.push(":/usr/local/bin:/usr/bin:/bin");
        let mut command = Command::new(shell);
        command
            .args(["-c", script])
            .env_clear()
            .env("HOME", self.home.path(""))
            .env("PATH", path)
            .current_dir(self.home.path(""));
        command
    }

    /// Runs lines in a shell.
    pub(crate) fn run(&self, shell: &str, script: &str) -> Ran {
        Ran::of(&self.shell(shell, script).output().unwrap())
    }

    /// Asserts that a file has the answer that the API gives to those with a token.
    #[track_caller]
    pub(crate) fn assert_answered(&self, name: &str) {
        let text = fs::read_to_string(self.home.path(name)).unwrap();
        assert!(text.contains(self.server.client_id()), "{text}");
        fs::remove_file(self.home.path(name)).unwrap();
    }
}
