//! One tree as plain data, and the schema of the rows it reads.
//!
//! Nothing is evaluated here: this is the form that is stored, hashed and checked.

use borsh::{BorshDeserialize, BorshSerialize};

use super::{FEATURES_MAX, MISSING, NODES_MAX, Refusal};

/// How the `i64` of a feature was made from the value it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Encoding {
    /// The value itself: minor units, seconds, counts, parts per million.
    Integer,
    /// [`key64`] of a double.
    Double,
    /// [`key32`] of a single.
    Single,
}

/// The features of a row, in order. Models and rows meet only under the same schema hash.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Schema {
    /// How all features are encoded.
    pub encoding: Encoding,
    /// Their names, units included ("amount_cents").
    pub features: Vec<String>,
}

impl Schema {
    /// BLAKE3 over the canonical bytes.
    pub fn hash(&self) -> [u8; 32] {
        let bytes = borsh::to_vec(self).expect("writing to memory cannot fail");
        *blake3::hash(&bytes).as_bytes()
    }
}

/// What a node makes of a value that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Absent {
    /// Missing goes left.
    Left,
    /// Missing goes right.
    Right,
    /// Missing is read as zero.
    Zero,
    /// Missing and (nearly) zero go left: LightGBM's `zero_as_missing`.
    ZeroLeft,
    /// Missing and (nearly) zero go right.
    ZeroRight,
}

/// A node: a split `value <= threshold ? left : right`, or a leaf where `left` is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Node {
    /// The greatest value that still goes left, in the schema's encoding.
    pub threshold: i64,
    /// Index of the left child in the tree; always greater than the node's own; 0 in a leaf.
    pub left: u32,
    /// Index of the right child; 0 in a leaf.
    pub right: u32,
    /// The feature asked; 0 in a leaf.
    pub feature: u16,
    /// What a missing value does; `Left` in a leaf.
    pub absent: Absent,
    /// Fixed-point value: of a leaf what it adds, of a split what its rows add on the average.
    pub value: i64,
    /// The leaf's value in the library's own float (bits of a double; singles widened). 0 in our own models.
    pub float: u64,
}

impl Node {
    /// A leaf of our own models.
    pub fn leaf(value: i64) -> Self {
        Self { threshold: 0, left: 0, right: 0, feature: 0, absent: Absent::Left, value, float: 0 }
    }

    /// Whether the walk ends here.
    pub fn is_leaf(&self) -> bool {
        self.left == 0
    }
}

/// A tree; its root is node 0.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Tree {
    /// Children always stand behind their parents, so every walk ends.
    pub nodes: Vec<Node>,
}

impl Tree {
    /// Checks that every walk through the tree ends in a leaf and asks only known features.
    pub fn check(&self, features: usize) -> Result<(), Refusal> {
        if self.nodes.is_empty() || self.nodes.len() > NODES_MAX {
            return Err(Refusal::Damaged("a tree without nodes, or with too many"));
        }
        let mut parents = vec![0_u8; self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            if node.is_leaf() {
                if node.right != 0 {
                    return Err(Refusal::Damaged("half a split"));
                }
                continue;
            }
            if usize::from(node.feature) >= features.min(FEATURES_MAX) {
                return Err(Refusal::Damaged("a split on a feature the schema does not name"));
            }
            for child in [node.left as usize, node.right as usize] {
                if child <= at || child >= self.nodes.len() {
                    return Err(Refusal::Damaged("a child before its parent or outside its tree"));
                }
                if parents[child] != 0 {
                    return Err(Refusal::Damaged("a node with two parents"));
                }
                parents[child] = 1;
            }
        }
        if parents.iter().skip(1).any(|&known| known == 0) {
            return Err(Refusal::Damaged("a node without a parent"));
        }
        Ok(())
    }

    /// Longest way from the root to a leaf, in splits.
    pub fn depth(&self) -> usize {
        let mut depths = vec![0_usize; self.nodes.len()];
        let mut deepest = 0;
        for (at, node) in self.nodes.iter().enumerate() {
            if !node.is_leaf() {
                depths[node.left as usize] = depths[at] + 1;
                depths[node.right as usize] = depths[at] + 1;
                deepest = deepest.max(depths[at] + 1);
            }
        }
        deepest
    }
}

/// Whose arithmetic makes the margin.
#[derive(Clone, Copy, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub enum Arithmetic {
    /// Ours: fixed-point sums, `base` added. Exact.
    Fixed {
        /// Margin before any tree, fixed point.
        base: i64,
    },
    /// LightGBM: doubles added in tree order, starting from 0.
    Doubles,
    /// XGBoost: singles added in tree order, starting from the base.
    Singles {
        /// Margin before any tree.
        base: f32,
    },
}

/// Orders doubles as integers: `a < b` exactly where `key64(a) < key64(b)`. Zeros are one; NaN is [`MISSING`].
pub fn key64(value: f64) -> i64 {
    if value.is_nan() {
        return MISSING;
    }
    let bits = (value + 0.0).to_bits() as i64;
    if bits < 0 { bits ^ i64::MAX } else { bits }
}

/// Orders singles as integers, as [`key64`] does doubles.
pub fn key32(value: f32) -> i64 {
    if value.is_nan() {
        return MISSING;
    }
    let bits = (value + 0.0).to_bits() as i32;
    i64::from(if bits < 0 { bits ^ i32::MAX } else { bits })
}

#[cfg(test)]
mod tests {
    use super::{Absent, Node, Tree, key32, key64};
    use crate::model::MISSING;

    #[test]
    fn keys_keep_the_order_of_floats() {
        let ladder = [
            f64::NEG_INFINITY,
            -1e300,
            -1.5,
            -f64::MIN_POSITIVE,
            0.0,
            5e-324,
            1e-35,
            1.0,
            1.0000000000000002,
            f64::INFINITY,
        ];
        for pair in ladder.windows(2) {
            assert!(key64(pair[0]) < key64(pair[1]), "{pair:?}");
            assert!(key32(pair[0] as f32) <= key32(pair[1] as f32), "{pair:?}");
        }
        assert_eq!(key64(-0.0), key64(0.0));
        assert_eq!(key32(-0.0), 0);
        assert_eq!((key64(f64::NAN), key32(f32::NAN)), (MISSING, MISSING));
    }

    #[test]
    fn damaged_trees_are_named() {
        let split = |left, right| Node {
            left,
            right,
            threshold: 5,
            feature: 1,
            absent: Absent::Left,
            value: 0,
            float: 0,
        };
        let leaf = Node::leaf(1);
        let table: [(&[Node], usize, bool); 7] = [
            (&[split(1, 2), leaf, leaf], 2, true),
            (&[split(1, 2), leaf, leaf], 1, false),
            (&[split(1, 1), leaf], 2, false),
            (&[split(1, 3), leaf, leaf], 2, false),
            (&[split(0, 1), leaf], 2, false),
            (&[leaf, leaf], 2, false),
            (&[], 2, false),
        ];
        for (nodes, features, good) in table {
            let tree = Tree { nodes: nodes.to_vec() };
            assert_eq!(tree.check(features).is_ok(), good, "{nodes:?}");
        }
    }
}
