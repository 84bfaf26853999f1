//! One tree: presorted columns, exact splits, stable partitions.
//!
//! Every sum is taken in row order of the presorted column, so nothing depends on anything but the input.

use super::{Growth, Recipe, Sample};
use crate::dice::Dice;
use crate::model::{Absent, MISSING, Node, Tree, fixed};

/// Gains below this are rounding.
const GAIN_LEAST: f64 = 1e-9;

/// Where a leaf's rows begin and end in each list.
type Parts = Vec<(u32, u32)>;

/// A column sorted once, used by every tree.
struct Column {
    /// (rank of the value, row), by rank and row. Rows of the left-out value are not here.
    entries: Vec<(u32, u32)>,
    /// The value of each rank.
    values: Vec<i64>,
    /// What is left out, to be had by subtraction: rows that miss the value, or the rank of a value most rows have.
    left_out: LeftOut,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LeftOut {
    Nothing,
    Missing,
    Rank(u32),
}

/// All columns of a sample, sorted.
pub(super) struct Sorted {
    columns: Vec<Column>,
    rows: usize,
}

impl Sorted {
    pub(super) fn of(sample: &Sample) -> Self {
        let columns = sample.columns.iter().map(|values| Column::of(values)).collect();
        Self { columns, rows: sample.labels.len() }
    }
}

impl Column {
    fn of(column: &[i64]) -> Self {
        let mut rows: Vec<u32> =
            (0..column.len() as u32).filter(|&row| column[row as usize] != MISSING).collect();
        rows.sort_by_key(|&row| (column[row as usize], row));
        let mut values: Vec<i64> = Vec::new();
        let mut counts: Vec<usize> = Vec::new();
        let mut entries = Vec::with_capacity(rows.len());
        for &row in &rows {
            let value = column[row as usize];
            if values.last() != Some(&value) {
                values.push(value);
                counts.push(0);
            }
            if let Some(count) = counts.last_mut() {
                *count += 1;
            }
            entries.push((values.len() as u32 - 1, row));
        }
        let mut left_out = if rows.len() < column.len() { LeftOut::Missing } else { LeftOut::Nothing };
        if left_out == LeftOut::Nothing
            && let Some(mode) = counts.iter().position(|&count| count * 2 > column.len())
        {
            left_out = LeftOut::Rank(mode as u32);
            entries.retain(|entry| entry.0 != mode as u32);
        }
        Self { entries, values, left_out }
    }
}

/// Sums of first and second derivatives.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    slope: f64,
    bend: f64,
}

impl Sums {
    fn add(&mut self, slope: [f32; 2]) {
        self.slope += f64::from(slope[0]);
        self.bend += f64::from(slope[1]);
    }

    fn minus(self, other: Sums) -> Sums {
        Sums { slope: self.slope - other.slope, bend: self.bend - other.bend }
    }

    fn plus(self, other: Sums) -> Sums {
        Sums { slope: self.slope + other.slope, bend: self.bend + other.bend }
    }

    fn worth(self, l2: f64) -> f64 {
        self.slope * self.slope / (self.bend + l2)
    }
}

#[derive(Clone, Copy, Debug)]
struct Split {
    gain: f64,
    /// Index into the tree's drawn columns.
    drawn: usize,
    threshold: i64,
    absent: Absent,
    left: Sums,
}

/// A leaf that may still be split.
struct Open {
    node: usize,
    depth: usize,
    sums: Sums,
    /// Its part of every drawn column, and last its part of the rows.
    parts: Parts,
    split: Split,
}

/// Grows trees over one sample; keeps its memory between them.
pub(super) struct Grower<'a> {
    sample: &'a Sample,
    sorted: &'a Sorted,
    recipe: &'a Recipe,
    drawn: Vec<usize>,
    /// Drawn columns; behind them the drawn rows themselves, as (0, row).
    lists: Vec<Vec<(u32, u32)>>,
    gathered: Vec<[f32; 2]>,
    aside: Vec<(u32, u32)>,
    goes_left: Vec<bool>,
}

impl<'a> Grower<'a> {
    pub(super) fn new(sample: &'a Sample, sorted: &'a Sorted, recipe: &'a Recipe) -> Self {
        Self {
            sample,
            sorted,
            recipe,
            drawn: Vec::new(),
            lists: vec![Vec::new(); sorted.columns.len() + 1],
            gathered: Vec::new(),
            aside: Vec::new(),
            goes_left: vec![false; sorted.rows],
        }
    }

