//! Keys to slots, with a hasher that is the same everywhere and no way to iterate.
//!
//! Order never comes from here: whatever is listed is listed from the vectors the slots point into.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::FxBuildHasher;
use std::hash::{BuildHasher, Hash};

/// A table grows, and is tidied after many removals, all at once: 50 ms were measured at a million keys. So there
/// are many small ones, and the one that has to grow stalls nobody for long.
const PARTS: usize = 256;

/// Where a key's record stands.
#[derive(Clone)]
pub struct Index<K, V = u32>(Vec<HashTable<(K, V)>>);

impl<K, V> Default for Index<K, V> {
    fn default() -> Self {
        Index((0..PARTS).map(|_| HashTable::new()).collect())
    }
}

fn hash<K: Hash>(key: &K) -> u64 {
    FxBuildHasher.hash_one(key)
}

/// Which part: bits that the tables themselves, which take the lowest and the highest, use last.
const fn part(hash: u64) -> usize {
    (hash >> 40) as usize % PARTS
}

impl<K: Hash + Eq, V: Copy> Index<K, V> {
    /// Room for about `count` keys.
    #[must_use]
    pub fn with_capacity(count: usize) -> Self {
        // Keys do not fall evenly: some more room saves most parts from growing at once.
        let each = count / PARTS + count / PARTS / 8;
        Index((0..PARTS).map(|_| HashTable::with_capacity(each)).collect())
    }

    /// What stands under `key`.
    #[must_use]
    pub fn at(&self, key: &K) -> Option<V> {
        let hash = hash(key);
        self.0[part(hash)].find(hash, |(other, _)| other == key).map(|(_, value)| *value)
    }

    /// Whether anything stands under `key`.
    #[must_use]
    pub fn has(&self, key: &K) -> bool {
        self.at(key).is_some()
    }

    /// Puts `value` under `key`; says what stood there.
    pub fn put(&mut self, key: K, value: V) -> Option<V> {
        let hashed = hash(&key);
        match self.0[part(hashed)].entry(hashed, |(other, _)| *other == key, |(other, _)| hash(other)) {
            Entry::Occupied(mut entry) => Some(std::mem::replace(&mut entry.get_mut().1, value)),
            Entry::Vacant(entry) => {
                entry.insert((key, value));
                None
            }
        }
    }

    /// Takes `key` out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let hash = hash(key);
        let entry = self.0[part(hash)].find_entry(hash, |(other, _)| other == key).ok()?;
        Some(entry.remove().0.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn an_index_is_a_map() {
        let (mut index, mut map) = (Index::<u64, u64>::default(), BTreeMap::new());
        let mut state = 1_u64;
        for turn in 0..20_000_u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let key = state >> 52;
            match state % 3 {
                0 => assert_eq!(index.remove(&key), map.remove(&key)),
                _ => assert_eq!(index.put(key, turn), map.insert(key, turn)),
            }
            assert_eq!((index.at(&key), index.has(&key)), (map.get(&key).copied(), map.contains_key(&key)));
        }
        assert!((0..4096).all(|key| index.at(&key) == map.get(&key).copied()));
    }

    #[test]
    fn keys_spread_over_the_parts() {
        let mut counts = [0_u32; PARTS];
        // Consecutive numbers, as accounts have them, are the hardest for a simple hasher.
        (0..PARTS as u64 * 100).for_each(|key| counts[part(hash(&key))] += 1);
        assert!(counts.iter().all(|count| (20..400).contains(count)), "{counts:?}");
    }
}
