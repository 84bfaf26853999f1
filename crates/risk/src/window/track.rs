//! One track: what is remembered of one entity for one window, in a few words of 32 bits.
//!
//! Nothing here knows which entity it is, or finds it.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::facts::{Fact, MISSING};
use crate::language::{Window, civil};

/// Events kept exactly.
pub const RECENT: usize = 8;

/// Most different values told apart.
pub const DISTINCT_MAX: usize = 16;

/// Buckets a sliding window is cut into; one more is kept for the part that is leaving.
const BUCKETS: i64 = 12;

/// Most buckets of a labelled track, whose window ends a delay before now.
const LABEL_BUCKETS_MAX: i64 = 60;

/// Values are clipped to this before they are squared, so that a billion squares fit.
const SQUARE_CLIP: i64 = 1 << 30;

/// What a track remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Sort {
    /// How many events.
    Events,
    /// Count and sum of a value.
    Sums,
    /// Count, sum and sum of squares.
    Squares,
    /// Count, sum, least and greatest.
    Extremes,
    /// The last different values.
    Distinct,
    /// When first.
    First,
    /// When last, and the value then.
    Last,
    /// Where and when last.
    Place,
    /// Labels by the time of their transactions.
    Labels,
}

/// What is to be remembered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct TrackSpec {
    /// The entity, or the two of a pair.
    pub entity: Vec<Fact>,
    /// What.
    pub sort: Sort,
    /// The value that is measured or told apart.
    pub value: Option<Fact>,
    /// The window; none for those of the last event.
    pub window: Option<Window>,
    /// Seconds the window ends before now.
    pub delay: i64,
    /// Which events count: an index of the program's filters.
    pub filter: Option<u16>,
}

/// What a track says now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Events, different values, or labels.
    pub count: i64,
    /// Sum of values, or frauds.
    pub sum: i64,
    /// Sum of squares of clipped values.
    pub squares: i64,
    /// Least value.
    pub min: i64,
    /// Greatest value.
    pub max: i64,
    /// First or last time; seconds.
    pub time: i64,
    /// The value then; whether the current value was there (1) or not (0); or metres.
    pub value: i64,
}

impl Reading {
    /// Of a track that never saw anything.
    pub const EMPTY: Self =
        Self { count: 0, sum: 0, squares: 0, min: i64::MAX, max: MISSING, time: MISSING, value: MISSING };

    fn take(&mut self, value: i64) {
        self.take_many(1, value, square(value), value, value);
    }

    fn take_many(&mut self, count: i64, sum: i64, squares: i64, min: i64, max: i64) {
        self.count += count;
        self.sum = self.sum.saturating_add(sum);
        self.squares = self.squares.saturating_add(squares);
        self.min = self.min.min(min);
        self.max = self.max.max(max);
    }

    /// Adds the current transaction.
    pub fn including(mut self, value: i64) -> Self {
        self.take(value);
        self
    }

    /// The mean, rounded towards zero; missing of none.
    pub fn mean(&self) -> i64 {
        if self.count > 0 { self.sum / self.count } else { MISSING }
    }

    /// The standard deviation, rounded down; missing below two.
    pub fn spread(&self) -> i64 {
        if self.count < 2 {
            return MISSING;
        }
        let (count, sum) = (i128::from(self.count), i128::from(self.sum));
        let variance = (i128::from(self.squares) * count - sum * sum) / (count * count);
        i64::try_from(variance.max(0).unsigned_abs().isqrt()).unwrap_or(i64::MAX)
    }
}

fn square(value: i64) -> i64 {
    let clipped = value.clamp(-SQUARE_CLIP, SQUARE_CLIP);
    clipped * clipped
}

/// The part of an event that tracks need.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    /// Seconds since 1970.
    pub at: i64,
    /// Seconds east of UTC.
    pub zone: i64,
    /// The measured value; 0 where the track has none.
    pub value: i64,
    /// Latitude and longitude, millionths of a degree.
    pub place: (i64, i64),
}

