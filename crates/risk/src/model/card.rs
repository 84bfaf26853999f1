//! A model as it is installed: trees, schema, calibration and the card that vouches for it.
//!
//! A model without its card, of another schema, or with a flipped bit is refused by name. No file is opened
//! here; bytes come in.

use borsh::{BorshDeserialize, BorshSerialize};

use super::{Arithmetic, Forest, ONE, Schema, Tree};

/// First bytes of a model file: name and version of the format.
const MAGIC: &[u8; 8] = b"cwmodel1";

/// Largest model file, in bytes.
pub const MODEL_BYTES_MAX: usize = 256 << 20;

/// Most points of a calibration.
const POINTS_MAX: usize = 4_096;

/// Why a model was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not a model file of this version.
    NotAModel,
    /// The hash at its end does not fit its bytes.
    HashDiffers,
    /// It reads features of another schema.
    OtherSchema,
    /// Its card says nothing of data, dates or metrics.
    NoCard,
    /// More trees, nodes, features or margin than are allowed.
    TooLarge,
    /// Well hashed, but not sound.
    Damaged(&'static str),
    /// A foreign file that says something we do not take: where, and what.
    Foreign {
        /// Line or field.
        place: String,
        /// What is wrong with it.
        why: String,
    },
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotAModel => write!(out, "not a model file of this version"),
            Self::HashDiffers => write!(out, "the model's hash does not fit its bytes: it is damaged"),
            Self::OtherSchema => write!(out, "the model reads features of another schema"),
            Self::NoCard => write!(out, "the model's card names no data, dates or metrics"),
            Self::TooLarge => {
                write!(out, "the model has more trees, nodes, features or margin than are allowed")
            }
            Self::Damaged(why) => write!(out, "the model is damaged: {why}"),
            Self::Foreign { place, why } => write!(out, "{place}: {why}"),
        }
    }
}

impl std::error::Error for Refusal {}

/// What is known of a model's making. Nothing is installed without it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Card {
    /// What it is called.
    pub name: String,
    /// What it learned from.
    pub data: String,
    /// First and last day it learned from, as people write them.
    pub dates: String,
    /// What was measured, on what: ("AP, 2018-07-11..17", "0.712").
    pub metrics: Vec<(String, String)>,
    /// How it was made, to the seed.
    pub recipe: String,
}

/// From margin to probability, in integers: straight lines between points.
///
/// Both isotonic and Platt calibration become such points when they are fitted.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Calibration {
    /// (fixed-point margin, parts per million); both never falling.
    pub points: Vec<(i64, u32)>,
}

impl Calibration {
    /// Probability of fraud in parts per million.
    pub fn probability(&self, margin: i64) -> u32 {
        let after = self.points.partition_point(|point| point.0 <= margin);
        let Some(&(high, high_ppm)) = self.points.get(after) else {
            return self.points.last().map_or(0, |point| point.1);
        };
        let Some(&(low, low_ppm)) = after.checked_sub(1).and_then(|at| self.points.get(at)) else {
            return high_ppm;
        };
        let along = i128::from(margin) - i128::from(low);
        let width = i128::from(high) - i128::from(low);
        let rise = i128::from(high_ppm) - i128::from(low_ppm);
        (i128::from(low_ppm) + rise * along / width.max(1)) as u32
    }

    /// The logistic curve itself: right where a model was trained on the natural share of fraud.
    pub fn logistic() -> Self {
        let points = (-64..=64)
            .map(|step: i64| {
                let margin = step as f64 / 4.0;
                let ppm = 1_000_000.0 / (1.0 + crate::exact::exp(-margin));
                (step * (ONE / 4), ppm.round() as u32)
            })
            .collect();
        Self { points }
    }

    fn check(&self) -> Result<(), Refusal> {
        let rising = self.points.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
        let sane = self.points.iter().all(|point| point.1 <= 1_000_000);
        if self.points.is_empty() || self.points.len() > POINTS_MAX || !rising || !sane {
            return Err(Refusal::Damaged("a calibration that falls, or has no or too many points"));
        }
        Ok(())
    }
}

/// A model ready to score, and all that is stored of it.
#[derive(Clone, Debug)]
pub struct Model {
    /// Who vouches.
    pub card: Card,
    /// What its rows hold.
    pub schema: Schema,
    /// From margin to probability.
    pub calibration: Calibration,
    trees: Vec<Tree>,
    arithmetic: Arithmetic,
    forest: Forest,
    hash: [u8; 32],
}

type Stored = (Card, Schema, Calibration, Arithmetic, Vec<Tree>);

