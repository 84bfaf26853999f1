//! The whole state as canonical bytes, and back.
//!
//! Equal machines give equal bytes: everything is listed from vectors and ordered trees. Indexes are not
//! written but made again.

use crate::acceptance::{Merchant, Terminal};
use crate::account::{Account, Card};
use crate::command::House;
use crate::freeze::{Ending, Freeze};
use crate::ids::FreezeId;
use crate::index::Index;
use crate::ledger::{Balance, Ledger};
use crate::machine::{EPOCH_NEWEST, Keyed, Machine};
use crate::policy::Policy;
use crate::time::Timestamp;
use crate::transaction::{State, Transaction};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, Read, Write};

/// First bytes of a snapshot: a name, and the version of its form.
const MAGIC: [u8; 8] = *b"CWSTATE1";

/// What stands before the lists.
#[derive(BorshSerialize, BorshDeserialize)]
struct Head {
    magic: [u8; 8],
    epoch: u16,
    policy: Policy,
    house: House,
    first: u64,
    next_freeze: u64,
    first_key: u64,
    last_at: Timestamp,
    trail: u64,
}

impl Machine {
    /// Writes the whole state.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_snapshot(&self, out: &mut impl Write) -> io::Result<()> {
        let head = Head {
            magic: MAGIC,
            epoch: self.epoch,
            policy: self.policy,
            house: self.house,
            first: self.first,
            next_freeze: self.next_freeze,
            first_key: self.first_key,
            last_at: self.last_at,
            trail: self.trail,
        };
        head.serialize(out)?;
        list(self.accounts.iter(), out)?;
        list(self.cards.iter(), out)?;
        list(self.merchants.iter(), out)?;
        list(self.terminals.iter(), out)?;
        list(self.ledger.balances().iter(), out)?;
        list(self.transactions.iter(), out)?;
        let tombstones = self.transactions.iter().filter(|transaction| self.is_tombstone(transaction));
        let tombstones: Vec<u64> = tombstones.map(|transaction| transaction.answer.number.0).collect();
        list(tombstones.iter(), out)?;
        let indexed = self.transactions.iter().filter(|transaction| self.is_indexed(transaction));
        let indexed: Vec<u64> = indexed.map(|transaction| transaction.answer.number.0).collect();
        list(indexed.iter(), out)?;
        list(self.freezes.values(), out)?;
        list(self.keyed.iter(), out)
    }

    /// The state as `write_snapshot` wrote it.
    ///
    /// # Errors
    /// If the bytes are not a snapshot of this form, or end early, or the state does not hold together.
    pub fn read_snapshot(input: &mut impl Read) -> io::Result<Machine> {
        let head = Head::deserialize_reader(input)?;
        let known = (1..=EPOCH_NEWEST).contains(&head.epoch);
        if head.magic != MAGIC || !head.policy.sound() || !known {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not a snapshot of this version"));
        }
        let mut machine = Machine::new(head.policy);
        machine.epoch = head.epoch;
        machine.house = head.house;
        machine.first = head.first;
        machine.next_freeze = head.next_freeze;
        machine.first_key = head.first_key;
        machine.last_at = head.last_at;
        machine.trail = head.trail;
        machine.accounts = unlist::<Account>(input)?;
        machine.cards = unlist::<Card>(input)?;
        machine.merchants = unlist::<Merchant>(input)?;
        machine.terminals = unlist::<Terminal>(input)?;
        machine.ledger = Ledger::from_balances(unlist::<Balance>(input)?);
        machine.transactions = VecDeque::from(unlist::<Transaction>(input)?);
        let tombstones = unlist::<u64>(input)?;
        let indexed = unlist::<u64>(input)?;
        machine.freezes = unlist::<Freeze>(input)?.into_iter().map(|freeze| (freeze.id, freeze)).collect();
        machine.keyed = VecDeque::from(unlist::<Keyed>(input)?);
        machine.reindex(&tombstones, &indexed)?;
        Ok(machine)
    }

    /// BLAKE3 over the canonical bytes: equal states, equal digests.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        self.write_snapshot(&mut hasher).expect("a hasher takes every byte");
        *hasher.finalize().as_bytes()
    }

    fn is_tombstone(&self, transaction: &Transaction) -> bool {
        let number = transaction.answer.number.0;
        transaction.origin.is_some_and(|origin| self.tombstones.at(&origin) == Some(number))
    }

    fn is_indexed(&self, transaction: &Transaction) -> bool {
        let number = transaction.answer.number.0;
        transaction.origin.is_some_and(|origin| self.origins.at(&origin) == Some(number))
    }

    /// Makes the indexes again from the lists.
    fn reindex(&mut self, tombstones: &[u64], indexed: &[u64]) -> io::Result<()> {
        let broken = |what: &'static str| io::Error::new(io::ErrorKind::InvalidData, what);
        self.account_slots = index(self.accounts.iter().map(|account| account.id));
        self.card_slots = index(self.cards.iter().map(|card| card.id));
        self.merchant_slots = index(self.merchants.iter().map(|merchant| merchant.id));
        self.terminal_slots = index(self.terminals.iter().map(|terminal| terminal.id));
        if self.cards.iter().any(|card| card.account as usize >= self.accounts.len()) {
            return Err(broken("a card has no account"));
        }
        if self.terminals.iter().any(|terminal| terminal.merchant as usize >= self.merchants.len()) {
            return Err(broken("a terminal has no merchant"));
        }
        let mut origins = Index::with_capacity(indexed.len());
        for number in indexed {
            let origin = self.transaction(crate::ids::TransactionId(*number)).and_then(|t| t.origin);
            origins.put(origin.ok_or_else(|| broken("an indexed transaction has no origin"))?, *number);
        }
        self.origins = origins;
        for number in tombstones {
            let origin = self.transaction(crate::ids::TransactionId(*number)).and_then(|t| t.origin);
            self.tombstones.put(origin.ok_or_else(|| broken("a tombstone has no origin"))?, *number);
        }
        let keys =
            self.keyed.iter().enumerate().map(|(place, keyed)| (keyed.key, self.first_key + place as u64));
        let mut index = Index::with_capacity(self.keyed.len());
        keys.for_each(|(key, number)| {
            index.put(key, number);
        });
        self.keys = index;
        let mut holds_due = BTreeSet::new();
        for (slot, account) in self.accounts.iter().enumerate() {
            holds_due.extend(account.holds.iter().map(|hold| (hold.expires_at, hold.number.0, slot as u32)));
        }
        self.holds_due = holds_due;
        let active = self.freezes.values().filter(|freeze| freeze.ending == Ending::Active);
        self.freezes_due =
            active.filter_map(|freeze| freeze.expires_at.map(|end| (end, freeze.id))).collect();
        Ok(())
    }

    /// Proves that everything holds together: books sum to zero, holds sum to what is held, every reference
    /// has its other end. Says what does not.
    ///
    /// # Errors
    /// The first thing that does not hold, in words.
    pub fn audit(&self) -> Result<Audit, String> {
        let mut sums: BTreeMap<u16, i128> = BTreeMap::new();
        let mut holds = 0;
        for account in &self.accounts {
            *sums.entry(account.currency.0).or_default() += i128::from(account.balance);
            let held: i64 = account.holds.iter().map(|hold| hold.open).sum();
            if held != account.held {
                return Err(format!("{}: holds sum to {held}, held is {}", account.id, account.held));
            }
            if account.holds.iter().any(|hold| hold.open <= 0 || hold.captured < 0) {
                return Err(format!("{}: a hold is empty or negative", account.id));
            }
            if account.usage.day_amount < 0 || account.usage.month_amount < account.usage.day_amount.min(0) {
                return Err(format!("{}: usage of limits is negative", account.id));
            }
            for hold in &account.holds {
                let state = self.transaction(hold.number).map(|transaction| transaction.state);
                if state.is_some_and(|state| state != State::Held) {
                    return Err(format!("{}: {} has a hold and is {state:?}", account.id, hold.number));
                }
            }
            holds += account.holds.len();
        }
        for balance in self.ledger.balances() {
            *sums.entry(balance.currency.0).or_default() += i128::from(balance.minor);
        }
        if let Some((currency, sum)) = sums.iter().find(|(_, sum)| **sum != 0) {
            return Err(format!("books of currency {currency} sum to {sum}"));
        }
        if holds != self.holds_due.len() {
            return Err(format!("{holds} holds, {} of them due", self.holds_due.len()));
        }
        let freezes = self.audit_freezes()?;
        for transaction in &self.transactions {
            self.audit_transaction(transaction)?;
        }
        Ok(Audit { accounts: self.accounts.len(), holds, freezes, transactions: self.transactions.len() })
    }

    /// Every freeze on record that is active stands exactly once in the list of what it freezes, and is due if
    /// it runs out by itself; the lists hold nothing else.
    fn audit_freezes(&self) -> Result<usize, String> {
        let on_cards = self.cards.iter().map(|card| &card.freezes);
        let lists = on_cards
            .chain(self.accounts.iter().map(|account| &account.freezes))
            .chain(self.terminals.iter().map(|terminal| &terminal.freezes))
            .chain(self.merchants.iter().map(|merchant| &merchant.freezes));
        let mut listed: Vec<FreezeId> = lists.flatten().copied().collect();
        listed.sort_unstable();
        let active = self.freezes.values().filter(|freeze| freeze.ending == Ending::Active);
        let mut due = 0;
        let mut count = 0;
        for (freeze, id) in active.zip(listed.iter().map(Some).chain(std::iter::repeat(None))) {
            if id != Some(&freeze.id) {
                return Err(format!(
                    "{} is active and not listed, or {id:?} is listed and not active",
                    freeze.id
                ));
            }
            let here = self.freezes_on(&freeze.scope).is_ok_and(|list| list.contains(&freeze.id));
            let in_time = freeze.expires_at.is_none_or(|end| self.freezes_due.contains(&(end, freeze.id)));
            if !here || !in_time {
                return Err(format!("{} is listed elsewhere, or never due", freeze.id));
            }
            due += usize::from(freeze.expires_at.is_some());
            count += 1;
        }
        if listed.len() != count || self.freezes_due.len() != due {
            return Err(format!(
                "{} freezes listed, {count} active; {} due",
                listed.len(),
                self.freezes_due.len()
            ));
        }
        Ok(count)
    }

    fn audit_transaction(&self, transaction: &Transaction) -> Result<(), String> {
        let number = transaction.answer.number;
        match transaction.state {
            // More refunded than sold happens by advice only, and is an exception then.
            State::Posted { net, refunded, .. } if refunded < 0 || net < 0 => {
                Err(format!("{number}: {refunded} refunded of {net}"))
            }
            State::Held => {
                let account = transaction.account.and_then(|account| self.account(account));
                let held =
                    account.is_some_and(|account| account.holds.iter().any(|hold| hold.number == number));
                if held { Ok(()) } else { Err(format!("{number} is held and has no hold")) }
            }
            State::Idle
            | State::Posted { .. }
            | State::Refunded { .. }
            | State::Undid
            | State::Undone { .. }
            | State::Captured { .. }
            | State::Expired
            | State::Reversed => Ok(()),
        }
    }
}

