//! What a rule file says, as plain data.
//!
//! Nothing is checked here beyond what the types can hold.

use super::token::Place;

/// A whole rule file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFile {
    /// Comment lines at its head.
    pub notes: Vec<String>,
    /// Version of this rule set, chosen by its author.
    pub version: u64,
    /// Named lists.
    pub lists: Vec<NamedList>,
    /// Named expressions.
    pub lets: Vec<Let>,
    /// Rules, in the file's order.
    pub rules: Vec<Rule>,
}

/// `list NAME of CODE|ID|NUMBER { .. }`: an allow or deny list whose entries may end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedList {
    /// Comment lines in front of it.
    pub notes: Vec<String>,
    /// Its name.
    pub name: String,
    /// Its entries.
    pub entries: Vec<Entry>,
    /// Where it stands.
    pub place: Place,
}

/// An entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The value: a number, a code or an id.
    pub value: Expression,
    /// From when on it no longer counts (seconds since 1970), where it ends.
    pub until: Option<i64>,
}

/// `let NAME = EXPRESSION`: a derived fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Let {
    /// Comment lines in front of it.
    pub notes: Vec<String>,
    /// Its name.
    pub name: String,
    /// What it stands for.
    pub value: Expression,
    /// Where it stands.
    pub place: Place,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Comment lines in front of it.
    pub notes: Vec<String>,
    /// Its name: lower case letters, digits, underscores.
    pub name: String,
    /// Who answers for it.
    pub owner: String,
    /// What it asks for.
    pub action: Action,
    /// The slug of the cause it gives.
    pub cause: String,
    /// Higher decides first, 0 to 999.
    pub priority: u16,
    /// When it hits.
    pub when: Expression,
    /// Where its name stands.
    pub place: Place,
    /// Where its cause stands.
    pub cause_place: Place,
}

/// What a hit asks for. Ordered from mild to severe.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, borsh::BorshSerialize, borsh::BorshDeserialize,
)]
pub enum Action {
    /// Nothing may stop it but a rule of higher priority.
    Allow,
    /// A person looks at it afterwards.
    Review,
    /// The holder confirms first.
    StepUp,
    /// Up to this many minor units pass.
    Cap {
        /// Minor units.
        most: i64,
    },
    /// Nothing passes for a while.
    CoolDown {
        /// Seconds.
        span: i64,
    },
    /// This one does not pass.
    Decline,
    /// Card or account is frozen.
    Freeze {
        /// What is frozen.
        scope: Scope,
        /// Seconds until it ends by itself.
        span: i64,
    },
}

/// What a rule can freeze.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, borsh::BorshSerialize, borsh::BorshDeserialize,
)]
pub enum Scope {
    /// The card.
    Card,
    /// The account with all its cards.
    Account,
}

/// An expression and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    /// What it says.
    pub kind: Kind,
    /// Where it begins.
    pub place: Place,
}

/// What an expression says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Number(i64),
    /// A span, in seconds.
    Span(i64),
    /// A code in quotes.
    Code(String),
    /// An id.
    Id(u64),
    /// `true` or `false`.
    Truth(bool),
    /// `missing`.
    Missing,
    /// A fact, a list or a derived fact.
    Name(String),
    /// `[a, b]`.
    List(Vec<Expression>),
    /// `!a`.
    Not(Box<Expression>),
    /// `-a`.
    Minus(Box<Expression>),
    /// `a + b` and its kind.
    Both(Operator, Box<Expression>, Box<Expression>),
    /// `ratio(a, b)`: hundredths, missing where `b` is not above zero.
    Ratio(Box<Expression>, Box<Expression>),
    /// An aggregate over a window.
    Aggregate(Box<Aggregate>),
}

/// Operators, loosest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `||`
    Or,
    /// `&&`
    And,
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `in`
    In,
    /// `+`
    Plus,
    /// `-`
    Sub,
    /// `*`
    Times,
    /// `/`
    Over,
    /// `%`
    Rest,
}