impl Model {
    /// Puts a model together.
    ///
    /// # Errors
    /// An empty card, unsound trees or calibration, or too much of anything.
    pub fn new(
        card: Card,
        schema: Schema,
        calibration: Calibration,
        arithmetic: Arithmetic,
        trees: Vec<Tree>,
    ) -> Result<Self, Refusal> {
        if card.name.is_empty() || card.data.is_empty() || card.dates.is_empty() || card.metrics.is_empty() {
            return Err(Refusal::NoCard);
        }
        calibration.check()?;
        let forest = Forest::compile(&trees, schema.features.len(), schema.encoding, arithmetic)?;
        let mut model = Self { card, schema, calibration, trees, arithmetic, forest, hash: [0; 32] };
        model.hash = *blake3::hash(&model.body()).as_bytes();
        Ok(model)
    }

    /// Reads what [`Model::bytes`] wrote, for rows of the schema with this hash.
    ///
    /// # Errors
    /// Every way a file can be wrong, by name.
    pub fn read(bytes: &[u8], schema: &[u8; 32]) -> Result<Self, Refusal> {
        if bytes.len() > MODEL_BYTES_MAX {
            return Err(Refusal::TooLarge);
        }
        let Some(rest) = bytes.strip_prefix(MAGIC) else {
            return Err(Refusal::NotAModel);
        };
        let Some((body, hash)) = rest.split_last_chunk::<32>() else {
            return Err(Refusal::NotAModel);
        };
        if blake3::hash(body).as_bytes() != hash {
            return Err(Refusal::HashDiffers);
        }
        let (card, names, calibration, arithmetic, trees): Stored =
            borsh::from_slice(body).map_err(|_| Refusal::Damaged("its parts do not read"))?;
        if names.hash() != *schema {
            return Err(Refusal::OtherSchema);
        }
        Self::new(card, names, calibration, arithmetic, trees)
    }

    /// Canonical bytes: magic, parts, BLAKE3 of the parts.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&self.body());
        bytes.extend_from_slice(&self.hash);
        bytes
    }

    fn body(&self) -> Vec<u8> {
        borsh::to_vec(&(&self.card, &self.schema, &self.calibration, &self.arithmetic, &self.trees))
            .expect("writing to memory cannot fail")
    }

    /// BLAKE3 over card, schema, calibration and trees: the name of this model in every decision.
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// The compiled trees.
    pub fn forest(&self) -> &Forest {
        &self.forest
    }

    /// The trees as data.
    pub fn trees(&self) -> &[Tree] {
        &self.trees
    }
}

#[cfg(test)]
mod tests {
    use super::{Calibration, Card, Model, Refusal};
    use crate::model::{Arithmetic, Encoding, Node, ONE, Schema, Tree};

    fn card() -> Card {
        Card {
            name: "two leaves".into(),
            data: "made up".into(),
            dates: "2018-07-25..31".into(),
            metrics: vec![("AP".into(), "0.5".into())],
            recipe: String::new(),
        }
    }

    fn model(card: Card) -> Result<Model, Refusal> {
        let schema = Schema { encoding: Encoding::Integer, features: vec!["amount_cents".into()] };
        let tree = Tree { nodes: vec![Node::leaf(5)] };
        Model::new(card, schema, Calibration::logistic(), Arithmetic::Fixed { base: 0 }, vec![tree])
    }

    #[test]
    fn a_model_reads_back_and_every_flipped_bit_is_seen() {
        let whole = model(card()).expect("sound");
        let bytes = whole.bytes();
        let back = Model::read(&bytes, &whole.schema.hash()).expect("its own bytes");
        assert_eq!((back.bytes(), back.hash()), (bytes.clone(), whole.hash()));
        for at in 0..bytes.len() {
            let mut bent = bytes.clone();
            bent[at] ^= 1;
            assert!(Model::read(&bent, &whole.schema.hash()).is_err(), "byte {at}");
        }
        assert_eq!(Model::read(&bytes, &[0; 32]).unwrap_err(), Refusal::OtherSchema);
        assert_eq!(Model::read(b"cwmodel0", &[0; 32]).unwrap_err(), Refusal::NotAModel);
        assert_eq!(Model::read(&bytes[..bytes.len() - 1], &[0; 32]).unwrap_err(), Refusal::HashDiffers);
        assert_eq!(model(Card { metrics: Vec::new(), ..card() }).unwrap_err(), Refusal::NoCard);
    }

    #[test]
    fn probability_rises_with_the_margin() {
        let curve = Calibration::logistic();
        for (margin, want) in
            [(i64::MIN, 0), (0, 500_000), (ONE, 731_059), (-ONE, 268_941), (i64::MAX, 1_000_000)]
        {
            assert_eq!(curve.probability(margin), want, "{margin}");
        }
        assert!(curve.probability(ONE / 8) > 500_000);
        let flat = Calibration { points: vec![(0, 7)] };
        assert_eq!((flat.probability(-1), flat.probability(1)), (7, 7));
    }
}
