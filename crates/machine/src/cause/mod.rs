//! Causes: why a sale was declined or an account frozen, and everything anyone is told about it.
//!
//! One table, four families, no `_` arm: a new cause does not compile until its codes, class, fixer,
//! retry advice, disclosure, effects, remedy, documents and sentences are decided. No HTML and no markup;
//! the words leave this crate through `explain`, which knows who is asking.

mod card;
#[cfg(test)]
mod page;
mod security;
mod system;
#[cfg(test)]
mod tests;
mod transaction;

use borsh::{BorshDeserialize, BorshSerialize};

/// Declares the causes in order of precedence: of several that hold, the first decides.
macro_rules! causes {
    ($( $(#[$doc:meta])* $name:ident => $room:ident, )*) => {
        /// Why. The order is the order of precedence: format and duplicates, terminal and merchant, upstream
        /// and host, card, freezes, PIN and cryptogram, switches, limits, rules and score, funds.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize)]
        #[borsh(use_discriminant = false)]
        pub enum Cause { $( $(#[$doc])* $name, )* }

        impl Cause {
            /// Every cause, in order of precedence.
            pub const ALL: &'static [Cause] = &[ $( Cause::$name, )* ];

            /// All that is known of the cause.
            #[must_use]
            pub const fn entry(self) -> &'static Entry {
                match self { $( Cause::$name => &$room::$name, )* }
            }
        }
    };
}

causes! {
    /// The message could not be read.
    FormatError => system,
    /// The same key with another amount or card.
    DuplicateMismatch => system,
    /// The reversal came before its original.
    ReversedBefore => system,
    /// The answer would have come after the terminal's time-out.
    TooLate => system,
    /// The original of a void, refund, completion or reversal is not known.
    OriginalUnknown => transaction,
    /// Card, merchant or currency differ from the original's.
    OriginalMismatch => transaction,
    /// The original was already voided, reversed, captured, released or refunded.
    OriginalSpent => transaction,
    /// More asked back, or captured, than the original leaves.
    AmountOverOriginal => transaction,
    /// Zero, negative or unreadable amount.
    AmountInvalid => transaction,
    /// Neither this host nor this account takes this kind of transaction.
    NotSupported => transaction,
    /// The account is kept in another currency.
    CurrencyMismatch => transaction,
    /// The merchant is not enrolled.
    MerchantUnknown => system,
    /// The terminal is not enrolled.
    TerminalUnknown => system,
    /// The terminal has to sign in first.
    TerminalNotSignedIn => system,
    /// The message authentication code is wrong.
    MacError => system,
    /// The PIN block cannot be read.
    PinFormatError => system,
    /// The security module is not to be reached or has no such key.
    SecurityModuleDown => system,
    /// The terminal is quarantined after errors of its keys or itself.
    TerminalFrozen => system,
    /// The terminal reports a fault of its own.
    TerminalFault => system,
    /// The merchant is suspended.
    MerchantFrozen => transaction,
    /// The host is being maintained.
    HostMaintenance => system,
    /// More is waiting than the host may hold.
    HostOverloaded => system,
    /// The journal cannot be written.
    StorageFailed => system,
    /// The network to the issuer is down.
    NetworkDown => system,
    /// The issuer's host is out of order.
    IssuerDown => system,
    /// The issuer did not answer in time.
    IssuerSilent => system,
    /// No such card.
    CardUnknown => card,
    /// No such issuer.
    IssuerUnknown => card,
    /// The card was never activated.
    CardInactive => card,
    /// The card was replaced by another.
    CardReplaced => card,
    /// The card is expired.
    CardExpired => card,
    /// The chip cannot be read and the stripe may not stand in for it.
    FallbackRefused => card,
    /// Neither chip nor stripe can be read.
    CardUnreadable => card,
    /// The account is closed.
    AccountClosed => card,
    /// Reported lost.
    CardLost => security,
    /// Reported stolen.
    CardStolen => security,
    /// Frozen by a court or another authority.
    FrozenByAuthority => security,
    /// Under measures against money laundering.
    FrozenForLaundering => security,
    /// Frozen by the bank.
    FrozenByBank => security,
    /// Frozen by the holder.
    FrozenByHolder => security,
    /// Frozen by risk control.
    FrozenByRisk => security,
    /// Too many wrong PINs: the PIN is frozen.
    PinTriesExceeded => security,
    /// Wrong PIN.
    WrongPin => security,
    /// A PIN is needed and none was given.
    PinMissing => security,
    /// The card verification value is wrong.
    VerificationFailed => security,
    /// The chip's cryptogram is wrong.
    CryptogramFailed => security,
    /// The chip's counter was seen before or fell: a copy.
    CounterReplayed => security,
    /// This way of using the card is switched off.
    ChannelOff => transaction,
    /// Use in this country is switched off.
    CountryOff => transaction,
    /// Use at night is switched off.
    NightOff => transaction,
    /// Use at this kind of merchant is switched off.
    CategoryOff => transaction,
    /// Over the limit of one transaction.
    SingleLimit => transaction,
    /// Over the limit of the day.
    DailyLimit => transaction,
    /// Over the limit of the month.
    MonthlyLimit => transaction,
    /// Over the number of transactions of the day.
    DailyCount => transaction,
    /// Too many in a short time.
    TooFrequent => transaction,
    /// Resting after hitting limits again and again.
    CoolingDown => transaction,
    /// Unusual hour for this holder.
    OddTime => transaction,
    /// Unusual place for this holder.
    OddPlace => transaction,
    /// Too far from the last place for the time between.
    ImpossibleTravel => transaction,
    /// Unusual network address or device.
    OddAddress => transaction,
    /// The holder is asked to confirm first.
    StepUpNeeded => security,
    /// The pattern of someone trying out a stolen card.
    CardTesting => security,
    /// The fraud score is over the threshold.
    FraudScore => security,
    /// A rule of risk control refuses it.
    RuleRefused => security,
    /// Not enough money.
    InsufficientFunds => card,
}

const _: () = assert!(Cause::ALL.len() <= 128, "a set of causes is 128 bits");

/// Which of the four families (DESIGN of the product: card, transaction, system, security).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// The card or what is on it.
    Card,
    /// This transaction: amount, count, time, place, kind.
    Transaction,
    /// Terminal, network, host, issuer: never the holder's doing.
    System,
    /// Someone may be misusing the card.
    Security,
}

/// What the operator of the terminal does (classes of the UnionPay terminal annex).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OperatorClass {
    /// Success.
    A,
    /// Failed, may retry.
    B,
    /// Failed, do not retry.
    C,
    /// The operator must act.
    D,
    /// System fault.
    E,
}

/// Who can remove the cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fixer {
    /// The cardholder.
    Holder,
    /// The cashier.
    Cashier,
    /// The merchant.
    Merchant,
    /// The issuing bank.
    Bank,
    /// Whoever runs the host or the network.
    Operator,
}

/// Whether trying again helps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Retry {
    /// The same again will be refused again.
    Never,
    /// At once.
    Now,
    /// After about so many seconds.
    After(u32),
    /// When the next day (or month) of the account begins.
    NextPeriod,
    /// Once the remedy was followed.
    AfterRemedy,
}

