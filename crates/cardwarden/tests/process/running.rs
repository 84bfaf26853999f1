//! A running host as a test sees it: a process, its ports, a terminal that talks to it.
//!
//! Everything goes over real sockets and files; nothing of the host's own code is called.

use cardcrypto::key::TdesKey;
use cardcrypto::{Pan, Pin};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use terminal::{
    CardInHand, Chip, Entry, KeySet, LocalTime, Moment, Pos, PosError, PosSettings, Reply, Tender,
};

/// How long anything may take before the test says that it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder that goes with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("cardwarden-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A process of the demonstration without traffic of its own.
pub struct Running {
    pub child: Child,
    pub pos_port: u16,
    pub http_port: u16,
    /// Runs as the child of a wrapper.
    wrapped: bool,
}

impl Running {
    /// Starts it on `folder`, under `wrapper` (for strace) if there is one. None if it ended before it listened.
    pub fn start(folder: &Path, wrapper: &[&str]) -> Option<Running> {
        let keys = folder.join("keys.json");
        let _ = std::fs::remove_file(&keys);
        let binary = env!("CARGO_BIN_EXE_cardwarden");
        let mut command = match wrapper {
            [] => Command::new(binary),
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                command.args(arguments).arg(binary);
                command
            }
        };
        let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("log")).unwrap();
        command
            .args(["demo", "--speed", "0", "--seed", "7", "--log", "trace"])
            .args(["--port", "0", "--pos-port", "0", "--host-port", "0"])
            .arg("--data")
            .arg(folder.join("data"))
            .arg("--keys-out")
            .arg(&keys)
            .stdout(Stdio::null())
            .stderr(log);
        let wrapped = !wrapper.is_empty();
        let mut running = Running { child: command.spawn().unwrap(), pos_port: 0, http_port: 0, wrapped };
        let begun = Instant::now();
        // It writes down where it listens, and then begins.
        let written = loop {
            if let Ok(text) = std::fs::read_to_string(&keys) {
                break serde_json::from_str::<serde_json::Value>(&text).unwrap();
            }
            if running.child.try_wait().unwrap().is_some() {
                return None;
            }
            assert!(begun.elapsed() < PATIENCE, "the host does not begin");
            std::thread::sleep(Duration::from_millis(5));
        };
        let port = |name: &str| written[name].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap();
        running.pos_port = port("pos");
        running.http_port = port("http");
        Some(running)
    }

    /// What the API says: status and body.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> (u16, serde_json::Value) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.http_port)).unwrap();
        let key = format!("test-{method}-{path}-{}", body.len());
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             idempotency-key: {key}\r\ncontent-length: {}\r\n\r\n{body}",
            self.http_port,
            body.len()
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        let body = text.split_once("\r\n\r\n").unwrap().1;
        (status, serde_json::from_str(body).unwrap_or_else(|_| panic!("{method} {path}: {text}")))
    }

    /// The decision behind an answer, once those who project it have it.
    pub fn decision(&self, reply: &Reply) -> serde_json::Value {
        let begun = Instant::now();
        loop {
            let (status, page) = self.ask("GET", "/v1/decisions?limit=5", "");
            assert_eq!(status, 200, "{page}");
            let rrn = reply.rrn.as_deref().expect("an answer names its reference");
            let found = page["data"].as_array().into_iter().flatten().find(|decision| decision["rrn"] == rrn);
            if let Some(found) = found {
                return found.clone();
            }
            assert!(begun.elapsed() < PATIENCE, "{rrn} is not among the decisions");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, and says whether it did in good order.
    pub fn stop(mut self) -> bool {
        let id = self.child.id().to_string();
        let asked = match self.wrapped {
            true => Command::new("pkill").args(["-TERM", "-P", &id]).status().unwrap(),
            false => Command::new("kill").args(["-TERM", &id]).status().unwrap(),
        };
        assert!(asked.success());
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.success();
            }
            assert!(begun.elapsed() < PATIENCE, "the host does not stop");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A terminal with the test card.
pub struct Till {
    pub pos: Pos,
    pub card: CardInHand,
    pub pin: Pin,
    stream: Option<TcpStream>,
    nonce: u32,
}

impl Till {
    /// A terminal with the test card that has a stripe only.
    pub fn new(keys: &Path) -> Till {
        Till::with_card(keys, 0)
    }

    /// A terminal with the test card that has a chip.
    pub fn with_chip_card(keys: &Path) -> Till {
        Till::with_card(keys, 1)
    }

    fn with_card(keys: &Path, card: usize) -> Till {
        let keys: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(keys).unwrap()).unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let tdes = |hex: &str| {
            let digits = (0..hex.len()).step_by(2);
            let bytes: Vec<u8> = digits.map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
            TdesKey::new(&bytes).unwrap()
        };
        let tmk = tdes(&text(&keys["tmk"]));
        let pos =
            Pos::new(PosSettings::new(&text(&keys["merchant"]), &text(&keys["terminal"]), tmk)).unwrap();
        let card = &keys["cards"][card];
        let pan = Pan::parse(&text(&card["pan"])).unwrap();
        let mut in_hand = CardInHand::striped(pan, &text(&card["expiry"]), &text(&card["track2"])).unwrap();
        if let Some(key) = card["chip_key"].as_str() {
            let chip_track = text(&card["chip_track2"]);
            in_hand = in_hand.with_chip(Chip::new(tdes(key)), 0).with_chip_track2(&chip_track).unwrap();
        }
        let pin = Pin::parse(&text(&card["pin"])).unwrap();
        Till { pos, card: in_hand, pin, stream: None, nonce: 0 }
    }

    /// What the terminal makes of a card that gets in this way, with the right PIN.
    pub fn pay(&mut self, card: &mut CardInHand, entry: Entry, amount: u64) -> Result<Reply, PosError> {
        self.nonce += 1;
        let moment = Moment { at: LocalTime::new((26, 11, 22), (12, 0, 0)).unwrap(), nonce: self.nonce };
        let pin = self.pin.clone();
        let frame = self.pos.sale(Tender { card, entry, pin: Some(&pin), moment }, amount)?;
        let answer = self.carry(&frame).expect("an answer");
        self.pos.receive(&answer)
    }

    /// The same terminal and card once more, as they stand.
    pub fn copy_of(till: &Till) -> Till {
        Till {
            pos: till.pos.clone(),
            card: till.card.clone(),
            pin: till.pin.clone(),
            stream: None,
            nonce: till.nonce,
        }
    }

    /// Another host to talk to, or the same after it came back.
    pub fn connect(&mut self, running: &Running) {
        let stream = TcpStream::connect(("127.0.0.1", running.pos_port)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        self.stream = Some(stream);
    }

    pub fn hang_up(&mut self) {
        self.stream = None;
    }

    /// Sends a frame and takes the answer's bytes. None if the host went away.
    pub fn carry(&mut self, frame: &[u8]) -> Option<Vec<u8>> {
        let stream = self.stream.as_mut()?;
        stream.write_all(&Pos::framed(frame)).ok()?;
        let mut length = [0; 2];
        stream.read_exact(&mut length).ok()?;
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut answer).ok()?;
        Some(answer)
    }

    pub fn sign_in(&mut self) -> Option<Reply> {
        let frame = self.pos.sign_in(KeySet::Double).unwrap();
        let answer = self.carry(&frame)?;
        Some(self.pos.receive(&answer).unwrap())
    }

    /// The frame of a sale with the right PIN, or a wrong one.
    pub fn sale_frame(&mut self, amount: u64, pin: Option<&Pin>) -> Vec<u8> {
        self.nonce += 1;
        let moment = Moment { at: LocalTime::new((26, 11, 22), (12, 0, 0)).unwrap(), nonce: self.nonce };
        let right = self.pin.clone();
        let tender =
            Tender { card: &mut self.card, entry: Entry::Swipe, pin: Some(pin.unwrap_or(&right)), moment };
        self.pos.sale(tender, amount).unwrap()
    }

    pub fn sale(&mut self, amount: u64, pin: Option<&Pin>) -> Option<Reply> {
        let frame = self.sale_frame(amount, pin);
        let answer = self.carry(&frame)?;
        Some(self.pos.receive(&answer).unwrap())
    }
}
