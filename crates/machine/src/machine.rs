//! The whole state, the one way in, and the ways to look at it.
//!
//! What a single command does lives in `apply`; here is what all of them share: the numbering, the memory of
//! answers, the one function that moves money, and the digest.

use crate::acceptance::{Merchant, Terminal};
use crate::account::{Account, Card, Hold};
use crate::apply::Judged;
use crate::command::{Authorize, Command, House};
use crate::freeze::Freeze;
use crate::ids::{Acceptor, AccountId, CardId, FreezeId, MerchantId, Origin, TransactionId};
use crate::index::Index;
use crate::ledger::{Book, Ledger};
use crate::money::Currency;
use crate::outcome::{Answer, Outcome};
use crate::policy::Policy;
use crate::time::Timestamp;
use crate::transaction::Transaction;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The newest behaviour this build knows.
pub const EPOCH_NEWEST: u16 = 1;
/// Most answers remembered for idempotency keys.
pub const KEYS_MAX: usize = 1 << 18;
/// Largest amount of one transaction, minor units: twelve digits of DE4.
pub const AMOUNT_MAX: i64 = 999_999_999_999;

/// Every account, hold and freeze.
#[derive(Clone)]
pub struct Machine {
    pub(crate) epoch: u16,
    pub(crate) policy: Policy,
    pub(crate) house: House,
    pub(crate) accounts: Vec<Account>,
    pub(crate) account_slots: Index<AccountId>,
    pub(crate) cards: Vec<Card>,
    pub(crate) card_slots: Index<CardId>,
    pub(crate) merchants: Vec<Merchant>,
    pub(crate) merchant_slots: Index<MerchantId>,
    pub(crate) terminals: Vec<Terminal>,
    pub(crate) terminal_slots: Index<Acceptor>,
    pub(crate) ledger: Ledger,
    /// The remembered transactions, without gaps; the front has the number `first`.
    pub(crate) transactions: VecDeque<Transaction>,
    pub(crate) first: u64,
    pub(crate) origins: Index<Origin, u64>,
    /// Reversals of what had not arrived, by what they reverse.
    pub(crate) tombstones: Index<Origin, u64>,
    pub(crate) freezes: BTreeMap<FreezeId, Freeze>,
    pub(crate) next_freeze: u64,
    /// Answers under idempotency keys, oldest first; the front has the number `first_key`.
    pub(crate) keyed: VecDeque<Keyed>,
    pub(crate) first_key: u64,
    pub(crate) keys: Index<[u8; 16], u64>,
    /// When holds run out: time, transaction, slot of the account.
    pub(crate) holds_due: BTreeSet<(Timestamp, u64, u32)>,
    /// When freezes run out.
    pub(crate) freezes_due: BTreeSet<(Timestamp, FreezeId)>,
    pub(crate) last_at: Timestamp,
    /// Folded from every change of money and standing: two machines that differ differ here.
    pub(crate) trail: u64,
}

/// An answer under an idempotency key.
#[derive(Clone, PartialEq, Eq, Debug, borsh::BorshSerialize, borsh::BorshDeserialize)]
pub(crate) struct Keyed {
    pub key: [u8; 16],
    pub body: [u8; 16],
    pub at: Timestamp,
    pub outcome: Outcome,
}

impl Machine {
    /// An empty machine under `policy`.
    ///
    /// # Panics
    /// If a figure of the policy is out of its range.
    #[must_use]
    pub fn new(policy: Policy) -> Machine {
        assert!(policy.sound(), "a figure of the policy is out of its range");
        Machine {
            epoch: EPOCH_NEWEST,
            policy,
            house: House::Open,
            accounts: Vec::new(),
            account_slots: Index::default(),
            cards: Vec::new(),
            card_slots: Index::default(),
            merchants: Vec::new(),
            merchant_slots: Index::default(),
            terminals: Vec::new(),
            terminal_slots: Index::default(),
            ledger: Ledger::default(),
            transactions: VecDeque::new(),
            first: 1,
            origins: Index::default(),
            tombstones: Index::default(),
            freezes: BTreeMap::new(),
            next_freeze: 1,
            keyed: VecDeque::new(),
            first_key: 0,
            keys: Index::default(),
            holds_due: BTreeSet::new(),
            freezes_due: BTreeSet::new(),
            last_at: Timestamp(0),
            trail: 0,
        }
    }

