//! A small model of what should come of every command, written from the design and not from the machine.
//!
//! Slow on purpose: it keeps everything that ever happened and adds it up again for each question, in plain
//! maps and 128-bit money. It takes from the machine only the words commands are made of, never a decision.
//! It knows nothing of horizons, changes of time zone, or other currencies: worlds that use it stay clear of
//! them.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what a small model has no word for it does nothing about"
)]

mod after;
mod decide;
mod freezes;
mod shops;

use machine::cause::Cause;
use machine::command::{
    AccountKind, BatchTotals, CardStanding, Command, House, IssueCard, Limits, OpenAccount, Place, Purpose,
    Switches,
};
use machine::freeze::{Actor, Allowance, Exit, PlacedBy, Reach, Scope};
use machine::ids::{Acceptor, AccountId, CardId, MerchantId, Origin};
use machine::policy::Policy;
use machine::time::{Expiry, Timestamp, Zone};
use std::collections::{BTreeMap, BTreeSet};

/// What should be said to a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    /// Approved, as this transaction.
    Approved(u64),
    /// Accepted, as this transaction.
    Accepted(u64),
    /// Declined as this transaction, for this cause.
    Declined(u64, Cause),
    /// What was said before, once more.
    Again(Box<Said>),
    /// Done.
    Done,
    /// Not done.
    Refused,
    /// Signed in, with so many keys given out, in this batch.
    SignedIn(u32, u32),
    /// Totals of the host, and whether they agree.
    Settled(BatchTotals, bool),
    /// Noted, and whether the terminal is frozen for it.
    Noted(bool),
    /// This freeze stands.
    Frozen(u64),
    /// This freeze is lifted.
    Lifted(u64),
    /// So many have approved, of so many.
    Approvals(u8, u8),
    /// Swept.
    Swept,
}

/// An account.
#[derive(Clone)]
pub(crate) struct Account {
    pub line: i128,
    pub zone: Zone,
    pub closed: bool,
    pub limits: Limits,
    /// Every movement there ever was.
    pub movements: Vec<i128>,
    pub balance: i128,
    /// Deeds that used its limits.
    pub uses: Vec<usize>,
}

/// A card.
#[derive(Clone)]
pub(crate) struct Card {
    pub account: AccountId,
    pub expiry: Expiry,
    pub standing: CardStanding,
    pub chip: bool,
    pub has_pin: bool,
    pub switches: Switches,
    pub wrong_in_row: u8,
    pub fallbacks: u8,
    pub counter: Option<u16>,
    /// Seconds of all attempts that count.
    pub attempts: Vec<i64>,
    /// Seconds of all refusals for being too frequent.
    pub refusals: Vec<i64>,
    /// Hits of limits in the window that began with the first.
    pub hits: Vec<Timestamp>,
    pub cool_until: Timestamp,
}

/// A terminal.
#[derive(Clone)]
pub(crate) struct Till {
    pub signed_in: bool,
    pub keys: u32,
    pub batch: u32,
    pub kept: Vec<Batch>,
    pub faults: Vec<Timestamp>,
}

/// A batch.
#[derive(Clone)]
pub(crate) struct Batch {
    pub number: u32,
    pub closed: bool,
    pub debits: BTreeMap<usize, i128>,
    pub credits: BTreeMap<usize, i128>,
}

/// Something that happened and has a number.
#[derive(Clone)]
pub(crate) struct Deed {
    pub at: Timestamp,
    pub purpose: Purpose,
    pub card: Option<CardId>,
    pub account: Option<AccountId>,
    pub place: Option<Place>,
    pub amount: i128,
    pub said: Said,
    /// What it was about.
    pub about: Option<usize>,
    pub life: Life,
    pub hold: Option<Hold>,
    /// What of the limits it uses: amount and count.
    pub used: (i128, u32),
    /// In which batch it was ever counted.
    pub batch: Option<(Acceptor, u32)>,
    /// The reversal that answered for it last, and what that left.
    pub reversal: Option<(usize, i128)>,
}

