//! Transactions as the machine remembers them: the stored answer, and what has become of it since.
//!
//! Remembered within the policy's horizon only; older ones are in the journal.

use crate::command::{Entry, Place, Purpose};
use crate::ids::{AccountId, CardId, Origin, TransactionId};
use crate::outcome::Answer;
use borsh::{BorshDeserialize, BorshSerialize};

/// A transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Transaction {
    /// The stored answer.
    pub answer: Answer,
    /// Under which number it was asked; none of a reversal, which shares its original's.
    pub origin: Option<Origin>,
    /// What was asked.
    pub purpose: Purpose,
    /// On which card, where one was named.
    pub card: Option<CardId>,
    /// On which account, where one was found.
    pub account: Option<AccountId>,
    /// How the card came in.
    pub entry: Entry,
    /// Where, where it was said.
    pub place: Option<Place>,
    /// What has become of it.
    pub state: State,
    /// The reversal that took it back.
    pub reversed_by: Option<TransactionId>,
    /// As what it is counted in its terminal's batch.
    pub counted: Option<Counted>,
    /// The holder's signature under it: name of the image.
    pub signature: Option<[u8; 32]>,
}

/// What has become of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum State {
    /// Moved nothing: declined, an inquiry, a reversal of nothing.
    Idle,
    /// A pre-authorization whose hold is open.
    Held,
    /// Money was moved from the holder; so much of it stands, so much was refunded.
    Posted {
        /// Minor units in force.
        net: i64,
        /// Minor units refunded of it.
        refunded: i64,
        /// Minor units of a hold that ended with it, of a completion.
        released: i64,
    },
    /// Money was given back by a refund.
    Refunded {
        /// Minor units.
        net: i64,
    },
    /// It undid another (void, cancel) and that stands.
    Undid,
    /// It was undone by that one.
    Undone {
        /// The void or cancel.
        by: TransactionId,
        /// Minor units that were in force.
        net: i64,
        /// Minor units of a hold that had ended with it.
        released: i64,
    },
    /// A pre-authorization that was captured to its end.
    Captured {
        /// Minor units captured.
        captured: i64,
        /// Minor units its hold was for.
        amount: i64,
    },
    /// A pre-authorization whose hold ran out.
    Expired,
    /// Taken back.
    Reversed,
}

/// On which side of a batch's totals a transaction counts, and with how much.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Counted {
    /// Debit side, minor units.
    Debit(i64),
    /// Credit side, minor units.
    Credit(i64),
}
