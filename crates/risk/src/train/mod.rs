//! Learning: gradient-boosted trees from rows and labels, by exact splits, the same bits from the same seed.
//!
//! No platform mathematics (see `exact`), no threads, no order that a hash decides; what is learned holds no
//! float. Thresholds are tried between *all* neighbouring values of a feature: histograms of few bins lose
//! the sharp edges that fraud likes.

mod calibrate;
mod grow;

pub use calibrate::{isotonic, platt};

use crate::dice::Dice;
use crate::exact;
use crate::model::{Arithmetic, Encoding, Forest, MISSING, ONE, Refusal, Tree};

use grow::{Grower, Sorted};

/// Rows to learn from, column by column.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// One column a feature, each as long as `labels`; [`MISSING`] where nothing is known.
    pub columns: Vec<Vec<i64>>,
    /// Whether the row was fraud.
    pub labels: Vec<bool>,
}

impl Sample {
    /// An empty sample of so many features.
    pub fn new(features: usize) -> Self {
        Self { columns: vec![Vec::new(); features], labels: Vec::new() }
    }

    /// Adds one row; what it lacks is missing.
    pub fn push(&mut self, row: &[i64], fraud: bool) {
        for (at, column) in self.columns.iter_mut().enumerate() {
            column.push(row.get(at).copied().unwrap_or(MISSING));
        }
        self.labels.push(fraud);
    }

    /// Copies one row out.
    pub fn row(&self, at: usize, row: &mut Vec<i64>) {
        row.clear();
        row.extend(self.columns.iter().map(|column| column[at]));
    }
}

/// Which leaf is split next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// The shallowest first: balanced trees.
    Depth,
    /// The one that gains most: deep where it pays.
    Leaf,
}

/// How to learn. Shares are parts per million.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Boosting rounds of one bag.
    pub rounds: usize,
    /// Shrinkage of every tree.
    pub rate: f64,
    /// Deepest leaf, in splits.
    pub depth_max: usize,
    /// Most leaves of a tree.
    pub leaves_max: usize,
    /// Which leaf is split next.
    pub growth: Growth,
    /// L2 penalty on leaf values.
    pub l2: f64,
    /// Least sum of second derivatives in a leaf.
    pub child_weight_min: f64,
    /// Least gain of a split.
    pub gain_min: f64,
    /// Share of rows each tree sees.
    pub row_share: u32,
    /// Share of features each tree sees.
    pub column_share: u32,
    /// Weight of a fraud against a genuine row (`scale_pos_weight`).
    pub fraud_weight: f64,
    /// Models that are averaged, each from its own seed.
    pub bags: usize,
    /// Where all dice begin.
    pub seed: u64,
    /// Rounds without a better validation loss after which a bag stops; 0 never stops.
    pub patience: usize,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            rounds: 100,
            rate: 0.1,
            depth_max: 4,
            leaves_max: 16,
            growth: Growth::Depth,
            l2: 1.0,
            child_weight_min: 1.0,
            gain_min: 0.0,
            row_share: 800_000,
            column_share: 800_000,
            fraud_weight: 1.0,
            bags: 1,
            seed: 1,
            patience: 0,
        }
    }
}

/// What was learned.
#[derive(Clone, Debug)]
pub struct Learned {
    /// Trees of all bags, already weighted.
    pub trees: Vec<Tree>,
    /// Fixed-point margin before any tree.
    pub base: i64,
    /// Rounds kept of each bag.
    pub rounds: Vec<usize>,
}

impl Learned {
    /// Compiles it.
    ///
    /// # Errors
    /// More trees, nodes or features than a model may have.
    pub fn forest(&self, features: usize) -> Result<Forest, Refusal> {
        Forest::compile(&self.trees, features, Encoding::Integer, self.arithmetic())
    }

    /// Ours, from its base.
    pub fn arithmetic(&self) -> Arithmetic {
        Arithmetic::Fixed { base: self.base }
    }
}

