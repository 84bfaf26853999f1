//! Keys to slots, with a hasher that is the same everywhere and no way to iterate.
//!
//! Order never comes from here: whatever is listed is listed from the vectors the slots point into.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use std::hash::Hash;

/// Where a key's record stands.
#[derive(Clone)]
pub struct Index<K, V = u32>(HashMap<K, V, FxBuildHasher>);

impl<K, V> Default for Index<K, V> {
    fn default() -> Self {
        Index(HashMap::with_hasher(FxBuildHasher))
    }
}

impl<K: Hash + Eq, V: Copy> Index<K, V> {
    /// Room for `count` keys.
    #[must_use]
    pub fn with_capacity(count: usize) -> Self {
        Index(HashMap::with_capacity_and_hasher(count, FxBuildHasher))
    }

    /// What stands under `key`.
    #[must_use]
    pub fn at(&self, key: &K) -> Option<V> {
        self.0.get(key).copied()
    }

    /// Whether anything stands under `key`.
    #[must_use]
    pub fn has(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    /// Puts `value` under `key`; says what stood there.
    pub fn put(&mut self, key: K, value: V) -> Option<V> {
        self.0.insert(key, value)
    }

    /// Takes `key` out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.0.remove(key)
    }
}
