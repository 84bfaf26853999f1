//! Commands: everything that can be asked of the machine, as it stands in the journal.
//!
//! What needs a key, a network or milliseconds was found out before: its verdict travels in the command.
//! Tags are never reused and new ones go last: old journals keep their meaning.

use crate::cause::Cause;
use crate::freeze::{Actor, Allowance, Exit, Ground, Lifter, PlacedBy, Reach, Scope};
use crate::ids::{Acceptor, AccountId, ApprovalCode, CardId, FreezeId, MerchantId, Origin, TransactionId};
use crate::money::{Currency, Money};
use crate::time::{Expiry, Timestamp, Zone};
use borsh::{BorshDeserialize, BorshSerialize};

/// Longest canonical form of a command, in bytes; `Command::encode` asserts it.
pub const COMMAND_BYTES_MAX: usize = 1024;

/// Everything that can be asked.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Command {
    /// From here on the machine behaves as version so-and-so.
    Epoch(u16),
    /// The bank's policy.
    SetPolicy(crate::policy::Policy),
    /// What the host itself is able to do.
    SetHouse(House),
    /// A new account.
    OpenAccount(OpenAccount),
    /// No more transactions on it; balance and holds must be zero.
    CloseAccount(AccountId),
    /// Money from outside arrives: salary, transfer, cash.
    Fund {
        /// Whose.
        account: AccountId,
        /// How much; greater than zero.
        amount: Money,
    },
    /// New limits.
    SetLimits {
        /// Whose.
        account: AccountId,
        /// Which.
        limits: Limits,
    },
    /// The account's offset from UTC.
    SetZone {
        /// Whose.
        account: AccountId,
        /// Which.
        zone: Zone,
    },
    /// A new card, possibly in place of another.
    IssueCard(IssueCard),
    /// Activated, or reported lost or stolen (which also freezes it).
    SetCardStanding {
        /// Which card.
        card: CardId,
        /// What now.
        standing: CardStanding,
    },
    /// Ways of use switched on and off by the holder.
    SetSwitches {
        /// Which card.
        card: CardId,
        /// Which.
        switches: Switches,
    },
    /// A new PIN: its verification value. Ends a freeze of the PIN.
    SetPin {
        /// Which card.
        card: CardId,
        /// The new reference.
        pin: PinReference,
    },
    /// A merchant and what it is.
    EnrollMerchant(EnrollMerchant),
    /// A terminal of a merchant.
    EnrollTerminal(Acceptor),
    /// A terminal signs in: new working keys, current batch.
    SignIn {
        /// Which terminal.
        acceptor: Acceptor,
        /// Which keys it asks for.
        keys: KeySet,
    },
    /// A terminal signs out.
    SignOut(Acceptor),
    /// A sale, pre-authorization or balance inquiry.
    Authorize(Authorize),
    /// What follows an earlier transaction: void, completion, cancel, refund.
    Follow(Follow),
    /// An earlier message is taken back: no answer came, or something failed.
    Reverse(Reverse),
    /// A terminal compares its totals of a batch.
    Settle {
        /// Which terminal.
        acceptor: Acceptor,
        /// Which batch.
        batch: u32,
        /// Its totals.
        totals: BatchTotals,
    },
    /// One transaction of a batch that did not agree, as the terminal has it.
    BatchDetail {
        /// Under which number the terminal has it.
        origin: Origin,
        /// How much.
        amount: i64,
    },
    /// The end of a batch upload: the batch is closed, the next one begins.
    CloseBatch {
        /// Which terminal.
        acceptor: Acceptor,
        /// Which batch.
        batch: u32,
    },
    /// The holder's electronic signature under a sale, kept elsewhere.
    AttachSignature(Signature),
    /// What the chip said of an issuer script.
    ScriptResult {
        /// The transaction it came with.
        original: Origin,
        /// Whether the chip executed it.
        executed: bool,
    },
    /// A message the gateway had to refuse: it is recorded, counted against the terminal, and feeds nothing else.
    Fault {
        /// Which terminal, where one is known.
        acceptor: Option<Acceptor>,
        /// The message, where it could be read so far.
        origin: Option<Origin>,
        /// Why; a system cause.
        cause: Cause,
    },
    /// Freeze.
    PlaceFreeze(PlaceFreeze),
    /// Lift, or approve the lift.
    LiftFreeze(LiftFreeze),
    /// Let holds and freezes that ran out by now end.
    Sweep,
    /// A command under an idempotency key: the same again is answered from memory.
    Keyed {
        /// Hash of caller and key.
        key: [u8; 16],
        /// Hash of the request's body.
        body: [u8; 16],
        /// What is asked.
        command: Box<Command>,
    },
}

/// What the host itself, and the issuer behind it, are able to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum House {
    /// All well.
    Open,
    /// Maintenance until about then.
    Maintenance {
        /// Until about when.
        until: Timestamp,
    },
    /// The network to the issuer is down.
    NetworkDown,
    /// The issuer's host is out of order.
    IssuerDown,
    /// The issuer does not answer in time.
    IssuerSilent,
}

