//! Life in the street: virtual terminals that speak UnionPay's protocol over TCP, to the port any terminal
//! would use.
//!
//! Terminals know nothing of the host but its address and their own keys; what becomes of a visit is what the
//! host answers.

use super::past;
use crate::clock;
use crate::host::Host;
use crate::keys::Keys;
use crate::system;
use cardcrypto::{Pan, Pin};
use machine::Machine;
use machine::command::{Command, House};
use machine::ids::{Acceptor, CardId};
use machine::time::Zone;
use sim::dice::Dice;
use sim::population::Population;
use sim::traffic::{Deed, Fraud, How, Pin as Typed, Traffic, Visit, fraud_wave};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use terminal::{
    CardInHand, Chip, CompletionBy, Entry, KeySet, LocalTime, Moment, Original, Pos, PosSettings, Tender,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use web::port::Scene;

/// Mean time between two visits at speed 1.
const VISIT_MS: f64 = 900.0;
/// How long a terminal waits for an answer.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// How long an outage lasts.
const OUTAGE: Duration = Duration::from_secs(20);
/// Reversals and script results a terminal sends before its next sale, at most.
const DUES_MAX: usize = 4;
/// A wave's two minutes are played in so many seconds.
const WAVE_COMPRESSION: f64 = 6.0;

/// What became of the visits.
pub struct Tally {
    approved: AtomicU64,
    declined: AtomicU64,
    unanswered: AtomicU64,
    first: watch::Sender<Option<Instant>>,
}

impl Tally {
    /// When the first answer came.
    pub async fn first_answer(&self) -> Option<Instant> {
        const WAIT: Duration = Duration::from_secs(5);
        let mut seen = self.first.subscribe();
        let first = tokio::time::timeout(WAIT, seen.wait_for(Option::is_some)).await;
        first.ok()?.ok().and_then(|first| *first)
    }

    fn figures(&self) -> [u64; 3] {
        [&self.approved, &self.declined, &self.unanswered].map(|figure| figure.load(Ordering::Relaxed))
    }

    /// In Chinese.
    pub fn zh(&self) -> String {
        let [approved, declined, unanswered] = self.figures();
        format!("终端交易: 成功 {approved} 笔, 拒绝 {declined} 笔, 无应答 {unanswered} 笔")
    }

    /// In English.
    pub fn en(&self) -> String {
        let [approved, declined, unanswered] = self.figures();
        format!("At the tills: {approved} approved, {declined} declined, {unanswered} without an answer")
    }

    fn count(&self, approved: bool) {
        let figure = if approved { &self.approved } else { &self.declined };
        figure.fetch_add(1, Ordering::Relaxed);
        self.first.send_if_modified(|first| {
            let news = first.is_none();
            first.get_or_insert_with(Instant::now);
            news
        });
    }
}

/// The street before it comes to life.
pub struct Street {
    population: Population,
    seed: u64,
    tills: Vec<(usize, usize, Pos)>,
    cards: Vec<CardInHand>,
    pins: Vec<Pin>,
}

/// The street, alive.
pub struct Living {
    tally: Arc<Tally>,
    stop: watch::Sender<bool>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

/// What all terminals share: the cards in people's pockets, and what was approved where.
struct Shared {
    cards: Mutex<Vec<CardInHand>>,
    pins: Vec<Pin>,
    originals: Mutex<BTreeMap<u64, Original>>,
    tally: Arc<Tally>,
}

impl Street {
    /// Gives everyone their card and every shop its terminals, as the machine has them.
    ///
    /// # Errors
    /// If a card or key of the invented bank cannot be made.
    pub fn of(population: &Population, machine: &Machine, keys: &Keys, seed: u64) -> Result<Street, String> {
        let mut tills = Vec::new();
        for (shop, is) in population.shops.iter().enumerate() {
            for terminal in 0..is.terminals.len() {
                let acceptor = sim::history::acceptor(population, shop, terminal);
                tills.push((shop, terminal, pos(machine, acceptor, &is.name.zh, seed)?));
            }
        }
        let (mut cards, mut pins) = (Vec::new(), Vec::new());
        for holder in &population.holders {
            let card = &holder.card;
            cards.push(in_hand(card, machine, keys, seed)?);
            pins.push(Pin::parse(&card.pin).map_err(|error| error.to_string())?);
        }
        Ok(Street { population: population.clone(), seed, tills, cards, pins })
    }

    /// Opens the shops.
    pub fn live(
        self,
        host_port: SocketAddr,
        speed: f64,
        scenes: Option<mpsc::UnboundedReceiver<Scene>>,
        host: Host,
    ) -> Living {
        let (first, _) = watch::channel(None);
        let zero = AtomicU64::new;
        let tally = Arc::new(Tally { approved: zero(0), declined: zero(0), unanswered: zero(0), first });
        let shared = Arc::new(Shared {
            cards: Mutex::new(self.cards),
            pins: self.pins,
            originals: Mutex::default(),
            tally: Arc::clone(&tally),
        });
        let (stop, stopped) = watch::channel(false);
        let mut tasks = Vec::new();
        let mut queues = BTreeMap::new();
        for (shop, terminal, pos) in self.tills {
            let (queue, visits) = mpsc::channel(256);
            queues.insert((shop, terminal), queue);
            let till = Till {
                pos,
                address: host_port,
                stream: None,
                shared: Arc::clone(&shared),
                dice: Dice::of(self.seed, "nonces"),
            };
            tasks.push(tokio::spawn(till.serve(visits, stopped.clone())));
        }
        let queues = Arc::new(queues);
        if speed > 0.0 {
            let everyday =
                everyday(self.population.clone(), self.seed, speed, Arc::clone(&queues), stopped.clone());
            tasks.push(tokio::spawn(everyday));
        }
        if let Some(scenes) = scenes {
            tasks.push(tokio::spawn(stage(self.population, self.seed, scenes, queues, host, stopped)));
        }
        Living { tally, stop, tasks }
    }
}

impl Living {
    /// What became of the visits.
    pub fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.tally)
    }

    /// Closes the shops.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            if task.await.is_err() {
                tracing::error!("a till's task panicked");
            }
        }
    }
}