/// What has become of a deed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Life {
    /// It moved nothing.
    Nothing,
    /// Money was taken: so much stands, so much of it came back, so much of a hold was freed with it.
    Taken { net: i128, back: i128, freed: i128 },
    /// Money was given.
    Given(i128),
    /// It undid another.
    Undoes,
    /// It is undone.
    Undone { net: i128, freed: i128 },
    /// Money is held.
    Held,
    /// All that was held is captured.
    Captured,
    /// The hold ran out.
    Lapsed,
    /// It is reversed.
    Gone,
}

/// A hold, also when nothing of it is open any more.
#[derive(Clone, Copy)]
pub(crate) struct Hold {
    pub amount: i128,
    pub open: i128,
    pub captured: i128,
    pub until: Timestamp,
}

/// A freeze.
#[derive(Clone)]
pub(crate) struct Brake {
    pub scope: Scope,
    pub reach: Reach,
    pub cause: Cause,
    pub by: PlacedBy,
    pub placed: Timestamp,
    pub ends: Option<Timestamp>,
    pub exit: Exit,
    pub allowance: Option<Allowance>,
    pub approvals: BTreeSet<Actor>,
    pub lifted: bool,
    /// What it had led to was undone when it was seen to have run out.
    pub seen: bool,
}

/// Everything that ever happened.
#[derive(Clone)]
pub struct Reference {
    pub(crate) policy: Policy,
    pub(crate) house: House,
    pub(crate) accounts: BTreeMap<AccountId, Account>,
    pub(crate) cards: BTreeMap<CardId, Card>,
    pub(crate) merchants: BTreeSet<MerchantId>,
    pub(crate) tills: BTreeMap<Acceptor, Till>,
    /// Transactions, by number less one.
    pub(crate) deeds: Vec<Deed>,
    /// Which deed a message became.
    pub(crate) named: BTreeMap<Origin, usize>,
    /// Reversals that came before what they reverse.
    pub(crate) early: BTreeMap<Origin, usize>,
    /// Freezes, by number less one.
    pub(crate) brakes: Vec<Brake>,
    pub(crate) keys: BTreeMap<[u8; 16], ([u8; 16], Said)>,
    pub(crate) signed: BTreeMap<usize, [u8; 32]>,
    pub(crate) now: Timestamp,
}

/// An account as a stranger sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sight {
    /// Minor units.
    pub balance: i128,
    /// What can be spent.
    pub available: i128,
    /// Used today, and how often.
    pub today: (i128, u32),
    /// Used this month.
    pub month: i128,
}

/// A batch as a stranger sees it: its number, whether it is closed, what it counts.
pub type Counted = (u32, bool, BatchTotals);

impl Reference {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new(policy: Policy) -> Reference {
        Reference {
            policy,
            house: House::Open,
            accounts: BTreeMap::new(),
            cards: BTreeMap::new(),
            merchants: BTreeSet::new(),
            tills: BTreeMap::new(),
            deeds: Vec::new(),
            named: BTreeMap::new(),
            early: BTreeMap::new(),
            brakes: Vec::new(),
            keys: BTreeMap::new(),
            signed: BTreeMap::new(),
            now: Timestamp(0),
        }
    }

