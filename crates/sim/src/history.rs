//! A population's past, told to the machine: accounts, cards and shops come to be, and thirty days are lived.
//!
//! What people did comes from `traffic`; here it becomes commands, by asking a machine of its own along the
//! way what was approved. Card numbers go no further than to the closures that hide them.

use crate::population::{Holder, Population, ZONE_MINUTES};
use crate::traffic::{Deed, Fraud, How, Pin, Traffic, Visit};
use machine::Machine;
use machine::account::Account;
use machine::cause::Cause;
use machine::command::{
    AccountKind, Authorize, Checks, ChipCheck, Command, EnrollMerchant, Entry, Follow, IssueCard, KeySet,
    Limits, OpenAccount, Original, PinCheck, PinReference, Place, PlaceFreeze, Purpose, ValueCheck,
};
use machine::freeze::{Actor, PlacedBy, Scope};
use machine::ids::{Acceptor, AccountId, CardId, FreezeId, Origin, TransactionId};
use machine::money::{Currency, Money};
use machine::outcome::{Answer, Outcome};
use machine::policy::Policy;
use machine::time::{DAY_MS, Expiry, HOUR_MS, MINUTE_MS, Timestamp, Zone};
use std::collections::BTreeMap;

/// How the edge hides what the machine may not know.
pub struct Hidden<'a> {
    /// The keyed hash of a card number.
    pub card_id: &'a dyn Fn(&str) -> CardId,
    /// The verification value of a card number and its PIN.
    pub pin_reference: &'a dyn Fn(&str, &str) -> PinReference,
}

/// The last so many minutes belong to the scenes at the end.
pub const SCENES_MS: i64 = 15 * MINUTE_MS;

/// A frozen account at the end of the past.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frozen {
    /// Whose, by place in the population.
    pub holder: usize,
    /// Which freeze.
    pub freeze: FreezeId,
    /// Why.
    pub cause: Cause,
}

/// Where a terminal stands at the end of the past.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Till {
    /// Which shop, by place in the population.
    pub shop: usize,
    /// Which of its terminals.
    pub terminal: usize,
    /// The machine's name for it.
    pub acceptor: Acceptor,
    /// Its current batch.
    pub batch: u32,
    /// The first trace number it has not used in it.
    pub next_stan: u32,
}

/// A past.
#[derive(Clone, Debug)]
pub struct History {
    /// All that was asked, in order: applied to a new machine under the default policy it comes out as told.
    pub commands: Vec<(Timestamp, Command)>,
    /// Three frozen cards: by PIN tries, by card testing, by the bank.
    pub frozen: [Frozen; 3],
    /// A holder whose daily limit is used up, by place in the population.
    pub over_limit: usize,
    /// The terminals.
    pub tills: Vec<Till>,
}

/// The name of a holder's account.
#[must_use]
pub const fn account_id(holder: &Holder) -> AccountId {
    AccountId(holder.account)
}

/// The machine's name for a terminal of a shop.
///
/// # Panics
/// If the population has no such terminal.
#[must_use]
pub fn acceptor(population: &Population, shop: usize, terminal: usize) -> Acceptor {
    let shop = &population.shops[shop];
    Acceptor {
        merchant: shop.merchant.parse().expect("merchant numbers are 15 digits"),
        terminal: shop.terminals[terminal].parse().expect("terminal numbers are 8 digits"),
    }
}

/// Lives `days` days that end at `until`, and the scenes at the end.
///
/// # Panics
/// If there are fewer than four holders with a chip card, or no days.
#[must_use]
pub fn history(population: &Population, seed: u64, until: Timestamp, days: u32, hidden: &Hidden) -> History {
    assert!(days > 0, "a past has at least a day");
    let from = until.plus(-i64::from(days) * DAY_MS);
    let mut past = Past::begin(population, hidden);
    let cast = past.cast();
    past.found(from.plus(-HOUR_MS));
    past.incomes(from, until);
    for visit in Traffic::new(population, seed, from.0) {
        let at = Timestamp(visit.at_ms);
        if at >= until.plus(-SCENES_MS) {
            break;
        }
        past.nights_until(at);
        past.visit(&visit);
    }
    past.nights_until(until.plus(-SCENES_MS));
    let frozen = past.scenes(cast, until);
    let tills = past.tills();
    let commands = past.commands;
    History { commands, frozen, over_limit: cast[3], tills }
}