/// A terminal with its own key, where the machine has left it.
fn pos(machine: &Machine, acceptor: Acceptor, shop: &str, seed: u64) -> Result<Pos, String> {
    let tmk = past::terminal_key(seed, acceptor)?;
    let mut settings = PosSettings::new(&acceptor.merchant.to_string(), &acceptor.terminal.to_string(), tmk);
    settings.merchant_name = shop.to_owned();
    settings.batch = machine.terminal(acceptor).map_or(1, |terminal| terminal.batch);
    // A terminal keeps its trace number over a restart; these have no memory, and begin where the clock says.
    settings.first_stan = (clock::now().0 / 1000 % 900_000 + 1) as u32;
    Pos::new(settings).map_err(|error| error.to_string())
}

/// A card in its holder's pocket: track, chip, and a counter where the machine last saw it.
fn in_hand(
    card: &sim::population::Card,
    machine: &Machine,
    keys: &Keys,
    seed: u64,
) -> Result<CardInHand, String> {
    let pan = Pan::parse(&card.number).map_err(|error| error.to_string())?;
    let expiry = format!("{:02}{:02}", card.expiry_year, card.expiry_month);
    let track = past::track2(keys, &card.number, &expiry, card.service_code(), &card.pin)?;
    let striped = CardInHand::striped(pan.clone(), &expiry, &track).ok_or("a card has no track")?;
    if !card.chip {
        return Ok(striped);
    }
    let mut chip = Chip::of_issuer(&past::chip_key(seed, &card.number)?, &pan, 0);
    let token = crate::keys::token(keys.hsm.as_ref(), &keys.ring, &card.number).map_err(|error| error.why)?;
    chip.advance(counter_of(machine, token.card));
    let chip_track = past::chip_track2(keys, &track, &card.pin)?;
    striped.with_chip(chip, 0).with_chip_track2(&chip_track).ok_or_else(|| "a chip has no track".to_owned())
}

fn counter_of(machine: &Machine, card: CardId) -> u16 {
    machine.card(card).and_then(|card| card.counter).unwrap_or(0)
}

