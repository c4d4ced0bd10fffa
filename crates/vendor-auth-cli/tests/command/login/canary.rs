//! What others can see of a login.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use token_sim::OAuth2Server;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{command, person, run, set_browser};
use crate::home::Ran;

/// Forwards connections to the vendor, and keeps what is sent on them.
struct Wire {
    address: String,
    requests: Kept,
    answers: Kept,
}

type Kept = Arc<Mutex<Vec<u8>>>;

impl Wire {
    async fn to(vendor: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (requests, answers) = (Kept::default(), Kept::default());
        let (sent, answered) = (Arc::clone(&requests), Arc::clone(&answers));
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let vendor = TcpStream::connect(&vendor).await.unwrap();
                let (read_client, write_client) = client.into_split();
                let (read_vendor, write_vendor) = vendor.into_split();
                tokio::spawn(forward(read_client, write_vendor, Arc::clone(&sent)));
                tokio::spawn(forward(read_vendor, write_client, Arc::clone(&answered)));
            }
        });
        Self {
            address,
            requests,
            answers,
        }
    }
}

/// Returns what stands between two texts.
fn between(kept: &Kept, start: &str, ends: &[char]) -> String {
    let text = String::from_utf8_lossy(&kept.lock().unwrap()).into_owned();
    let rest = text.split_once(start).unwrap().1;
    rest.split(ends).next().unwrap().to_owned()
}

async fn forward(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    kept: Kept,
) {
    let mut piece = Vec::with_capacity(4096);
    while let Ok(1..) = from.read_buf(&mut piece).await {
        kept.lock().unwrap().extend(&piece);
        if to.write_all(&piece).await.is_err() {
            return;
        }
        piece.clear();
    }
}

/// Returns the texts of all files below a folder, but for the store's and what one program keeps.
fn files(folder: &Path, texts: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true if path.ends_with(".local/state/vendor-auth/tokens") => {}
            true => files(&path, texts),
            false => texts.push_str(&String::from_utf8_lossy(&fs::read(&path).unwrap())),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_a_login_is_in_what_others_can_see() {
    // Other tests show the usual secret to curl.
    let server = OAuth2Server::builder().client("sim-client", "secret-of-this-login");
    let server = server.start().await.unwrap();
    let vendor = server.url("");
    let vendor = vendor.trim_start_matches("http://").trim_end_matches('/');
    let wire = Wire::to(vendor.to_owned()).await;
    let home = person(&server, "");
    let config = fs::read_to_string(home.config_path()).unwrap();
    let direct = format!("token_url = \"http://{vendor}");
    assert!(config.contains(&direct), "{config}");
    let config = config.replace(&direct, &format!("token_url = \"http://{}", wire.address));
    fs::write(home.config_path(), config).unwrap();

    let mut login = command(&home, &server, &["login", "demo"]);
    let script =
        "for process in /proc/[0-9]*/cmdline; do cat $process; done > $HOME/seen 2> /dev/null
env >> $HOME/seen
exec curl -sSL --noproxy '*' \"$1\" > $HOME/page";
    set_browser(&home, &mut login, script);
    let page = home.written_to("page");
    let ran = Ran::of(&login.output().unwrap());
    assert_eq!((ran.code, &*ran.stdout), (0, ""), "{ran:?}");

    let secrets = [
        between(&wire.requests, "code_verifier=", &['&', '\r']),
        between(&wire.requests, "code=", &['&', '\r']),
        between(&wire.answers, "\"access_token\":\"", &['"']),
        between(&wire.answers, "\"refresh_token\":\"", &['"']),
        server.client_secret().to_owned(),
    ];
    let mut seen = ran.stderr;
    seen.push_str(&page.join().unwrap());
    files(&home.path(""), &mut seen);
    assert!(seen.contains("You are logged in") && seen.contains("code_challenge="));
    for secret in &secrets {
        assert!(secret.len() >= 8, "{secrets:?}");
        assert!(!seen.contains(secret), "{secret} in {seen}");
    }
    assert_eq!(
        run(&home, &server, &["token", "demo"]).ok().trim_end(),
        secrets[2]
    );
}
