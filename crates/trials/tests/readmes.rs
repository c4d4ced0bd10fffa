//! The first example of a vendor's README runs with nothing but what the README adds; and the
//! examples of the front page are as short as promised.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use token_sim::{EnosServer, QuectelSaasServer};

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap().to_owned()
}

/// Returns the first Rust block of a README.
fn first_example(readme: &str) -> String {
    let text = fs::read_to_string(root().join(readme)).unwrap();
    let mut blocks = text.split("```").skip(1).step_by(2);
    let code = blocks.find_map(|block| {
        let (language, code) = block.split_once('\n')?;
        language.starts_with("rust").then_some(code)
    });
    code.unwrap().to_owned()
}

/// A program of its own that depends on one crate of the workspace, with its feature `client`.
struct Alone {
    folder: PathBuf,
    name: String,
}

impl Alone {
    fn new(crate_name: &str, code: &str) -> Self {
        let name = format!("alone-{crate_name}");
        let folder = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(folder.join("src")).unwrap();
        let path = root().join("crates").join(crate_name);
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
             [dependencies]\n{crate_name} = {{ path = {path:?}, features = [\"client\"] }}\n\
             tokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }}\n\n\
             [workspace]\n[profile.dev]\ndebug = \"line-tables-only\"\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
        fs::write(folder.join("src/main.rs"), code).unwrap();
        Self { folder, name }
    }

    /// Builds it in the workspace's target folder, runs it, and returns what it prints.
    fn run(&self, variables: &[(&str, &str)]) -> String {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet"])
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", root().join("target"))
            .output()
            .unwrap();
        assert!(
            built.status.success(),
            "{}",
            String::from_utf8_lossy(&built.stderr)
        );
        let program = root().join("target/debug").join(&self.name);
        let ran = Command::new(program)
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        assert!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
        String::from_utf8(ran.stdout).unwrap()
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.folder);
    }
}

/// Replaces a text that the README must contain.
fn replaced(code: &str, from: &str, to: &str) -> String {
    assert!(code.contains(from), "the README's example has no `{from}`");
    code.replace(from, to)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_quectel_auth_runs_with_that_crate_alone() {
    let sim = QuectelSaasServer::builder().access_key("24b9zicjuns41H6MDg71AMnP", "the secret");
    let sim = sim.start().await.unwrap();
    let code = first_example("crates/quectel-auth/README.md");
    let code = replaced(
        &code,
        "Region::Europe)",
        &format!("{:?}).allow_plain_http()", sim.base_url()),
    );
    let code = replaced(
        &code,
        "AccessKey, IntoClient, Region",
        "AccessKey, IntoClient",
    );
    let api = "https://iot-api.acceleronix.io/v2/quecproductmgr/r3/openapi/products";
    let code = replaced(&code, api, &sim.resource_url());
    let program = Alone::new("quectel-auth", &code);
    let printed = program.run(&[("QUECTEL_ACCESS_SECRET", "the secret")]);
    assert!(!printed.trim().is_empty());
    assert_eq!(sim.exchanges().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_enos_apim_auth_runs_with_that_crate_alone() {
    let sim = EnosServer::builder().app("5acb82e7-a11e-4300-9164-c8b20b638e8b", "the secret");
    let sim = sim.start().await.unwrap();
    let code = first_example("crates/enos-apim-auth/README.md");
    let base = "\"https://apim.example.com\")";
    let code = replaced(
        &code,
        base,
        &format!("{:?}).allow_plain_http()", sim.base_url()),
    );
    let api = "https://apim.example.com/asset-service/v2.1/assets?action=search&orgId=o1";
    let code = replaced(
        &code,
        api,
        &format!("{}?action=search&orgId=o1", sim.resource_url()),
    );
    let program = Alone::new("enos-apim-auth", &code);
    let printed = program.run(&[("ENOS_APP_SECRET", "the secret")]);
    assert!(!printed.trim().is_empty());
    assert_eq!(sim.exchanges().len(), 1);
}

/// Counts the lines of a function's body with its chains of methods written on as few lines of 100
/// columns as they fit on. What comes from outside (settings, addresses) does not count.
fn lines_of(code: &str, function: &str) -> usize {
    let start = code.find(function).unwrap();
    let body = code.get(start..).unwrap().split_once(" {\n").unwrap().1;
    let body = body.split("\n}").next().unwrap();
    let outside = ["std::env::var", "let url =", "let (first, api)", "Ok(())"];
    let mut lines: Vec<String> = Vec::new();
    for line in body
        .lines()
        .filter(|line| !outside.iter().any(|text| line.contains(text)))
    {
        let text = line.trim();
        match lines.last_mut() {
            _ if text.is_empty() || text.starts_with("//") => {}
            Some(last) if text.starts_with('.') && last.len() + text.len() <= 96 => {
                last.push_str(text);
            }
            _ => lines.push(text.to_owned()),
        }
    }
    lines.len()
}

// The numbers are those that five small programs needed at best.
#[test]
fn the_shortest_ways_are_as_short_as_promised() {
    let example = |name: &str| {
        let path = root().join("crates/vendor-auth/examples").join(name);
        fs::read_to_string(path).unwrap()
    };
    let rows = [
        (
            "quectel-auth",
            first_example("crates/quectel-auth/README.md"),
            "fn main",
            4,
        ),
        (
            "vendor-auth",
            first_example("crates/vendor-auth/README.md"),
            "fn main",
            6,
        ),
        (
            "EnOS",
            first_example("crates/enos-apim-auth/README.md"),
            "fn main",
            6,
        ),
        ("OAuth 2.0, durable", example("oauth2.rs"), "fn call", 7),
    ];
    for (task, code, function, most) in rows {
        let lines = lines_of(&code, function);
        assert!(lines <= most, "{task}: {lines} lines, at most {most}");
    }
}