/// Learns from a sample; `validation` decides when to stop, where the recipe has patience.
///
/// The same sample, recipe and seed give the same trees on every computer.
pub fn learn(sample: &Sample, validation: Option<&Sample>, recipe: &Recipe) -> Learned {
    let sorted = Sorted::of(sample);
    let base = prior(sample, recipe.fraud_weight);
    let bags = recipe.bags.max(1);
    let mut learned = Learned { trees: Vec::new(), base, rounds: Vec::new() };
    for bag in 0..bags {
        let mut dice = Dice::new(recipe.seed.wrapping_mul(0x1_0001).wrapping_add(bag as u64));
        let trees = boost(sample, &sorted, validation, recipe, base, &mut dice);
        learned.rounds.push(trees.len());
        learned.trees.extend(trees);
    }
    for node in learned.trees.iter_mut().flat_map(|tree| &mut tree.nodes) {
        node.value /= bags as i64;
    }
    learned
}

/// Log odds of the weighted share of fraud, fixed point.
fn prior(sample: &Sample, fraud_weight: f64) -> i64 {
    let frauds = sample.labels.iter().filter(|&&fraud| fraud).count() as f64 * fraud_weight;
    let genuine = sample.labels.iter().filter(|&&fraud| !fraud).count() as f64;
    crate::model::fixed(exact::ln((frauds + 0.5) / (genuine + 0.5)))
}

/// One bag.
fn boost(
    sample: &Sample,
    sorted: &Sorted,
    validation: Option<&Sample>,
    recipe: &Recipe,
    base: i64,
    dice: &mut Dice,
) -> Vec<Tree> {
    let rows = sample.labels.len();
    let mut margins = vec![base; rows];
    let mut slopes = vec![[0.0_f32; 2]; rows];
    let mut watch = validation.map(|held| (held, vec![base; held.labels.len()]));
    let (mut best, mut best_loss) = (0, f64::INFINITY);
    let mut trees: Vec<Tree> = Vec::new();
    let mut grower = Grower::new(sample, sorted, recipe);
    for round in 0..recipe.rounds {
        for (at, slope) in slopes.iter_mut().enumerate() {
            let p = 1.0 / (1.0 + exact::exp(-(margins[at] as f64) / ONE as f64));
            let (label, weight) = if sample.labels[at] { (1.0, recipe.fraud_weight) } else { (0.0, 1.0) };
            *slope = [((p - label) * weight) as f32, (p * (1.0 - p) * weight) as f32];
        }
        let tree = grower.tree(&slopes, dice);
        raise(&mut margins, &tree, &sample.columns);
        if let Some((held, held_margins)) = &mut watch {
            raise(held_margins, &tree, &held.columns);
            let loss = log_loss(held_margins, &held.labels);
            if loss < best_loss {
                (best, best_loss) = (round + 1, loss);
            }
        }
        trees.push(tree);
        if watch.is_some() && recipe.patience > 0 && round + 1 >= best + recipe.patience {
            break;
        }
    }
    if watch.is_some() && recipe.patience > 0 {
        trees.truncate(best);
    }
    trees
}

/// Adds a tree's leaves to margins.
fn raise(margins: &mut [i64], tree: &Tree, columns: &[Vec<i64>]) {
    for (row, margin) in margins.iter_mut().enumerate() {
        let mut node = &tree.nodes[0];
        while !node.is_leaf() {
            let value = columns[usize::from(node.feature)][row];
            let left = if value == MISSING {
                node.absent == crate::model::Absent::Left
            } else {
                value <= node.threshold
            };
            node = &tree.nodes[if left { node.left } else { node.right } as usize];
        }
        *margin += node.value;
    }
}

/// Mean logistic loss.
fn log_loss(margins: &[i64], labels: &[bool]) -> f64 {
    let total: f64 = margins
        .iter()
        .zip(labels)
        .map(|(&margin, &fraud)| {
            let signed = margin as f64 / ONE as f64 * if fraud { -1.0 } else { 1.0 };
            signed.max(0.0) + exact::ln(1.0 + exact::exp(-signed.abs()))
        })
        .sum();
    total / labels.len().max(1) as f64
}
