//! A host for tests and for looking at the pages: a real machine behind a lock, whose outcomes are durable at
//! once, and a small street to shop in.
//!
//! No journal, no socket. Card numbers are made up, with a right check digit.
#![allow(dead_code, reason = "each test uses what it needs of the bed")]

use machine::Machine;
use machine::command::{
    AccountKind, Authorize, Checks, Command, EnrollMerchant, Entry, IssueCard, KeySet, Limits, OpenAccount,
    PinCheck, PinReference, Place, Purpose,
};
use machine::ids::{Acceptor, AccountId, CardId, MerchantId, Origin, TerminalId, TransactionId};
use machine::money::{Currency, Money};
use machine::outcome::{Answer, Outcome};
use machine::policy::Policy;
use machine::time::{DAY_MS, Expiry, Timestamp, Zone};
use std::any::Any;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::{RwLock, broadcast};
use web::port::{Coming, Durable, Event, Host, Latency, Look, NotACard, Scene, Standing, Token, Unavailable};

/// 2026-11-22 18:05:00 in China.
pub const OPENING: Timestamp = Timestamp(1_795_341_900_000);

/// The six shops of the street: merchant, terminal, name, category.
pub const SHOPS: [(&str, &str, &str, u16); 6] = [
    ("898310154110001", "10000001", "早安豆浆铺", 5814),
    ("898310154110002", "10000002", "青木书店", 5942),
    ("898310154110003", "10000003", "永和超市", 5411),
    ("898310154110004", "10000004", "Lumen 光影相机", 5946),
    ("898310154110005", "10000005", "江边小馆", 5812),
    ("898310154110006", "10000006", "安康大药房", 5912),
];

/// The host.
pub struct Bed {
    machine: Mutex<Machine>,
    events: broadcast::Sender<Arc<Vec<Event>>>,
    at: AtomicU64,
    head: AtomicU64,
    stan: AtomicU64,
    /// While somebody holds it, answers wait.
    pub gate: Arc<RwLock<()>>,
    /// Whether the host is ready.
    pub ready: AtomicBool,
    /// What the host does instead of answering.
    pub failing: Mutex<Option<Unavailable>>,
    /// The scenes that were played.
    pub played: Mutex<Vec<Scene>>,
}

impl Bed {
    /// A bare host.
    pub fn new() -> Arc<Bed> {
        Bed::under(Policy::DEFAULT)
    }

    /// A bare host under a policy.
    pub fn under(policy: Policy) -> Arc<Bed> {
        Arc::new(Bed {
            machine: Mutex::new(Machine::new(policy)),
            events: broadcast::channel(4096).0,
            at: AtomicU64::new(OPENING.0 as u64),
            head: AtomicU64::new(0),
            stan: AtomicU64::new(0),
            gate: Arc::default(),
            ready: AtomicBool::new(true),
            failing: Mutex::default(),
            played: Mutex::default(),
        })
    }

    /// A host with six shops and `cards` cards, each on an account of its own with ¥5,000.00.
    pub fn street(cards: u64) -> Arc<Bed> {
        let bed = Bed::new();
        for (merchant, terminal, name, mcc) in SHOPS {
            let merchant = merchant.parse().expect("is a merchant");
            let acceptor = Acceptor { merchant, terminal: terminal.parse().expect("is a terminal") };
            bed.must(Command::EnrollMerchant(EnrollMerchant {
                merchant,
                name: name.to_owned(),
                mcc,
                country: 156,
            }));
            bed.must(Command::EnrollTerminal(acceptor));
            bed.apply(Command::SignIn { acceptor, keys: KeySet::Double });
        }
        for number in 0..cards {
            bed.open(number, 500_000);
        }
        bed
    }

    /// Opens account `1001 + number` with so much money and issues its card.
    pub fn open(&self, number: u64, minor: i64) -> CardId {
        let account = AccountId(1001 + number);
        let limits = Limits { single: 500_000, daily: 800_000, monthly: 5_000_000, daily_count: 50 };
        self.must(Command::OpenAccount(OpenAccount {
            account,
            kind: AccountKind::Debit,
            currency: Currency::CNY,
            zone: Zone::CHINA,
            limits,
        }));
        if minor > 0 {
            self.must(Command::Fund { account, amount: Money::new(minor, Currency::CNY) });
        }
        let card_number = card_number(number);
        let token = self.token(&card_number).expect("is a card number");
        self.must(Command::IssueCard(IssueCard {
            card: token.card,
            account,
            last4: token.last4,
            expiry: Expiry { year: 29, month: 11 },
            active: true,
            chip: true,
            pin: self.pin_reference(&card_number, "246810").ok(),
            replaces: None,
        }));
        token.card
    }

    /// The card of account `1001 + number`.
    pub fn card(&self, number: u64) -> CardId {
        self.token(&card_number(number)).expect("is a card number").card
    }

    /// Applies a command, which is durable at once.
    pub fn apply(&self, command: Command) -> Outcome {
        let at = self.now();
        let mut machine = self.machine.lock().expect("no test panics while it holds the machine");
        let outcome = machine.apply(&command, at);
        self.head.fetch_add(1, Ordering::Relaxed);
        let _ = self.events.send(Arc::new(vec![Event { at, command, outcome: outcome.clone() }]));
        outcome
    }

    fn must(&self, command: Command) {
        let outcome = self.apply(command);
        assert_eq!(outcome, Outcome::Done);
    }

