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
use terminal::{CardInHand, Entry, KeySet, LocalTime, Moment, Pos, PosSettings, Reply, Tender};

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
    /// Runs as the child of a wrapper.
    wrapped: bool,
}

impl Running {
    /// Starts it on `folder`, under `wrapper` (for strace) if there is one. None if it ended before it listened.
    pub fn start(folder: &Path, wrapper: &[&str]) -> Option<Running> {
        let [http_port, pos_port, host_port] = free_ports();
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
            .args(["--port", &http_port.to_string(), "--pos-port", &pos_port.to_string()])
            .args(["--host-port", &host_port.to_string()])
            .arg("--data")
            .arg(folder.join("data"))
            .arg("--keys-out")
            .arg(folder.join("keys.json"))
            .stdout(Stdio::null())
            .stderr(log);
        let mut running = Running { child: command.spawn().unwrap(), pos_port, wrapped: !wrapper.is_empty() };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", pos_port)).is_err() {
            if running.child.try_wait().unwrap().is_some() {
                return None;
            }
            assert!(begun.elapsed() < PATIENCE, "the host does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
        // It listens before it has lived its past, and writes the keys after that.
        while !keys_are_written(folder) {
            if running.child.try_wait().unwrap().is_some() {
                return None;
            }
            assert!(begun.elapsed() < PATIENCE, "the host does not begin");
            std::thread::sleep(Duration::from_millis(5));
        }
        Some(running)
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

fn keys_are_written(folder: &Path) -> bool {
    let text = std::fs::read_to_string(folder.join("keys.json")).unwrap_or_default();
    serde_json::from_str::<serde_json::Value>(&text).is_ok()
}

fn free_ports() -> [u16; 3] {
    // Taken and let go again together, so that they differ.
    let listeners = [(); 3].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
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
    pub fn new(keys: &Path) -> Till {
        let keys: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(keys).unwrap()).unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let hex = text(&keys["tmk"]);
        let bytes: Vec<u8> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
        let tmk = TdesKey::new(&bytes).unwrap();
        let pos =
            Pos::new(PosSettings::new(&text(&keys["merchant"]), &text(&keys["terminal"]), tmk)).unwrap();
        let card = &keys["cards"][0];
        let pan = Pan::parse(&text(&card["pan"])).unwrap();
        let card_in_hand = CardInHand::striped(pan, &text(&card["expiry"]), &text(&card["track2"])).unwrap();
        let pin = Pin::parse(&text(&card["pin"])).unwrap();
        Till { pos, card: card_in_hand, pin, stream: None, nonce: 0 }
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
