//! The seam between shards: which commands belong together.
//!
//! Accounts are sharded by hash of the account; everything that decides a sale is local to one shard. What
//! names no account (terminals, policy) belongs to every shard.

use crate::command::{Command, Original};
use crate::freeze::Scope;
use crate::ids::{AccountId, CardId};
use std::num::NonZeroU16;

/// What a command is about, as far as routing goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route {
    /// The shard of this account.
    Account(AccountId),
    /// The shard of this card's account; a card nobody knows may go anywhere.
    Card(CardId),
    /// Wherever the original is: asked by message or number, no card named.
    Original(Original),
    /// Every shard.
    Everyone,
}

impl Command {
    /// What the command is about.
    #[must_use]
    pub fn route(&self) -> Route {
        match self {
            Command::OpenAccount(open) => Route::Account(open.account),
            Command::CloseAccount(account)
            | Command::Fund { account, .. }
            | Command::SetLimits { account, .. }
            | Command::SetZone { account, .. } => Route::Account(*account),
            Command::IssueCard(issue) => Route::Account(issue.account),
            Command::SetCardStanding { card, .. }
            | Command::SetSwitches { card, .. }
            | Command::SetPin { card, .. } => Route::Card(*card),
            Command::Authorize(ask) => Route::Card(ask.card),
            Command::Follow(ask) => ask.card.map_or(Route::Original(ask.original), Route::Card),
            Command::Reverse(ask) => ask.card.map_or(Route::Original(ask.original), Route::Card),
            Command::AttachSignature(signature) => {
                signature.card.map_or(Route::Original(Original::Message(signature.sale)), Route::Card)
            }
            Command::BatchDetail { origin, .. } | Command::ScriptResult { original: origin, .. } => {
                Route::Original(Original::Message(*origin))
            }
            Command::PlaceFreeze(place) => match place.scope {
                Scope::Pin(card) | Scope::Card(card) => Route::Card(card),
                Scope::Account(account) => Route::Account(account),
                Scope::Terminal(_) | Scope::Merchant(_) => Route::Everyone,
            },
            Command::Keyed { command, .. } => command.route(),
            Command::Epoch(_)
            | Command::SetPolicy(_)
            | Command::SetHouse(_)
            | Command::EnrollMerchant(_)
            | Command::EnrollTerminal(_)
            | Command::SignIn { .. }
            | Command::SignOut(_)
            | Command::Settle { .. }
            | Command::CloseBatch { .. }
            | Command::Fault { .. }
            | Command::LiftFreeze(_)
            | Command::Sweep => Route::Everyone,
        }
    }
}

/// The shard of an account among `shards`: by the same mixing everywhere, for good.
#[must_use]
pub const fn shard_of(account: AccountId, shards: NonZeroU16) -> u16 {
    let mixed = (account.0 ^ (account.0 >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    ((mixed >> 32) % shards.get() as u64) as u16
}
