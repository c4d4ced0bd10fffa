//! nginx.md

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use crate::billing::Billing;
use crate::chapter::{self, Block};
use crate::programs::program;
use crate::serving::Serving;

/// A real nginx, which is stopped by its id when dropped.
struct Nginx(Child);

impl Nginx {
    /// Starts it with this in its server block.
    fn start(billing: &Billing, port: u16, locations: &str) -> Self {
        let root = rustix::process::geteuid().is_root();
        let user = if root { "user root;" } else { "" };
        let directory = billing.home.path("nginx");
        std::fs::create_dir(&directory).unwrap();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary = temporary.map(|kind| format!("{kind}_temp_path {kind};"));
        let text = format!(
            "daemon off; {user} pid nginx.pid; error_log stderr notice; worker_processes 1;\n\
             events {{}}\nhttp {{ access_log off; {}\nserver {{ listen 127.0.0.1:{port};\n\
             {locations}}} }}\n",
            temporary.join(" ")
        );
        billing.write("nginx/nginx.conf", &text, 0o600);
        let mut command = Command::new(program("nginx"));
        let directory = directory.display().to_string();
        command.args(["-p", &directory, "-c", "nginx.conf", "-e", "stderr"]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut log = Vec::new();
        let started = lines.by_ref().map_while(Result::ok).any(|line| {
            let is_it = line.contains("start worker process ");
            log.push(line);
            is_it
        });
        assert!(started, "{log:?}");
        // Else it waits for somebody to read what it writes.
        std::thread::spawn(move || lines.for_each(drop));
        Self(child)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let id = self.0.id().to_string();
        drop(Command::new("kill").args(["-QUIT", &id]).status());
        drop(self.0.wait());
    }
}

#[tokio::test]
async fn a_real_nginx_adds_the_token_and_answers_500_without_one() {
    let [line, bearer, locations, check] = chapter::blocks("nginx.md", ["sh", "sh", "nginx", "sh"]);
    let billing = Billing::start().await;
    let path = |name: &str| billing.home.path(name).display().to_string();
    let line = line.with("127.0.0.1:8471", "127.0.0.1:0");
    let line = line.with("/etc/vendor-auth/bearer", &path("bearer"));
    let mut serving = Serving::with_hook(&billing, &line);
    let port = serving.port();
    let serving = serving.written();

    let bearer = bearer.with("/etc/vendor-auth/bearer", &path("bearer"));
    let include = path("vendor-auth-bearer.conf");
    let bearer = bearer.with("/etc/nginx/vendor-auth-bearer.conf", &include);
    assert_eq!(billing.run("sh", &bearer.text).ok(), "");

    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = free.local_addr().unwrap().port();
    drop(free);
    let real = |block: &Block| {
        let resource = billing.api_url().replace(&billing.server.url("/"), "/");
        let block = billing.made_real(block).with("/invoices", &resource);
        let text = block
            .text
            .replace("127.0.0.1:8471", &format!("127.0.0.1:{port}"));
        Block { text, ..block }
    };
    let locations = real(&locations).with("/etc/nginx/vendor-auth-bearer.conf", &include);
    let _nginx = Nginx::start(&billing, own, &locations.text);
    let check = real(&check).with("http://127.0.0.1/", &format!("http://127.0.0.1:{own}/"));
    let ran = billing.run("bash", &check.text);
    assert!(ran.ok().contains(billing.server.client_id()), "{ran:?}");
    let forwarded = check.with(
        "curl -fsS http",
        "curl -fsS -H 'X-Forwarded-For: 10.0.0.1' http",
    );
    billing.run("bash", &forwarded.text).ok();

    drop(serving);
    let alone = check.text.lines().last().unwrap();
    let ran = billing.run("bash", alone);
    assert!(ran.failed(22).contains("error: 500"), "{ran:?}");
}
