//! All entities' records: found by key, kept in one block of words per kind of entity.
//!
//! What a track remembers is `track`'s; here records are found, made, expired and written down.

use std::io::{Error, ErrorKind, Read, Write};

use borsh::{BorshDeserialize, BorshSerialize};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::track::{Event, Reading, Sort, TrackSpec};
use crate::facts::{Fact, Facts, MISSING};

/// Records looked at when a new entity comes, to find one that may go.
pub const EVICTION_LOOK: usize = 4;

/// What windows remember, and how much.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Spec {
    /// The tracks, in the order their readings are given.
    pub tracks: Vec<TrackSpec>,
    /// Most entities of one kind that are kept.
    pub entities_max: u32,
}

/// What is remembered of all entities.
#[derive(Clone, Debug)]
pub struct Windows {
    spec: Spec,
    groups: Vec<Group>,
    /// By track: from when on it saw everything, in seconds since 1970.
    since: Vec<i64>,
    /// Entities that were forgotten for want of room while they still mattered.
    evicted: u64,
}

/// All entities of one kind. A record is the time of its last event and then its tracks.
#[derive(Clone, Debug)]
struct Group {
    entity: Vec<Fact>,
    /// (index of the track, its first word in the record).
    tracks: Vec<(usize, usize)>,
    stride: usize,
    horizon: i64,
    numbers: HashMap<u64, u32, FxBuildHasher>,
    keys: Vec<u64>,
    words: Vec<u32>,
    hand: u32,
}

/// What the current transaction would be to a track: nothing, or an event.
fn event(spec: &TrackSpec, facts: &Facts) -> Option<Event> {
    let value = spec.value.map_or(0, |fact| facts.of(fact));
    let place = (facts.of(Fact::Latitude), facts.of(Fact::Longitude));
    let placed = spec.sort != Sort::Place || (place.0 != MISSING && place.1 != MISSING);
    let zone = facts.of(Fact::ZoneOffset).max(-86_400);
    (value != MISSING && placed).then_some(Event { at: facts.of(Fact::Now), zone, value, place })
}

