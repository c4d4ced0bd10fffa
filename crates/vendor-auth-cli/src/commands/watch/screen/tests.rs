//! A panic, in a terminal.

use std::process::Command;

use local_servers::Tmux;

use super::*;

/// The configuration, for the process in the terminal.
const CHILD: &str = "VENDOR_AUTH_TEST_CONFIG";

/// Runs itself again in a terminal.
#[tokio::test]
async fn a_panic_leaves_the_terminal_as_it_was() {
    if let Some(path) = std::env::var_os(CHILD) {
        let config = Config::load(Some(path.as_ref())).unwrap();
        let feed = Feed::of(Duration::from_secs(1), || async {
            panic!("the reader is broken")
        });
        drop(run(Arc::new(config), Vec::new(), feed).await);
        return;
    }
    let config = tempfile::NamedTempFile::new().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    let (_, module) = module_path!().split_once("::").unwrap();
    let name = format!("{module}::a_panic_leaves_the_terminal_as_it_was");
    command
        .args(["--exact", &name, "--nocapture"])
        .env(CHILD, config.path());
    let tmux = Tmux::run(&command, 100, 30).unwrap();
    assert_eq!(tmux.end().unwrap(), 101);
    let shown = tmux.text().unwrap();
    assert!(shown.contains("the reader is broken"), "{shown}");
}