impl Operator {
    /// As it is written.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
            Self::In => "in",
            Self::Plus => "+",
            Self::Sub => "-",
            Self::Times => "*",
            Self::Over => "/",
            Self::Rest => "%",
        }
    }

    /// How tightly it binds.
    pub(super) const fn tightness(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Equal
            | Self::Unequal
            | Self::Less
            | Self::AtMost
            | Self::More
            | Self::AtLeast
            | Self::In => 3,
            Self::Plus | Self::Sub => 4,
            Self::Times | Self::Over | Self::Rest => 5,
        }
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// Events.
    Count,
    /// Sum of a fact.
    Sum,
    /// Its mean, rounded down; missing of none.
    Avg,
    /// Its standard deviation, rounded down; missing below two events.
    Spread,
    /// Its least value; missing of none.
    Min,
    /// Its greatest value; missing of none.
    Max,
    /// How many different values; exact up to 16, and never more than that.
    Distinct,
    /// Whether a value was not among the last 16 different ones.
    New,
    /// When the entity was first seen.
    FirstSeen,
    /// When it was last seen, or the last value of a fact.
    Last,
    /// Metres from the place of the last event.
    Distance,
    /// Kilometres per hour from the place of the last event.
    Speed,
    /// Labels that said fraud.
    Frauds,
    /// Labels that arrived.
    Labels,
    /// Frauds per million labels; missing of none.
    FraudRate,
}

impl Function {
    /// All of them.
    pub const ALL: [Function; 15] = [
        Self::Count,
        Self::Sum,
        Self::Avg,
        Self::Spread,
        Self::Min,
        Self::Max,
        Self::Distinct,
        Self::New,
        Self::FirstSeen,
        Self::Last,
        Self::Distance,
        Self::Speed,
        Self::Frauds,
        Self::Labels,
        Self::FraudRate,
    ];

    /// Its name in the language.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Spread => "spread",
            Self::Min => "min",
            Self::Max => "max",
            Self::Distinct => "distinct",
            Self::New => "is_new",
            Self::FirstSeen => "first_seen",
            Self::Last => "last",
            Self::Distance => "distance",
            Self::Speed => "speed",
            Self::Frauds => "frauds",
            Self::Labels => "labels",
            Self::FraudRate => "fraud_rate",
        }
    }

    /// How it is written, for messages.
    pub const fn shape(self) -> &'static str {
        match self {
            Self::Count => "count(card, 1h)",
            Self::Sum => "sum(amount, card, 1d)",
            Self::Avg => "avg(amount, card, 30d)",
            Self::Spread => "spread(amount, card, 30d)",
            Self::Min => "min(amount, card, 30d)",
            Self::Max => "max(amount, card, 30d)",
            Self::Distinct => "distinct(merchant, card, 1h)",
            Self::New => "is_new(merchant, card, 90d)",
            Self::FirstSeen => "first_seen(card)",
            Self::Last => "last(card) or last(amount, card)",
            Self::Distance => "distance(card)",
            Self::Speed => "speed(card)",
            Self::Frauds => "frauds(terminal, 7d, delay 7d)",
            Self::Labels => "labels(terminal, 7d, delay 7d)",
            Self::FraudRate => "fraud_rate(terminal, 7d, delay 7d)",
        }
    }
}

/// A window.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, borsh::BorshSerialize, borsh::BorshDeserialize,
)]
pub enum Window {
    /// The last so many seconds.
    Sliding(i64),
    /// The calendar day in the account's zone.
    Day,
    /// The calendar month in the account's zone.
    Month,
}

/// An aggregate as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aggregate {
    /// What is counted.
    pub function: Function,
    /// Of which fact; none for those that count events.
    pub fact: Option<(String, Place)>,
    /// Over which entity, or pair of entities.
    pub entity: Vec<(String, Place)>,
    /// Over which window; none for those of the last event.
    pub window: Option<(Window, Place)>,
    /// Which events count.
    pub filter: Option<Expression>,
    /// How many seconds the window ends before now.
    pub delay: i64,
    /// Whether the current transaction is left out. It counts unless `before` is written.
    pub before: bool,
}
