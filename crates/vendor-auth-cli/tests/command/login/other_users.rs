//! Other users of the machine, who see the arguments of the browser's process and can connect to
//! the port that it comes back to.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use token_sim::OAuth2Server;

use super::{Started, authorize, come_back, command, person, set_browser};
use crate::home::Ran;

#[tokio::test]
async fn the_browser_is_opened_at_an_address_that_leads_to_the_server_once() {
    let server = OAuth2Server::start().await.unwrap();
    let home = person(&server, "");
    let mut login = command(&home, &server, &["login", "demo"]);
    set_browser(
        &home,
        &mut login,
        "echo \"$1\" > \"$HOME/address\"; alias curl=\"curl -sSi --noproxy '*'\"\n\
         curl \"$1\" -o \"$HOME/first\"; curl \"$1\" -o \"$HOME/again\"\n\
         curl \"${1}a\" -o \"$HOME/guessed\"\n\
         exec curl -sSL --noproxy '*' \"$(sed -n 's/^location: //p' \"$HOME/first\" | tr -d '\\r')\"",
    );
    let ran = Ran::of(&login.output().unwrap());
    assert_eq!(ran.code, 0, "{ran:?}");
    let read = |name: &str| fs::read_to_string(home.path(name)).unwrap();
    let address = read("address");
    assert!(address.starts_with("http://127.0.0.1:"), "{address}");
    assert!(address.contains("/callback/start/") && !address.contains('?'));
    let (first, again) = (read("first"), read("again"));
    assert!(first.contains("303 See Other") && first.contains("&state="));
    assert!(again.contains("409 Conflict"), "{again}");
    assert!(again.contains("This address was opened before"), "{again}");
    assert!(!again.contains("state="), "{again}");
    assert!(read("guessed").contains("404 Not Found"));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_redirect_that_another_user_brings_is_refused() {
    let server = OAuth2Server::start().await.unwrap();
    let home = person(&server, "");
    let mut started = Started::headless(&home, &server);
    let redirect = authorize(&started);
    let output = another_user("curl")
        .args(["-sSi", "--noproxy", "*", &redirect])
        .output()
        .unwrap();
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(page.contains("403 Forbidden"), "{page}");
    assert!(page.contains("This is the login of another user"), "{page}");
    started.wait_for("A browser was refused");

    // A program that is gone before anybody looks.
    let (site, path) = redirect.split_at(redirect.find("/callback").unwrap());
    let (_, port) = site.rsplit_once(':').unwrap();
    let request = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{port}; printf 'GET {} HTTP/1.1\\r\\nHost: {}\\r\\n\\r\\n' >&3",
        path.replace('%', "%%"),
        site.trim_start_matches("http://"),
    );
    let sent = another_user("bash").args(["-c", &request]).status();
    // If its connection is reset before the request is read, nothing is said.
    assert!(sent.unwrap().success());

    assert_eq!(server.exchange_count(), 0);
    assert_eq!(come_back(&redirect).status, 303);
    assert_eq!(started.finish().code, 0);
}

/// Returns the command of another user.
fn another_user(program: &str) -> Command {
    let mut command = match rustix::process::geteuid().is_root() {
        true => {
            let mut command = Command::new(program);
            command.uid(65_534).gid(65_534);
            command
        }
        false => {
            let mut command = Command::new("sudo");
            command.args(["-n", "-u", "nobody", program]);
            command
        }
    };
    command.current_dir("/");
    command
}
