//! The compiled evaluator: 16-byte nodes, eight trees walked side by side.
//!
//! Paths are decided by integer comparison only. Nothing allocates while scoring.

use super::{
    Absent, Arithmetic, Encoding, FEATURES_MAX, MISSING, NODES_MAX, Node, ONE, Refusal, TREES_MAX, Tree,
    key32, key64,
};

/// Trees walked side by side: enough independent loads to hide the latency of each.
const LANES: usize = 8;

/// Most columns: every feature under every reading of absence its nodes use.
const COLUMNS: usize = 512;

/// LightGBM reads magnitudes up to this as zero (`kZeroThreshold`).
const NEARLY_ZERO: f64 = 1e-35f32 as f64;

/// A node at work. A leaf points at itself, so a walk may go on past it without harm.
#[derive(Clone, Copy, Debug)]
struct Step {
    /// Greatest value that goes left.
    threshold: i64,
    /// The left child; the right one stands behind it.
    left: u32,
    /// Column asked.
    column: u16,
}

/// A feature as some nodes read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Column {
    feature: u16,
    absent: Absent,
}

/// What one feature adds on the way to one leaf: the value in the upper 56 bits, the feature in the lower 8, so
/// that eight fit in a cache line.
#[derive(Clone, Copy, Debug)]
struct Share(i64);

impl Share {
    fn feature(self) -> u8 {
        (self.0 & 0xff) as u8
    }

    fn value(self) -> i64 {
        self.0 >> 8
    }
}

/// A margin may be this far from zero: 2^21 log odds. So shares fit, and no sum overflows.
const MARGIN_MAX: i64 = 1 << 53;

/// What a walk ends in.
#[derive(Clone, Copy, Debug, Default)]
struct Leaf {
    /// What it adds, fixed point.
    value: i64,
    /// Where its shares begin and end.
    begin: u32,
    end: u32,
}

/// A model's trees compiled for scoring.
#[derive(Clone, Debug)]
pub struct Forest {
    columns: Vec<Column>,
    features: usize,
    steps: Vec<Step>,
    /// Roots in walking order (by depth, so that a group's lanes end together).
    roots: Vec<u32>,
    /// The tree (in summing order) that each root belongs to.
    order: Vec<u32>,
    /// Splits to walk in each group of [`LANES`] roots.
    depths: Vec<usize>,
    /// By step: what a leaf adds, and why.
    leaves: Vec<Leaf>,
    /// By step: a leaf's value in the library's float.
    floats: Vec<f64>,
    shares: Vec<Share>,
    /// Fixed-point sum of what every tree adds before its first split, and the base.
    bias: i64,
    base: i64,
    arithmetic: Arithmetic,
    encoding: Encoding,
}

/// A margin in the model's own arithmetic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Margin {
    /// Fixed point, [`ONE`] to 1.0.
    Fixed(i64),
    /// As LightGBM adds.
    Double(f64),
    /// As XGBoost adds.
    Single(f32),
}

/// Why a row scored as it did: `bias` plus all of `by_feature` is the fixed-point score, exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contributions {
    /// What the model says of a row it knows nothing about.
    pub bias: i64,
    /// What each feature of the schema added on the paths taken.
    pub by_feature: [i64; FEATURES_MAX],
}

