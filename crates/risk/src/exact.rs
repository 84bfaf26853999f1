//! The exponential and the logarithm from additions and multiplications alone: the same bits everywhere.
//!
//! The standard library hands these to the platform's mathematics library, whose last bits differ between
//! platforms; a model trained from a seed must not.

/// e to the power `x`, within a few units in the last place; saturates at the ends.
pub fn exp(x: f64) -> f64 {
    if x > 709.0 {
        return f64::INFINITY;
    }
    if x < -708.0 {
        return 0.0;
    }
    let power = (x * std::f64::consts::LOG2_E).round();
    // ln 2 in two parts (fdlibm), so that the remainder keeps its low bits.
    let rest = (x - power * 6.931_471_803_691_238e-1) - power * 1.908_214_929_270_588e-10;
    let mut term = 1.0;
    let mut sum = 1.0;
    for step in 1..=14 {
        term *= rest / f64::from(step);
        sum += term;
    }
    sum * f64::from_bits(((power as i64 + 1023) as u64) << 52)
}

/// Natural logarithm of a positive number, from its exponent and the series of its mantissa.
pub fn ln(x: f64) -> f64 {
    if x <= 0.0 || !x.is_finite() {
        return if x > 0.0 { f64::INFINITY } else { f64::NEG_INFINITY };
    }
    let exponent = ((x.to_bits() >> 52) & 0x7ff) as i64 - 1023;
    let mantissa = f64::from_bits((x.to_bits() & ((1 << 52) - 1)) | (1023 << 52));
    // atanh series: ln m = 2 (z + z^3/3 + ...) with z = (m - 1)/(m + 1) <= 1/3.
    let z = (mantissa - 1.0) / (mantissa + 1.0);
    let square = z * z;
    let mut power = z;
    let mut sum = 0.0;
    for odd in (1..48).step_by(2) {
        sum += power / f64::from(odd);
        power *= square;
    }
    2.0 * sum + exponent as f64 * std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::{exp, ln};

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the platform's own are what it is compared with")]
    fn they_are_what_mathematics_says() {
        for step in -700..700 {
            let x = f64::from(step) + 0.37;
            assert!((exp(x) / x.exp() - 1.0).abs() < 1e-14, "exp {x}");
            let y = x.exp();
            assert!((ln(y) - x).abs() < 1e-12, "ln {y}");
        }
        assert_eq!((exp(-1e9), exp(1e9), exp(0.0), ln(1.0)), (0.0, f64::INFINITY, 1.0, 0.0));
    }
}