impl TrackSpec {
    /// Words of 32 bits in a record.
    pub fn words(&self) -> usize {
        match (self.sort, self.window) {
            (Sort::Distinct, _) => 1 + 3 * DISTINCT_MAX,
            (Sort::First, _) => 1,
            (Sort::Last | Sort::Place, _) => 3,
            (Sort::Labels, _) => 1 + 2 * self.label_buckets() as usize,
            (
                Sort::Events | Sort::Sums | Sort::Squares | Sort::Extremes,
                Some(Window::Day | Window::Month),
            ) => 1 + self.bucket_words(),
            (Sort::Events | Sort::Sums | Sort::Squares | Sort::Extremes, Some(Window::Sliding(_)) | None) => {
                2 + RECENT * self.event_words() + (BUCKETS as usize + 1) * self.bucket_words()
            }
        }
    }

    /// Seconds after which nothing that was seen matters any more.
    pub fn horizon(&self) -> i64 {
        match self.window {
            Some(Window::Sliding(seconds)) => seconds + self.delay + self.bucket(),
            Some(Window::Day) => 2 * 86_400,
            Some(Window::Month) => 32 * 86_400,
            None => super::WINDOW_MAX,
        }
    }

    /// Seconds in a bucket: the most a sliding window may be too long beyond its recent events.
    pub fn bucket(&self) -> i64 {
        let Some(Window::Sliding(length)) = self.window else { return 0 };
        let wanted = (length + BUCKETS - 1) / BUCKETS;
        // A long delay behind a short window would need more buckets than there are.
        wanted.max((length + self.delay).div_euclid(LABEL_BUCKETS_MAX - 2) + 1)
    }

    fn label_buckets(&self) -> i64 {
        let Some(Window::Sliding(length)) = self.window else { return 0 };
        (length + self.delay) / self.bucket() + 2
    }

    fn event_words(&self) -> usize {
        if self.sort == Sort::Events { 1 } else { 3 }
    }

    fn bucket_words(&self) -> usize {
        match self.sort {
            Sort::Events => 1,
            Sort::Sums => 3,
            Sort::Squares => 5,
            Sort::Extremes => 7,
            Sort::Distinct | Sort::First | Sort::Last | Sort::Place | Sort::Labels => 0,
        }
    }

    /// Takes an event in.
    pub(super) fn observe(&self, words: &mut [u32], event: Event) {
        match (self.sort, self.window) {
            (Sort::Distinct, _) => observe_distinct(words, event),
            (Sort::First, _) => {
                if words[0] == 0 {
                    words[0] = seconds(event.at);
                }
            }
            (Sort::Last, _) => {
                words[0] = seconds(event.at);
                put(words, 1, event.value);
            }
            (Sort::Place, _) => {
                words[0] = seconds(event.at);
                words[1] = (event.place.0 as i32) as u32;
                words[2] = (event.place.1 as i32) as u32;
            }
            (Sort::Labels, _) => {}
            (Sort::Events | Sort::Sums | Sort::Squares | Sort::Extremes, Some(Window::Sliding(_)) | None) => {
                self.observe_sliding(words, event);
            }
            (
                Sort::Events | Sort::Sums | Sort::Squares | Sort::Extremes,
                Some(Window::Day | Window::Month),
            ) => {
                let period = self.period(event.at, event.zone);
                if words[0] != period {
                    words.fill(0);
                    words[0] = period;
                }
                self.fill(&mut words[1..], event.value);
            }
        }
    }

    /// Takes a label in, by the time of its transaction.
    pub(super) fn label(&self, words: &mut [u32], at: i64, fraud: bool) {
        let bucket = at / self.bucket();
        let count = self.label_buckets();
        let newest = i64::from(words[0]);
        if bucket <= newest - count {
            return;
        }
        if bucket > newest {
            for passed in (newest + 1).max(bucket - count + 1)..=bucket {
                let at = 1 + 2 * (passed % count) as usize;
                words[at..at + 2].fill(0);
            }
            words[0] = bucket as u32;
        }
        let at = 1 + 2 * (bucket % count) as usize;
        words[at] = words[at].saturating_add(1);
        words[at + 1] = words[at + 1].saturating_add(u32::from(fraud));
    }

