//! LightGBM's text format (`Booster.save_model`, version v3 and v4).
//!
//! The rules of a walk are those of `Tree::NumericalDecision` in LightGBM's `include/LightGBM/tree.h`:
//! bit 0 of `decision_type` is categorical, bit 1 default left, bits 2 and 3 how missing values are read.

use super::{Foreign, Imported, TEXT_BYTES_MAX, at_most, foreign, same_names, tree};
use crate::model::{Absent, Arithmetic, Encoding, Node, Refusal, Schema};

/// Reads a model for rows of a schema, whose encoding must be `Integer` or `Double`.
///
/// # Errors
/// What is damaged, of another schema, or beyond the evaluator, by place and name.
pub fn lightgbm(text: &str, schema: &Schema) -> Result<Imported, Refusal> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Refusal::TooLarge);
    }
    if schema.encoding == Encoding::Single {
        return Err(foreign("schema", "LightGBM reads doubles, not singles"));
    }
    let (head, rest) = text.split_once("\nTree=").ok_or_else(|| foreign("header", "no tree in the file"))?;
    if head.lines().next() != Some("tree") {
        return Err(foreign("line 1", "not a LightGBM model: the word `tree` should stand here"));
    }
    let header = Block { place: "header".into(), text: head };
    let version = header.value("version")?;
    if !["v3", "v4"].contains(&version) {
        return Err(foreign("version", format!("`{version}` is not known; v3 and v4 are")));
    }
    for (name, wanted) in [("num_class", "1"), ("num_tree_per_iteration", "1")] {
        if header.value(name)? != wanted {
            return Err(foreign(name, "several classes are not scored here"));
        }
    }
    if head.lines().any(|line| line == "average_output") {
        return Err(foreign(
            "average_output",
            "random forests, whose trees are averaged, are not scored here",
        ));
    }
    let names: Vec<String> = header.value("feature_names")?.split(' ').map(str::to_owned).collect();
    let unnamed = names.iter().enumerate().all(|(at, name)| *name == format!("Column_{at}"));
    same_names(&names, names.len(), schema, unnamed)?;
    let (body, _) =
        rest.split_once("\nend of trees").ok_or_else(|| foreign("end", "the file ends too early"))?;
    let sizes: Vec<usize> = header.numbers("tree_sizes")?;
    let mut trees = Vec::with_capacity(sizes.len());
    for (at, block) in body.split("\nTree=").enumerate() {
        let (number, block) = block.split_once('\n').unwrap_or((block, ""));
        if number.trim().parse() != Ok(at) {
            return Err(foreign(format!("Tree={number}"), "trees are not numbered in order"));
        }
        let place = format!("Tree={at}");
        trees.push(read_tree(&Block { place, text: block }, schema)?);
    }
    if trees.len() != sizes.len() {
        return Err(foreign("tree_sizes", "another number of trees than the header says"));
    }
    Ok(Imported { trees, arithmetic: Arithmetic::Doubles })
}

/// Lines of `name=value`.
struct Block<'a> {
    place: String,
    text: &'a str,
}

impl<'a> Block<'a> {
    fn find(&self, name: &str) -> Option<&'a str> {
        self.text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
    }

    fn value(&self, name: &str) -> Result<&'a str, Refusal> {
        self.find(name).ok_or_else(|| foreign(&self.place, format!("`{name}=` is not there")))
    }

    fn numbers<T: std::str::FromStr>(&self, name: &str) -> Result<Vec<T>, Refusal> {
        let parse = |word: &str| {
            word.parse().map_err(|_| {
                foreign(&self.place, format!("`{name}` holds `{word}`, which does not fit there"))
            })
        };
        self.value(name)?.split_ascii_whitespace().map(parse).collect()
    }

    fn sized<T: std::str::FromStr>(&self, name: &str, length: usize) -> Result<Vec<T>, Refusal> {
        let numbers = self.numbers(name)?;
        if numbers.len() != length {
            let why = format!("`{name}` has {} entries where {length} should be", numbers.len());
            return Err(foreign(&self.place, why));
        }
        Ok(numbers)
    }
}

fn read_tree(block: &Block<'_>, schema: &Schema) -> Result<crate::model::Tree, Refusal> {
    let leaves = block.numbers::<usize>("num_leaves")?.first().copied().unwrap_or(0);
    if leaves == 0 {
        return Err(foreign(&block.place, "a tree without leaves"));
    }
    if block.numbers::<usize>("num_cat")? != [0] {
        return Err(foreign(&block.place, "categorical splits are not scored here"));
    }
    if block.find("is_linear").is_some_and(|linear| linear.trim() != "0") {
        return Err(foreign(&block.place, "linear leaves are not scored here"));
    }
    let values: Vec<f64> = block.sized("leaf_value", leaves)?;
    let mut nodes = Vec::with_capacity(2 * leaves);
    let splits = leaves - 1;
    if splits > 0 {
        let features: Vec<usize> = block.sized("split_feature", splits)?;
        let thresholds: Vec<f64> = block.sized("threshold", splits)?;
        let kinds: Vec<u8> = block.sized("decision_type", splits)?;
        let lefts: Vec<i64> = block.sized("left_child", splits)?;
        let rights: Vec<i64> = block.sized("right_child", splits)?;
        for at in 0..splits {
            if features[at] >= schema.features.len() {
                return Err(foreign(&block.place, "a split on a feature the file does not name"));
            }
            if thresholds[at].is_nan() {
                return Err(foreign(&block.place, "a threshold that is not a number"));
            }
            let node = Node {
                threshold: at_most(thresholds[at], schema.encoding),
                feature: features[at] as u16,
                absent: absent(kinds[at]).map_err(|why| foreign(&block.place, why))?,
                ..Node::leaf(0)
            };
            let child = |child: i64| {
                if child >= 0 { child as usize } else { splits + !child as usize }
            };
            nodes.push(Foreign::Split { node, left: child(lefts[at]), right: child(rights[at]) });
        }
    }
    // A tree of one leaf has no counts.
    let counts: Vec<f64> = if splits > 0 { block.sized("leaf_count", leaves)? } else { vec![1.0] };
    nodes.extend(values.iter().zip(counts).map(|(&value, weight)| Foreign::Leaf { value, weight }));
    tree(&block.place, &nodes, 0)
}

/// How a node reads what is missing.
fn absent(kind: u8) -> Result<Absent, &'static str> {
    if kind & 1 != 0 {
        return Err("categorical splits are not scored here");
    }
    match (kind >> 2, kind & 2 != 0) {
        (0, _) => Ok(Absent::Zero),
        (1, true) => Ok(Absent::ZeroLeft),
        (1, false) => Ok(Absent::ZeroRight),
        (2, true) => Ok(Absent::Left),
        (2, false) => Ok(Absent::Right),
        (_, _) => Err("a decision type that is not known"),
    }
}
