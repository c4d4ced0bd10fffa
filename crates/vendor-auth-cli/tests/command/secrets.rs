//! Where secrets come from, and where they are not seen.

mod commands;

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use local_servers::install;
use token_sim::{Fault, OAuth2Server, When};

use crate::configuration::{COMPLETE, complaint};
use crate::home::{Home, Ran};

const SECRET: &str = "kaeZ5ohqu7aiN8ahtheiXee3";

/// The four sources. The last part of each is what the configuration says.
const SOURCES: [(&str, &str); 4] = [
    ("env", r#"{ env = "BILLING_SECRET" }"#),
    ("file", r#"{ file = "~/secret" }"#),
    ("command", r#"{ command = ["cat", "secret"] }"#),
    ("keyring", r#"{ keyring = "vendor-auth/billing" }"#),
];

async fn server() -> OAuth2Server {
    let builder = OAuth2Server::builder().client("billing", SECRET);
    builder.start().await.unwrap()
}

/// A user with a profile for each source.
fn user(server: &OAuth2Server) -> Home {
    let url = server.token_url();
    let profile = |(name, source): (&str, &str)| {
        format!(
            "[profiles.{name}]\nvendor = \"oauth2\"\ntoken_url = \"{url}\"\n\
             client_id = \"billing\"\nclient_secret = {source}\ngrant = \"client_credentials\"\n\
             allow_plain_http = true\n[profiles.{name}.parameters]\naudience = \"{name}\"\n"
        )
    };
    let home = Home::with(&SOURCES.map(profile).concat());
    fs::write(home.path("secret"), SECRET).unwrap();
    home
}

/// Runs the command with a bus of its own, on which a keyring has the secret.
fn with_keyring(home: &Home, arguments: &[&str]) -> Command {
    let missing = install::missing().into_iter();
    let missing: Vec<_> = missing
        .filter(|it| {
            [
                "gnome-keyring-daemon",
                "secret-tool",
                "dbus-run-session",
                "dbus-send",
            ]
            .contains(&it.program)
        })
        .map(|it| it.command())
        .collect();
    assert!(missing.is_empty(), "run {missing:?}");
    let script = "printf password | gnome-keyring-daemon --unlock --components=secrets >/dev/null && \
                  for _ in $(seq 1000); do \
                      dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
                          org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets | \
                          grep -q true && break; \
                  done && \
         secret-tool store --label=billing service vendor-auth username billing <secret && \
         exec \"$@\"";
    let command = home.command(arguments);
    let mut session = Command::new("dbus-run-session");
    session
        .args(["--", "sh", "-c", script, "sh"])
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .current_dir(home.path(""))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    session
}

/// Returns the command of a user whose secret has this source.
fn command(home: &Home, source: &str, arguments: &[&str]) -> Command {
    let mut command = match source {
        "keyring" => with_keyring(home, arguments),
        _ => home.command(arguments),
    };
    command
        .env("RUST_LOG", "trace")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if source == "env" {
        command.env("BILLING_SECRET", SECRET);
    }
    command
}

/// Returns which of these files of all processes contain the secret, but those of other users: the
/// tests beside this one have it in a variable.
fn processes_that_show_it(file: &str, home: &Home) -> Vec<String> {
    let ours = format!("HOME={}", home.path("").display());
    let ours = ours.trim_end_matches('/');
    let is_anothers = |environ: &[u8]| contains(environ, "HOME=") && !contains(environ, ours);
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let shown = processes.filter_map(|process| {
        let path = process.path().join(file);
        let shows = contains(&fs::read(&path).ok()?, SECRET);
        let environ = fs::read(process.path().join("environ")).ok()?;
        (shows && !is_anothers(&environ)).then(|| path.display().to_string())
    });
    shown.collect()
}

fn contains(text: &[u8], part: &str) -> bool {
    text.windows(part.len()).any(|it| it == part.as_bytes())
}

#[tokio::test]
async fn each_source_gives_the_secret_and_no_process_shows_it() {
    let server = server().await;
    let home = user(&server);
    for (source, _) in SOURCES {
        let before = server.exchange_count();
        let hold = server.hold_next(When::BeforeActing);
        let process = command(&home, source, &["token", source]).spawn().unwrap();
        // All that was started still runs.
        let held = tokio::time::timeout(Duration::from_secs(30), hold.caught(1)).await;
        if held.is_err() {
            panic!("{source}: {:?}", process.wait_with_output());
        }
        assert_eq!(
            processes_that_show_it("cmdline", &home),
            [""; 0],
            "{source}"
        );
        let shown = processes_that_show_it("environ", &home);
        // That of the variable is found, or the search would prove nothing.
        assert_eq!(shown.is_empty(), source != "env", "{source}: {shown:?}");
        hold.release();
        let ran = Ran::of(&process.wait_with_output().unwrap());
        assert_eq!(ran.code, 0, "{source}: {ran:?}");
        assert!(
            !ran.stdout.contains(SECRET) && !ran.stderr.contains(SECRET),
            "{source}: {ran:?}"
        );
        assert_eq!(server.exchange_count(), before + 1, "{source}");
    }
}

#[tokio::test]
async fn a_keyring_without_the_entry_or_none_at_all_is_a_mistake_in_the_configuration() {
    let server = server().await;
    let home = user(&server);
    let complaint = "`profiles.keyring.client_secret`: the keyring's entry vendor-auth/";
    let none = home.run(&["token", "keyring"]);
    assert!(none.failed(78).contains(complaint), "{none:?}");
    let config = fs::read_to_string(home.config_path()).unwrap();
    fs::write(
        home.config_path(),
        config.replace("auth/billing", "auth/nobody"),
    )
    .unwrap();
    let ran = Ran::of(&with_keyring(&home, &["token", "keyring"]).output().unwrap());
    assert!(
        ran.failed(78)
            .contains(&format!("{complaint}nobody cannot be read: ")),
        "{ran:?}"
    );
}

#[tokio::test]
async fn a_login_that_nobody_needs_asks_for_the_secret_once() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let profile = fs::read_to_string(home.config_path()).unwrap();
    let program = "command = [\"sh\", \"-c\", \"echo >> ~/asked; cat ~/secret\"]";
    fs::write(
        home.config_path(),
        profile.replace("file = \"~/secret\"", program),
    )
    .unwrap();
    let ran = home.run(&["login", "demo"]);
    assert!(ran.stderr.contains("Its credentials are good"), "{ran:?}");
    assert_eq!(fs::read_to_string(home.path("asked")).unwrap(), "\n");
}

#[cfg(unix)]
#[tokio::test]
async fn others_cannot_enter_what_is_made_whatever_the_umask_is() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    server.fault(Fault::status(503).until_cleared());
    let mut command = home.command_after("umask 000", &["token", "demo", "--timeout", "1"]);
    assert_eq!(Ran::of(&command.output().unwrap()).code, 75);
    for made in [
        ".local/state/vendor-auth",
        ".local/state/vendor-auth/failures",
    ] {
        let mode = fs::metadata(home.path(made)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{made}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_crash_leaves_no_core_dump_with_a_secret() {
    use std::os::unix::process::ExitStatusExt as _;
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    server.fault(Fault::no_answer());
    let mut process = home
        .command_after("ulimit -c unlimited", &["token", "demo"])
        .spawn()
        .unwrap();
    while server.exchange_count() == 0 {
        tokio::task::yield_now().await;
    }
    let id = process.id().to_string();
    let sent = Command::new("kill").args(["-s", "ABRT", &id]).status();
    assert!(sent.unwrap().success());
    let ended = process.wait().unwrap();
    assert_eq!((ended.signal(), ended.core_dumped()), (Some(6), false));
}

#[tokio::test]
async fn no_secret_is_in_what_other_users_see_of_the_process() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    server.fault(Fault::delay(Duration::from_secs(2)));
    let mut process = home
        .command(&["token", "demo"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let seen = fs::read_to_string(format!("/proc/{}/cmdline", process.id())).unwrap();
    // Only root can read it: the process cannot be inspected.
    let environment = fs::read_to_string(format!("/proc/{}/environ", process.id()));
    let environment = environment.unwrap_or_default();
    assert!(
        !seen.contains(server.client_secret()) && !environment.contains(server.client_secret())
    );
    assert!(process.wait().unwrap().success());
}

#[test]
fn what_is_written_in_place_of_a_secret_is_not_repeated() {
    let wrong = [
        "7755331",
        "7755331.5",
        "[\"7755331\"]",
        "{ env = 7755331 }",
        "{ command = \"echo 7755331\" }",
        "{ value = \"7755331\" }",
    ];
    for secret in wrong {
        let (profile, _) = COMPLETE.split_once("{ command").unwrap();
        let complaint = complaint(&format!("{profile}{secret}\n"));
        assert!(
            complaint.starts_with(":6: `profiles.demo.client_secret")
                && complaint.contains("write { env = \"NAME\" }"),
            "{complaint}"
        );
        assert!(!complaint.contains("775533"), "{complaint}");
    }
}

#[cfg(unix)]
#[test]
fn a_program_that_prints_a_secret_is_looked_for_beside_the_configuration() {
    use std::os::unix::fs::PermissionsExt as _;
    for (program, file) in [
        ("./secret", ".config/vendor-auth/secret"),
        ("~/secret", "secret"),
    ] {
        let home = Home::with(&COMPLETE.replace("[\"echo\", \"x\"]", &format!("[\"{program}\"]")));
        fs::write(home.path(file), "#!/bin/sh\nexit 3\n").unwrap();
        fs::set_permissions(home.path(file), fs::Permissions::from_mode(0o700)).unwrap();
        let ran = home.run(&["token", "demo"]);
        let expected = format!("`{program}` failed: exit status: 3");
        assert!(ran.failed(78).contains(&expected), "{ran:?}");
    }
}