    /// What the track says at a time, without the current event.
    pub(super) fn read(&self, words: &[u32], event: Event) -> Reading {
        let mut out = Reading::EMPTY;
        match (self.sort, self.window) {
            (Sort::Distinct, _) => self.read_distinct(words, event, &mut out),
            (Sort::First, _) => out.time = time(words[0]),
            (Sort::Last, _) => {
                out.time = time(words[0]);
                out.value = if words[0] == 0 { MISSING } else { take(words, 1) };
            }
            (Sort::Place, _) => {
                out.time = time(words[0]);
                let there = (i64::from(words[1] as i32), i64::from(words[2] as i32));
                let known = words[0] != 0 && event.place.0 != MISSING && event.place.1 != MISSING;
                out.value = if known { place_distance(there, event.place) } else { MISSING };
            }
            (Sort::Labels, _) => self.read_labels(words, event.at, &mut out),
            (Sort::Events | Sort::Sums | Sort::Squares | Sort::Extremes, Some(Window::Sliding(_)) | None) => {
                self.read_sliding(words, event.at, &mut out);
            }
            (
                Sort::Events | Sort::Sums | Sort::Squares | Sort::Extremes,
                Some(Window::Day | Window::Month),
            ) => {
                if words[0] == self.period(event.at, event.zone) {
                    self.pour(&words[1..], &mut out);
                }
            }
        }
        out
    }

    /// Number of the calendar period, never 0.
    fn period(&self, at: i64, zone: i64) -> u32 {
        let day = at.saturating_add(zone).div_euclid(86_400);
        match self.window {
            Some(Window::Month) => {
                let (year, month, _) = civil(day);
                (year * 12 + month) as u32
            }
            Some(Window::Day | Window::Sliding(_)) | None => (day + 1) as u32,
        }
    }

    /// The newest events lie in a ring: word 0 counts them and says where the oldest is, word 1 is the newest
    /// bucket. An event that leaves the ring falls into its bucket.
    fn observe_sliding(&self, words: &mut [u32], event: Event) {
        let each = self.event_words();
        let (count, head) = ((words[0] & 0xff) as usize, (words[0] >> 8) as usize);
        let slot = 2 + (head + count) % RECENT * each;
        if count < RECENT {
            words[0] = ((head << 8) | (count + 1)) as u32;
        } else {
            let old = i64::from(words[slot]);
            let value = if each > 1 { take(words, slot + 1) } else { 0 };
            self.drop_into_bucket(words, old, value);
            words[0] = ((((head + 1) % RECENT) << 8) | count) as u32;
        }
        words[slot] = seconds(event.at);
        if each > 1 {
            put(words, slot + 1, event.value);
        }
    }

    fn drop_into_bucket(&self, words: &mut [u32], at: i64, value: i64) {
        let (each, base, count) = (self.bucket_words(), 2 + RECENT * self.event_words(), BUCKETS + 1);
        let bucket = at / self.bucket();
        let newest = i64::from(words[1]);
        for passed in (newest + 1).max(bucket - count + 1)..=bucket {
            let at = base + each * (passed % count) as usize;
            words[at..at + each].fill(0);
        }
        words[1] = words[1].max(bucket as u32);
        let at = base + each * (bucket % count) as usize;
        self.fill(&mut words[at..at + each], value);
    }