impl Forest {
    /// Compiles trees over a number of features.
    ///
    /// # Errors
    /// A damaged tree, or more of anything than its named limit.
    pub fn compile(
        trees: &[Tree],
        features: usize,
        encoding: Encoding,
        arithmetic: Arithmetic,
    ) -> Result<Self, Refusal> {
        let nodes: usize = trees.iter().map(|tree| tree.nodes.len()).sum();
        if trees.len() > TREES_MAX || nodes > NODES_MAX || features > FEATURES_MAX {
            return Err(Refusal::TooLarge);
        }
        let base = match arithmetic {
            Arithmetic::Fixed { base } => base,
            Arithmetic::Doubles => 0,
            Arithmetic::Singles { base } => super::fixed(f64::from(base)),
        };
        let mut forest = Self {
            columns: vec![Column { feature: 0, absent: Absent::Left }],
            features,
            steps: Vec::with_capacity(nodes),
            roots: Vec::new(),
            order: Vec::new(),
            depths: Vec::new(),
            leaves: Vec::with_capacity(nodes),
            floats: Vec::with_capacity(nodes),
            shares: Vec::new(),
            bias: base,
            base,
            arithmetic,
            encoding,
        };
        // What every tree can add at most; with this checked, no sum below can overflow.
        let most = |tree: &Tree| tree.nodes.iter().map(|node| node.value.unsigned_abs()).max().unwrap_or(0);
        let total = trees.iter().fold(base.unsigned_abs(), |sum, tree| sum.saturating_add(most(tree)));
        if total > MARGIN_MAX as u64 {
            return Err(Refusal::TooLarge);
        }
        let mut by_depth = Vec::with_capacity(trees.len());
        for (at, tree) in trees.iter().enumerate() {
            tree.check(features)?;
            by_depth.push((tree.depth(), at));
        }
        by_depth.sort_unstable();
        for &(_, at) in &by_depth {
            forest.plant(&trees[at])?;
            forest.order.push(at as u32);
        }
        forest.depths =
            by_depth.chunks(LANES).map(|group| group.iter().map(|d| d.0).max().unwrap_or(0)).collect();
        Ok(forest)
    }

    /// Lays one tree out breadth first, children side by side.
    fn plant(&mut self, tree: &Tree) -> Result<(), Refusal> {
        let root = self.steps.len();
        self.roots.push(root as u32);
        self.bias += tree.nodes[0].value;
        let mut queue = vec![(0_usize, Vec::<(u16, i64)>::new())];
        self.push(&tree.nodes[0]);
        let mut head = 0;
        while head < queue.len() {
            let (at, path) = (queue[head].0, std::mem::take(&mut queue[head].1));
            let here = root + head;
            let node = &tree.nodes[at];
            if node.is_leaf() {
                self.seal(here, &path)?;
            } else {
                let column = self.column(node)?;
                let left = self.steps.len();
                self.steps[here] = Step { threshold: node.threshold, left: left as u32, column };
                for child in [node.left as usize, node.right as usize] {
                    self.push(&tree.nodes[child]);
                    let mut way = path.clone();
                    way.push((node.feature, tree.nodes[child].value - node.value));
                    queue.push((child, way));
                }
            }
            head += 1;
        }
        Ok(())
    }

    /// A step that stays where it is, until it is known to be a split.
    fn push(&mut self, node: &Node) {
        self.steps.push(Step { threshold: i64::MAX, left: self.steps.len() as u32, column: 0 });
        self.leaves.push(Leaf { value: node.value, ..Leaf::default() });
        self.floats.push(f64::from_bits(node.float));
    }

    /// Notes what every feature adds on the way to a leaf.
    fn seal(&mut self, leaf: usize, path: &[(u16, i64)]) -> Result<(), Refusal> {
        let begin = self.shares.len();
        for (at, &(feature, _)) in path.iter().enumerate() {
            if path[..at].iter().any(|earlier| earlier.0 == feature) {
                continue;
            }
            let of_feature = path[at..].iter().filter(|step| step.0 == feature);
            let sum = of_feature.fold(0_i64, |sum, step| sum.saturating_add(step.1));
            if sum.unsigned_abs() > 2 * MARGIN_MAX as u64 {
                return Err(Refusal::TooLarge);
            }
            self.shares.push(Share((sum << 8) | i64::from(feature)));
        }
        self.leaves[leaf].begin = begin as u32;
        self.leaves[leaf].end = self.shares.len() as u32;
        Ok(())
    }

    fn column(&mut self, node: &Node) -> Result<u16, Refusal> {
        let wanted = Column { feature: node.feature, absent: node.absent };
        if let Some(at) = self.columns.iter().position(|column| *column == wanted) {
            return Ok(at as u16);
        }
        if self.columns.len() == COLUMNS {
            return Err(Refusal::TooLarge);
        }
        self.columns.push(wanted);
        Ok((self.columns.len() - 1) as u16)
    }

    /// Features a row must have.
    pub fn features(&self) -> usize {
        self.features
    }

    /// Trees in all.
    pub fn trees(&self) -> usize {
        self.roots.len()
    }

    /// What the model says of a row it knows nothing about, fixed point.
    pub fn bias(&self) -> i64 {
        self.bias
    }

