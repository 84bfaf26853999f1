//! The life of a rule: draft, shadow, a percentage, active, retired; who may change it, and what brings it down.
//!
//! Nothing is decided about a transaction here.

use borsh::{BorshDeserialize, BorshSerialize};

/// Where a rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Life {
    /// Written; it is evaluated in backtests only.
    Draft,
    /// Evaluated and recorded, never acted upon.
    Shadow,
    /// Acted upon for this share of cards, 1 to 99 of a hundred.
    Percentage(u8),
    /// Acted upon.
    Active,
    /// No longer evaluated.
    Retired,
}

impl Life {
    /// Whether a rule may act at all.
    pub fn acts(self) -> bool {
        match self {
            Self::Percentage(_) | Self::Active => true,
            Self::Draft | Self::Shadow | Self::Retired => false,
        }
    }
}

/// One rule's standing.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Standing {
    /// The rule's name.
    pub rule: String,
    /// Hash of what it did when it got its standing: an edited rule begins anew.
    pub hash: [u8; 32],
    /// Where it stands.
    pub life: Life,
    /// What is proposed, and by whom.
    pub proposed: Option<(Life, u64)>,
    /// Who agreed to where it stands: the proposer and the second person.
    pub agreed: Option<(u64, u64)>,
    /// Since when, in seconds since 1970.
    pub since: i64,
    /// People it may freeze wrongly in a day.
    pub budget: u16,
    /// The day (since 1970) that `wronged` counts.
    pub wronged_day: i64,
    /// Whose freezes or declines of that day were lifted as false positives.
    pub wronged: Vec<i64>,
    /// Wronged people in all its life.
    pub wronged_ever: u64,
}

/// What may be changed about a policy. Each is journalled by whoever holds the policy.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Change {
    /// Another rule file. Rules that did not change keep their standing; new and edited ones are drafts.
    Install {
        /// The file.
        text: String,
    },
    /// A model, which the rules read as `score`; none takes it away.
    Model {
        /// Its bytes, card and all.
        bytes: Option<Vec<u8>>,
    },
    /// A model that is scored beside, and never acted upon.
    Challenger {
        /// Its bytes.
        bytes: Option<Vec<u8>>,
    },
    /// Somebody wants a rule to stand elsewhere. Drafts and shadows need nobody else.
    Propose {
        /// The rule.
        rule: String,
        /// Where it should stand.
        life: Life,
        /// Who wants it.
        by: u64,
    },
    /// Somebody else agrees to what was proposed.
    Agree {
        /// The rule.
        rule: String,
        /// Who agrees.
        by: u64,
    },
    /// How many people a rule may wrong in a day.
    Budget {
        /// The rule.
        rule: String,
        /// People.
        people: u16,
    },
    /// What a rule did to a card was lifted as a false positive: the rule is snoozed for the card and counted.
    FalsePositive {
        /// The rule.
        rule: String,
        /// The card.
        card: i64,
    },
    /// A rule is to leave a card alone for a while.
    Snooze {
        /// The rule.
        rule: String,
        /// The card.
        card: i64,
        /// Until then.
        until: i64,
    },
}

/// What came of a change.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Notice {
    /// The rule file is in force.
    Installed {
        /// Its hash.
        hash: [u8; 32],
        /// New and edited rules, which begin as drafts.
        drafts: Vec<String>,
        /// Rules that are gone.
        gone: Vec<String>,
    },
    /// A rule stands elsewhere now.
    Stands {
        /// The rule.
        rule: String,
        /// Where.
        life: Life,
    },
    /// A second person is needed.
    Waits {
        /// The rule.
        rule: String,
    },
    /// A rule wronged more people than its budget allows and fell back to shadow.
    FellBack {
        /// The rule.
        rule: String,
        /// People wronged that day.
        people: u16,
    },
    /// A rule leaves a card alone.
    Snoozed {
        /// The rule.
        rule: String,
        /// Until then.
        until: i64,
    },
    /// The model in force changed.
    Modelled {
        /// Its hash.
        hash: Option<[u8; 32]>,
    },
}

/// Why a change was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The rule file is wrong: its faults.
    Rules(Vec<crate::language::Fault>),
    /// The model is not taken.
    Model(crate::model::Refusal),
    /// There is no such rule.
    UnknownRule(String),
    /// Nothing is proposed for it.
    NothingProposed,
    /// The second person must be another.
    SamePerson,
    /// A percentage is 1 to 99.
    NotAPercentage,
    /// Aggregates of the rule have not seen their whole window: the first that has not, and when it will have.
    NotFilled {
        /// As written.
        aggregate: String,
        /// Seconds since 1970.
        at: i64,
    },
    /// The windows belong to other rules.
    OtherWindows,
    /// The clock of the change is before the last.
    Earlier,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rules(faults) => {
                let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
                write!(out, "{}", faults.join("\n"))
            }
            Self::Model(refusal) => write!(out, "{refusal}"),
            Self::UnknownRule(rule) => write!(out, "there is no rule `{rule}`"),
            Self::NothingProposed => write!(out, "nothing is proposed for this rule"),
            Self::SamePerson => write!(out, "a second person must agree"),
            Self::NotAPercentage => write!(out, "a percentage is 1 to 99"),
            Self::NotFilled { aggregate, at } => {
                write!(
                    out,
                    "`{aggregate}` has not seen its whole window before {at}: fill it by replay, or wait"
                )
            }
            Self::OtherWindows => write!(out, "these windows belong to another rule set"),
            Self::Earlier => write!(out, "this change is earlier than the last"),
        }
    }
}

impl std::error::Error for Refused {}

impl Standing {
    /// A new rule.
    pub(super) fn draft(rule: &str, hash: [u8; 32], since: i64, budget: u16) -> Self {
        Self {
            rule: rule.to_owned(),
            hash,
            life: Life::Draft,
            proposed: None,
            agreed: None,
            since,
            budget,
            wronged_day: 0,
            wronged: Vec::new(),
            wronged_ever: 0,
        }
    }

    /// Counts a wronged person; true where that is one too many for the day.
    pub(super) fn wrong(&mut self, card: i64, at: i64) -> bool {
        let day = at.div_euclid(86_400);
        if day != self.wronged_day {
            self.wronged_day = day;
            self.wronged.clear();
        }
        if let Err(place) = self.wronged.binary_search(&card) {
            self.wronged_ever += 1;
            // One more than the budget says all there is to say.
            if self.wronged.len() <= usize::from(self.budget) {
                self.wronged.insert(place, card);
            }
        }
        self.wronged.len() > usize::from(self.budget)
    }
}
