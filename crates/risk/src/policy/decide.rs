//! One decision: what every rule says, which of them may act, the score and its reasons.
//!
//! Nothing is changed here, and nothing depends on whether it is live, shadow or replay.

use borsh::{BorshDeserialize, BorshSerialize};

use super::REASONS_MAX;
use super::life::Life;
use super::store::Policy;
use crate::facts::{Fact, Facts};
use crate::language::{Action, Slots};
use crate::model::{Model, ONE};

/// Whether a hit acts, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Whether {
    /// It acts.
    Acts,
    /// Its rule is a draft or in shadow.
    Shadow,
    /// Its rule acts on other cards only, for now.
    OutsideShare,
    /// Its rule leaves this card alone for a while.
    Snoozed,
}

/// A rule that hit.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Hit {
    /// Its number in the rule set.
    pub rule: u16,
    /// Whether it acts.
    pub whether: Whether,
}

/// A feature's part in the score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Reason {
    /// Number of the feature in the schema.
    pub feature: u16,
    /// What stood there; [`crate::facts::MISSING`] where nothing did.
    pub value: i64,
    /// What it added to the margin, fixed point.
    pub added: i64,
}

/// What a model said.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Scored {
    /// Hash of the model.
    pub model: [u8; 32],
    /// Fixed-point margin: `bias`, all reasons and `others` sum to it exactly.
    pub margin: i64,
    /// Probability of fraud in parts per million.
    pub probability: u32,
    /// What the model says of a row it knows nothing about.
    pub bias: i64,
    /// The features that added or took most, in order of size.
    pub reasons: Vec<Reason>,
    /// What all other features added.
    pub others: i64,
}

/// What is decided, and all that is stored with it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Verdict {
    /// Hash of the rule set.
    pub rules: [u8; 32],
    /// Hash of the feature schema.
    pub schema: [u8; 32],
    /// What is to be done, and the number of the rule that decides it.
    pub action: Option<(Action, u16)>,
    /// Every rule that hit, drafts and shadows as well, in the rules' order.
    pub hits: Vec<Hit>,
    /// What the model said.
    pub score: Option<Scored>,
    /// What the challenger would have said: its hash and probability.
    pub challenger: Option<([u8; 32], u32)>,
}

/// Room for one decision, kept between decisions.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    /// Values of facts, aggregates and arithmetic of the last decision.
    pub slots: Slots,
    /// Features of the last decision.
    pub row: Vec<i64>,
    hits: Vec<u64>,
}

impl Policy {
    /// Decides about a transaction, changing nothing.
    pub fn decide(&self, facts: &Facts, scratch: &mut Scratch) -> Verdict {
        self.decided(facts, scratch, true)
    }

    /// The same decision without the reasons of its score (all that the model added is in `others`), for
    /// backtests that count and ask for reasons later.
    pub fn decide_briefly(&self, facts: &Facts, scratch: &mut Scratch) -> Verdict {
        self.decided(facts, scratch, false)
    }

    fn decided(&self, facts: &Facts, scratch: &mut Scratch, reasons: bool) -> Verdict {
        self.windows.read(facts, scratch.slots.readings());
        self.program.fill(facts, &mut scratch.slots);
        self.program.features(&scratch.slots, &mut scratch.row);
        let score = self.model.as_ref().map(|model| match reasons {
            true => scored(model, &scratch.row),
            false => scored_briefly(model, &scratch.row),
        });
        if let Some(score) = &score {
            self.program.score(i64::from(score.probability), &mut scratch.slots);
        }
        let challenger = self.challenger.as_ref().map(|model| {
            let margin = model.forest().score(&scratch.row);
            (model.hash(), model.calibration.probability(margin))
        });
        self.program.run(&scratch.slots, &mut scratch.hits);
        let mut hits = Vec::new();
        for (word, &bits) in scratch.hits.iter().enumerate() {
            let mut bits = bits;
            while bits != 0 {
                let rule = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                if self.standings[rule].life != Life::Retired {
                    hits.push(Hit { rule: rule as u16, whether: self.whether(rule, facts) });
                }
            }
        }
        Verdict {
            rules: self.program.hash(),
            schema: self.program.schema_hash(),
            action: self.resolve(&hits),
            hits,
            score,
            challenger,
        }
    }

    /// The acting hit of the highest priority; among equals the severer action, then the earlier rule.
    fn resolve(&self, hits: &[Hit]) -> Option<(Action, u16)> {
        let acting = hits.iter().filter(|hit| hit.whether == Whether::Acts);
        let best = acting.max_by_key(|hit| {
            let rule = &self.program.rules()[usize::from(hit.rule)];
            (rule.priority, rule.action, std::cmp::Reverse(hit.rule))
        });
        best.map(|hit| (self.program.rules()[usize::from(hit.rule)].action, hit.rule))
    }

    fn whether(&self, rule: usize, facts: &Facts) -> Whether {
        let standing = &self.standings[rule];
        let card = facts.of(Fact::Card);
        match standing.life {
            Life::Draft | Life::Shadow | Life::Retired => return Whether::Shadow,
            Life::Percentage(share) => {
                // The same cards all the time, other cards for every rule.
                let mut dice =
                    crate::dice::Dice::new(card as u64 ^ u64::from_le_bytes(first8(&standing.hash)));
                if dice.below(100) >= u64::from(share) {
                    return Whether::OutsideShare;
                }
            }
            Life::Active => {}
        }
        let asleep = self.snoozes.get(&(standing.rule.clone(), card));
        if asleep.is_some_and(|until| *until > facts.of(Fact::Now)) {
            Whether::Snoozed
        } else {
            Whether::Acts
        }
    }

    /// The words of a reason: "count(card, 1h) = 7 raises the risk by 0.82".
    pub fn reason_text(&self, reason: &Reason) -> String {
        let schema = self.program.schema();
        let name = schema.features.get(usize::from(reason.feature)).map_or("?", String::as_str);
        let value = if reason.value == crate::facts::MISSING {
            "missing".to_owned()
        } else {
            reason.value.to_string()
        };
        let verb = if reason.added < 0 { "lowers" } else { "raises" };
        let hundredths =
            (i128::from(reason.added.unsigned_abs()) * 100 + i128::from(ONE) / 2) / i128::from(ONE);
        format!("{name} = {value} {verb} the risk by {}.{:02}", hundredths / 100, hundredths % 100)
    }
}

fn first8(hash: &[u8; 32]) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = *hash;
    [a, b, c, d, e, f, g, h]
}

fn scored(model: &Model, row: &[i64]) -> Scored {
    let (margin, why) = model.forest().explain(row);
    let mut reasons: Vec<Reason> = Vec::with_capacity(REASONS_MAX + 1);
    let mut others = 0;
    for (at, &value) in row.iter().enumerate() {
        let added = why.by_feature[at];
        if added == 0 {
            continue;
        }
        let size = added.unsigned_abs();
        let place =
            reasons.iter().position(|known| known.added.unsigned_abs() < size).unwrap_or(reasons.len());
        reasons.insert(place, Reason { feature: at as u16, value, added });
        if reasons.len() > REASONS_MAX
            && let Some(last) = reasons.pop()
        {
            others += last.added;
        }
    }
    let probability = model.calibration.probability(margin);
    Scored { model: model.hash(), margin, probability, bias: why.bias, reasons, others }
}

fn scored_briefly(model: &Model, row: &[i64]) -> Scored {
    let margin = model.forest().score(row);
    let bias = model.forest().bias();
    let probability = model.calibration.probability(margin);
    Scored { model: model.hash(), margin, probability, bias, reasons: Vec::new(), others: margin - bias }
}