    fn read_sliding(&self, words: &[u32], now: i64, out: &mut Reading) {
        let Some(Window::Sliding(length)) = self.window else { return };
        let start = now - length;
        let each = self.event_words();
        let kept = (words[0] & 0xff) as usize;
        // The oldest time that still counts, as it is stored; nothing is stored before 1970.
        let least = (start + 1).clamp(0, i64::from(u32::MAX)) as u32;
        if self.sort == Sort::Events {
            out.count = words[2..2 + kept.min(RECENT)].iter().map(|time| i64::from(*time >= least)).sum();
        } else {
            for event in words[2..2 + RECENT * 3].chunks_exact(3).take(kept).filter(|event| event[0] >= least)
            {
                out.take(take(event, 1));
            }
        }
        if kept < RECENT {
            return;
        }
        let (each, base, count) = (self.bucket_words(), 2 + RECENT * each, BUCKETS + 1);
        let newest = i64::from(words[1]);
        let oldest = ((start + 1).div_euclid(self.bucket())).max(newest - count + 1);
        if oldest > newest {
            return;
        }
        let (first, many) = (oldest.rem_euclid(count) as usize, (newest - oldest + 1) as usize);
        let buckets = &words[base..base + each * count as usize];
        let (before, from) = buckets.split_at(first * each);
        let from = &from[..from.len().min(many * each)];
        let before = &before[..(many * each - from.len()).min(before.len())];
        for part in [from, before] {
            match self.sort {
                Sort::Events => out.count += part.iter().map(|count| i64::from(*count)).sum::<i64>(),
                Sort::Sums => {
                    for bucket in part.chunks_exact(3) {
                        out.count += i64::from(bucket[0]);
                        out.sum = out.sum.saturating_add(take(bucket, 1));
                    }
                }
                Sort::Squares
                | Sort::Extremes
                | Sort::Distinct
                | Sort::First
                | Sort::Last
                | Sort::Place
                | Sort::Labels => part.chunks_exact(each).for_each(|bucket| self.pour(bucket, out)),
            }
        }
    }

    fn read_labels(&self, words: &[u32], now: i64, out: &mut Reading) {
        let Some(Window::Sliding(length)) = self.window else { return };
        let (count, width, newest) = (self.label_buckets(), self.bucket(), i64::from(words[0]));
        let end = now - self.delay;
        let oldest = (end - length + 1).div_euclid(width).max(newest - count + 1).max(0);
        for bucket in oldest..=newest.min(end.div_euclid(width)) {
            let at = 1 + 2 * (bucket % count) as usize;
            out.count += i64::from(words[at]);
            out.sum += i64::from(words[at + 1]);
        }
    }

    fn read_distinct(&self, words: &[u32], event: Event, out: &mut Reading) {
        let start = match self.window {
            Some(Window::Sliding(length)) => event.at - length,
            Some(Window::Day | Window::Month) | None => MISSING,
        };
        let key = event.value as u64;
        out.value = 0;
        for entry in words[1..].chunks_exact(3).take(words[0] as usize) {
            let inside = i64::from(entry[2]) > start;
            out.count += i64::from(inside);
            if inside && (u64::from(entry[0]) | u64::from(entry[1]) << 32) == key {
                out.value = 1;
            }
        }
    }

    /// Adds an event to a bucket.
    fn fill(&self, bucket: &mut [u32], value: i64) {
        let first = bucket[0] == 0;
        bucket[0] = bucket[0].saturating_add(1);
        if bucket.len() > 1 {
            put(bucket, 1, take(bucket, 1).saturating_add(value));
        }
        match self.sort {
            Sort::Squares => put(bucket, 3, take(bucket, 3).saturating_add(square(value))),
            Sort::Extremes => {
                put(bucket, 3, if first { value } else { take(bucket, 3).min(value) });
                put(bucket, 5, if first { value } else { take(bucket, 5).max(value) });
            }
            Sort::Events
            | Sort::Sums
            | Sort::Distinct
            | Sort::First
            | Sort::Last
            | Sort::Place
            | Sort::Labels => {}
        }
    }

