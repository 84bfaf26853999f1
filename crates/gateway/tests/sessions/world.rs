//! A gateway with a machine behind it that answers at once, a security module, and a few terminals, cards and hosts.
//!
//! What a script says is in `script`; here is what it says it to.

use crate::pos::{MERCHANT, Pos};
use cardcrypto::cipher::Tdes;
use cardcrypto::cvv::{SERVICE_CODE_ICVV, ServiceCode, card_verification_value};
use cardcrypto::emv::{MasterKeyOption, Profile};
use cardcrypto::hsm::SoftHsm;
use cardcrypto::key::{Key, KeyAlgorithm, TdesKey};
use cardcrypto::pin_verification::visa_pvv;
use cardcrypto::{
    Exportability, Hsm, KeyAttributes, KeyHandle, KeyMode, KeyStatus, KeyUsage, Pan, Pin, SystemEntropy,
};
use gateway::{
    ChipProfile, Directory, Gateway, HostMac, HostProfile, IssuerRange, KeyRing, LinkId, LinkKind, Output,
    Settings, Ticket, ValueProfile,
};
use iso8583::{Framing, ISO87_ASCII_HEX, LengthPrefix};
use machine::Machine;
use machine::command::{AccountKind, Command, EnrollMerchant, IssueCard, Limits, OpenAccount, PinReference};
use machine::ids::{Acceptor, AccountId, CardId};
use machine::money::{Currency, Money};
use machine::outcome::Outcome;
use machine::policy::Policy;
use machine::time::{Expiry, Timestamp, Zone};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// 2026-11-22 10:00:00 in China.
pub const MORNING: Timestamp = Timestamp(1_795_312_800_000);
pub const PVK: [u8; 16] = *b"\x11\x23\x45\x67\x89\xAB\xCD\xEF\xFE\xDC\xBA\x98\x76\x54\x32\x10";
pub const CVK: [u8; 16] = *b"\x21\x23\x45\x67\x89\xAB\xCD\xEF\xFE\xDC\xBA\x98\x76\x54\x32\x10";
pub const IMK: [u8; 16] = *b"\x31\x23\x45\x67\x89\xAB\xCD\xEF\xFE\xDC\xBA\x98\x76\x54\x32\x10";
pub const ZAK: [u8; 16] = *b"\x41\x23\x45\x67\x89\xAB\xCD\xEF\xFE\xDC\xBA\x98\x76\x54\x32\x10";

/// A card of the script: its number, what is on its stripe, and whether it has a chip.
pub struct CardFixture {
    pub pan: &'static str,
    pub service: &'static str,
    pub chip: bool,
}

/// A: stripe, B: chip, C: not ours. All expire 3012; A and B have the PIN 123456 and 10,000.00.
pub const CARDS: [(&str, CardFixture); 3] = [
    ("A", CardFixture { pan: "6225880212345675", service: "101", chip: false }),
    ("B", CardFixture { pan: "6225880298765438", service: "201", chip: true }),
    ("C", CardFixture { pan: "6225880200000008", service: "101", chip: false }),
];

pub fn card(name: &str) -> &'static CardFixture {
    &CARDS.iter().find(|(named, _)| *named == name).expect("a card of the world").1
}

/// Track 2 with a right verification value: of the stripe, or of the chip's image of it.
pub fn track_of(fixture: &CardFixture, image: bool) -> String {
    let cvk = Tdes::new(&TdesKey::new(&CVK).unwrap());
    let service = ServiceCode::parse(fixture.service).unwrap();
    let computed = if image { SERVICE_CODE_ICVV } else { service };
    let expiry = cardcrypto::cvv::Expiry::parse("3012").unwrap();
    let value = card_verification_value(&cvk, &Pan::parse(fixture.pan).unwrap(), expiry, computed);
    format!("{}D3012{}00000{}", fixture.pan, fixture.service, std::str::from_utf8(value.expose()).unwrap())
}

pub struct World {
    pub machine: Machine,
    pub gateway: Gateway,
    pub hsm: Arc<SoftHsm>,
    pub ring: KeyRing,
    pub pvk: KeyHandle,
    pub now: Timestamp,
    pub settings: Settings,
    pub terminals: BTreeMap<String, Pos>,
    /// Asks not yet answered, while the shard is slow.
    pub asked: VecDeque<(Ticket, Command)>,
    pub slow: bool,
    pub sent: BTreeMap<LinkId, Vec<u8>>,
    pub hung_up: Vec<String>,
    pub kept: Vec<(String, usize)>,
    pub order: Vec<&'static str>,
}

pub fn tdes(bytes: &[u8]) -> Key {
    Key::new(KeyAlgorithm::TdesDouble, bytes).unwrap()
}

fn load(hsm: &SoftHsm, usage: KeyUsage, mode: KeyMode, key: Key) -> KeyHandle {
    let attributes = KeyAttributes::new(usage, key.algorithm(), mode).exportable(Exportability::Never);
    hsm.load(None, attributes, KeyStatus::Active, key).unwrap()
}

