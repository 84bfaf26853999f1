//! Dice: seeded, small, and the same for ever.
//!
//! Not for keys or anything an adversary may guess at.

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014): a counter and a
/// finalizer. Written out here so that a seed means the same whatever becomes of anyone's library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dice(u64);

impl Dice {
    /// Dice of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// Dice of their own for one part of the world, so that more throws there change nothing elsewhere.
    #[must_use]
    pub fn of(seed: u64, part: &str) -> Dice {
        // FNV-1a over the name, then one throw to spread it.
        let named = part.bytes().fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        Dice(Dice(seed ^ named).throw())
    }

    /// 64 bits.
    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A whole number from 0 to below `end`, each equally likely (Lemire's multiplication, with rejection).
    ///
    /// # Panics
    /// If `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        assert!(end > 0, "there is no number below 0");
        let short = end.wrapping_neg() % end;
        loop {
            let wide = u128::from(self.throw()) * u128::from(end);
            if wide as u64 >= short {
                return (wide >> 64) as u64;
            }
        }
    }

    /// A place in a list of `len`.
    ///
    /// # Panics
    /// If `len` is 0.
    pub fn place(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// A whole number from `least` to `most`, both included.
    ///
    /// # Panics
    /// If `most` is less than `least`.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        assert!(least <= most, "{least} to {most} is nothing");
        let span = most.wrapping_sub(least) as u64;
        match span.checked_add(1) {
            Some(end) => least.wrapping_add(self.below(end) as i64),
            None => self.throw() as i64,
        }
    }

    /// True in `per_mille` of a thousand throws.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of `items`.
    ///
    /// # Panics
    /// If there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.place(items.len())]
    }

    /// A place in a list of weights, as likely as its weight.
    ///
    /// # Panics
    /// If all weights are 0.
    pub fn weighted(&mut self, weights: &[u32]) -> usize {
        let mut left = self.below(weights.iter().map(|&weight| u64::from(weight)).sum());
        for (place, &weight) in weights.iter().enumerate() {
            match left.checked_sub(u64::from(weight)) {
                Some(less) => left = less,
                None => return place,
            }
        }
        unreachable!("the throw is below the sum of the weights")
    }

    /// Puts `items` in an order by chance (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            let place = self.place(end + 1);
            items.swap(place, end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_means_the_same_for_ever() {
        // The first three of seed 1234567, as Rosetta Code has them ("Pseudo-random numbers/Splitmix64").
        let mut dice = Dice::new(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| dice.throw()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn throws_stay_within_their_bounds_and_reach_them() {
        let mut dice = Dice::of(7, "bounds");
        let mut seen = [false; 5];
        for _ in 0..200 {
            seen[(dice.between(-2, 2) + 2) as usize] = true;
        }
        assert_eq!(seen, [true; 5]);
        assert_eq!(dice.between(i64::MAX, i64::MAX), i64::MAX);
        dice.between(i64::MIN, i64::MAX);
        let mut counts = [0; 3];
        (0..4000).for_each(|_| counts[dice.weighted(&[1, 0, 3])] += 1);
        assert!(counts[1] == 0 && (800..1200).contains(&counts[0]), "{counts:?}");
        let mut order: Vec<u32> = (0..20).collect();
        dice.shuffle(&mut order);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(order != sorted && sorted == (0..20).collect::<Vec<_>>());
    }
}