type Queues = BTreeMap<(usize, usize), mpsc::Sender<Visit>>;

/// Sends people to the shops, one after the other, at the speed asked for.
async fn everyday(
    population: Population,
    seed: u64,
    speed: f64,
    queues: Arc<Queues>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut dice = Dice::of(seed, "everyday");
    for visit in Traffic::new(&population, seed.wrapping_add(1), clock::now().0) {
        send(&queues, visit);
        let wait = VISIT_MS / speed * (0.25 + 1.5 * (dice.below(1000) as f64 / 1000.0));
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(Duration::from_micros((wait * 1000.0) as u64)) => {}
        }
    }
}

/// A till with a long queue loses a customer; nobody waits for it.
fn send(queues: &Queues, visit: Visit) {
    if let Some(queue) = queues.get(&(visit.shop, visit.terminal)) {
        let _ = queue.try_send(visit);
    }
}

/// Plays scenes that are asked for.
async fn stage(
    population: Population,
    seed: u64,
    mut scenes: mpsc::UnboundedReceiver<Scene>,
    queues: Arc<Queues>,
    host: Host,
    mut stopped: watch::Receiver<bool>,
) {
    let mut waves = 0;
    loop {
        let scene = tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return,
            scene = scenes.recv() => scene,
        };
        match scene {
            None => return,
            Some(Scene::FraudWave) => {
                waves += 1;
                let begin = clock::now().0;
                let wave = fraud_wave(&population, seed.wrapping_add(waves), begin);
                tokio::spawn(play_wave(wave, begin, Arc::clone(&queues), stopped.clone()));
            }
            Some(Scene::Outage) => {
                tokio::spawn(outage(host.clone(), stopped.clone()));
            }
        }
    }
}

async fn play_wave(wave: Vec<Visit>, begin: i64, queues: Arc<Queues>, mut stopped: watch::Receiver<bool>) {
    let started = tokio::time::Instant::now();
    for visit in wave {
        let after = (visit.at_ms - begin).max(0) as f64 / WAVE_COMPRESSION;
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep_until(started + Duration::from_millis(after as u64)) => {}
        }
        send(&queues, visit);
    }
}

async fn outage(host: Host, mut stopped: watch::Receiver<bool>) {
    if system::ask(&host, Command::SetHouse(House::IssuerDown)).await.is_err() {
        return;
    }
    tokio::select! {
        _ = stopped.wait_for(|stop| *stop) => {}
        () = tokio::time::sleep(OUTAGE) => {}
    }
    if let Err(unavailable) = system::ask(&host, Command::SetHouse(House::Open)).await {
        tracing::warn!(?unavailable, "the outage could not be ended");
    }
}

/// A terminal at its till.
struct Till {
    pos: Pos,
    address: SocketAddr,
    stream: Option<TcpStream>,
    shared: Arc<Shared>,
    dice: Dice,
}