impl World {
    pub fn new() -> World {
        World::with(Settings::china())
    }

    pub fn with(settings: Settings) -> World {
        let hsm = Arc::new(SoftHsm::new(Box::new(SystemEntropy)));
        let hash = load(&hsm, KeyUsage::CardHash, KeyMode::Generate, key(KeyAlgorithm::HmacSha256, 0x51));
        let base = load(&hsm, KeyUsage::Derivation, KeyMode::Derive, key(KeyAlgorithm::Aes256, 0x61));
        let pvk = load(&hsm, KeyUsage::PinVerificationVisa, KeyMode::Unrestricted, tdes(&PVK));
        let cvk = load(&hsm, KeyUsage::CardVerification, KeyMode::Unrestricted, tdes(&CVK));
        let imk = load(&hsm, KeyUsage::EmvCryptogram, KeyMode::Derive, tdes(&IMK));
        let mut ring = KeyRing::new(hash, base);
        ring.pin_verification[0] = Some(pvk);
        ring.issuers.push(IssuerRange {
            prefix: "622588".to_owned(),
            value: Some(ValueProfile { key: cvk, place: 5 }),
            chip: Some(ChipProfile { key: imk, profile: Profile::Pboc, master_key: MasterKeyOption::A }),
        });
        let machine = Machine::new(Policy::DEFAULT);
        let gateway = Gateway::new(hsm.clone(), ring.clone(), Directory::of(&machine), settings.clone());
        let mut world = World {
            machine,
            gateway,
            hsm,
            ring,
            pvk,
            now: MORNING,
            settings,
            terminals: BTreeMap::new(),
            asked: VecDeque::new(),
            slow: false,
            sent: BTreeMap::new(),
            hung_up: Vec::new(),
            kept: Vec::new(),
            order: Vec::new(),
        };
        world.settle_in();
        world
    }

    fn settle_in(&mut self) {
        let merchant = MERCHANT.parse().unwrap();
        let shop = EnrollMerchant { merchant, name: "Tea house".to_owned(), mcc: 5814, country: 156 };
        self.command(Command::EnrollMerchant(shop));
        for (place, name) in ["T1", "T2"].into_iter().enumerate() {
            let number = format!("{:08}", place + 1);
            let acceptor = Acceptor { merchant, terminal: number.parse().unwrap() };
            self.command(Command::EnrollTerminal(acceptor));
            let master = [0x71 + place as u8 * 2; 8].into_iter().chain([0x15; 8]).collect::<Vec<u8>>();
            let handle = load(&self.hsm, KeyUsage::KeyEncryption, KeyMode::Both, tdes(&master));
            self.ring.set_terminal_master(acceptor, handle);
            self.gateway.keys_mut().set_terminal_master(acceptor, handle);
            self.terminals.insert(name.to_owned(), Pos::new(&number, TdesKey::new(&master).unwrap()));
        }
        // Enrolled nowhere.
        let stranger = Pos::new("99999999", TdesKey::new(&[9; 16]).unwrap());
        self.terminals.insert("T9".to_owned(), stranger);
        for (place, name) in ["A", "B"].into_iter().enumerate() {
            self.issue(AccountId(place as u64 + 1), card(name));
        }
        for (place, name) in ["T1", "T2", "T9"].into_iter().enumerate() {
            let _ = name;
            self.gateway.connected(LinkId(place as u64 + 1), LinkKind::UnionPayPos, self.now);
        }
    }

    fn issue(&mut self, account: AccountId, fixture: &CardFixture) {
        let currency = Currency::CNY;
        let limits = Limits::NONE;
        let open = OpenAccount { account, kind: AccountKind::Debit, currency, zone: Zone::CHINA, limits };
        self.command(Command::OpenAccount(open));
        self.command(Command::Fund { account, amount: Money::new(1_000_000, currency) });
        let pan = Pan::parse(fixture.pan).unwrap();
        self.command(Command::IssueCard(IssueCard {
            card: self.card_id(fixture.pan),
            account,
            last4: pan.last4().as_bytes().try_into().unwrap(),
            expiry: Expiry { year: 30, month: 12 },
            active: true,
            chip: fixture.chip,
            pin: Some(PinReference { key_index: 1, pvv: pvv_of(fixture, "123456") }),
            replaces: None,
        }));
    }

    pub fn acceptor(&self, terminal: &str) -> Acceptor {
        let pos = &self.terminals[terminal];
        Acceptor { merchant: pos.merchant.parse().unwrap(), terminal: pos.terminal.parse().unwrap() }
    }

    pub fn card_id(&self, pan: &str) -> CardId {
        CardId(self.hsm.hash_card(self.ring.card_hash, &Pan::parse(pan).unwrap()).unwrap().0)
    }