/// What an audit counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Audit {
    /// Accounts.
    pub accounts: usize,
    /// Open holds.
    pub holds: usize,
    /// Freezes in force.
    pub freezes: usize,
    /// Remembered transactions.
    pub transactions: usize,
}

fn list<'a, T: BorshSerialize + 'a>(
    items: impl Iterator<Item = &'a T> + Clone,
    out: &mut impl Write,
) -> io::Result<()> {
    (items.clone().count() as u64).serialize(out)?;
    let mut items = items;
    items.try_for_each(|item| item.serialize(out))
}

fn unlist<T: BorshDeserialize>(input: &mut impl Read) -> io::Result<Vec<T>> {
    /// A damaged count must not ask for all memory at once.
    const RESERVE_MAX: u64 = 1 << 20;
    let count = u64::deserialize_reader(input)?;
    let mut items = Vec::with_capacity(count.min(RESERVE_MAX) as usize);
    for _ in 0..count {
        items.push(T::deserialize_reader(input)?);
    }
    Ok(items)
}

fn index<K: std::hash::Hash + Eq>(keys: impl ExactSizeIterator<Item = K>) -> Index<K> {
    let mut index = Index::with_capacity(keys.len());
    keys.enumerate().for_each(|(slot, key)| {
        index.put(key, slot as u32);
    });
    index
}
