//! The other end of the line: a virtual e-signature POS with its cards, and a virtual host, as values that take acts
//! and make bytes.
//!
//! What must not live here: anything of the host that answers (its machine, its gateway), because a peer must be able
//! to disagree; no socket, no runtime, no clock and no dice: the time and the unpredictable number are given.
//!
//! A [`Pos`] is driven like this: an act ([`Pos::sale`]) gives the bytes of a frame, the driver carries them, hands
//! what comes back to [`Pos::receive`], or says [`Pos::no_answer`]; before the next act it sends what is due
//! ([`Pos::reversal_due`], [`Pos::script_result_due`], [`Pos::signature_due`]).

mod batch;
pub mod card;
mod fault;
mod host_peer;
pub mod kernel;
mod keys;
mod message;
mod moment;
pub mod pos;
mod receipt;
mod reply;
mod reversal;
mod settings;
mod settlement;
mod signature;
mod texts;
mod transaction;

pub use batch::{BatchTotals, LogEntry, Original, PaperSlip, Settled};
pub use card::{CardInHand, Chip, Entry};
pub use fault::{CardFault, PosError};
pub use host_peer::{HostCard, HostPeer, HostReply, HostSettings};
pub use moment::{LocalTime, Moment};
pub use pos::{Pos, Tender};
pub use receipt::{Receipt, ReceiptLine};
pub use reply::{Answered, Balance, Reply};
pub use reversal::{ReversalReason, Unresolved};
pub use settings::{KeySet, PinForm, PosSettings, SignatureRoute};
pub use settlement::{SideVerdict, Verdict};
pub use signature::{Parts, SIGNATURE_BYTES_MAX};
pub use texts::{CodeText, code_text};
pub use transaction::{CompletionBy, Kind, Side};
