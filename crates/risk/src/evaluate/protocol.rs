//! The protocol, step by step: which rows are learned from, which are judged, whose are left out.

use std::collections::BTreeSet;

use super::features::{DAY, Memory, Row, schema};
use super::metrics::{Judged, auc_roc, average_precision, card_precision};
use crate::model::Refusal;
use crate::train::{Learned, Recipe, Sample, learn};

/// Which days play which part. Days are counted from the epoch, both ends included.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Weekday of day 0, Monday being 0.
    pub first_weekday: i64,
    /// First and last day learned from.
    pub train: (i64, i64),
    /// Days until a label arrives.
    pub delay: i64,
    /// First and last day judged.
    pub test: (i64, i64),
    /// Whether rows of customers already known as compromised are left out of learning, as they are of the test.
    pub spare_known: bool,
}

/// Features and labels, ready to learn from and to judge.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Rows of the train days.
    pub train: Sample,
    /// Rows in the train days (before any is spared), and frauds among them.
    pub train_count: (usize, usize),
    /// Rows of the test days without customers known as compromised.
    pub test: Sample,
    /// Of each row of `test`: day, customer.
    pub test_who: Vec<(i64, u64)>,
    /// Rows read.
    pub rows: usize,
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Rows and frauds of the train days.
    pub train: (usize, usize),
    /// Rows and frauds judged.
    pub test: (usize, usize),
    /// Area under the ROC curve.
    pub auc: f64,
    /// Average precision.
    pub ap: f64,
    /// Card precision at 100.
    pub cp100: f64,
}

/// What cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// A transaction before the one in front of it: (its number).
    OutOfOrder(u64),
    /// Test days that begin before the labels of the train days are in.
    DaysOverlap,
    /// No row, or no fraud, or nothing but fraud, in train or test days.
    Empty,
    /// What was learned is not a model.
    Model(Refusal),
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OutOfOrder(id) => write!(out, "transaction {id} is earlier than the one before it"),
            Self::DaysOverlap => {
                write!(out, "the test must begin after the last train day and the delay of its labels")
            }
            Self::Empty => write!(out, "train and test days need both genuine rows and frauds"),
            Self::Model(refusal) => write!(out, "{refusal}"),
        }
    }
}

impl std::error::Error for Wrong {}

/// Reads all rows once and keeps features of those that are learned from or judged.
///
/// # Errors
/// Rows out of order, days that overlap, days without rows.
pub fn prepare(rows: impl Iterator<Item = Row>, plan: &Plan) -> Result<Prepared, Wrong> {
    let (train, test) = (plan.train, plan.test);
    if train.0 > train.1 || test.0 > test.1 || plan.delay < 0 || train.1 + plan.delay >= test.0 {
        return Err(Wrong::DaysOverlap);
    }
    let mut memory = Memory::new(plan.delay * DAY, plan.first_weekday);
    let width = super::features::NAMES.len();
    let mut out = Prepared {
        train: Sample::new(width),
        train_count: (0, 0),
        test: Sample::new(width),
        test_who: Vec::new(),
        rows: 0,
    };
    let mut features = Vec::new();
    let mut last = i64::MIN;
    let mut frauds: Vec<(i64, u64)> = Vec::new();
    let mut fraud_days: BTreeSet<(u64, i64)> = BTreeSet::new();
    for row in rows {
        if row.at < last {
            return Err(Wrong::OutOfOrder(row.id));
        }
        last = row.at;
        let day = row.at.div_euclid(DAY);
        if day > test.1 {
            break;
        }
        out.rows += 1;
        let learned_from = (train.0..=train.1).contains(&day);
        let judged = (test.0..=test.1).contains(&day);
        if row.fraud {
            frauds.push((day, row.customer));
            fraud_days.insert((row.customer, day));
        }
        if !learned_from && !judged {
            memory.observe(&row, None);
            continue;
        }
        memory.observe(&row, Some(&mut features));
        if learned_from {
            out.train_count.0 += 1;
            out.train_count.1 += usize::from(row.fraud);
            let span = train.1 - train.0 + 1;
            let known = (row.customer, day - plan.delay - span)..(row.customer, day - plan.delay);
            if !plan.spare_known || fraud_days.range(known).next().is_none() {
                out.train.push(&features, row.fraud);
            }
        } else {
            // A customer is known from a fraud of the train days on, and on test day k from a fraud
            // until the day before the delay.
            let until = day - plan.delay - 1;
            let known = (row.customer, train.0)..=(row.customer, until.max(train.1));
            if fraud_days.range(known).next().is_none() {
                out.test.push(&features, row.fraud);
                out.test_who.push((day, row.customer));
            }
        }
    }
    let both = |labels: &[bool]| labels.contains(&true) && labels.contains(&false);
    if !both(&out.train.labels) || !both(&out.test.labels) {
        return Err(Wrong::Empty);
    }
    Ok(out)
}

/// Scores the test rows and measures the ranking.
///
/// # Errors
/// What was learned is too large to be a model.
pub fn judge(prepared: &Prepared, learned: &Learned) -> Result<Report, Wrong> {
    let forest = learned.forest(schema().features.len()).map_err(Wrong::Model)?;
    let mut row = Vec::new();
    let mut scored = Vec::with_capacity(prepared.test.labels.len());
    let mut judged = Vec::with_capacity(prepared.test.labels.len());
    for (at, &fraud) in prepared.test.labels.iter().enumerate() {
        prepared.test.row(at, &mut row);
        let score = forest.score(&row);
        let (day, customer) = prepared.test_who[at];
        scored.push((score, fraud));
        judged.push(Judged { day, customer, score, fraud });
    }
    Ok(Report {
        train: prepared.train_count,
        test: (scored.len(), scored.iter().filter(|row| row.1).count()),
        auc: auc_roc(&scored),
        ap: average_precision(&scored),
        cp100: card_precision(&judged, 100),
    })
}

/// All of it: features, learning, judging.
///
/// # Errors
/// As [`prepare`] and [`judge`].
pub fn evaluate(rows: impl Iterator<Item = Row>, plan: &Plan, recipe: &Recipe) -> Result<Report, Wrong> {
    let prepared = prepare(rows, plan)?;
    let learned = learn(&prepared.train, None, recipe);
    judge(&prepared, &learned)
}