    /// What should be said to `command`; and it is lived through.
    pub fn live(&mut self, command: &Command, at: Timestamp) -> Said {
        self.now = self.now.max(at);
        match command {
            Command::Epoch(epoch) => done(*epoch == 1),
            Command::SetPolicy(policy) => {
                self.policy = *policy;
                Said::Done
            }
            Command::SetHouse(house) => {
                self.house = *house;
                Said::Done
            }
            Command::OpenAccount(open) => self.open(open),
            Command::CloseAccount(id) => self.close_account(*id),
            Command::Fund { account, amount } => self.fund(*account, i128::from(amount.minor)),
            Command::SetLimits { account, limits } => {
                let found = self.accounts.get_mut(account).map(|account| account.limits = *limits);
                done(found.is_some())
            }
            Command::SetZone { .. } => unreachable!("worlds with a reference do not move"),
            Command::IssueCard(issue) => self.issue(issue),
            Command::SetCardStanding { card, standing } => self.set_standing(*card, *standing),
            Command::SetSwitches { card, switches } => {
                let found = self.cards.get_mut(card).map(|card| card.switches = *switches);
                done(found.is_some())
            }
            Command::SetPin { card, .. } => self.new_pin(*card),
            Command::EnrollMerchant(merchant) => done(self.merchants.insert(merchant.merchant)),
            Command::EnrollTerminal(acceptor) => self.enroll(*acceptor),
            Command::SignIn { acceptor, .. } => self.sign_in(*acceptor),
            Command::SignOut(acceptor) => {
                let found = self.tills.get_mut(acceptor).map(|till| till.signed_in = false);
                done(found.is_some())
            }
            Command::Authorize(ask) => self.authorize(ask),
            Command::Follow(ask) => self.follow(ask),
            Command::Reverse(ask) => self.reverse(ask),
            Command::Settle { acceptor, batch, totals } => self.settle(*acceptor, *batch, totals),
            Command::BatchDetail { origin, amount } => self.detail(origin, *amount),
            Command::CloseBatch { acceptor, batch } => self.end_batch(*acceptor, *batch),
            Command::AttachSignature(signature) => self.sign(signature),
            Command::ScriptResult { original, .. } => done(self.named.contains_key(original)),
            Command::Fault { acceptor, cause, .. } => self.fault(*acceptor, *cause),
            Command::PlaceFreeze(place) => self.place(place),
            Command::LiftFreeze(lift) => self.lift(lift),
            Command::Sweep => {
                self.let_run_out(|_| true);
                Said::Swept
            }
            Command::Keyed { key, body, command } => {
                if let Some((before, said)) = self.keys.get(key) {
                    return if before == body { said.clone() } else { Said::Refused };
                }
                let said = self.live(command, at);
                self.keys.insert(*key, (*body, said.clone()));
                said
            }
        }
    }

    /// Time passes, and nothing happens.
    pub fn pass_to(&mut self, at: Timestamp) {
        self.now = self.now.max(at);
    }

    /// How an account stands now.
    #[must_use]
    pub fn sight(&self, id: AccountId) -> Option<Sight> {
        let account = self.accounts.get(&id)?;
        let today = self.used(account, |local| local.day);
        let month = self.used(account, |local| local.month_number());
        let again: i128 = account.movements.iter().sum();
        assert_eq!(again, account.balance, "the reference keeps its own books in order");
        Some(Sight { balance: account.balance, available: self.available(id), today, month: month.0 })
    }

    /// The freezes in force now: number, what, why.
    #[must_use]
    pub fn in_force(&self) -> Vec<(u64, Scope, Cause)> {
        let brakes = self.brakes.iter().zip(1..);
        brakes
            .filter(|(brake, _)| self.holds(brake))
            .map(|(brake, number)| (number, brake.scope, brake.cause))
            .collect()
    }

    /// A terminal's current batch, and the totals of those kept.
    #[must_use]
    pub fn batches(&self, acceptor: Acceptor) -> Option<(u32, Vec<Counted>)> {
        let till = self.tills.get(&acceptor)?;
        Some((
            till.batch,
            till.kept.iter().map(|batch| (batch.number, batch.closed, batch.totals())).collect(),
        ))
    }

    /// The number of the transaction a message became, and whether it was approved.
    #[must_use]
    pub fn outcome_of(&self, origin: &Origin) -> Option<(u64, bool)> {
        let place = *self.named.get(origin)?;
        Some((place as u64 + 1, matches!(self.deeds[place].said, Said::Approved(_))))
    }

    fn available(&self, id: AccountId) -> i128 {
        let account = &self.accounts[&id];
        let of_it = self.deeds.iter().filter(|deed| deed.account == Some(id) && deed.life == Life::Held);
        let held =
            of_it.filter_map(|deed| deed.hold).filter(|hold| hold.until > self.now).map(|hold| hold.open);
        account.balance + account.line - held.sum::<i128>()
    }

