//! How it ends.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::TcpStream;

use rustix::process::Signal;
use token_sim::{OAuth2Server, When};

use super::process::Serving;
use super::programs::until;
use crate::home::Home;

#[tokio::test]
async fn an_exchange_under_way_is_completed_and_its_token_stored_and_written() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_grant(&server, server.grant().refresh_token().unwrap());
    let hold = server.hold_next(When::AfterActing);
    let arguments = ["--sink", "demo:text:t:0600", "--on-refresh", "echo hooked"];
    let mut serving = Serving::on_a_port(&home, &arguments);
    hold.caught(1).await;
    serving.signal(Signal::TERM);
    serving.line_with("ends with signal 15");
    hold.release();
    assert!(serving.wait().success());
    let stored = home.run(&["token", "demo", "--no-refresh"]).ok().to_owned();
    assert_eq!(fs::read_to_string(home.path("t")).unwrap(), stored);
    serving.line_with("hooked");
    assert_eq!(server.exchange_count(), 1);
}

#[tokio::test]
async fn an_exchange_that_does_not_end_is_told_when_the_time_is_over() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_grant(&server, server.grant().refresh_token().unwrap());
    let hold = server.hold_next(When::AfterActing);
    let mut serving = Serving::on_a_port(&home, &[]);
    hold.caught(1).await;
    assert_eq!(serving.end().code(), Some(74));
    serving.line_with("demo: 10 s were not enough for an exchange under way");
    hold.release();
}

#[tokio::test]
async fn a_hook_under_way_is_waited_for() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    // Opened for both, so that it does not wait for the other side.
    let mut gate = File::options();
    let mut gate = gate.read(true).write(true).open(home.fifo("gate")).unwrap();
    let hook = "echo started; read line < gate; echo \"read $line\"";
    let mut serving = Serving::on_a_port(&home, &["--on-refresh", hook]);
    serving.line_with("started");
    let address = ("127.0.0.1", serving.port());
    serving.signal(Signal::TERM);
    // Nobody is served any more; only the hook is left.
    until(|| TcpStream::connect(address).err()).await;
    gate.write_all(b"it\n").unwrap();
    assert!(serving.wait().success());
    serving.line_with("read it");
}
