//! What a decision costs in memory: no journal, no bytes, accounts taken at random so that the caches miss.
//!
//! `cargo bench -p machine`

use divan::{Bencher, black_box};
use machine::Machine;
use machine::command::{
    AccountKind, Authorize, Checks, ChipCheck, Command, EnrollMerchant, Entry, IssueCard, KeySet, Limits,
    OpenAccount, PinCheck, PinReference, Place, Purpose, ValueCheck,
};
use machine::ids::{Acceptor, AccountId, CardId, Origin};
use machine::money::{Currency, Money};
use machine::policy::Policy;
use machine::time::{Expiry, Timestamp, Zone};

const ACCOUNTS: u64 = 100_000;
const BEGINNING: Timestamp = Timestamp(1_773_108_000_000);

fn main() {
    divan::main();
}

/// SplitMix64.
fn throw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

fn card(place: u64) -> CardId {
    let mut state = place;
    let mut id = [0; 16];
    id[..8].copy_from_slice(&throw(&mut state).to_le_bytes());
    id[8..].copy_from_slice(&throw(&mut state).to_le_bytes());
    CardId(id)
}

fn acceptor(place: u64) -> Acceptor {
    Acceptor {
        merchant: format!("89831005411{:04}", place % 1000).parse().expect("15 digits"),
        terminal: format!("{place:08}").parse().expect("8 digits"),
    }
}

fn town(accounts: u64) -> Machine {
    let mut machine = Machine::new(Policy { burst_ms: 1, ..Policy::DEFAULT });
    let mut tell = |command: Command| {
        machine.apply(&command, BEGINNING);
    };
    for place in 0..accounts {
        let account = AccountId(place);
        tell(Command::OpenAccount(OpenAccount {
            account,
            kind: AccountKind::Debit,
            currency: Currency::CNY,
            zone: Zone::CHINA,
            limits: Limits::NONE,
        }));
        tell(Command::Fund { account, amount: Money::new(900_000_000_000, Currency::CNY) });
        tell(Command::IssueCard(IssueCard {
            card: card(place),
            account,
            last4: *b"1234",
            expiry: Expiry { year: 40, month: 12 },
            active: true,
            chip: true,
            pin: Some(PinReference { key_index: 1, pvv: *b"1111" }),
            replaces: None,
        }));
    }
    for place in 0..1000 {
        let acceptor = acceptor(place);
        tell(Command::EnrollMerchant(EnrollMerchant {
            merchant: acceptor.merchant,
            name: "Shop".into(),
            mcc: 5411,
            country: 156,
        }));
        tell(Command::EnrollTerminal(acceptor));
        tell(Command::SignIn { acceptor, keys: KeySet::Double });
    }
    machine
}

struct Tills {
    machine: Machine,
    acceptors: Vec<Acceptor>,
    state: u64,
    asked: u64,
}

impl Tills {
    fn open() -> Tills {
        let acceptors = (0..1000).map(acceptor).collect();
        let mut tills = Tills { machine: town(ACCOUNTS), acceptors, state: 7, asked: 0 };
        // As long after the beginning as it gets: the memory of answers is full, and forgets.
        for _ in 0..Policy::DEFAULT.remember_max {
            let (command, at) = tills.ask(1_000);
            tills.machine.apply(&command, at);
        }
        tills
    }

    fn ask(&mut self, minor: i64) -> (Command, Timestamp) {
        self.asked += 1;
        let place = throw(&mut self.state) % ACCOUNTS;
        let acceptor = self.acceptors[(self.asked % 1000) as usize];
        let (batch, stan) = ((self.asked / 1_000_000_000) as u32 + 1, (self.asked / 1000 % 1_000_000) as u32);
        let counter = (self.asked / 10_000) as u16 + 1;
        let ask = Authorize {
            origin: Origin::Terminal { acceptor, batch, stan },
            purpose: Purpose::Sale,
            card: card(place),
            amount: Money::new(minor, Currency::CNY),
            entry: Entry::Chip,
            place: Place::Terminal(acceptor),
            expiry: Some(Expiry { year: 40, month: 12 }),
            checks: Checks {
                pin: PinCheck::Right,
                chip: if minor > 0 { ChipCheck::Absent } else { ChipCheck::Verified { counter } },
                value: ValueCheck::Absent,
            },
            advice: false,
            answer_by: None,
        };
        (Command::Authorize(ask), BEGINNING.plus(self.asked as i64))
    }
}

#[divan::bench(sample_count = 200, sample_size = 1000)]
fn sale_approved(bencher: Bencher) {
    let mut tills = Tills::open();
    bencher.bench_local(move || {
        let (command, at) = tills.ask(1_000);
        black_box(tills.machine.apply(black_box(&command), at))
    });
}

#[divan::bench(sample_count = 200, sample_size = 1000)]
fn sale_declined(bencher: Bencher) {
    let mut tills = Tills::open();
    bencher.bench_local(move || {
        let (command, at) = tills.ask(999_999_999_999);
        black_box(tills.machine.apply(black_box(&command), at))
    });
}

#[divan::bench(sample_count = 200, sample_size = 1000)]
fn sale_peeked(bencher: Bencher) {
    let mut tills = Tills::open();
    bencher.bench_local(move || {
        let (command, at) = tills.ask(1_000);
        let Command::Authorize(ask) = &command else { unreachable!("only sales are asked") };
        black_box(tills.machine.peek(black_box(ask), at))
    });
}

#[divan::bench(sample_count = 200, sample_size = 1000)]
fn asking_alone(bencher: Bencher) {
    let mut tills = Tills::open();
    bencher.bench_local(move || black_box(tills.ask(1_000)));
}

#[divan::bench(sample_count = 100, sample_size = 1000)]
fn sale_into_bytes(bencher: Bencher) {
    let mut tills = Tills::open();
    let (command, at) = tills.ask(1_000);
    let outcome = tills.machine.apply(&command, at);
    let mut bytes = Vec::with_capacity(4096);
    bencher.bench_local(move || {
        bytes.clear();
        black_box(&command).encode(&mut bytes);
        black_box(&outcome).encode(&mut bytes);
        black_box(bytes.len())
    });
}
