//! The whole way: real bytes over TCP into the same edge and host that production runs, and back.
//!
//! The load comes from one thread of this process, with frames made before the clock runs. Every answer is looked at
//! afterwards; the last one of each terminal is taken by the terminal itself, with its MAC and the issuer's answer to
//! the chip.

use super::results::{Reading, Results};
use super::tills::{How, Tills};
use super::world::{CARDS, TERMINALS, found, nameless};
use super::{Part, Plan, RATE_WITHOUT_PEER, load, postgres};
use crate::edge::{self, EdgeHandle, EdgeWake, Limits, Port};
use crate::host::{self, Host, Threads};
use crate::system;
use gateway::{Directory, Gateway, LinkKind};
use iso8583::UNIONPAY_POS;
use sim::dice::Dice;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Connections, and frames under way on each.
const LAYOUTS: [(usize, usize); 2] = [(8, 32), (64, 4)];
/// Connections in the open loop.
const PACED_LINKS: usize = 8;
/// Frames of the first reading, before any rate is known.
const FRAMES_AT_FIRST: usize = 10_000;
/// A reading has at most so many frames: they are all in memory.
const FRAMES_MAX: usize = 1_000_000;
/// Two bytes of length stand before each frame.
const LENGTH_BYTES: usize = 2;

/// A running host with its edge, and the terminals that call it.
pub struct Wire {
    tills: Tills,
    address: SocketAddr,
    host_threads: Threads,
    edge: EdgeHandle,
    edge_thread: JoinHandle<()>,
    dice: Dice,
}

