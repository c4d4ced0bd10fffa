//! Opens the user's browser.

use std::env;
use std::process::{Command, Stdio};
use std::thread;

use tokio::sync::oneshot;

/// Where a Unix desktop, or Windows below WSL, shows itself.
const SCREENS: [&str; 4] = ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME", "BROWSER"];

/// Opens the browser at this URL. The receiver gets a message if there is none; it is closed as
/// soon as one was opened.
///
/// The browser outlives this program: it does not get the variables with secrets, it is no part of
/// the terminal's job, and it prints nothing.
pub(super) fn open(url: &str, secret_variables: &[String]) -> oneshot::Receiver<()> {
    let (no_browser, receiver) = oneshot::channel();
    let mut commands = open::commands(url);
    for command in &mut commands {
        secret_variables.iter().for_each(|name| {
            command.env_remove(name);
        });
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        separate(command);
    }
    // A browser that runs in the foreground ends when the person closes it.
    thread::spawn(move || {
        if !has_screen() || !commands.iter_mut().any(has_opened) {
            no_browser.send(()).ok();
        }
    });
    receiver
}

fn has_screen() -> bool {
    let is_set = |name: &&str| env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || SCREENS.iter().any(is_set)
}

fn has_opened(command: &mut Command) -> bool {
    match command.status() {
        // Windows' own program does not tell.
        Ok(status) => status.success() || cfg!(windows),
        Err(_) => false,
    }
}

/// Keeps Ctrl-C in this terminal from the browser.
#[cfg(unix)]
fn separate(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
fn separate(_command: &mut Command) {}