    /// Does what `command` asks, at `at`: the one way in. A time before the last one counts as the last one.
    pub fn apply(&mut self, command: &Command, at: Timestamp) -> Outcome {
        let at = at.max(self.last_at);
        self.last_at = at;
        self.forget(at);
        self.dispatch(command, at)
    }

    /// What `ask` would be answered at `at`, without changing anything: "would it work now?" A new answer has
    /// the number the transaction would get; a repeat has the stored one.
    #[must_use]
    pub fn peek(&self, ask: &Authorize, at: Timestamp) -> Answer {
        match self.judge(ask, at.max(self.last_at)) {
            Judged::Before(answer) => answer,
            Judged::Now(judgement) => judgement.answer,
        }
    }

    /// Folded from every change of money and standing since the beginning. Equal histories, equal trails.
    #[must_use]
    pub fn trail(&self) -> u64 {
        self.trail
    }

    /// The time of the last command.
    #[must_use]
    pub fn last_at(&self) -> Timestamp {
        self.last_at
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What the house says it can do.
    #[must_use]
    pub fn house(&self) -> House {
        self.house
    }

    /// All accounts, oldest first.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// All cards, oldest first; `Card::account` indexes `accounts`.
    #[must_use]
    pub fn cards(&self) -> &[Card] {
        &self.cards
    }

    /// All merchants, oldest first.
    #[must_use]
    pub fn merchants(&self) -> &[Merchant] {
        &self.merchants
    }

    /// All terminals, oldest first; `Terminal::merchant` indexes `merchants`.
    #[must_use]
    pub fn terminals(&self) -> &[Terminal] {
        &self.terminals
    }

    /// The books beside the accounts.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// An account.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.account_slots.at(&id).map(|slot| &self.accounts[slot as usize])
    }

    /// A card.
    #[must_use]
    pub fn card(&self, id: CardId) -> Option<&Card> {
        self.card_slots.at(&id).map(|slot| &self.cards[slot as usize])
    }

    /// A merchant.
    #[must_use]
    pub fn merchant(&self, id: MerchantId) -> Option<&Merchant> {
        self.merchant_slots.at(&id).map(|slot| &self.merchants[slot as usize])
    }

    /// A terminal.
    #[must_use]
    pub fn terminal(&self, id: Acceptor) -> Option<&Terminal> {
        self.terminal_slots.at(&id).map(|slot| &self.terminals[slot as usize])
    }

    /// A transaction, while it is remembered.
    #[must_use]
    pub fn transaction(&self, number: TransactionId) -> Option<&Transaction> {
        let place = number.0.checked_sub(self.first)?;
        self.transactions.get(usize::try_from(place).ok()?)
    }

    /// The remembered transactions, newest first.
    pub fn transactions(&self) -> impl Iterator<Item = &Transaction> {
        self.transactions.iter().rev()
    }

    /// A freeze, in force or ended.
    #[must_use]
    pub fn freeze(&self, id: FreezeId) -> Option<&Freeze> {
        self.freezes.get(&id)
    }

    /// All freezes on record, newest first.
    pub fn freezes(&self) -> impl Iterator<Item = &Freeze> {
        self.freezes.values().rev()
    }

    /// Whether a hold or freeze has run out by `at` and was not ended yet.
    #[must_use]
    pub fn anything_due(&self, at: Timestamp) -> bool {
        let hold = self.holds_due.first().is_some_and(|(due, ..)| *due <= at);
        hold || self.freezes_due.first().is_some_and(|(due, _)| *due <= at)
    }

    /// The number the next transaction gets.
    pub(crate) fn next_number(&self) -> u64 {
        self.first + self.transactions.len() as u64
    }