    /// What was used of limits in the present period, and how often.
    fn used(&self, account: &Account, period: impl Fn(machine::time::Local) -> i64) -> (i128, u32) {
        let present = period(account.zone.local(self.now));
        let within = |deed: &&Deed| period(account.zone.local(deed.at)) == present;
        let deeds = account.uses.iter().map(|place| &self.deeds[*place]).filter(within);
        deeds.fold((0, 0), |(amount, count), deed| (amount + deed.used.0, count + deed.used.1))
    }

    fn move_money(&mut self, id: Option<AccountId>, amount: i128) {
        if let Some(account) = id.and_then(|id| self.accounts.get_mut(&id)) {
            account.movements.push(amount);
            account.balance += amount;
        }
    }

    /// Lets holds and freezes that ran out end where `touches` says that somebody looked.
    fn let_run_out(&mut self, touches: impl Fn(Option<AccountId>) -> bool) {
        for deed in &mut self.deeds {
            let over = deed.hold.is_some_and(|hold| hold.until <= self.now);
            if deed.life == Life::Held && over && touches(deed.account) {
                let captured = deed.hold.is_some_and(|hold| hold.captured > 0);
                deed.life = if captured { Life::Captured } else { Life::Lapsed };
                if let Some(hold) = &mut deed.hold {
                    hold.open = 0;
                }
            }
        }
    }

    fn open(&mut self, open: &OpenAccount) -> Said {
        if self.accounts.contains_key(&open.account) {
            return Said::Refused;
        }
        let line = match open.kind {
            AccountKind::Debit => 0,
            AccountKind::Credit { line } => i128::from(line),
        };
        let (zone, limits) = (open.zone, open.limits);
        let account = Account {
            line,
            zone,
            closed: false,
            limits,
            movements: Vec::new(),
            balance: 0,
            uses: Vec::new(),
        };
        self.accounts.insert(open.account, account);
        Said::Done
    }

    fn close_account(&mut self, id: AccountId) -> Said {
        self.let_run_out(|account| account == Some(id));
        let held = self.deeds.iter().any(|deed| deed.account == Some(id) && deed.life == Life::Held);
        match self.accounts.get_mut(&id) {
            Some(account) if account.balance == 0 && !held => {
                account.closed = true;
                Said::Done
            }
            Some(_) | None => Said::Refused,
        }
    }

    fn fund(&mut self, id: AccountId, amount: i128) -> Said {
        let shut = self
            .brakes
            .iter()
            .any(|brake| brake.scope == Scope::Account(id) && brake.reach == Reach::All && self.holds(brake));
        match self.accounts.get(&id) {
            Some(account) if !account.closed && !shut && amount > 0 => {
                self.move_money(Some(id), amount);
                Said::Done
            }
            Some(_) | None => Said::Refused,
        }
    }

    fn issue(&mut self, issue: &IssueCard) -> Said {
        let open = self.accounts.get(&issue.account).is_some_and(|account| !account.closed);
        if !open || self.cards.contains_key(&issue.card) {
            return Said::Refused;
        }
        let mut switches = Switches::ON;
        if let Some(old) = issue.replaces {
            let Some(card) = self.cards.get_mut(&old) else { return Said::Refused };
            let gone = matches!(card.standing, CardStanding::Replaced(_));
            if card.account != issue.account || gone {
                return Said::Refused;
            }
            card.standing = CardStanding::Replaced(issue.card);
            switches = card.switches;
            self.hand_over(old, issue.card);
        }
        let card = Card {
            account: issue.account,
            expiry: issue.expiry,
            standing: if issue.active { CardStanding::Active } else { CardStanding::Inactive },
            chip: issue.chip,
            has_pin: issue.pin.is_some(),
            switches,
            wrong_in_row: 0,
            fallbacks: 0,
            counter: None,
            attempts: Vec::new(),
            refusals: Vec::new(),
            hits: Vec::new(),
            cool_until: Timestamp(0),
        };
        self.cards.insert(issue.card, card);
        Said::Done
    }
}

fn done(yes: bool) -> Said {
    if yes { Said::Done } else { Said::Refused }
}