    /// One tree that follows the slopes.
    pub(super) fn tree(&mut self, slopes: &[[f32; 2]], dice: &mut Dice) -> Tree {
        let total = self.draw(slopes, dice);
        let mut nodes = vec![Node::leaf(self.value(total))];
        let parts = self.lists.iter().take(self.drawn.len() + 1).map(|list| (0, list.len() as u32)).collect();
        let mut open: Vec<Open> = Vec::new();
        self.consider(&mut open, slopes, (0, 0, total, parts));
        let mut leaves = 1;
        while leaves < self.recipe.leaves_max {
            let next = match self.recipe.growth {
                Growth::Depth => (!open.is_empty()).then_some(0),
                Growth::Leaf => best(&open),
            };
            let Some(next) = next else { break };
            let leaf = open.remove(next);
            leaves += 1;
            let split = leaf.split;
            let right = leaf.sums.minus(split.left);
            let left_at = nodes.len();
            nodes.push(Node::leaf(self.value(split.left)));
            nodes.push(Node::leaf(self.value(right)));
            let node = &mut nodes[leaf.node];
            node.left = left_at as u32;
            node.right = left_at as u32 + 1;
            node.feature = self.drawn[split.drawn] as u16;
            node.threshold = split.threshold;
            node.absent = split.absent;
            if leaf.depth + 1 < self.recipe.depth_max && leaves < self.recipe.leaves_max {
                let (left_parts, right_parts) = self.part(&leaf);
                self.consider(&mut open, slopes, (left_at, leaf.depth + 1, split.left, left_parts));
                self.consider(&mut open, slopes, (left_at + 1, leaf.depth + 1, right, right_parts));
            }
        }
        Tree { nodes }
    }

    fn value(&self, sums: Sums) -> i64 {
        fixed(-self.recipe.rate * sums.slope / (sums.bend + self.recipe.l2))
    }

    /// Draws rows and columns; fills the lists; returns the sums over the rows drawn.
    fn draw(&mut self, slopes: &[[f32; 2]], dice: &mut Dice) -> Sums {
        self.drawn =
            (0..self.sorted.columns.len()).filter(|_| dice.chance(self.recipe.column_share)).collect();
        if self.drawn.is_empty() && !self.sorted.columns.is_empty() {
            self.drawn.push(dice.below(self.sorted.columns.len() as u64) as usize);
        }
        let mut total = Sums::default();
        for (row, slope) in slopes.iter().enumerate() {
            let taken = dice.chance(self.recipe.row_share);
            self.goes_left[row] = taken;
            if taken {
                total.add(*slope);
            }
        }
        for (list, &column) in self.lists.iter_mut().zip(&self.drawn) {
            list.clear();
            let entries = &self.sorted.columns[column].entries;
            list.extend(entries.iter().filter(|entry| self.goes_left[entry.1 as usize]));
        }
        let rows = &mut self.lists[self.drawn.len()];
        rows.clear();
        rows.extend(
            (0..self.sorted.rows as u32).filter(|&row| self.goes_left[row as usize]).map(|row| (0, row)),
        );
        total
    }

    /// Finds a leaf's best split; leaves without one stay leaves.
    fn consider(
        &mut self,
        open: &mut Vec<Open>,
        slopes: &[[f32; 2]],
        (node, depth, sums, parts): (usize, usize, Sums, Parts),
    ) {
        let mut found: Option<Split> = None;
        if sums.bend >= 2.0 * self.recipe.child_weight_min {
            for (drawn, part) in parts.iter().take(self.drawn.len()).enumerate() {
                self.search(drawn, *part, sums, slopes, &mut found);
            }
        }
        if let Some(split) = found {
            open.push(Open { node, depth, sums, parts, split });
        }
    }