    /// A chip sale with a PIN at shop `shop`.
    pub fn sale(&self, card: CardId, shop: usize, minor: i64, pin: PinCheck) -> Answer {
        self.sale_by(card, shop, minor, Entry::Chip, pin)
    }

    /// A sale at shop `shop`.
    pub fn sale_by(&self, card: CardId, shop: usize, minor: i64, entry: Entry, pin: PinCheck) -> Answer {
        let stan = self.stan.fetch_add(1, Ordering::Relaxed) as u32;
        let (merchant, terminal, _, _) = SHOPS[shop];
        let merchant: MerchantId = merchant.parse().expect("is a merchant");
        let terminal: TerminalId = terminal.parse().expect("is a terminal");
        let acceptor = Acceptor { merchant, terminal };
        let outcome = self.apply(Command::Authorize(Authorize {
            origin: Origin::Terminal { acceptor, batch: 1 + stan / 1_000_000, stan: stan % 1_000_000 },
            purpose: Purpose::Sale,
            card,
            amount: Money::new(minor, Currency::CNY),
            entry,
            place: Place::Terminal(acceptor),
            expiry: None,
            checks: Checks { pin, ..Checks::NONE },
            advice: false,
            answer_by: None,
        }));
        let (Outcome::Decided(answer) | Outcome::Repeated(answer)) = outcome else {
            panic!("a sale is decided: {outcome:?}");
        };
        answer
    }

    /// Lets time pass.
    pub fn pass(&self, ms: u64) {
        self.at.fetch_add(ms, Ordering::Relaxed);
    }

    /// Sets the clock.
    pub fn set_clock(&self, at: Timestamp) {
        self.at.store(at.0 as u64, Ordering::Relaxed);
    }

    /// Reads the machine.
    pub fn read<T>(&self, read: impl FnOnce(&Machine) -> T) -> T {
        read(&self.machine.lock().expect("no test panics while it holds the machine"))
    }
}

impl Host for Bed {
    fn ask(&self, command: Command) -> Coming<Durable> {
        if let Some(unavailable) = *self.failing.lock().expect("is short") {
            return Box::pin(async move { Err(unavailable) });
        }
        let outcome = self.apply(command);
        let (gate, at) = (Arc::clone(&self.gate), self.now());
        Box::pin(async move {
            let _open = gate.read().await;
            Ok(Durable { outcome, at })
        })
    }

    fn look(&self, look: Look) -> Coming<Box<dyn Any + Send>> {
        let answer =
            look(&self.machine.lock().expect("no test panics while it holds the machine"), self.now());
        Box::pin(async move { Ok(answer) })
    }

    fn events(&self) -> broadcast::Receiver<Arc<Vec<Event>>> {
        self.events.subscribe()
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.at.load(Ordering::Relaxed) as i64)
    }

    fn standing(&self) -> Standing {
        let ready = self.ready.load(Ordering::Relaxed);
        let since = Timestamp(OPENING.0 - DAY_MS);
        let why = (!ready).then(|| "it is being read back".to_owned());
        Standing { ready, head: self.head.load(Ordering::Relaxed), since, why }
    }

    fn latency(&self) -> Option<Latency> {
        Some(Latency { p50_us: 184, p99_us: 612 })
    }

    fn metrics(&self) -> String {
        format!(
            "# TYPE cardwarden_records_total counter\ncardwarden_records_total {}\n",
            self.head.load(Ordering::Relaxed)
        )
    }

    fn token(&self, card_number: &str) -> Result<Token, NotACard> {
        let digits = card_number.as_bytes();
        if !(12..=19).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
            return Err(NotACard { why: "is not 12 to 19 digits" });
        }
        if check_digit(&card_number[..digits.len() - 1]) != digits[digits.len() - 1] {
            return Err(NotACard { why: "has a wrong check digit" });
        }
        let hash = blake3::keyed_hash(&[7; 32], digits);
        let card = CardId(std::array::from_fn(|place| hash.as_bytes()[place]));
        Ok(Token { card, last4: std::array::from_fn(|place| digits[digits.len() - 4 + place]) })
    }

    fn pin_reference(&self, card_number: &str, pin: &str) -> Result<PinReference, NotACard> {
        if !(4..=12).contains(&pin.len()) || !pin.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotACard { why: "is not 4 to 12 digits" });
        }
        let hash = blake3::keyed_hash(&[9; 32], format!("{card_number}/{pin}").as_bytes());
        let pvv = std::array::from_fn(|place| b'0' + hash.as_bytes()[place] % 10);
        Ok(PinReference { key_index: 1, pvv })
    }

    fn play(&self, scene: Scene) -> bool {
        self.played.lock().expect("is short").push(scene);
        true
    }

    fn archived(&self, _: TransactionId) -> Coming<Option<Event>> {
        Box::pin(async { Ok(None) })
    }
}

/// A made-up card number of sixteen digits.
pub fn card_number(number: u64) -> String {
    let body = format!("622202{:09}", 100_000_000 + number * 7_919);
    let check = char::from(check_digit(&body));
    format!("{body}{check}")
}

/// The check digit of ISO/IEC 7812-1 annex B (Luhn).
fn check_digit(body: &str) -> u8 {
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0');
            if place % 2 == 1 {
                digit
            } else if digit >= 5 {
                digit * 2 - 9
            } else {
                digit * 2
            }
        })
        .sum();
    b'0' + ((10 - sum % 10) % 10) as u8
}