/// How much of the cause may be told to holder and cashier. A cause that may not be told in full has no
/// sentence for them: they read the neutral text all such causes share (`explain::disclosed`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disclosure {
    /// All of it, in these words.
    Full {
        /// Said to the holder: who acts, how, and a next step; 您; no blame.
        holder: Text,
        /// Shown on the POS screen: the Chinese at most 40 bytes of GBK, the English at most 40 characters.
        /// No slots: the screen has no room, and the cashier needs none.
        cashier: Text,
    },
    /// Channel, documents, next date and what still works, but not the reason; the agent sees the reason.
    Category,
    /// The same to holder and cashier, and the agent is not shown the reason either: only the legal desk is.
    Silent,
}

/// What the cause counts towards. System causes feed nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Feeds {
    /// The count of attempts in a short time.
    pub velocity: bool,
    /// PIN tries.
    pub pin_tries: bool,
    /// May lead to a freeze.
    pub freeze: bool,
}

impl Feeds {
    /// Feeds nothing.
    pub const NOTHING: Feeds = Feeds { velocity: false, pin_tries: false, freeze: false };
    /// Counts as an attempt.
    pub const VELOCITY: Feeds = Feeds { velocity: true, ..Feeds::NOTHING };
    /// Counts as an attempt and as a PIN try.
    pub const PIN: Feeds = Feeds { pin_tries: true, ..Feeds::VELOCITY };
    /// Counts as an attempt and may lead to a freeze.
    pub const FREEZE: Feeds = Feeds { freeze: true, ..Feeds::VELOCITY };
}

/// DE39 of each family of dialects; the product's own cause is the truth and often finer. Codes that have
/// the terminal keep the card (UnionPay 04, 34, 41, 43; 1993 and 2003 class 2) stand only for a card
/// reported lost or stolen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Codes {
    /// UnionPay terminals and CUPS: two characters of Q/CUP 006.6-2015, table A.2.
    pub unionpay: &'static str,
    /// ISO 8583:1987: two characters.
    pub iso87: &'static str,
    /// ISO 8583:1993: action code, 100 to 999.
    pub iso93: u16,
    /// ISO 8583:2003: result code, four digits. Mostly the action code with its class in front (`1xx` is
    /// `10xx`, `2xx` is `20xx`, `9xx` is `91xx`); finer where the later edition has a code of its own.
    pub iso2003: u16,
}

/// A sentence in both languages, filled by `explain`.
///
/// Slots stand in braces: `{card}` the card by its last four digits, `{amount}` of the transaction,
/// `{limit}`, `{used}`, `{left}` (money, PIN tries or payments), `{until}` date and time in the account's
/// zone, `{merchant}`, `{contact}` where to reach the bank, `{works}` what still works under a freeze.
///
/// A clause in square brackets is said only if every slot in it has a value: `没有扣款[，剩余 {left}]。`
/// Outside brackets stand only `{card}`, `{merchant}` and `{contact}`, which have a neutral wording where
/// their value is missing: `{card}` reads `尾号 1234 的卡` or `这张卡`, `card ending 1234` or `card`.
/// Clauses do not nest; both languages use the same slots. Tests hold all of this.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Text {
    /// Simplified Chinese.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
}

