//! The ledger: every movement of money as one amount out of one book and into another.
//!
//! Only `Ledger::post` and the machine's own `post` change a balance, so that the sum over all books of a
//! currency is zero at any time. Balances are positive where the house owes.

use crate::index::Index;
use crate::money::Currency;
use borsh::{BorshDeserialize, BorshSerialize};

/// A book of the ledger, apart from the accounts themselves.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize)]
pub enum Book {
    /// Owed to a merchant (by slot) and not settled.
    Clearing(u32),
    /// Owed to a merchant (by slot) and settled, to be paid out.
    Payable(u32),
    /// Owed to another institution (DE32).
    Institution(u64),
    /// The world outside, where deposits come from.
    Funding,
    /// Posted because it had to be, and not matched to an account yet.
    Suspense,
}

/// One book's balance in one currency.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Balance {
    /// Which book.
    pub book: Book,
    /// Which currency.
    pub currency: Currency,
    /// Minor units.
    pub minor: i64,
}

/// All books but the accounts.
#[derive(Clone, Default)]
pub struct Ledger {
    balances: Vec<Balance>,
    slots: Index<(Book, Currency)>,
}

impl Ledger {
    /// Adds `minor` (which may be negative) to a book.
    pub(crate) fn add(&mut self, book: Book, currency: Currency, minor: i64) {
        let slot = self.slots.at(&(book, currency)).unwrap_or_else(|| {
            let slot = self.balances.len() as u32;
            self.balances.push(Balance { book, currency, minor: 0 });
            self.slots.put((book, currency), slot);
            slot
        });
        let balance = &mut self.balances[slot as usize];
        balance.minor = balance.minor.checked_add(minor).expect("amounts are bounded far below i64");
    }

    /// The balance of a book.
    #[must_use]
    pub fn balance(&self, book: Book, currency: Currency) -> i64 {
        self.slots.at(&(book, currency)).map_or(0, |slot| self.balances[slot as usize].minor)
    }

    /// All balances, in the order the books came to be.
    #[must_use]
    pub fn balances(&self) -> &[Balance] {
        &self.balances
    }

    /// The books as they were written down.
    #[must_use]
    pub fn from_balances(balances: Vec<Balance>) -> Ledger {
        let mut slots = Index::with_capacity(balances.len());
        for (slot, balance) in balances.iter().enumerate() {
            slots.put((balance.book, balance.currency), slot as u32);
        }
        Ledger { balances, slots }
    }
}