impl Windows {
    /// Remembers nothing yet; saw everything from `since` on.
    pub fn new(spec: Spec, since: i64) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for (at, track) in spec.tracks.iter().enumerate() {
            let group = match groups.iter().position(|group| group.entity == track.entity) {
                Some(known) => &mut groups[known],
                None => {
                    groups.push(Group::new(track.entity.clone()));
                    let last = groups.len() - 1;
                    &mut groups[last]
                }
            };
            group.tracks.push((at, group.stride));
            group.stride += track.words();
            group.horizon = group.horizon.max(track.horizon());
        }
        let since = vec![since; spec.tracks.len()];
        Self { spec, groups, since, evicted: 0 }
    }

    /// Windows of another spec, with what both remember carried over; the rest saw everything from `now` on.
    pub fn carried(&self, spec: Spec, now: i64) -> Self {
        let mut next = Self::new(spec, now);
        next.evicted = self.evicted;
        for group in &mut next.groups {
            let Some(old) = self.groups.iter().find(|old| old.entity == group.entity) else { continue };
            let mut copies = Vec::new();
            for &(track, to) in &group.tracks {
                let spec = &next.spec.tracks[track];
                let known = old.tracks.iter().find(|known| self.spec.tracks[known.0] == *spec);
                if let Some(&(from_track, from)) = known {
                    copies.push((from, to, spec.words()));
                    next.since[track] = self.since[from_track];
                }
            }
            if copies.is_empty() {
                continue;
            }
            for (number, &key) in old.keys.iter().enumerate() {
                let from = &old.words[number * old.stride..(number + 1) * old.stride];
                let at = group.words.len();
                group.words.resize(at + group.stride, 0);
                group.words[at] = from[0];
                for &(old_word, new_word, length) in &copies {
                    group.words[at + new_word..at + new_word + length]
                        .copy_from_slice(&from[old_word..old_word + length]);
                }
                group.numbers.insert(key, group.keys.len() as u32);
                group.keys.push(key);
            }
        }
        next
    }

    /// What is remembered.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// From when on a track saw everything.
    pub fn since(&self, track: usize) -> i64 {
        self.since.get(track).copied().unwrap_or(i64::MAX)
    }

    /// Whether all tracks have seen their whole window by now.
    pub fn filled(&self, now: i64) -> bool {
        self.spec.tracks.iter().zip(&self.since).all(|(track, since)| now - since >= track.horizon())
    }

    /// Entities kept now, of all kinds.
    pub fn entities(&self) -> usize {
        self.groups.iter().map(|group| group.keys.len()).sum()
    }

    /// Bytes of records of one entity, by kind, key included.
    pub fn entity_bytes(&self) -> Vec<(Vec<Fact>, usize)> {
        self.groups.iter().map(|group| (group.entity.clone(), group.stride * 4 + 8)).collect()
    }

    /// Entities forgotten for want of room while they still mattered.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// What every track says, without the current transaction. All entities are looked up first, so that their
    /// records arrive from memory side by side.
    pub fn read(&self, facts: &Facts, readings: &mut Vec<Option<Reading>>) {
        readings.clear();
        readings.resize(self.spec.tracks.len(), None);
        let mut found = [(None, 0_u32); 32];
        let now = facts.of(Fact::Now);
        for (slot, group) in found.iter_mut().zip(&self.groups) {
            let key = key(&group.entity, facts);
            let number = key.and_then(|key| group.numbers.get(&key));
            let last = number.and_then(|&number| group.words.get(number as usize * group.stride));
            *slot = (key.map(|_| number.copied()), last.copied().unwrap_or(0));
        }
        for ((number, last), group) in found.into_iter().zip(&self.groups) {
            let Some(number) = number else { continue };
            let alive = i64::from(last) + group.horizon > now;
            for &(track, offset) in &group.tracks {
                let spec = &self.spec.tracks[track];
                readings[track] = Some(match number.filter(|_| alive) {
                    None if matches!(spec.sort, Sort::Distinct) => Reading { value: 0, ..Reading::EMPTY },
                    None => Reading::EMPTY,
                    Some(number) => {
                        let at = number as usize * group.stride + offset;
                        let value = spec.value.map_or(0, |fact| facts.of(fact));
                        let place = (facts.of(Fact::Latitude), facts.of(Fact::Longitude));
                        let zone = facts.of(Fact::ZoneOffset).max(-86_400);
                        let at_least = now.max(i64::from(last));
                        spec.read(
                            &group.words[at..at + spec.words()],
                            Event { at: at_least, zone, value, place },
                        )
                    }
                });
            }
        }
    }

    /// Takes an event in. `passes` says whether it passes a filter.
    pub fn observe(&mut self, facts: &Facts, passes: impl Fn(Option<u16>) -> bool) {
        let now = facts.of(Fact::Now);
        for group in &mut self.groups {
            let Some(key) = key(&group.entity, facts) else { continue };
            let takes = |track: &TrackSpec| track.sort != Sort::Labels && passes(track.filter);
            if !group.tracks.iter().any(|&(track, _)| takes(&self.spec.tracks[track])) {
                continue;
            }
            let begin = group.record(key, now, self.spec.entities_max, &mut self.evicted);
            // Time does not run backwards for an entity: a late event counts as of the last.
            let at = now.max(i64::from(group.words[begin]));
            group.words[begin] = u32::try_from(at.max(1)).unwrap_or(u32::MAX);
            for &(track, offset) in &group.tracks {
                let spec = &self.spec.tracks[track];
                if takes(spec)
                    && let Some(event) = event(spec, facts)
                {
                    let words = &mut group.words[begin + offset..begin + offset + spec.words()];
                    spec.observe(words, Event { at, ..event });
                }
            }
        }
    }

    /// A label arrives at `now`, for a transaction whose facts these are.
    pub fn label(&mut self, facts: &Facts, fraud: bool, now: i64, passes: impl Fn(Option<u16>) -> bool) {
        let at = facts.of(Fact::Now);
        for group in &mut self.groups {
            let Some(key) = key(&group.entity, facts) else { continue };
            let takes = |track: &TrackSpec| track.sort == Sort::Labels && passes(track.filter);
            if !group.tracks.iter().any(|&(track, _)| takes(&self.spec.tracks[track])) {
                continue;
            }
            let begin = group.record(key, now, self.spec.entities_max, &mut self.evicted);
            group.words[begin] = group.words[begin].max(u32::try_from(now.max(1)).unwrap_or(u32::MAX));
            for &(track, offset) in &group.tracks {
                let spec = &self.spec.tracks[track];
                if takes(spec) {
                    spec.label(&mut group.words[begin + offset..begin + offset + spec.words()], at, fraud);
                }
            }
        }
    }
}