    /// The fixed-point score of a row. Exact, and the sum of its [`Contributions`].
    ///
    /// # Panics
    /// Where the row is shorter than the schema: rows are made by the schema's owner.
    pub fn score(&self, row: &[i64]) -> i64 {
        let mut sum = self.base;
        self.walk(row, |_, leaf| sum = sum.wrapping_add(self.leaves[leaf].value));
        sum
    }

    /// The score and why: what every feature added.
    pub fn explain(&self, row: &[i64]) -> (i64, Contributions) {
        let mut why = Contributions { bias: self.bias, by_feature: [0; FEATURES_MAX] };
        let mut sum = self.base;
        self.walk(row, |_, leaf| {
            let leaf = self.leaves[leaf];
            sum = sum.wrapping_add(leaf.value);
            for share in &self.shares[leaf.begin as usize..leaf.end as usize] {
                let part = &mut why.by_feature[usize::from(share.feature())];
                *part = part.wrapping_add(share.value());
            }
        });
        (sum, why)
    }

    /// The margin in the model's own arithmetic: for imported models bit-equal to their library's.
    pub fn margin(&self, row: &[i64]) -> Margin {
        if let Arithmetic::Fixed { .. } = self.arithmetic {
            return Margin::Fixed(self.score(row));
        }
        let mut leaves = vec![0.0_f64; self.trees()];
        self.walk(row, |tree, leaf| leaves[self.order[tree] as usize] = self.floats[leaf]);
        match self.arithmetic {
            Arithmetic::Fixed { .. } => Margin::Fixed(self.score(row)),
            Arithmetic::Doubles => Margin::Double(leaves.iter().fold(0.0_f64, |sum, leaf| sum + leaf)),
            Arithmetic::Singles { base } => {
                Margin::Single(leaves.iter().fold(base, |sum, leaf| sum + *leaf as f32))
            }
        }
    }

    /// Walks every tree and hands out (position in walking order, leaf).
    #[inline]
    fn walk(&self, row: &[i64], mut found: impl FnMut(usize, usize)) {
        assert!(row.len() >= self.features, "a row of another schema");
        let mut columns = [0_i64; COLUMNS];
        for (slot, column) in columns.iter_mut().zip(&self.columns) {
            *slot = read(
                row.get(usize::from(column.feature)).copied().unwrap_or(MISSING),
                column.absent,
                self.encoding,
            );
        }
        for (group, roots) in self.roots.chunks(LANES).enumerate() {
            let mut lanes = [roots[0]; LANES];
            lanes[..roots.len()].copy_from_slice(roots);
            for _ in 0..self.depths[group] {
                for lane in &mut lanes {
                    let step = &self.steps[*lane as usize];
                    let right = columns[usize::from(step.column) % COLUMNS] > step.threshold;
                    *lane = step.left + u32::from(right);
                }
            }
            for (at, lane) in lanes.iter().take(roots.len()).enumerate() {
                found(group * LANES + at, *lane as usize);
            }
        }
    }
}

/// A value as a node reads it.
#[inline]
fn read(value: i64, absent: Absent, encoding: Encoding) -> i64 {
    match (absent, value == MISSING) {
        (Absent::Left, true) => MISSING,
        (Absent::Right, true) => i64::MAX,
        (Absent::Zero, true) => 0,
        (Absent::ZeroLeft, missing) if missing || is_zero(value, encoding) => MISSING,
        (Absent::ZeroRight, missing) if missing || is_zero(value, encoding) => i64::MAX,
        (Absent::Left | Absent::Right | Absent::Zero | Absent::ZeroLeft | Absent::ZeroRight, _) => value,
    }
}

fn is_zero(value: i64, encoding: Encoding) -> bool {
    match encoding {
        Encoding::Integer => value == 0,
        Encoding::Double => (key64(-NEARLY_ZERO)..=key64(NEARLY_ZERO)).contains(&value),
        Encoding::Single => (key32(-1e-35)..=key32(1e-35)).contains(&value),
    }
}

const _: () = assert!(std::mem::size_of::<Step>() == 16, "four nodes to a cache line");
const _: () = assert!(FEATURES_MAX == 256, "a share's feature has eight bits");
const _: () = assert!(ONE > 0 && FEATURES_MAX * 2 <= COLUMNS, "two readings of every feature fit");