/// One step of a remedy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// Who does it.
    pub who: Fixer,
    /// What to do.
    pub what: Text,
}

/// A paper a lift may need.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Document {
    /// Identity paper.
    Identity,
    /// The receipt of the purchase in question.
    Receipt,
    /// A statement of the account.
    Statement,
    /// A police report.
    PoliceReport,
    /// The card itself.
    Card,
    /// The authority's order.
    Order,
    /// Papers on where the money comes from.
    SourceOfFunds,
    /// The merchant's business licence.
    BusinessLicence,
}

impl Document {
    /// Its name in both languages.
    #[must_use]
    pub const fn name(self) -> Text {
        match self {
            Document::Identity => Text { zh: "有效身份证件", en: "valid identity paper" },
            Document::Receipt => Text { zh: "购物小票或签购单", en: "receipt or sales slip" },
            Document::Statement => Text { zh: "账户流水", en: "account statement" },
            Document::PoliceReport => Text { zh: "报案回执", en: "police report" },
            Document::Card => Text { zh: "银行卡原卡", en: "the card itself" },
            Document::Order => Text { zh: "有权机关法律文书", en: "the authority's order" },
            Document::SourceOfFunds => {
                Text { zh: "资金来源证明", en: "proof of where the money comes from" }
            }
            Document::BusinessLicence => Text { zh: "营业执照", en: "business licence" },
        }
    }
}

/// All that is known of a cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Stable name, lower snake case.
    pub slug: &'static str,
    /// Its family.
    pub family: Family,
    /// A title of a few words, for lists and headings.
    pub(crate) title: Text,
    /// DE39 per dialect.
    pub codes: Codes,
    /// Class for the terminal's operator.
    pub class: OperatorClass,
    /// Who can fix it.
    pub fixer: Fixer,
    /// Whether a retry helps.
    pub retry: Retry,
    /// What holder and cashier may be told, and in which words.
    pub disclosure: Disclosure,
    /// What it counts towards.
    pub feeds: Feeds,
    /// The steps of its remedy, in order; at least one.
    pub(crate) remedy: &'static [Step],
    /// Papers a lift needs; empty where no freeze follows or no paper is asked for.
    pub(crate) documents: &'static [Document],
    /// Said to the bank's agent: what was checked, what to say, what to do, what not to say.
    pub(crate) agent: Text,
}

/// On the POS screen wherever another card is all the cashier can do: the same words, so that they tell
/// nothing about the holder.
pub(crate) const ANOTHER_CARD: Text = text("未成功, 请换卡或换方式付款", "Not approved. Use another card.");
/// On the POS screen while it is not known whether money moved.
const CHECKING: Text = text("核对中, 请勿重复收款", "Checking. Do not charge again.");

const fn text(zh: &'static str, en: &'static str) -> Text {
    Text { zh, en }
}

const fn step(who: Fixer, zh: &'static str, en: &'static str) -> Step {
    Step { who, what: text(zh, en) }
}

const fn codes(unionpay: &'static str, iso87: &'static str, iso93: u16, iso2003: u16) -> Codes {
    Codes { unionpay, iso87, iso93, iso2003 }
}

impl Cause {
    /// Its stable name.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        self.entry().slug
    }

    /// The cause of that name.
    #[must_use]
    pub fn by_slug(slug: &str) -> Option<Cause> {
        Cause::ALL.iter().copied().find(|cause| cause.slug() == slug)
    }

    /// Place in the order of precedence, 0 first.
    #[must_use]
    pub const fn rank(self) -> u8 {
        self as u8
    }
}

/// A set of causes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, BorshSerialize, BorshDeserialize)]
pub struct CauseSet(pub u128);

impl CauseSet {
    /// No cause.
    pub const EMPTY: CauseSet = CauseSet(0);

    /// With `cause` in it.
    pub fn insert(&mut self, cause: Cause) {
        self.0 |= 1 << cause.rank();
    }

    /// Whether `cause` is in it.
    #[must_use]
    pub const fn contains(self, cause: Cause) -> bool {
        self.0 >> cause.rank() & 1 == 1
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The one that decides: the first in order of precedence.
    #[must_use]
    pub fn first(self) -> Option<Cause> {
        Cause::ALL.get(self.0.trailing_zeros() as usize).copied()
    }

    /// All, in order of precedence.
    pub fn iter(self) -> impl Iterator<Item = Cause> {
        Cause::ALL.iter().copied().filter(move |cause| self.contains(*cause))
    }
}

impl FromIterator<Cause> for CauseSet {
    fn from_iter<I: IntoIterator<Item = Cause>>(causes: I) -> CauseSet {
        let mut set = CauseSet::EMPTY;
        causes.into_iter().for_each(|cause| set.insert(cause));
        set
    }
}

impl std::fmt::Debug for CauseSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter().map(Cause::slug)).finish()
    }
}