/// What kind of account.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum AccountKind {
    /// The holder's own money.
    Debit,
    /// With a credit line, in minor units.
    Credit {
        /// How far below zero the balance may go.
        line: i64,
    },
}

/// A new account.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct OpenAccount {
    /// Its number.
    pub account: AccountId,
    /// Debit or credit.
    pub kind: AccountKind,
    /// The one currency it is kept in.
    pub currency: Currency,
    /// Its calendar.
    pub zone: Zone,
    /// Its limits.
    pub limits: Limits,
}

/// Limits of an account, in minor units of its currency; `i64::MAX` and `u32::MAX` mean none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Limits {
    /// Of one transaction.
    pub single: i64,
    /// Of one local day.
    pub daily: i64,
    /// Of one local month.
    pub monthly: i64,
    /// Approved transactions of one local day.
    pub daily_count: u32,
}

impl Limits {
    /// No limits.
    pub const NONE: Limits =
        Limits { single: i64::MAX, daily: i64::MAX, monthly: i64::MAX, daily_count: u32::MAX };
}

/// A new card.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct IssueCard {
    /// The keyed hash of its number.
    pub card: CardId,
    /// Whose.
    pub account: AccountId,
    /// The last four digits, ASCII: all that is ever shown.
    pub last4: [u8; 4],
    /// The last month it is good in.
    pub expiry: Expiry,
    /// Whether it is active at once.
    pub active: bool,
    /// Whether it has a chip.
    pub chip: bool,
    /// How its PIN is verified; none for a card without PIN.
    pub pin: Option<PinReference>,
    /// The card it replaces, if one.
    pub replaces: Option<CardId>,
}

/// PIN verification value and the index of its key (Visa PVV method); of no use without the key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct PinReference {
    /// Key index, 1 to 6.
    pub key_index: u8,
    /// Four digits, ASCII.
    pub pvv: [u8; 4],
}

/// What a card is good for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum CardStanding {
    /// Not yet activated.
    Inactive,
    /// In use.
    Active,
    /// Reported lost.
    Lost,
    /// Reported stolen.
    Stolen,
    /// Replaced by that one.
    Replaced(CardId),
}

/// Ways of use a holder can switch off.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Switches {
    /// Magnetic stripe.
    pub stripe: bool,
    /// Contactless.
    pub contactless: bool,
    /// Shown as a code.
    pub code: bool,
    /// Typed in, or on file: no card present.
    pub remote: bool,
    /// Outside the home country.
    pub abroad: bool,
    /// At night (the policy says when).
    pub night: bool,
}

impl Switches {
    /// Everything on.
    pub const ON: Switches =
        Switches { stripe: true, contactless: true, code: true, remote: true, abroad: true, night: true };
}

/// A merchant.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct EnrollMerchant {
    /// DE42.
    pub merchant: MerchantId,
    /// Name as printed, 1 to 40 bytes of UTF-8.
    pub name: String,
    /// Merchant category code, ISO 18245.
    pub mcc: u16,
    /// ISO 3166-1 numeric.
    pub country: u16,
}

/// Working keys a terminal asks for at sign-in (DE60.3 001, 003, 004).
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum KeySet {
    /// PIN and MAC key of single length.
    Single,
    /// PIN key of double length, MAC key of single length in a double field.
    Double,
    /// The same and a key for tracks.
    DoubleWithTrack,
}

/// How the card came in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Entry {
    /// Stripe of a card without chip.
    Stripe,
    /// Stripe of a chip card, after its chip failed.
    Fallback,
    /// Chip with contacts.
    Chip,
    /// Contactless.
    Contactless,
    /// Shown as a code.
    Code,
    /// Typed in.
    Manual,
    /// On file: no card present.
    OnFile,
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Purpose {
    /// Money now.
    Sale,
    /// A hold, to be completed later.
    PreAuthorization,
    /// What is there.
    BalanceInquiry,
    /// A sale undone on the same day.
    Void,
    /// A hold turned into a sale.
    Completion,
    /// A hold given up.
    PreAuthorizationCancel,
    /// A completion undone.
    CompletionCancel,
    /// Money back.
    Refund,
    /// A message taken back.
    Reversal,
    /// A message that could not be taken.
    Fault,
}

/// What the gateway learned before it asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Checks {
    /// The PIN.
    pub pin: PinCheck,
    /// The chip.
    pub chip: ChipCheck,
    /// The card verification value.
    pub value: ValueCheck,
}

impl Checks {
    /// Nothing was there to check.
    pub const NONE: Checks =
        Checks { pin: PinCheck::Absent, chip: ChipCheck::Absent, value: ValueCheck::Absent };
}

/// The PIN.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum PinCheck {
    /// None given.
    Absent,
    /// Right.
    Right,
    /// Wrong.
    Wrong,
}

