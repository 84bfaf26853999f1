//! Doing something again and again and taking the time: one at a time, in chunks, or at given moments.
//!
//! What is done is the caller's.

use super::results::Reading;
use sim::dice::Dice;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Times taken of one reading, at most.
const TIMES_MAX: usize = 4_000_000;

/// Takes the time of each.
pub fn each<T>(seconds: f64, mut act: impl FnMut() -> T) -> Reading {
    let length = Duration::from_secs_f64(seconds);
    let mut times = Vec::with_capacity(TIMES_MAX);
    let begun = Instant::now();
    let mut before = begun;
    while before.duration_since(begun) < length && times.len() < TIMES_MAX {
        black_box(act());
        let now = Instant::now();
        times.push(now.duration_since(before).as_nanos() as u64);
        before = now;
    }
    let done = times.len();
    Reading::of_times(&mut times).with_rate(done, before.duration_since(begun))
}

/// Takes the time of `chunk` at a time and shares it: for what is shorter than looking at the clock is worth.
pub fn chunks<T>(seconds: f64, chunk: u32, mut act: impl FnMut() -> T) -> Reading {
    let whole = each(seconds, || {
        for _ in 0..chunk {
            black_box(act());
        }
    });
    let share = |time: Option<f64>| time.map(|time| time / f64::from(chunk));
    Reading {
        rate: whole.rate.map(|rate| rate * f64::from(chunk)),
        p50: share(whole.p50),
        p99: share(whole.p99),
        p999: None,
        figure: None,
    }
}

/// Moments at which strangers come, `rate` a second, for `seconds`: the gaps are those of a Poisson process, so that
/// some come close together.
pub fn moments(rate: f64, seconds: f64, dice: &mut Dice) -> Vec<Duration> {
    let mut at = 0.0;
    let mut moments = Vec::with_capacity((rate * seconds * 1.2) as usize);
    while at < seconds {
        moments.push(Duration::from_secs_f64(at));
        // Uniform on (0, 1]: the logarithm of nothing is none.
        let uniform = ((dice.throw() >> 11) + 1) as f64 / (1_u64 << 53) as f64;
        at += -uniform.ln() / rate;
    }
    moments
}

/// Sleeps until a moment; at once where it has passed.
pub fn sleep_until(moment: Instant) {
    let left = moment.saturating_duration_since(Instant::now());
    if !left.is_zero() {
        std::thread::sleep(left);
    }
}