/// The key of an entity; of a pair, both mixed (SplitMix64's finalizer). None where a part is missing.
fn key(entity: &[Fact], facts: &Facts) -> Option<u64> {
    let mut key = 0_u64;
    for (at, fact) in entity.iter().enumerate() {
        let value = facts.of(*fact);
        if value == MISSING {
            return None;
        }
        key = if at == 0 { value as u64 } else { mix(key).wrapping_add(value as u64) };
    }
    Some(key)
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Group {
    fn new(entity: Vec<Fact>) -> Self {
        Self {
            entity,
            tracks: Vec::new(),
            stride: 1,
            horizon: 0,
            numbers: HashMap::default(),
            keys: Vec::new(),
            words: Vec::new(),
            hand: 0,
        }
    }

    /// Where the record of an entity begins; made where there is none, cleared where it has expired.
    fn record(&mut self, key: u64, now: i64, most: u32, evicted: &mut u64) -> usize {
        if let Some(&number) = self.numbers.get(&key) {
            let begin = number as usize * self.stride;
            if i64::from(self.words[begin]) + self.horizon <= now {
                self.words[begin..begin + self.stride].fill(0);
            }
            return begin;
        }
        let number = match self.vacancy(now, most, evicted) {
            Some(number) => {
                self.numbers.remove(&self.keys[number]);
                self.keys[number] = key;
                self.words[number * self.stride..(number + 1) * self.stride].fill(0);
                number
            }
            None => {
                self.keys.push(key);
                self.words.resize(self.keys.len() * self.stride, 0);
                self.keys.len() - 1
            }
        };
        self.numbers.insert(key, number as u32);
        number * self.stride
    }

    /// A record that may be taken over: an expired one under the hand; where there is no room at all, the one
    /// longest untouched of those under the hand.
    fn vacancy(&mut self, now: i64, most: u32, evicted: &mut u64) -> Option<usize> {
        let kept = self.keys.len();
        let mut oldest: Option<(u32, usize)> = None;
        for _ in 0..EVICTION_LOOK.min(kept) {
            let number = self.hand as usize % kept;
            self.hand = (number as u32 + 1) % kept as u32;
            let last = self.words[number * self.stride];
            if i64::from(last) + self.horizon <= now {
                return Some(number);
            }
            if oldest.is_none_or(|known| last < known.0) {
                oldest = Some((last, number));
            }
        }
        if kept < most as usize {
            return None;
        }
        *evicted += u64::from(oldest.is_some());
        oldest.map(|known| known.1)
    }
}

impl BorshSerialize for Windows {
    /// Spec, then every group's records in the order they lie in: the same history gives the same bytes.
    fn serialize<W: Write>(&self, out: &mut W) -> Result<(), Error> {
        self.spec.serialize(out)?;
        self.since.serialize(out)?;
        self.evicted.serialize(out)?;
        for group in &self.groups {
            group.hand.serialize(out)?;
            group.keys.serialize(out)?;
            group.words.serialize(out)?;
        }
        Ok(())
    }
}

impl BorshDeserialize for Windows {
    fn deserialize_reader<R: Read>(from: &mut R) -> Result<Self, Error> {
        let wrong = |why| Error::new(ErrorKind::InvalidData, why);
        let spec = Spec::deserialize_reader(from)?;
        let mut windows = Self::new(spec, 0);
        windows.since = Vec::deserialize_reader(from)?;
        windows.evicted = u64::deserialize_reader(from)?;
        if windows.since.len() != windows.spec.tracks.len() {
            return Err(wrong("windows of another spec"));
        }
        for group in &mut windows.groups {
            group.hand = u32::deserialize_reader(from)?;
            group.keys = Vec::deserialize_reader(from)?;
            group.words = Vec::deserialize_reader(from)?;
            if group.words.len() != group.keys.len() * group.stride {
                return Err(wrong("records of another length"));
            }
            for (number, key) in group.keys.iter().enumerate() {
                if group.numbers.insert(*key, number as u32).is_some() {
                    return Err(wrong("two records of one entity"));
                }
            }
        }
        Ok(windows)
    }
}
