//! A client and a notification receiver made of plain sockets: what they see is what was on the wire.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use caas_simulator::{Simulator, preset};
use serde_json::{Value, json};

pub const CHARGE: &str = "/mobext/mapi/caas/chargRequest";
pub const CONFIRM: &str = "/mobext/mapi/caas/confirm";
pub const DEBIT: &str = "/caas/direct/debit";
pub const BALANCE: &str = "/caas/get/balance";
pub const LIST: &str = "/caas/list/pi";
pub const PAYER: &str = "94771234567";

/// Longer than anything here takes, on a busy machine too.
pub const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the answer is JSON")
    }

    pub fn text(&self, member: &str) -> String {
        self.json()[member].as_str().unwrap_or_default().to_owned()
    }

    pub fn header(&self, name: &str) -> Option<String> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }
}

/// Sends these bytes on a connection of their own and reads until it closes.
pub fn raw(sim: &Simulator, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(sim.address())?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(bytes)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

/// One request and its answer; an error where no whole head came.
pub fn request(sim: &Simulator, method: &str, path: &str, body: &[u8]) -> io::Result<Reply> {
    let mut bytes = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json; charset=utf-8\r\n\
         x-ibm-client-id: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        sim.address(),
        preset::CLIENT_ID,
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    parse(&raw(sim, &bytes)?)
}

pub fn parse(bytes: &[u8]) -> io::Result<Reply> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Ok(Reply { status, head, body: bytes[end + 4..].to_vec() })
}

pub fn post(sim: &Simulator, path: &str, body: &Value) -> Reply {
    request(sim, "POST", path, body.to_string().as_bytes()).unwrap()
}

/// A charge request of Mobitel; its reference.
pub fn charge(sim: &Simulator, amount: &str) -> String {
    let reply = post(sim, CHARGE, &json!({ "customer": PAYER, "amount": amount }));
    assert_eq!(reply.text("status"), preset::MOBITEL_ACCEPTED);
    reply.text("reference")
}

/// The status that confirm answers.
pub fn confirm(sim: &Simulator, reference: &str) -> String {
    post(sim, CONFIRM, &json!({ "ref": reference })).text("status")
}

pub fn debit_body(external_id: &str, amount: &str) -> Value {
    json!({
        "applicationId": preset::APPLICATION_ID, "password": preset::PASSWORD, "externalTrxId": external_id,
        "subscriberId": PAYER, "paymentInstrumentName": "MobileAccount", "amount": amount, "currency": "LKR",
    })
}

pub fn ezcash_body(external_id: &str, amount: &str) -> Value {
    let mut body = debit_body(external_id, amount);
    body["paymentInstrumentName"] = json!("Dialog-Ezcash");
    body["additionalParams"] = json!({
        "ezcashAgentPin": preset::EZCASH_AGENT_PIN, "ezcashAgentAlias": preset::EZCASH_AGENT_ALIAS,
    });
    body
}

pub fn balance(sim: &Simulator) -> String {
    let body = json!({
        "applicationId": preset::APPLICATION_ID, "password": preset::PASSWORD, "subscriberId": PAYER,
    });
    post(sim, BALANCE, &body).text("chargeableBalance")
}

/// Takes notifications and answers each as told, S1000 where it is not told.
pub struct NotificationReceiver {
    pub url: String,
    arrived: Receiver<Reply>,
    answers: Arc<Mutex<Vec<String>>>,
}

impl NotificationReceiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/notify", listener.local_addr().unwrap());
        let (sender, arrived) = channel();
        let answers = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&answers);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                take_one(stream.unwrap(), &sender, &told);
            }
        });
        Self { url, arrived, answers }
    }

    /// The next notification is answered with this whole HTTP answer; nothing at all where it is empty.
    pub fn answer_next(&self, answer: &str) {
        self.answers.lock().unwrap().insert(0, answer.to_owned());
    }

    /// The next notification that arrives.
    pub fn next(&self) -> Reply {
        self.arrived.recv_timeout(PATIENCE).expect("a notification arrives")
    }

    pub fn is_silent(&self) -> bool {
        self.arrived.recv_timeout(Duration::from_millis(150)).is_err()
    }
}

fn take_one(mut stream: TcpStream, sender: &Sender<Reply>, answers: &Mutex<Vec<String>>) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 1024];
    let request = loop {
        let read = stream.read(&mut buffer).unwrap_or(0);
        bytes.extend_from_slice(&buffer[..read]);
        // The request line has the path where an answer has its status: only head and body are of interest.
        let text = String::from_utf8_lossy(&bytes).replacen("/notify", "200", 1);
        if let Ok(request) = parse(text.as_bytes()) {
            let length: usize = request.header("content-length").unwrap().parse().unwrap();
            if request.body.len() >= length {
                break request;
            }
        }
        assert!(read > 0, "the notification ends early");
    };
    let answer = answers.lock().unwrap().pop().unwrap_or_else(|| acknowledgement().to_owned());
    let _ = stream.write_all(answer.as_bytes());
    drop(stream);
    let _ = sender.send(request);
}

fn acknowledgement() -> &'static str {
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 48\r\n\r\n\
     {\"statusCode\":\"S1000\", \"statusDetail\":\"Success\"}"
}