impl Wire {
    pub fn new(plan: &Plan) -> Result<Wire, String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let tills = Tills::new(TERMINALS)?;
        let mut cards = tills.known.clone();
        cards.extend(nameless(CARDS - cards.len(), &mut Dice::of(1, "wire")));
        let recovery = found(&plan.folder.join("wire"), &cards)?;
        let directory = Directory::of(&recovery.machine);
        let (edge, wakes) = edge::channel();
        let sink = {
            let edge = edge.clone();
            Box::new(move |answers| edge.wake(EdgeWake::Answers(answers)))
        };
        let settings = host::Settings { snapshot_records: 0, keep_records: 0 };
        let (host, host_threads) = Host::start(recovery, &settings, sink).map_err(|error| text(&error))?;
        let gateway = Gateway::new(
            tills.keys.hsm.clone(),
            tills.keys.ring.clone(),
            directory,
            gateway::Settings::china(),
        );
        let listener = system::bind(SocketAddr::from(([127, 0, 0, 1], 0)), "terminals")?;
        let address = listener.local_addr().map_err(|error| text(&error))?;
        let ports = vec![Port { listener, kind: LinkKind::UnionPayPos }];
        let limits = Limits { links_max: 1024 };
        let edge_thread = edge::start(gateway, host, ports, &plan.folder, limits, (edge.clone(), wakes))
            .map_err(|error| text(&error))?;
        let mut wire = Wire { tills, address, host_threads, edge, edge_thread, dice: Dice::of(2, "moments") };
        wire.sign_in()?;
        Ok(wire)
    }

    fn sign_in(&mut self) -> Result<(), String> {
        let mut stream = self.connect()?;
        for till in 0..TERMINALS {
            let frame = self.tills.sign_in(till)?;
            stream.write_all(&frame).map_err(|error| error.to_string())?;
            let answer = read_frame(&mut stream)?;
            let reply = self.tills.tills[till].pos.receive(&answer).map_err(|error| error.to_string())?;
            if reply.code != "00" {
                return Err(format!("a sign-in was answered {}", reply.code));
            }
        }
        Ok(())
    }

    fn connect(&self) -> Result<TcpStream, String> {
        let stream = TcpStream::connect(self.address).map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        Ok(stream)
    }

    /// Frames for each connection, so many in all; each terminal's last one is awaited by it.
    fn lines(&mut self, links: usize, frames: usize, how: How) -> Result<Vec<Line>, String> {
        let mut lines: Vec<Line> = (0..links).map(|_| Line::default()).collect();
        let rounds = (frames / TERMINALS).max(1);
        for round in 0..rounds {
            for till in 0..TERMINALS {
                let frame = self.tills.sale(till, how, round + 1 == rounds)?;
                lines[till % links].push(&frame);
            }
        }
        Ok(lines)
    }

    /// As many frames under way on each connection as the layout says, until all are answered.
    fn closed(&mut self, (links, depth): (usize, usize), frames: usize, how: How) -> Result<Reading, String> {
        let lines = self.lines(links, frames, how)?;
        let streams = (0..links).map(|_| self.connect()).collect::<Result<Vec<_>, _>>()?;
        for stream in &streams {
            stream.set_nonblocking(true).map_err(|error| error.to_string())?;
        }
        let driving = std::thread::spawn(move || drive(lines, streams, depth));
        let (lines, elapsed) = driving.join().map_err(|_| "the load's thread panicked")??;
        let mut times: Vec<u64> = lines.iter().flat_map(|line| line.times.iter().copied()).collect();
        self.check(&lines)?;
        let done = times.len();
        Ok(Reading::of_times(&mut times).with_rate(done, elapsed))
    }

    /// Frames leave when they are due, `rate` a second over all connections, whether the ones before are answered
    /// or not. Time runs from the moment a frame was due.
    fn open(&mut self, rate: f64, seconds: f64, how: How) -> Result<Reading, String> {
        let mut moments = load::moments(rate, seconds, &mut self.dice);
        moments.truncate((moments.len() / TERMINALS).max(1) * TERMINALS);
        let mut lines = self.lines(PACED_LINKS, moments.len(), how)?;
        let mut streams = (0..PACED_LINKS).map(|_| self.connect()).collect::<Result<Vec<_>, _>>()?;
        let begun = Instant::now() + Duration::from_millis(20);
        let due: Vec<Instant> = moments.iter().map(|moment| begun + *moment).collect();
        let mut readers = Vec::new();
        for (link, stream) in streams.iter().enumerate() {
            let mut stream = stream.try_clone().map_err(|error| error.to_string())?;
            let mut line = std::mem::take(&mut lines[link]);
            let due: Vec<Instant> = due.iter().skip(link).step_by(PACED_LINKS).copied().collect();
            let frames = line.frames.clone();
            let ends = line.ends.clone();
            readers.push(std::thread::spawn(move || line.receive(&mut stream, &due).map(|()| line)));
            lines[link] = Line { frames, ends, ..Line::default() };
        }
        for (number, moment) in due.iter().enumerate() {
            load::sleep_until(*moment);
            let link = number % PACED_LINKS;
            let frame = lines[link].frame(number / PACED_LINKS);
            streams[link].write_all(frame).map_err(|error| error.to_string())?;
        }
        let lines = readers
            .into_iter()
            .map(|reader| reader.join().map_err(|_| "a reader panicked".to_owned())?)
            .collect::<Result<Vec<Line>, String>>()?;
        let elapsed = begun.elapsed();
        let mut times: Vec<u64> = lines.iter().flat_map(|line| line.times.iter().copied()).collect();
        self.check(&lines)?;
        let done = times.len();
        Ok(Reading::of_times(&mut times).with_rate(done, elapsed))
    }

    /// Whether every answer is a yes, to the frame in its place; and whether each terminal takes its last one.
    fn check(&mut self, lines: &[Line]) -> Result<(), String> {
        for (link, line) in lines.iter().enumerate() {
            let mut answers = line.answers.as_slice();
            let mut last = vec![None; TERMINALS];
            for place in 0..line.ends.len() {
                let (answer, rest) = split_frame(answers).ok_or("an answer is missing")?;
                answers = rest;
                let decode = |bytes| UNIONPAY_POS.decode(bytes).map_err(|error| error.to_string());
                let (asked, told) = (decode(&line.frame(place)[LENGTH_BYTES..])?, decode(answer)?);
                if told.text(39).as_deref() != Some("00") {
                    return Err(format!("a sale was answered {:?}", told.text(39)));
                }
                if asked.number(11) != told.number(11) || asked.raw(41) != told.raw(41) {
                    return Err("an answer came to another sale than the one asked".to_owned());
                }
                // The frames of a connection go round its terminals.
                last[(link + place * lines.len()) % TERMINALS] = Some(answer);
            }
            for (till, answer) in last.into_iter().enumerate() {
                let Some(answer) = answer else { continue };
                let reply = self.tills.tills[till].pos.receive(answer).map_err(|error| error.to_string())?;
                if !reply.authenticated {
                    return Err("an answer came without its MAC".to_owned());
                }
            }
        }
        Ok(())
    }
}

/// The frames of one connection, and what came back.
#[derive(Default)]
struct Line {
    frames: Vec<u8>,
    ends: Vec<usize>,
    answers: Vec<u8>,
    times: Vec<u64>,
}

impl Line {
    fn push(&mut self, frame: &[u8]) {
        self.frames.extend_from_slice(frame);
        self.ends.push(self.frames.len());
    }

    fn begin(&self, place: usize) -> usize {
        place.checked_sub(1).map_or(0, |before| self.ends[before])
    }

    fn frame(&self, place: usize) -> &[u8] {
        &self.frames[self.begin(place)..self.ends[place]]
    }