    /// A command of the house.
    pub fn command(&mut self, command: Command) -> Outcome {
        let outcome = self.machine.apply(&command, self.now);
        self.gateway.observe(&command, &outcome);
        outcome
    }

    /// A gateway that knows only what the machine knows, with new connections.
    pub fn restart(&mut self) {
        let directory = Directory::of(&self.machine);
        self.gateway = Gateway::new(self.hsm.clone(), self.ring.clone(), directory, self.settings.clone());
        for link in 1..=3 {
            self.gateway.connected(LinkId(link), LinkKind::UnionPayPos, self.now);
        }
    }

    pub fn host_profile(&self) -> HostProfile {
        let mac = load(&self.hsm, KeyUsage::MacAlgorithm3, KeyMode::GenerateAndVerify, tdes(&ZAK));
        HostProfile {
            any_dialect: false,
            dialect: &ISO87_ASCII_HEX,
            framing: Framing { length: LengthPrefix::Binary2, tpdu: false },
            acquirer: 48_020_000,
            country: 156,
            answer_ms: 10_000,
            sign_on: true,
            mac: HostMac::Retail(mac),
            pin: None,
        }
    }

    /// Does what the gateway asks for, until it asks for nothing.
    pub fn drain(&mut self) {
        loop {
            while let Some(output) = self.gateway.poll() {
                scan(&format!("{output:?} {:?} {:?}", self.gateway, self.gateway.counters()));
                match output {
                    Output::Send { link, bytes } => {
                        self.order.push("send");
                        self.gateway.written(link, bytes.len(), self.now);
                        self.sent.entry(link).or_default().extend_from_slice(&bytes);
                    }
                    Output::Ask { ticket, command } => {
                        self.order.push("ask");
                        self.asked.push_back((ticket, command));
                    }
                    Output::Hangup { link, why } => self.hung_up.push(format!("{} {}", link.0, why.slug())),
                    Output::Keep { name, image } => {
                        self.order.push("keep");
                        assert_eq!(blake3::hash(&image).as_bytes(), &name);
                        self.kept.push((crate::pos::hex(&name[..4]), image.len()));
                    }
                }
            }
            self.compare();
            if self.slow {
                return;
            }
            let Some((ticket, command)) = self.asked.pop_front() else { return };
            self.decide(ticket, &command);
        }
    }

    /// What the gateway was told bit by bit is what the machine says.
    pub fn compare(&self) {
        let (told, says) = (self.gateway.directory(), Directory::of(&self.machine));
        for card in self.machine.cards() {
            assert_eq!(told.card(card.id), says.card(card.id));
        }
        for terminal in self.machine.terminals() {
            let shown = |directory: &Directory| {
                let entry = directory.terminal(terminal.id).expect("enrolled");
                (entry.generation, entry.batch, entry.signed_in)
            };
            assert_eq!(shown(told), shown(&says));
        }
    }

    /// The shard answers one ask.
    pub fn decide(&mut self, ticket: Ticket, command: &Command) {
        let outcome = self.machine.apply(command, self.now);
        self.gateway.observe(command, &outcome);
        self.gateway.answered(ticket, command, &outcome, self.now);
    }

    pub fn link_of(&self, terminal: &str) -> LinkId {
        let place = self.terminals.keys().position(|name| name == terminal).expect("a terminal of the world");
        LinkId(place as u64 + 1)
    }

    /// Sends bytes and takes what comes back.
    pub fn exchange(&mut self, link: LinkId, bytes: &[u8]) -> Vec<u8> {
        self.gateway.receive(link, bytes, self.now);
        self.drain();
        self.sent.remove(&link).unwrap_or_default()
    }

    pub fn tick(&mut self, ms: i64) {
        self.now = self.now.plus(ms);
        while let Some(due) = self.gateway.deadline().filter(|due| *due <= self.now) {
            self.gateway.tick(self.now.max(due));
        }
        self.drain();
    }
}

pub fn key(algorithm: KeyAlgorithm, fill: u8) -> Key {
    Key::new(algorithm, &vec![fill; algorithm.bytes()]).unwrap()
}

/// Nothing that could be logged shows a card number, a track or a PIN.
pub fn scan(shown: &str) {
    for (_, fixture) in &CARDS {
        for secret in [fixture.pan, &fixture.pan[..12], &fixture.pan[6..]] {
            assert!(!shown.contains(secret), "a card number in {shown}");
        }
    }
    assert!(!shown.contains("123456"), "a PIN in {shown}");
}

/// The verification value of a PIN for a card.
fn pvv_of(fixture: &CardFixture, pin: &str) -> [u8; 4] {
    let (key, pan) = (Tdes::new(&TdesKey::new(&PVK).unwrap()), Pan::parse(fixture.pan).unwrap());
    *visa_pvv(&key, 1, &Pin::parse(pin).unwrap(), &pan).expose()
}

/// The verification value of a PIN for card A.
pub fn pvv_of_a(pin: &str) -> [u8; 4] {
    pvv_of(card("A"), pin)
}
