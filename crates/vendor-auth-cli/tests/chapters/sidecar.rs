//! python.md and node.md: programs that use the sidecar.

use crate::billing::Billing;
use crate::chapter::{self, Block};
use crate::home::Ran;
use crate::serving::Serving;

/// The user, the sidecar, and its port.
struct Sidecar {
    billing: Billing,
    _serving: Serving,
    port: String,
}

impl Sidecar {
    async fn start(line: &Block) -> Self {
        let billing = Billing::start().await;
        std::fs::create_dir(billing.home.path("run")).unwrap();
        let line = line.with("127.0.0.1:8471", "127.0.0.1:0");
        let line = line.with("/run/vendor-auth", &directory(&billing));
        let mut serving = Serving::start(&billing, &line);
        let port = serving.port();
        Self {
            billing,
            _serving: serving,
            port,
        }
    }

    fn made_real(&self, block: &Block) -> Block {
        let block = self.billing.made_real(block);
        let text = block
            .text
            .replace("/run/vendor-auth", &directory(&self.billing));
        let text = text.replace("127.0.0.1:8471", &format!("127.0.0.1:{}", self.port));
        Block { text, ..block }
    }

    /// Runs a script of the chapter.
    fn run(&self, interpreter: &str, name: &str, block: &Block) -> Ran {
        self.billing.write(name, &self.made_real(block).text, 0o644);
        self.billing.run("bash", &format!("{interpreter} {name}"))
    }

    fn check(&self, block: &Block) -> Ran {
        self.billing.run("bash", &self.made_real(block).text)
    }
}

fn directory(billing: &Billing) -> String {
    billing.home.path("run").display().to_string()
}

#[tokio::test]
async fn python_uses_the_socket_and_the_port() {
    let [line, by_socket, by_port, check] =
        chapter::blocks("python.md", ["sh", "python", "python", "sh"]);
    let sidecar = Sidecar::start(&line).await;
    for (name, script) in [("by_socket.py", &by_socket), ("by_port.py", &by_port)] {
        let ran = sidecar.run("python3", name, script);
        assert!(
            ran.ok().contains(sidecar.billing.server.client_id()),
            "{ran:?}"
        );
    }
    assert!(sidecar.check(&check).ok().contains("\"expires_in\": "));
    assert_eq!(sidecar.billing.server.exchange_count(), 1);
}

#[tokio::test]
async fn python_raises_what_the_sidecar_says() {
    let [line, by_socket, ..] = chapter::blocks("python.md", ["sh", "python", "python", "sh"]);
    let sidecar = Sidecar::start(&line).await;
    let unknown = by_socket.with("token(\"billing\")", "token(\"unknown\")");
    let ran = sidecar.run("python3", "unknown.py", &unknown);
    assert!(
        ran.stderr.contains("the profile `unknown` is not served"),
        "{ran:?}"
    );
}

#[tokio::test]
async fn node_uses_the_socket_and_the_port() {
    let [line, by_socket, by_port, check] = chapter::blocks("node.md", ["sh", "js", "js", "sh"]);
    let sidecar = Sidecar::start(&line).await;
    for (name, script) in [("by-socket.mjs", &by_socket), ("by-port.mjs", &by_port)] {
        let ran = sidecar.run("node", name, script);
        assert!(ran.ok().starts_with("200 "), "{ran:?}");
        let unknown = script.with("token(\"billing\")", "token(\"unknown\")");
        let ran = sidecar.run("node", name, &unknown);
        assert!(ran.stderr.contains("`unknown` is not served"), "{ran:?}");
    }
    assert_eq!(sidecar.check(&check).ok(), "ok\n");
    assert_eq!(sidecar.billing.server.exchange_count(), 1);
}