    /// Reads an answer to each frame; `due` says from when on each was waited for.
    fn receive(&mut self, stream: &mut TcpStream, due: &[Instant]) -> Result<(), String> {
        let mut buffer = vec![0; 64 * 1024];
        let mut read = 0;
        stream.set_read_timeout(Some(Duration::from_secs(30))).map_err(|error| error.to_string())?;
        while self.times.len() < self.ends.len() {
            let count = stream.read(&mut buffer).map_err(|error| error.to_string())?;
            if count == 0 {
                return Err("the host hung up".to_owned());
            }
            let now = Instant::now();
            self.answers.extend_from_slice(&buffer[..count]);
            while let Some((frame, _)) = split_frame(&self.answers[read..]) {
                read += LENGTH_BYTES + frame.len();
                self.times.push(now.duration_since(due[self.times.len()]).as_nanos() as u64);
            }
        }
        Ok(())
    }

    /// Writes as many frames as may be under way, reads what comes, and so on until all are answered.
    async fn drive(&mut self, mut stream: tokio::net::TcpStream, depth: usize) -> Result<(), String> {
        let text = |error: std::io::Error| error.to_string();
        let (mut sent, mut read) = (0, 0);
        let mut asked = Vec::with_capacity(self.ends.len());
        self.times.reserve(self.ends.len());
        let mut buffer = vec![0; 64 * 1024];
        while self.times.len() < self.ends.len() {
            let until = (self.times.len() + depth).min(self.ends.len());
            if until > sent {
                let bytes = &self.frames[self.begin(sent)..self.ends[until - 1]];
                asked.resize(until, Instant::now());
                stream.write_all(bytes).await.map_err(text)?;
                sent = until;
            }
            let count = stream.read(&mut buffer).await.map_err(text)?;
            if count == 0 {
                return Err("the host hung up".to_owned());
            }
            let now = Instant::now();
            self.answers.extend_from_slice(&buffer[..count]);
            while let Some((frame, _)) = split_frame(&self.answers[read..]) {
                read += LENGTH_BYTES + frame.len();
                self.times.push(now.duration_since(asked[self.times.len()]).as_nanos() as u64);
            }
        }
        Ok(())
    }
}

/// Drives all lines from this one thread; how long it took from the first byte to the last answer.
fn drive(lines: Vec<Line>, streams: Vec<TcpStream>, depth: usize) -> Result<(Vec<Line>, Duration), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async move {
        let begun = Instant::now();
        let mut tasks = Vec::new();
        for (mut line, stream) in lines.into_iter().zip(streams) {
            let stream = tokio::net::TcpStream::from_std(stream).map_err(|error| error.to_string())?;
            tasks.push(tokio::task::spawn_local(
                async move { line.drive(stream, depth).await.map(|()| line) },
            ));
        }
        let mut driven = Vec::new();
        for task in tasks {
            driven.push(task.await.map_err(|error| error.to_string())??);
        }
        Ok((driven, begun.elapsed()))
    })
}

/// The first whole frame of some bytes, without its length, and what follows it.
fn split_frame(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

fn read_frame(stream: &mut TcpStream) -> Result<Vec<u8>, String> {
    let mut length = [0; LENGTH_BYTES];
    stream.read_exact(&mut length).map_err(|error| error.to_string())?;
    let mut frame = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut frame).map_err(|error| error.to_string())?;
    Ok(frame)
}

impl Part for Wire {
    fn turn(&mut self, plan: &Plan, results: &mut Results) -> Result<(), String> {
        for (how, word, checks) in [
            (How::Stripe, "pin", "MAC, PIN, CVV"),
            (How::Chip, "chip", "MAC, PIN, iCVV, cryptogram both ways"),
        ] {
            for (links, depth) in LAYOUTS {
                let key = format!("wire.{word}.{links}x{depth}");
                let last = results.last(&key).and_then(|reading| reading.rate);
                let frames = last.map_or(FRAMES_AT_FIRST, |rate| (rate * plan.seconds) as usize);
                let reading = self.closed((links, depth), frames.clamp(TERMINALS, FRAMES_MAX), how)?;
                results.put(&key, &format!("over TCP ({checks}): {links} connections x {depth}"), reading);
            }
        }
        let rate = postgres::best_rate(results).unwrap_or(RATE_WITHOUT_PEER);
        for (how, word) in [(How::Stripe, "pin"), (How::Chip, "chip")] {
            let reading = self.open(rate, plan.seconds, how)?;
            let what =
                format!("over TCP ({word}): at PostgreSQL's best rate, open loop, {PACED_LINKS} connections");
            results.put(&format!("wire.{word}.paced"), &what, reading);
        }
        Ok(())
    }

    fn end(self: Box<Self>) -> Result<(), String> {
        self.edge.wake(EdgeWake::Stop);
        self.edge_thread.join().map_err(|_| "the edge panicked")?;
        self.host_threads.stop()
    }
}