    /// Adds a bucket to a reading.
    fn pour(&self, bucket: &[u32], out: &mut Reading) {
        if bucket[0] == 0 {
            return;
        }
        let sum = if bucket.len() > 1 { take(bucket, 1) } else { 0 };
        let squares = if self.sort == Sort::Squares { take(bucket, 3) } else { 0 };
        let (min, max) = if self.sort == Sort::Extremes {
            (take(bucket, 3), take(bucket, 5))
        } else {
            (i64::MAX, MISSING)
        };
        out.take_many(i64::from(bucket[0]), sum, squares, min, max);
    }
}

/// Word 0 counts the entries: value in two words, when last seen. A new value takes the place of the one
/// seen longest ago, which leaves every window first.
fn observe_distinct(words: &mut [u32], event: Event) {
    let count = words[0] as usize;
    let (low, high) = (event.value as u64 as u32, (event.value as u64 >> 32) as u32);
    let entries = &words[1..];
    let known = entries.chunks_exact(3).take(count).position(|entry| entry[0] == low && entry[1] == high);
    let oldest =
        || entries.chunks_exact(3).enumerate().min_by_key(|entry| entry.1[2]).map_or(0, |entry| entry.0);
    let at = known.unwrap_or_else(|| if count < DISTINCT_MAX { count } else { oldest() });
    words[0] = words[0].max(at as u32 + 1);
    words[1 + 3 * at..4 + 3 * at].copy_from_slice(&[low, high, seconds(event.at)]);
}

/// Seconds since 1970 in 32 bits (until 2106), never 0.
fn seconds(at: i64) -> u32 {
    u32::try_from(at.max(1)).unwrap_or(u32::MAX)
}

fn time(word: u32) -> i64 {
    if word == 0 { MISSING } else { i64::from(word) }
}

fn put(words: &mut [u32], at: usize, value: i64) {
    words[at] = value as u64 as u32;
    words[at + 1] = (value as u64 >> 32) as u32;
}

fn take(words: &[u32], at: usize) -> i64 {
    (u64::from(words[at]) | u64::from(words[at + 1]) << 32) as i64
}

/// Cosines of 0 to 90 degrees in thousandths, for the length of a degree of longitude.
const COSINES: [i64; 91] = [
    1000, 1000, 999, 999, 998, 996, 995, 993, 990, 988, 985, 982, 978, 974, 970, 966, 961, 956, 951, 946,
    940, 934, 927, 921, 914, 906, 899, 891, 883, 875, 866, 857, 848, 839, 829, 819, 809, 799, 788, 777, 766,
    755, 743, 731, 719, 707, 695, 682, 669, 656, 643, 629, 616, 602, 588, 574, 559, 545, 530, 515, 500, 485,
    469, 454, 438, 423, 407, 391, 375, 358, 342, 326, 309, 292, 276, 259, 242, 225, 208, 191, 174, 156, 139,
    122, 105, 87, 70, 52, 35, 17, 0,
];

/// Metres between two places in millionths of a degree, on a plane at their middle latitude: within a few
/// percent up to a thousand kilometres, and far away beyond that.
pub fn place_distance(a: (i64, i64), b: (i64, i64)) -> i64 {
    let limit = |degrees: i64, most: i64| degrees.clamp(-most * 1_000_000, most * 1_000_000);
    let (a, b) = ((limit(a.0, 90), limit(a.1, 180)), (limit(b.0, 90), limit(b.1, 180)));
    let north = (a.0 - b.0).abs();
    let apart = (a.1 - b.1).abs();
    let east = apart.min(360_000_000 - apart);
    let middle = ((a.0 + b.0) / 2).abs();
    let degree = (middle / 1_000_000) as usize;
    let (low, high) = (COSINES[degree.min(90)], COSINES[(degree + 1).min(90)]);
    let cosine = low * 1_000 + (high - low) * (middle % 1_000_000) / 1_000;
    // A degree of latitude is 111,195 m on the mean sphere (radius 6,371,009 m).
    let (dy, dx) = (north * 111_195 / 1_000_000, east * 111_195 / 1_000_000 * cosine / 1_000_000);
    (dx * dx + dy * dy).isqrt()
}