    /// The best split of one column, where it beats what was found.
    fn search(
        &mut self,
        drawn: usize,
        part: (u32, u32),
        total: Sums,
        slopes: &[[f32; 2]],
        found: &mut Option<Split>,
    ) {
        let column = &self.sorted.columns[self.drawn[drawn]];
        let entries = &self.lists[drawn][part.0 as usize..part.1 as usize];
        self.gathered.clear();
        self.gathered.extend(entries.iter().map(|entry| slopes[entry.1 as usize]));
        let mut left_out = Sums::default();
        if column.left_out != LeftOut::Nothing {
            let mut present = Sums::default();
            self.gathered.iter().for_each(|slope| present.add(*slope));
            left_out = total.minus(present);
        }
        let mut mode = match column.left_out {
            LeftOut::Rank(rank) => Some(rank),
            LeftOut::Nothing | LeftOut::Missing => None,
        };
        let worth = total.worth(self.recipe.l2);
        let mut search = Search { column, drawn, total, worth, recipe: self.recipe, found };
        let mut left = Sums::default();
        let mut last: Option<u32> = None;
        for (at, entry) in entries.iter().enumerate() {
            if last != Some(entry.0) {
                if let Some(rank) = mode.take_if(|rank| *rank < entry.0) {
                    search.between(left, last, rank, Sums::default());
                    left = left.plus(left_out);
                    last = Some(rank);
                }
                search.between(left, last, entry.0, left_out);
                last = Some(entry.0);
            }
            left.add(self.gathered[at]);
        }
        match mode {
            Some(rank) => search.between(left, last, rank, Sums::default()),
            None if column.left_out == LeftOut::Missing && last.is_some() => {
                // Present against absent is a split of its own.
                search.offer(left, i64::MAX - 1, Absent::Right);
            }
            None => {}
        }
    }

    /// Parts a leaf's lists by its split, keeping their order.
    fn part(&mut self, leaf: &Open) -> (Parts, Parts) {
        let split = leaf.split;
        let feature = self.drawn[split.drawn];
        let values = &self.sample.columns[feature];
        let (begin, end) = leaf.parts[self.drawn.len()];
        for &(_, row) in &self.lists[self.drawn.len()][begin as usize..end as usize] {
            let value = values[row as usize];
            let left = if value == MISSING { split.absent == Absent::Left } else { value <= split.threshold };
            self.goes_left[row as usize] = left;
        }
        let mut lefts = Vec::with_capacity(leaf.parts.len());
        let mut rights = Vec::with_capacity(leaf.parts.len());
        for (drawn, &(begin, end)) in leaf.parts.iter().enumerate() {
            let list = &mut self.lists[drawn][begin as usize..end as usize];
            self.aside.clear();
            let mut kept = 0;
            for at in 0..list.len() {
                let entry = list[at];
                if self.goes_left[entry.1 as usize] {
                    list[kept] = entry;
                    kept += 1;
                } else {
                    self.aside.push(entry);
                }
            }
            list[kept..].copy_from_slice(&self.aside);
            lefts.push((begin, begin + kept as u32));
            rights.push((begin + kept as u32, end));
        }
        (lefts, rights)
    }
}

/// A search through one column of one leaf.
struct Search<'s> {
    column: &'s Column,
    drawn: usize,
    total: Sums,
    /// Worth of the leaf unsplit.
    worth: f64,
    recipe: &'s Recipe,
    found: &'s mut Option<Split>,
}

impl Search<'_> {
    /// Tries the edge between two neighbouring values, with missing rows on either side.
    fn between(&mut self, left: Sums, last: Option<u32>, next: u32, left_out: Sums) {
        let Some(last) = last else { return };
        let low = self.column.values[last as usize];
        let high = self.column.values[next as usize];
        let middle = low + ((i128::from(high) - i128::from(low)) / 2) as i64;
        let threshold = middle.min(high - 1);
        if self.column.left_out == LeftOut::Missing {
            self.offer(left, threshold, Absent::Right);
            self.offer(left.plus(left_out), threshold, Absent::Left);
        } else {
            self.offer(left, threshold, Absent::Left);
        }
    }

    /// Takes a split that gains more than what was found.
    fn offer(&mut self, left: Sums, threshold: i64, absent: Absent) {
        let right = self.total.minus(left);
        let least = self.recipe.child_weight_min;
        if left.bend < least || right.bend < least {
            return;
        }
        let gain = left.worth(self.recipe.l2) + right.worth(self.recipe.l2) - self.worth;
        let beaten = self.found.is_none_or(|best| gain > best.gain);
        if gain > self.recipe.gain_min.max(GAIN_LEAST) && beaten {
            *self.found = Some(Split { gain, drawn: self.drawn, threshold, absent, left });
        }
    }
}

/// The open leaf that gains most; the first of equals.
fn best(open: &[Open]) -> Option<usize> {
    let mut best: Option<usize> = None;
    for (at, leaf) in open.iter().enumerate() {
        if best.is_none_or(|known| leaf.split.gain > open[known].split.gain) {
            best = Some(at);
        }
    }
    best
}