struct Past<'a> {
    population: &'a Population,
    machine: Machine,
    commands: Vec<(Timestamp, Command)>,
    cards: Vec<CardId>,
    references: Vec<Option<PinReference>>,
    /// Chip counters by holder.
    counters: Vec<u16>,
    acceptors: Vec<Vec<Acceptor>>,
    stans: BTreeMap<Acceptor, u32>,
    /// What was approved, by serial of the visit.
    approved: BTreeMap<u64, (Answer, Origin)>,
    /// Money that comes in, by time and holder; taken from the front.
    incomes: BTreeMap<(Timestamp, usize), Money>,
    /// When the shops settle next: two in the morning, before the first is open.
    next_night: Timestamp,
}

const CNY: Currency = Currency::CNY;

impl<'a> Past<'a> {
    fn begin(population: &'a Population, hidden: &Hidden) -> Past<'a> {
        let holders = &population.holders;
        let acceptors = |shop: usize| {
            let tills = population.shops[shop].terminals.len();
            (0..tills).map(|till| acceptor(population, shop, till)).collect()
        };
        Past {
            population,
            machine: Machine::new(Policy::DEFAULT),
            commands: Vec::new(),
            cards: holders.iter().map(|holder| (hidden.card_id)(&holder.card.number)).collect(),
            references: holders
                .iter()
                .map(|holder| Some((hidden.pin_reference)(&holder.card.number, &holder.card.pin)))
                .collect(),
            counters: vec![0; holders.len()],
            acceptors: (0..population.shops.len()).map(acceptors).collect(),
            stans: BTreeMap::new(),
            approved: BTreeMap::new(),
            incomes: BTreeMap::new(),
            next_night: Timestamp(i64::MIN),
        }
    }

    /// Who plays in the scenes: the first four with a chip, the very first left alone for whoever tries a card.
    fn cast(&self) -> [usize; 4] {
        let holders = self.population.holders.iter().enumerate();
        let mut with_chip = holders.filter(|(_, holder)| holder.card.chip).map(|(place, _)| place).skip(1);
        std::array::from_fn(|_| {
            with_chip.next().expect("a population has more chip cards than a scene has players")
        })
    }

    fn tell(&mut self, at: Timestamp, command: Command) -> Outcome {
        let outcome = self.machine.apply(&command, at);
        self.commands.push((at, command));
        outcome
    }

    /// Accounts, cards, shops and terminals come to be.
    fn found(&mut self, at: Timestamp) {
        for (place, holder) in self.population.holders.iter().enumerate() {
            let (purse, card) = (&holder.purse, &holder.card);
            let account = account_id(holder);
            let (single, daily, monthly, daily_count) =
                (purse.single, purse.daily, purse.monthly, purse.daily_count);
            self.tell(
                at,
                Command::OpenAccount(OpenAccount {
                    account,
                    kind: purse.line.map_or(AccountKind::Debit, |line| AccountKind::Credit { line }),
                    currency: CNY,
                    zone: Zone(ZONE_MINUTES),
                    limits: Limits { single, daily, monthly, daily_count },
                }),
            );
            if purse.opening > 0 {
                self.tell(at, Command::Fund { account, amount: Money::new(purse.opening, CNY) });
            }
            let issue = IssueCard {
                card: self.cards[place],
                account,
                last4: card.last4(),
                expiry: Expiry { year: card.expiry_year, month: card.expiry_month },
                active: true,
                chip: card.chip,
                pin: self.references[place],
                replaces: None,
            };
            self.tell(at, Command::IssueCard(issue));
        }
        for (place, shop) in self.population.shops.iter().enumerate() {
            let enroll = EnrollMerchant {
                merchant: self.acceptors[place][0].merchant,
                name: shop.name.zh.clone(),
                mcc: shop.trade.mcc(),
                country: 156,
            };
            self.tell(at, Command::EnrollMerchant(enroll));
            for acceptor in self.acceptors[place].clone() {
                self.tell(at, Command::EnrollTerminal(acceptor));
                self.tell(at, Command::SignIn { acceptor, keys: KeySet::Double });
            }
        }
    }

    /// Paydays: salaries, or a credit account paid back by what is usual.
    fn incomes(&mut self, from: Timestamp, until: Timestamp) {
        let zone = Zone(ZONE_MINUTES);
        self.next_night = after_midnight(from, 2 * HOUR_MS);
        let mut noon = after_midnight(from, 9 * HOUR_MS);
        while noon < until.plus(-SCENES_MS) {
            for (place, holder) in self.population.holders.iter().enumerate() {
                if zone.local(noon).day_of_month == holder.purse.payday {
                    self.incomes.insert((noon, place), Money::new(holder.purse.income, CNY));
                }
            }
            noon = noon.plus(DAY_MS);
        }
    }

    /// What happens by itself until `at`: money comes in, shops settle, terminals sign in for the day.
    fn nights_until(&mut self, at: Timestamp) {
        loop {
            let income = self.incomes.first_key_value().map(|(&(due, place), &money)| (due, place, money));
            match income {
                Some((due, place, amount)) if due <= at && due < self.next_night => {
                    self.incomes.remove(&(due, place));
                    let account = account_id(&self.population.holders[place]);
                    // A credit account is paid back what is owed, and no more.
                    let owed = self.machine.account(account).map_or(0, |account| -account.balance);
                    let credit = self.population.holders[place].purse.line.is_some();
                    let minor = if credit { amount.minor.min(owed) } else { amount.minor };
                    if minor > 0 {
                        self.tell(due, Command::Fund { account, amount: Money::new(minor, CNY) });
                    }
                }
                Some(_) | None => {
                    if self.next_night > at {
                        return;
                    }
                    self.settle_all(self.next_night);
                    self.next_night = self.next_night.plus(DAY_MS);
                }
            }
        }
    }

    fn settle_all(&mut self, at: Timestamp) {
        self.tell(at, Command::Sweep);
        for acceptor in self.acceptors.concat() {
            let Some(terminal) = self.machine.terminal(acceptor) else { continue };
            let batch = terminal.batch;
            let totals = terminal.batches.iter().find(|kept| kept.number == batch).map(|kept| kept.totals);
            self.tell(at, Command::Settle { acceptor, batch, totals: totals.unwrap_or_default() });
            self.tell(at, Command::SignIn { acceptor, keys: KeySet::Double });
            self.stans.remove(&acceptor);
        }
    }

    fn origin(&mut self, acceptor: Acceptor) -> Origin {
        let batch = self.machine.terminal(acceptor).map_or(1, |terminal| terminal.batch);
        let next = self.stans.entry(acceptor).or_insert(1);
        *next += 1;
        Origin::Terminal { acceptor, batch, stan: *next - 1 }
    }

    /// One visit, as the edge would ask it; what follows something that was not approved does not happen.
    fn visit(&mut self, visit: &Visit) -> Option<Answer> {
        let at = Timestamp(visit.at_ms);
        let acceptor = self.acceptors[visit.shop][visit.terminal];
        let purpose = match visit.deed {
            Deed::Sale => Purpose::Sale,
            Deed::PreAuthorization => Purpose::PreAuthorization,
            Deed::BalanceInquiry => Purpose::BalanceInquiry,
            Deed::Completion { of } => return self.follow(Purpose::Completion, of, visit),
            Deed::Void { of } => return self.follow(Purpose::Void, of, visit),
            Deed::Refund { of } => return self.follow(Purpose::Refund, of, visit),
        };
        let origin = self.origin(acceptor);
        let checks = self.checks(visit);
        let card = &self.population.holders[visit.holder].card;
        let ask = Authorize {
            origin,
            purpose,
            card: self.cards[visit.holder],
            amount: Money::new(visit.amount, CNY),
            entry: entry(visit.how),
            place: Place::Terminal(acceptor),
            expiry: Some(Expiry { year: card.expiry_year, month: card.expiry_month }),
            checks,
            advice: false,
            answer_by: None,
        };
        let answer = self.answered(at, Command::Authorize(ask))?;
        if answer.approved() {
            self.approved.insert(visit.serial, (answer, origin));
        }
        Some(answer)
    }

    fn follow(&mut self, purpose: Purpose, of: u64, visit: &Visit) -> Option<Answer> {
        let (original, named) = self.approved.get(&of).copied()?;
        let acceptor = self.acceptors[visit.shop][visit.terminal];
        let ask = Follow {
            origin: self.origin(acceptor),
            purpose,
            // Days later the terminal has only the reference number of its receipt.
            original: if purpose == Purpose::Refund {
                Original::Number(original.number)
            } else {
                Original::Message(named)
            },
            card: Some(self.cards[visit.holder]),
            amount: Money::new(visit.amount, CNY),
            entry: entry(visit.how),
            place: Place::Terminal(acceptor),
            checks: Checks { chip: ChipCheck::Absent, ..self.checks(visit) },
            advice: false,
            last: true,
        };
        self.answered(Timestamp(visit.at_ms), Command::Follow(ask))
    }

    fn answered(&mut self, at: Timestamp, command: Command) -> Option<Answer> {
        let outcome = self.tell(at, command);
        if let Outcome::Decided(answer) = outcome { Some(answer) } else { None }
    }

    fn checks(&mut self, visit: &Visit) -> Checks {
        let counter = &mut self.counters[visit.holder];
        let chip = match (visit.how, visit.fraud) {
            (How::Insert | How::Tap, Some(Fraud::Copy)) => ChipCheck::Refused { counter: *counter },
            (How::Insert | How::Tap, _) => {
                *counter += 1;
                ChipCheck::Verified { counter: *counter }
            }
            (How::Swipe | How::Fallback, _) => ChipCheck::Absent,
        };
        Checks {
            pin: match visit.pin {
                Pin::None => PinCheck::Absent,
                Pin::Right => PinCheck::Right,
                Pin::Wrong => PinCheck::Wrong,
            },
            chip,
            value: match visit.how {
                How::Insert | How::Tap => ValueCheck::Absent,
                How::Swipe | How::Fallback => ValueCheck::Right,
            },
        }
    }

    /// The last quarter of an hour: three cards are frozen, one is used up for the day.
    fn scenes(&mut self, cast: [usize; 4], until: Timestamp) -> [Frozen; 3] {
        let [forgetful, tested, suspicious, spender] = cast;
        let begin = until.plus(-SCENES_MS);
        let sale = |holder: usize, shop: usize, after_ms: i64, amount: i64| Visit {
            serial: 0,
            at_ms: begin.plus(after_ms).0,
            holder,
            shop: shop % self.population.shops.len(),
            terminal: 0,
            deed: Deed::Sale,
            amount,
            how: How::Insert,
            pin: Pin::Right,
            fraud: None,
        };
        let mut script = Vec::new();
        for turn in 0..3 {
            script.push(Visit { pin: Pin::Wrong, ..sale(forgetful, 3, turn * 40_000, 8_800) });
        }
        for turn in 0..14 {
            let tap = sale(tested, 0, 180_000 + turn * 3_000, 100 + turn * 70);
            script.push(Visit { how: How::Tap, pin: Pin::None, fraud: Some(Fraud::Testing), ..tap });
        }
        let mut placed = BTreeMap::new();
        for visit in script {
            let freeze = self.visit(&visit).and_then(|answer| Some((answer.facts.freeze?, answer.number)));
            if let Some((freeze, evidence)) = freeze {
                placed.entry(visit.holder).or_insert((freeze, evidence));
            }
        }
        let (by_pin, by_testing) = (self.placed(&placed, forgetful), self.placed(&placed, tested));
        let by_bank = self.by_bank(suspicious, begin.plus(5 * MINUTE_MS));
        self.use_up(spender, begin.plus(8 * MINUTE_MS), until.plus(-2 * MINUTE_MS));
        [by_pin, by_testing, by_bank]
    }

    fn placed(&self, placed: &BTreeMap<usize, (FreezeId, TransactionId)>, holder: usize) -> Frozen {
        let freeze = placed.get(&holder).and_then(|(freeze, _)| self.machine.freeze(*freeze));
        let freeze =
            freeze.expect("three wrong PINs, or ten taps too quick, freeze under the default policy");
        Frozen { holder, freeze: freeze.id, cause: freeze.cause }
    }

    fn by_bank(&mut self, holder: usize, at: Timestamp) -> Frozen {
        let by = PlacedBy::Agent(Actor(*b"agent.lin               "));
        let place = PlaceFreeze {
            scope: Scope::Card(self.cards[holder]),
            reach: None,
            cause: Cause::FrozenByBank,
            evidence: None,
            by,
            expires_at: None,
            exit: None,
            allowance: None,
        };
        let outcome = self.tell(at, Command::PlaceFreeze(place));
        let Outcome::Frozen(freeze) = outcome else {
            unreachable!("an active card of ours can be frozen by the bank")
        };
        Frozen { holder, freeze, cause: Cause::FrozenByBank }
    }

    /// A holder whose limit of the day is spent: one payment up to it, one over it.
    fn use_up(&mut self, holder: usize, spent: Timestamp, over: Timestamp) {
        const DAILY: i64 = 60_000;
        let who = &self.population.holders[holder];
        let account = account_id(who);
        let zone = Zone(ZONE_MINUTES);
        let used = |account: &Account| account.usage.on(&zone.local(spent)).day_amount;
        let used = self.machine.account(account).map_or(0, used);
        let daily = used + DAILY;
        let limits = Limits { single: who.purse.single, daily, monthly: i64::MAX, daily_count: u32::MAX };
        self.tell(spent, Command::Fund { account, amount: Money::new(2 * DAILY, CNY) });
        self.tell(spent, Command::SetLimits { account, limits });
        let visit = |at: Timestamp, amount| Visit {
            serial: 0,
            at_ms: at.0,
            holder,
            shop: 2 % self.population.shops.len(),
            terminal: 0,
            deed: Deed::Sale,
            amount,
            how: How::Insert,
            pin: Pin::Right,
            fraud: None,
        };
        let (first, second) = (visit(spent, DAILY - 1_200), visit(over, 26_800));
        self.visit(&first);
        self.visit(&second);
    }

    fn tills(&self) -> Vec<Till> {
        let till = |shop: usize, terminal: usize| {
            let acceptor = self.acceptors[shop][terminal];
            let batch = self.machine.terminal(acceptor).map_or(1, |terminal| terminal.batch);
            let next_stan = self.stans.get(&acceptor).copied().unwrap_or(1);
            Till { shop, terminal, acceptor, batch, next_stan }
        };
        let of = |shop: usize| (0..self.acceptors[shop].len()).map(move |terminal| till(shop, terminal));
        (0..self.acceptors.len()).flat_map(of).collect()
    }
}

const fn entry(how: How) -> Entry {
    match how {
        How::Insert => Entry::Chip,
        How::Tap => Entry::Contactless,
        How::Swipe => Entry::Stripe,
        How::Fallback => Entry::Fallback,
    }
}

/// The first moment at or after `from` that is `ms` behind a local midnight.
fn after_midnight(from: Timestamp, ms: i64) -> Timestamp {
    let local = Zone(ZONE_MINUTES).local(from);
    let today = from.plus(ms - local.ms_of_day);
    if today < from { today.plus(DAY_MS) } else { today }
}
