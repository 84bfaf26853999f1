//! Foreign models: LightGBM text and XGBoost JSON, scored bit for bit as their own libraries score them.
//!
//! Text comes in, trees go out. What our evaluator does not do (categories, linear leaves, several classes,
//! dart) is refused by name, never approximated.

mod json;
mod lightgbm;
mod xgboost;

pub use lightgbm::lightgbm;
pub use xgboost::xgboost;

use crate::model::{Arithmetic, Encoding, Forest, Node, Refusal, Schema, Tree, fixed};

/// Largest foreign file, in bytes.
pub const TEXT_BYTES_MAX: usize = 512 << 20;

/// What a foreign file held. [`crate::model::Model::new`] makes a model of it, once it has a card.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Its trees.
    pub trees: Vec<Tree>,
    /// Whose sums.
    pub arithmetic: Arithmetic,
}

impl Imported {
    /// Compiles it for rows of its schema.
    ///
    /// # Errors
    /// More of anything than its limit.
    pub fn forest(&self, schema: &Schema) -> Result<Forest, Refusal> {
        Forest::compile(&self.trees, schema.features.len(), schema.encoding, self.arithmetic)
    }
}

fn foreign(place: impl Into<String>, why: impl Into<String>) -> Refusal {
    Refusal::Foreign { place: place.into(), why: why.into() }
}

/// A foreign node before its children are laid out behind it.
#[derive(Clone, Copy, Debug)]
enum Foreign {
    Split {
        node: Node,
        left: usize,
        right: usize,
    },
    /// Value in the library's float, and the rows (or hessian) it stands for.
    Leaf {
        value: f64,
        weight: f64,
    },
}

/// Lays foreign nodes out with children behind parents and gives every split the mean of its leaves.
fn tree(place: &str, foreign_nodes: &[Foreign], root: usize) -> Result<Tree, Refusal> {
    let mut nodes = vec![Node::leaf(0)];
    let mut weights = vec![0.0_f64];
    let mut means = vec![0.0_f64];
    let mut queue = vec![(root, 0_usize)];
    while let Some((from, to)) = queue.pop() {
        match foreign_nodes.get(from) {
            None => return Err(foreign(place, "a child that is not there")),
            Some(Foreign::Leaf { value, weight }) => {
                if !value.is_finite() {
                    return Err(foreign(place, "a leaf that is not a finite number"));
                }
                nodes[to] = Node { float: value.to_bits(), ..Node::leaf(fixed(*value)) };
                weights[to] = if weight.is_finite() { weight.max(0.0) } else { 0.0 };
                means[to] = *value;
            }
            Some(Foreign::Split { node, left, right }) => {
                let at = nodes.len();
                if at + 2 > 2 * foreign_nodes.len() + 1 {
                    return Err(foreign(place, "a tree that runs in a circle"));
                }
                nodes.extend([Node::leaf(0); 2]);
                weights.extend([0.0; 2]);
                means.extend([0.0; 2]);
                nodes[to] = Node { left: at as u32, right: at as u32 + 1, ..*node };
                queue.push((*left, at));
                queue.push((*right, at + 1));
            }
        }
    }
    for at in (0..nodes.len()).rev() {
        if !nodes[at].is_leaf() {
            let (left, right) = (nodes[at].left as usize, nodes[at].right as usize);
            weights[at] = weights[left] + weights[right];
            means[at] = if weights[at] > 0.0 {
                (means[left] * weights[left] + means[right] * weights[right]) / weights[at]
            } else {
                (means[left] + means[right]) / 2.0
            };
            nodes[at].value = fixed(means[at]);
        }
    }
    Ok(Tree { nodes })
}

/// Names in a file must be the schema's; a file without names of its own must at least count the same.
fn same_names(names: &[String], count: usize, schema: &Schema, unnamed: bool) -> Result<(), Refusal> {
    let wanted = &schema.features;
    if count != wanted.len() || (!unnamed && names != wanted.as_slice()) {
        return Err(Refusal::OtherSchema);
    }
    Ok(())
}

/// The greatest whole number that is not above `threshold`.
fn floor(threshold: f64) -> i64 {
    threshold.floor() as i64
}

/// The key of a threshold for `value <= threshold`, where values are doubles.
fn at_most(threshold: f64, encoding: Encoding) -> i64 {
    match encoding {
        Encoding::Integer => floor(threshold).min(i64::MAX - 1),
        Encoding::Double | Encoding::Single => crate::model::key64(threshold),
    }
}