/// The chip's cryptogram.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum ChipCheck {
    /// None given.
    Absent,
    /// Right, with the chip's transaction counter (9F36), to be compared with the last one seen.
    Verified {
        /// Application transaction counter.
        counter: u16,
    },
    /// Wrong.
    Refused {
        /// Application transaction counter as claimed.
        counter: u16,
    },
}

/// The card verification value of stripe or chip.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum ValueCheck {
    /// None given.
    Absent,
    /// Right.
    Right,
    /// Wrong.
    Wrong,
}

/// Where it happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Place {
    /// At a terminal we know; country and category are its merchant's.
    Terminal(Acceptor),
    /// At another acquirer's.
    Elsewhere {
        /// Acquiring institution, DE32.
        acquirer: u64,
        /// DE42 and DE41 as they came.
        acceptor: Acceptor,
        /// Merchant category code, DE18.
        mcc: u16,
        /// ISO 3166-1 numeric, DE19.
        country: u16,
    },
    /// At a merchant of ours without a terminal.
    Merchant(MerchantId),
}

/// A sale, pre-authorization or balance inquiry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Authorize {
    /// Who asks, under which number.
    pub origin: Origin,
    /// `Sale`, `PreAuthorization` or `BalanceInquiry`.
    pub purpose: Purpose,
    /// Which card.
    pub card: CardId,
    /// How much; zero for an inquiry.
    pub amount: Money,
    /// How the card came in.
    pub entry: Entry,
    /// Where.
    pub place: Place,
    /// The expiry the card states, if it came along.
    pub expiry: Option<Expiry>,
    /// What was checked.
    pub checks: Checks,
    /// It has happened already (0220): it is posted whatever is found.
    pub advice: bool,
    /// After this the terminal no longer waits: never approve later.
    pub answer_by: Option<Timestamp>,
}

/// By what an earlier transaction is named.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Original {
    /// By terminal, batch and STAN, or DE90.
    Message(Origin),
    /// By its own number (or the RRN made of it).
    Number(TransactionId),
    /// An open hold of the card, by its approval code (DE38).
    Approval(ApprovalCode),
}

/// What follows an earlier transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Follow {
    /// Who asks, under which number.
    pub origin: Origin,
    /// `Void`, `Completion`, `PreAuthorizationCancel`, `CompletionCancel` or `Refund`.
    pub purpose: Purpose,
    /// What it follows.
    pub original: Original,
    /// Which card; none where the caller knows only the original.
    pub card: Option<CardId>,
    /// How much.
    pub amount: Money,
    /// How the card came in.
    pub entry: Entry,
    /// Where.
    pub place: Place,
    /// What was checked.
    pub checks: Checks,
    /// It has happened already (0220): it is posted whatever is found.
    pub advice: bool,
    /// Of a completion: whether what is left of the hold is released.
    pub last: bool,
}

/// A message taken back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Reverse {
    /// The message taken back.
    pub original: Original,
    /// Which card, where the message says.
    pub card: Option<CardId>,
    /// The original's amount, where the message says.
    pub amount: Option<Money>,
    /// What remains in force after a partial reversal (DE95); none: nothing.
    pub remaining: Option<Money>,
    /// Where.
    pub place: Option<Place>,
}

/// Totals of a batch: what the terminal, or the host, counted (DE48 of 0500, one side).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, BorshSerialize, BorshDeserialize)]
pub struct BatchTotals {
    /// Sales and completions, minor units.
    pub debit_amount: i64,
    /// Their number.
    pub debit_count: u32,
    /// Voids, cancels and refunds, minor units.
    pub credit_amount: i64,
    /// Their number.
    pub credit_count: u32,
}

/// An electronic signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Signature {
    /// The sale it is under.
    pub sale: Origin,
    /// The retrieval reference number it names, DE37.
    pub rrn: u64,
    /// The amount it names.
    pub amount: i64,
    /// The card it names, if it does.
    pub card: Option<CardId>,
    /// BLAKE3 of the image as it was uploaded; the image itself is kept elsewhere under this name.
    pub image: [u8; 32],
    /// Bytes of the image.
    pub image_bytes: u32,
}

/// Freeze.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct PlaceFreeze {
    /// What.
    pub scope: Scope,
    /// How far; none: as the policy has it for the cause.
    pub reach: Option<Reach>,
    /// Why.
    pub cause: Cause,
    /// The transaction it follows from.
    pub evidence: Option<TransactionId>,
    /// Who.
    pub by: PlacedBy,
    /// When it runs out; none: as the policy has it for the cause.
    pub expires_at: Option<Timestamp>,
    /// The way out; none: as the policy has it for the cause.
    pub exit: Option<Exit>,
    /// What stays possible.
    pub allowance: Option<Allowance>,
}

/// Lift.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct LiftFreeze {
    /// Which.
    pub freeze: FreezeId,
    /// Who.
    pub by: Lifter,
    /// On what ground.
    pub ground: Ground,
}

impl Actor {
    /// The house itself, where a person is asked for and none acted.
    pub const HOUSE: Actor = Actor(*b"house                   ");
}
