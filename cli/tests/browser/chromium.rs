//! Headless Chromium, driven by WebDriver.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Nothing on a page takes longer.
const PATIENCE: Duration = Duration::from_secs(20);
/// The flags that a browser without a screen, without the outside and without a user's profile needs.
const FLAGS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// A browser with one page open.
pub struct Browser {
    pub client: Client,
    driver: Child,
    profile: TempDir,
}

/// What the browser is asked beside what every WebDriver client offers.
#[derive(Debug)]
enum Ask {
    /// One command of the DevTools protocol.
    DevTools(&'static str, Value),
    /// What was written to the console since the last time.
    Console,
}

impl Browser {
    /// Starts the browser with a window of this size, in CSS pixels.
    pub async fn start(width: u32, height: u32) -> Browser {
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            // What the browser leaves behind goes with the profile.
            .env("TMPDIR", profile.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is not installed: `cargo xtask check browser` installs it");
        let port = port_of(&mut driver);
        let folder = format!("--user-data-dir={}", profile.path().join("profile").display());
        let flags: Vec<&str> = FLAGS.into_iter().chain([folder.as_str()]).collect();
        let mut wanted = Capabilities::new();
        wanted.insert("goog:chromeOptions".to_owned(), json!({ "args": flags }));
        wanted.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        let browser = Browser { client, driver, profile };
        browser.resize(width, height).await;
        browser
    }

    /// Gives the page a window of this size, whatever frame the browser draws around it.
    pub async fn resize(&self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.dev_tools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Opens the simulator's page and waits until it shows a state.
    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
        self.sees("//*[@id='link'][text()='live' or text()='polling']").await;
    }

    /// What every page opened from now on runs first.
    pub async fn run_first(&self, script: &str) {
        self.dev_tools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
    }

    /// The element of an XPath, once it is there.
    pub async fn sees(&self, path: &str) -> Element {
        match self.client.wait().at_most(PATIENCE).for_element(Locator::XPath(path)).await {
            Ok(element) => element,
            Err(error) => panic!("{path} does not come: {error}\n{}", self.text("//body").await),
        }
    }

    /// Waits until an expression of the page's script is true.
    pub async fn until(&self, expression: &str) {
        let deadline = std::time::Instant::now() + PATIENCE;
        while self.evaluate(&format!("return !!({expression});")).await != json!(true) {
            assert!(std::time::Instant::now() < deadline, "it does not come to be: {expression}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn click(&self, path: &str) {
        let element = self.sees(path).await;
        let scroll = "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'});";
        let target = serde_json::to_value(&element).unwrap();
        self.client.execute(scroll, vec![target]).await.unwrap();
        element.click().await.unwrap();
    }

    /// Chooses an option of the select with this id, as a person does.
    pub async fn choose(&self, id: &str, option: &str) {
        let select = self.sees(&format!("//select[@id='{id}']")).await;
        select.select_by_label(option).await.unwrap();
    }

    pub async fn text(&self, path: &str) -> String {
        match self.client.find(Locator::XPath(path)).await {
            Ok(element) => element.text().await.unwrap(),
            Err(error) => error.to_string(),
        }
    }

    pub async fn evaluate(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap()
    }

    /// The role and the name of everything that a screen reader reads out, as it is at one moment.
    pub async fn spoken(&self) -> Vec<(String, String)> {
        let tree = self.dev_tools("Accessibility.getFullAXTree", json!({})).await;
        let text = |node: &Value, what| node[what]["value"].as_str().unwrap_or_default().to_owned();
        let nodes = tree["nodes"].as_array().unwrap().iter().filter(|node| node["ignored"] == false);
        nodes.map(|node| (text(node, "role"), text(node, "name"))).collect()
    }

    /// The page as it is, as a PNG in a file.
    pub async fn picture(&self, file: &Path) {
        std::fs::write(file, self.client.screenshot().await.unwrap()).unwrap();
    }

    /// Ends the browser. Nothing may stand in its console, and nothing may have come from elsewhere than `origin`.
    pub async fn end_well(self, origin: &str) {
        let loaded = self
            .evaluate("return performance.getEntriesByType('resource').map((entry) => entry.name);")
            .await;
        for name in loaded.as_array().unwrap() {
            assert!(name.as_str().unwrap().starts_with(origin), "the page loaded {name}");
        }
        let console = self.client.issue_cmd(Ask::Console).await.unwrap();
        assert_eq!(console, json!([]), "the console is not empty");
        self.client.clone().close().await.unwrap();
    }

    async fn dev_tools(&self, command: &'static str, parameters: Value) -> Value {
        self.client.issue_cmd(Ask::DevTools(command, parameters)).await.unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        // A browser whose test failed still has its profile open.
        let _ = Command::new("pkill").arg("-f").arg(self.profile.path()).status();
    }
}

fn port_of(driver: &mut Child) -> u16 {
    let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    for line in lines {
        let line = line.unwrap();
        if let Some(port) = line.strip_prefix("ChromeDriver was started successfully on port ") {
            return port.trim_end_matches('.').parse().unwrap();
        }
    }
    panic!("chromedriver did not start");
}

impl WebDriverCompatibleCommand for Ask {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        let session = session.unwrap_or_default();
        base.join(&match self {
            Ask::DevTools(..) => format!("session/{session}/goog/cdp/execute"),
            Ask::Console => format!("session/{session}/se/log"),
        })
    }

    fn method_and_body(&self, _: &url::Url) -> (Method, Option<String>) {
        match self {
            Ask::DevTools(command, parameters) => {
                (Method::POST, Some(json!({"cmd": command, "params": parameters}).to_string()))
            }
            Ask::Console => (Method::POST, Some(json!({"type": "browser"}).to_string())),
        }
    }
}