impl Till {
    async fn serve(mut self, mut visits: mpsc::Receiver<Visit>, mut stopped: watch::Receiver<bool>) {
        loop {
            let visit = tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => return,
                visit = visits.recv() => visit,
            };
            let Some(visit) = visit else { return };
            if let Err(why) = self.visit(&visit).await {
                tracing::debug!(%why, "a visit came to nothing");
            }
        }
    }

    async fn visit(&mut self, visit: &Visit) -> Result<(), String> {
        const KEYS: KeySet = KeySet::Double;
        if !self.pos.is_signed_in() {
            let frame = self.pos.sign_in(KEYS).map_err(|error| error.to_string())?;
            self.exchange(frame).await?;
        }
        for _ in 0..DUES_MAX {
            let due = match self.pos.reversal_due().map_err(|error| error.to_string())? {
                Some(frame) => Some(frame),
                None => self.pos.script_result_due().map_err(|error| error.to_string())?,
            };
            let Some(frame) = due else { break };
            self.exchange(frame).await?;
        }
        let Some(frame) = self.act(visit)? else { return Ok(()) };
        let approved = self.exchange(frame).await?;
        self.shared.tally.count(approved);
        let last = self.pos.log().last().and_then(|entry| self.pos.original(entry.stan));
        if let (true, Some(original)) = (approved, last) {
            self.shared
                .originals
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(visit.serial, original);
        }
        Ok(())
    }

    /// The frame of what the visitor does; none where it follows something that was not approved here.
    fn act(&mut self, visit: &Visit) -> Result<Option<Vec<u8>>, String> {
        let nonce = (self.dice.throw() >> 32) as u32;
        let original = match visit.deed {
            Deed::Completion { of } | Deed::Void { of } | Deed::Refund { of } => {
                let originals = self.shared.originals.lock().unwrap_or_else(PoisonError::into_inner);
                match originals.get(&of) {
                    None => return Ok(None),
                    found => found.cloned(),
                }
            }
            Deed::Sale | Deed::PreAuthorization | Deed::BalanceInquiry => None,
        };
        let mut cards = self.shared.cards.lock().unwrap_or_else(PoisonError::into_inner);
        let wrong = Pin::parse("000000").map_err(|error| error.to_string())?;
        let pin = match visit.pin {
            Typed::None => None,
            Typed::Right => Some(&self.shared.pins[visit.holder]),
            Typed::Wrong => Some(&wrong),
        };
        let entry = match visit.how {
            How::Insert => Entry::Insert,
            How::Tap => Entry::Tap,
            How::Swipe => Entry::Swipe,
            How::Fallback => Entry::Fallback,
        };
        let mut copy;
        let card = match visit.fraud {
            Some(Fraud::Copy) => {
                copy = cards[visit.holder].cloned_at(0);
                &mut copy
            }
            Some(Fraud::Testing | Fraud::Guessing) | None => &mut cards[visit.holder],
        };
        let moment = Moment { at: local_time()?, nonce };
        let tender = Tender { card, entry, pin, moment };
        let amount = visit.amount.unsigned_abs();
        let frame = match (visit.deed, original) {
            (Deed::Sale, _) => self.pos.sale(tender, amount),
            (Deed::PreAuthorization, _) => self.pos.pre_authorize(tender, amount),
            (Deed::BalanceInquiry, _) => self.pos.balance(tender),
            (Deed::Completion { .. }, Some(original)) => {
                self.pos.complete(tender, &original, amount, CompletionBy::Request)
            }
            (Deed::Void { .. }, Some(original)) => self.pos.void(tender, &original),
            (Deed::Refund { .. }, Some(original)) => self.pos.refund(tender, &original, amount),
            (Deed::Completion { .. } | Deed::Void { .. } | Deed::Refund { .. }, None) => return Ok(None),
        };
        frame.map(Some).map_err(|error| error.to_string())
    }

    /// Sends a frame and reads its answer. Says whether it was approved.
    async fn exchange(&mut self, frame: Vec<u8>) -> Result<bool, String> {
        let answered = match tokio::time::timeout(ANSWER_WAIT, self.carry(&frame)).await {
            Ok(Ok(answer)) => self.pos.receive(&answer).map_err(|error| error.to_string()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("no answer in time".to_owned()),
        };
        match answered {
            Ok(reply) => Ok(reply.approved()),
            Err(why) => {
                self.stream = None;
                self.pos.no_answer();
                self.shared.tally.unanswered.fetch_add(1, Ordering::Relaxed);
                Err(why)
            }
        }
    }

    async fn carry(&mut self, frame: &[u8]) -> std::io::Result<Vec<u8>> {
        let stream = match self.stream.take() {
            Some(stream) => stream,
            None => TcpStream::connect(self.address).await?,
        };
        let stream = self.stream.insert(stream);
        stream.write_all(&Pos::framed(frame)).await?;
        let mut length = [0; 2];
        stream.read_exact(&mut length).await?;
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut answer).await?;
        Ok(answer)
    }
}

/// The terminals' clock.
fn local_time() -> Result<LocalTime, String> {
    let local = Zone::CHINA.local(clock::now());
    let date = ((local.year % 100) as u8, local.month, local.day_of_month);
    LocalTime::new(date, (local.hour(), local.minute(), local.second()))
        .ok_or_else(|| "the clock is wrong".to_owned())
}