    pub(crate) fn transaction_mut(&mut self, number: TransactionId) -> Option<&mut Transaction> {
        let place = number.0.checked_sub(self.first)?;
        self.transactions.get_mut(usize::try_from(place).ok()?)
    }

    /// Remembers a transaction under the next number; `indexed` ones are found again by their origin.
    pub(crate) fn record(&mut self, transaction: Transaction, indexed: bool) {
        assert_eq!(transaction.answer.number.0, self.next_number(), "transactions are numbered without gaps");
        if let (Some(origin), true) = (transaction.origin, indexed) {
            self.origins.put(origin, transaction.answer.number.0);
        }
        self.fold(transaction.answer.number.0);
        self.transactions.push_back(transaction);
    }

    /// Moves money between an account and a book: the only place where an account's balance changes.
    /// `minor` greater than zero goes from the book to the account.
    pub(crate) fn post(&mut self, account: u32, book: Book, minor: i64) {
        let record = &mut self.accounts[account as usize];
        record.balance = record.balance.checked_add(minor).expect("amounts are bounded far below i64");
        let (currency, balance) = (record.currency, record.balance);
        self.ledger.add(book, currency, -minor);
        self.fold(balance as u64);
    }

    /// Moves money between two books.
    pub(crate) fn transfer(&mut self, from: Book, to: Book, currency: Currency, minor: i64) {
        self.ledger.add(from, currency, -minor);
        self.ledger.add(to, currency, minor);
        self.fold(minor as u64);
    }

    /// Adds a hold.
    pub(crate) fn hold(&mut self, account: u32, hold: Hold) {
        self.holds_due.insert((hold.expires_at, hold.number.0, account));
        let record = &mut self.accounts[account as usize];
        record.held += hold.open;
        record.holds.push(hold);
        let held = record.held;
        self.fold(held as u64);
    }

    /// Takes `minor` of a hold away, and the whole hold if `end`. Says what was taken.
    pub(crate) fn release(&mut self, account: u32, number: TransactionId, minor: i64, end: bool) -> i64 {
        let record = &mut self.accounts[account as usize];
        let Some(place) = record.holds.iter().position(|hold| hold.number == number) else { return 0 };
        let hold = &mut record.holds[place];
        let taken = if end { hold.open } else { minor.min(hold.open) };
        hold.open -= taken;
        record.held -= taken;
        let held = record.held;
        if end || record.holds[place].open == 0 {
            let gone = record.holds.remove(place);
            self.holds_due.remove(&(gone.expires_at, gone.number.0, account));
        }
        self.fold(held as u64);
        taken
    }

    /// Folds a change into the trail.
    pub(crate) fn fold(&mut self, value: u64) {
        // The finalizer of SplitMix64 (Steele, Lea, Flood 2014): one bit in, half the bits out.
        let mut mixed = self.trail.rotate_left(5) ^ value.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        self.trail = mixed ^ (mixed >> 31);
    }

    /// Forgets what is older than the horizon, or too much. Every command forgets a few, so none waits long.
    fn forget(&mut self, at: Timestamp) {
        const AT_ONCE: usize = 8;
        let before = at.plus(-self.policy.remember_ms);
        for _ in 0..AT_ONCE {
            let full = self.transactions.len() > self.policy.remember_max as usize;
            let Some(oldest) = self.transactions.front() else { break };
            if !full && oldest.answer.at >= before {
                break;
            }
            let (number, origin) = (oldest.answer.number.0, oldest.origin);
            if let Some(origin) = origin {
                for index in [&mut self.origins, &mut self.tombstones] {
                    if index.at(&origin) == Some(number) {
                        index.remove(&origin);
                    }
                }
            }
            self.transactions.pop_front();
            self.first += 1;
        }
        for _ in 0..AT_ONCE {
            let full = self.keyed.len() > KEYS_MAX;
            let Some(oldest) = self.keyed.front() else { break };
            if !full && oldest.at >= before {
                break;
            }
            let key = oldest.key;
            if self.keys.at(&key) == Some(self.first_key) {
                self.keys.remove(&key);
            }
            self.keyed.pop_front();
            self.first_key += 1;
        }
    }
}