#[cfg(test)]
mod tests {
    use super::Forest;
    use crate::dice::Dice;
    use crate::model::{Absent, Arithmetic, Encoding, MISSING, Margin, Node, Tree};

    /// A random tree; every split's value is what it will.
    fn grow(dice: &mut Dice, features: u64, depth: u32) -> Tree {
        fn node(dice: &mut Dice, nodes: &mut Vec<Node>, features: u64, depth: u32) -> u32 {
            let at = nodes.len();
            nodes.push(Node::leaf(dice.below(1 << 40) as i64 - (1 << 39)));
            if depth > 0 && dice.chance(900_000) {
                let left = node(dice, nodes, features, depth - 1);
                let right = node(dice, nodes, features, depth - 1);
                nodes[at].left = left;
                nodes[at].right = right;
                nodes[at].feature = dice.below(features) as u16;
                nodes[at].threshold = dice.below(21) as i64 - 10;
                nodes[at].absent =
                    [Absent::Left, Absent::Right, Absent::Zero, Absent::ZeroLeft, Absent::ZeroRight]
                        [dice.below(if at.is_multiple_of(7) { 5 } else { 2 }) as usize];
            }
            at as u32
        }
        let mut nodes = Vec::new();
        node(dice, &mut nodes, features, depth);
        Tree { nodes }
    }

    /// The plainest walk there is.
    fn naive(tree: &Tree, row: &[i64]) -> i64 {
        let mut at = 0;
        loop {
            let node = &tree.nodes[at];
            if node.is_leaf() {
                return node.value;
            }
            let value = row[usize::from(node.feature)];
            let missing = value == MISSING;
            let left = match node.absent {
                Absent::Left => missing || value <= node.threshold,
                Absent::Right => !missing && value <= node.threshold,
                Absent::Zero => (if missing { 0 } else { value }) <= node.threshold,
                Absent::ZeroLeft => missing || value == 0 || value <= node.threshold,
                Absent::ZeroRight => !missing && value != 0 && value <= node.threshold,
            };
            at = if left { node.left } else { node.right } as usize;
        }
    }

    #[test]
    fn interleaved_walks_agree_with_plain_ones_and_contributions_sum_exactly() {
        for seed in 0..60 {
            let mut dice = Dice::new(seed);
            let count = dice.below(40) as usize;
            let trees: Vec<Tree> = (0..count).map(|_| grow(&mut dice, 30, 7)).collect();
            let forest = Forest::compile(&trees, 30, Encoding::Integer, Arithmetic::Fixed { base: 77 })
                .expect("sound trees");
            for _ in 0..50 {
                let row: Vec<i64> = (0..30)
                    .map(|_| if dice.chance(150_000) { MISSING } else { dice.below(25) as i64 - 12 })
                    .collect();
                let want: i64 = 77 + trees.iter().map(|tree| naive(tree, &row)).sum::<i64>();
                let (score, why) = forest.explain(&row);
                assert_eq!(score, want, "seed {seed}");
                assert_eq!(forest.margin(&row), Margin::Fixed(want), "seed {seed}");
                assert_eq!(why.bias + why.by_feature.iter().sum::<i64>(), want, "seed {seed}");
            }
        }
    }

    #[test]
    fn extremes_of_a_value_keep_their_side() {
        let mut tree = Tree { nodes: vec![Node::leaf(0), Node::leaf(1), Node::leaf(2)] };
        tree.nodes[0].left = 1;
        tree.nodes[0].right = 2;
        tree.nodes[0].threshold = 9;
        for (absent, row, want) in [
            (Absent::Left, MISSING, 1),
            (Absent::Right, MISSING, 2),
            (Absent::Left, i64::MAX, 2),
            (Absent::Right, i64::MIN + 1, 1),
            (Absent::Left, 9, 1),
            (Absent::Left, 10, 2),
        ] {
            tree.nodes[0].absent = absent;
            let forest =
                Forest::compile(&[tree.clone()], 1, Encoding::Integer, Arithmetic::Fixed { base: 0 })
                    .expect("sound tree");
            assert_eq!(forest.score(&[row]), want, "{absent:?} {row}");
        }
    }
}
