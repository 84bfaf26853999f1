//! The feature code that binds a drawn signature to its sale.
//!
//! The image is not looked at here.

use crate::hexadecimal;

/// The feature code drawn under a signature: settlement date (MMDD, `0000` where there is none) and reference
/// number as sixteen digits, the two halves folded as hexadecimal numbers, eight characters (Q/CUP 009.1,
/// electronic signature). `None` when the date has not four or the reference not twelve digits.
pub fn feature_code(date: Option<&str>, reference: &str) -> Option<String> {
    let date = date.unwrap_or("0000");
    let digits = |text: &str, len: usize| text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(date, 4) || !digits(reference, 12) {
        return None;
    }
    let both = hexadecimal::decode(format!("{date}{reference}").as_bytes())?;
    let (left, right) = both.split_at(4);
    let folded: Vec<u8> = left.iter().zip(right).map(|(left, right)| left ^ right).collect();
    Some(hexadecimal::encode(&folded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_as_terminals_draw_them() {
        assert_eq!(feature_code(Some("0704"), "123456789012").as_deref(), Some("517C8226"));
        assert_eq!(feature_code(None, "123456789012").as_deref(), Some("56788226"));
        assert_eq!(feature_code(Some("704"), "123456789012"), None);
        assert_eq!(feature_code(Some("0704"), "12345678901A"), None);
    }
}
