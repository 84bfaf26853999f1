//! XGBoost's JSON format (`Booster.save_model("….json")`, versions 1 to 3).
//!
//! XGBoost reads features as singles, asks `value < split`, sends missing values the default way and adds
//! singles in tree order.

use super::json::Json;
use super::{Foreign, Imported, TEXT_BYTES_MAX, foreign, same_names, tree};
use crate::model::{Absent, Arithmetic, Encoding, Node, Refusal, Schema, Tree, key32};

/// Reads a model for rows of a schema, whose encoding must be `Integer` or `Single`.
///
/// # Errors
/// What is damaged, of another schema, or beyond the evaluator, by place and name.
pub fn xgboost(text: &str, schema: &Schema) -> Result<Imported, Refusal> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Refusal::TooLarge);
    }
    if schema.encoding == Encoding::Double {
        return Err(foreign("schema", "XGBoost reads singles, not doubles"));
    }
    let file = Json::read(text)?;
    let learner = file.field("learner")?;
    let names = learner.field("feature_names").map_or(Ok(Vec::new()), |_| names(learner))?;
    let param = learner.field("learner_model_param")?;
    let count: usize =
        param.text("num_feature")?.parse().map_err(|_| foreign("num_feature", "not a number"))?;
    same_names(&names, count, schema, names.is_empty())?;
    if !["0", "1"].contains(&param.text("num_class")?)
        || param.text("num_target").is_ok_and(|targets| targets != "1")
    {
        return Err(foreign("num_class", "several classes or targets are not scored here"));
    }
    let booster = learner.field("gradient_booster")?;
    let name = booster.text("name")?;
    if name != "gbtree" {
        return Err(foreign("gradient_booster", format!("`{name}` is not scored here; gbtree is")));
    }
    let model = booster.field("model")?;
    let listed = model.list("trees")?;
    let said = model.field("gbtree_model_param")?.text("num_trees")?;
    if said.parse() != Ok(listed.len()) {
        return Err(foreign("num_trees", "another number of trees than the file says"));
    }
    let mut trees = Vec::with_capacity(listed.len());
    for (at, listed) in listed.iter().enumerate() {
        trees.push(read_tree(&format!("tree {at}"), listed, schema)?);
    }
    Ok(Imported { trees, arithmetic: Arithmetic::Singles { base: base(learner, param)? } })
}

fn names(learner: &Json<'_>) -> Result<Vec<String>, Refusal> {
    let name = |item: &Json<'_>| match item {
        Json::Text(text) => Ok(text.clone()),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => {
            Err(foreign("feature_names", "not a text"))
        }
    };
    learner.list("feature_names")?.iter().map(name).collect()
}

/// The margin before any tree, from the base score: version 3 writes it in brackets.
fn base(learner: &Json<'_>, param: &Json<'_>) -> Result<f32, Refusal> {
    let score = param.text("base_score")?.trim_matches(['[', ']']);
    let score: f32 = score.parse().map_err(|_| foreign("base_score", "not a number"))?;
    let objective = learner.field("objective")?.text("name")?;
    match objective {
        "binary:logistic" | "reg:logistic" if score > 0.0 && score < 1.0 => {
            // As the library has it: -log(1 / score - 1), in singles.
            let odds = 1.0_f32 / score - 1.0;
            Ok(-(crate::exact::ln(f64::from(odds)) as f32))
        }
        "binary:logitraw" | "reg:squarederror" => Ok(score),
        _ => Err(foreign("objective", format!("`{objective}` with base score {score} is not scored here"))),
    }
}

fn read_tree(place: &str, listed: &Json<'_>, schema: &Schema) -> Result<Tree, Refusal> {
    if listed.field("tree_param")?.text("size_leaf_vector").is_ok_and(|size| !["0", "1"].contains(&size)) {
        return Err(foreign(place, "leaves of several values are not scored here"));
    }
    if listed.list("categories").is_ok_and(|categories| !categories.is_empty()) {
        return Err(foreign(place, "categorical splits are not scored here"));
    }
    let numerical = |kind: &Json<'_>| kind.number::<u8>(place) == Ok(0);
    if !listed.list("split_type").unwrap_or(&[]).iter().all(numerical) {
        return Err(foreign(place, "categorical splits are not scored here"));
    }
    let lefts = listed.list("left_children")?;
    let column = |name: &str| -> Result<&[Json<'_>], Refusal> {
        let items = listed.list(name)?;
        if items.len() == lefts.len() {
            Ok(items)
        } else {
            Err(foreign(place, format!("`{name}` is too short or long")))
        }
    };
    let (rights, indices) = (column("right_children")?, column("split_indices")?);
    let (conditions, defaults, weights) =
        (column("split_conditions")?, column("default_left")?, column("sum_hessian")?);
    let mut nodes = Vec::with_capacity(lefts.len());
    for at in 0..lefts.len() {
        let left: i64 = lefts[at].number(place)?;
        let condition: f32 = conditions[at].number(place)?;
        if left < 0 {
            nodes.push(Foreign::Leaf { value: f64::from(condition), weight: weights[at].number(place)? });
            continue;
        }
        let feature: usize = indices[at].number(place)?;
        if feature >= schema.features.len() || condition.is_nan() {
            return Err(foreign(place, "a split on a feature the file does not name, or on no number"));
        }
        let default_left = defaults[at].number::<u8>(place)? != 0;
        let node = Node {
            threshold: below(condition, schema.encoding),
            feature: feature as u16,
            absent: if default_left { Absent::Left } else { Absent::Right },
            ..Node::leaf(0)
        };
        let right: i64 = rights[at].number(place)?;
        nodes.push(Foreign::Split {
            node,
            left: left as usize,
            right: usize::try_from(right).unwrap_or(usize::MAX),
        });
    }
    tree(place, &nodes, 0)
}

/// The greatest key below a condition: `value < condition` becomes `value <= key`.
///
/// Whole numbers meet the condition after they are rounded to a single, which never changes their order, so
/// the last one below it is found by halving.
fn below(condition: f32, encoding: Encoding) -> i64 {
    match encoding {
        Encoding::Single | Encoding::Double => key32(condition) - 1,
        Encoding::Integer => {
            let (mut low, mut high) = (i64::MIN + 1, i64::MAX - 1);
            if (low as f32) >= condition {
                return i64::MIN + 1;
            }
            while low < high {
                let middle = low + ((i128::from(high) - i128::from(low) + 1) / 2) as i64;
                if (middle as f32) < condition { low = middle } else { high = middle - 1 }
            }
            low
        }
    }
}

#[cfg(test)]
mod tests {
    use super::below;
    use crate::model::Encoding;

    #[test]
    fn whole_numbers_are_rounded_before_they_are_compared() {
        for (condition, want) in [(5.5_f32, 5), (5.0, 4), (-0.5, -1), (0.0, -1), (16_777_216.0, 16_777_215)] {
            assert_eq!(below(condition, Encoding::Integer), want, "{condition}");
        }
        // 2^25 + 1 rounds to 2^25 and so is not below 2^25 + 4, but is below 2^25 + 2's successor.
        let condition = 33_554_436.0_f32;
        let last = below(condition, Encoding::Integer);
        assert!((last as f32) < condition && ((last + 1) as f32) >= condition);
    }
}
