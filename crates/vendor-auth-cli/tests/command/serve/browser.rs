//! The status page in headless Chromium.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use token_sim::{Fault, OAuth2Server};

use super::http;
use super::process::Serving;
use super::programs::{Running, free_port, program, until};
use crate::home::Home;

/// A browser, driven by WebDriver.
struct Browser {
    port: u16,
    session: String,
    _driver: Running,
}

/// Returns the texts whose contrast is below what WCAG 2 asks for at level AA.
const PALE: &str = r"
const parse = text => (text.match(/[\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
  .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = element => {
  for (; element; element = element.parentElement) {
    const colour = parse(getComputedStyle(element).backgroundColor);
    if (colour.length === 3 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
const pale = [];
let count = 0;
for (const element of document.body.querySelectorAll('*')) {
  const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
  if (!own || element.tagName === 'title') continue;
  const style = getComputedStyle(element);
  const isSvg = element.namespaceURI.endsWith('svg');
  const pair = [light(parse(isSvg ? style.fill : style.color)), light(behind(element))];
  const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  count += 1;
  if (ratio < 4.5) pale.push(element.textContent + ' ' + ratio.toFixed(2));
}
return { pale, count, background: getComputedStyle(document.body).backgroundColor };
";

impl Browser {
    async fn start() -> Self {
        let port = free_port();
        drop(program("chromium"));
        let mut driver = program("chromedriver");
        driver.arg(format!("--port={port}"));
        driver.stdout(Stdio::null()).stderr(Stdio::null());
        let driver = Running(driver.spawn().unwrap());
        until(|| TcpStream::connect(("127.0.0.1", port)).ok()).await;
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
        ];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "performance": "ALL" },
        } } });
        let mut browser = Self {
            port,
            session: String::new(),
            _driver: driver,
        };
        let begun = browser.post("/session", &wanted);
        begun["sessionId"]
            .as_str()
            .unwrap()
            .clone_into(&mut browser.session);
        browser
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let head = "HTTP/1.1\nHost: localhost\nContent-Type: application/json";
        let answer = http::over_tcp(self.port, &format!("POST {path} {head}\n\n{body}"));
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()["value"].clone()
    }

    fn ask(&self, command: &str, body: &Value) -> Value {
        self.post(&format!("/session/{}/{command}", self.session), body)
    }

    fn open(&self, url: &str) {
        self.ask("url", &json!({ "url": url }));
    }

    fn run(&self, script: &str) -> Value {
        self.ask("execute/sync", &json!({ "script": script, "args": [] }))
    }

    fn devtools(&self, command: &str, parameters: &Value) {
        self.ask(
            "goog/cdp/execute",
            &json!({ "cmd": command, "params": parameters }),
        );
    }

    /// Returns what the page requested since the last time.
    fn requested(&self) -> Vec<String> {
        let entries = self.ask("se/log", &json!({ "type": "performance" }));
        let entries = entries.as_array().unwrap().iter();
        let messages = entries.map(|entry| {
            let text = entry["message"].as_str().unwrap();
            serde_json::from_str::<Value>(text).unwrap()["message"].clone()
        });
        let sent = messages.filter(|message| message["method"] == "Network.requestWillBeSent");
        sent.map(|message| {
            message["params"]["request"]["url"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
    }
}

impl Drop for Browser {
    /// The browser is the driver's child, and ends with its session.
    fn drop(&mut self) {
        let ended = || -> std::io::Result<()> {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            let session = &self.session;
            write!(
                stream,
                "DELETE /session/{session} HTTP/1.1\r\nHost: localhost\r\n\r\n"
            )?;
            stream.read(&mut [0; 64]).map(drop)
        };
        drop(ended());
    }
}

#[tokio::test]
async fn the_status_page_is_readable_on_a_phone_and_in_the_dark_and_asks_nobody_else() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let serving = Serving::on_a_port(&home, &[]);
    let first = serving.get("/token/demo").token();
    serving
        .send("POST /token/demo/refused HTTP/1.1", &first)
        .token();
    server.fault(Fault::status(503).until_cleared());
    let second = serving.get("/token/demo").token();
    serving.send("POST /token/demo/refused HTTP/1.1", &second);
    serving.line_with("demo: ");

    let page = serving.get("/");
    let policy = &page.headers["content-security-policy"];
    assert!(
        policy.starts_with("default-src 'none'; style-src 'self';"),
        "{policy}"
    );
    assert!(!page.body.contains("<script") && !page.body.contains("style="));
    for secret in [&first, &second, server.client_secret(), &*serving.bearer()] {
        assert!(!page.body.contains(secret));
    }

    let browser = Browser::start().await;
    let own = format!("http://127.0.0.1:{}/", serving.port());
    let phone = json!({ "width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": true });
    browser.devtools("Emulation.setDeviceMetricsOverride", &phone);
    let mut backgrounds = Vec::new();
    for scheme in ["light", "dark"] {
        let feature = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        browser.devtools(
            "Emulation.setEmulatedMedia",
            &json!({ "features": feature }),
        );
        browser.open(&own);
        let found = browser.run(PALE);
        assert_eq!(found["pale"], json!([]), "{scheme}");
        assert!(found["count"].as_u64().unwrap() > 20, "{found}");
        backgrounds.push(found["background"].clone());
        let widths = "return [document.documentElement.scrollWidth, innerWidth]";
        assert_eq!(browser.run(widths), json!([360, 360]), "{scheme}");
    }
    assert_ne!(backgrounds[0], backgrounds[1]);

    let text = browser.run("return document.body.innerText");
    let text = text.as_str().unwrap();
    for expected in [
        "demo",
        "generation 1",
        "generation 2",
        "now",
        "Last errors",
        "retry later",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let bands = browser.run("return document.querySelectorAll('svg rect.fresh').length");
    assert!(bands.as_u64().unwrap() >= 2, "{bands}");
    let requested = browser.requested();
    assert!(
        requested.iter().any(|url| url.ends_with("/style.css")),
        "{requested:?}"
    );
    let others: Vec<_> = requested
        .iter()
        .filter(|url| !url.starts_with(&own))
        .collect();
    let is_own_page = |url: &&&String| !url.starts_with("data:") && !url.starts_with("chrome:");
    assert_eq!(others.iter().filter(is_own_page).count(), 0, "{others:?}");
}
