//! Values of answers that both kinds of session write alike.
//!
//! No decision, and nothing that could fail to fit: each value is made for its field.

use iso8583::{Builder, Value};
use machine::time::Local;

const FITS: &str = "values made here are made to fit their fields";

/// Puts the text of a field.
pub(crate) fn put(reply: &mut Builder, number: u8, text: &str) {
    reply.put_text(number, text).expect(FITS);
}

/// Puts a number into a field of characters, with zeros in front; at most twelve digits.
pub(crate) fn put_digits(reply: &mut Builder, number: u8, value: u64, width: usize) {
    let mut text = [b'0'; 12];
    let field = &mut text[..width];
    let mut left = value;
    for digit in field.iter_mut().rev() {
        *digit = b'0' + (left % 10) as u8;
        left /= 10;
    }
    let text = std::str::from_utf8(field).expect("only ASCII digits were written");
    reply.put(number, Value::Text(text)).expect(FITS);
}

/// Puts month and day, MMDD.
pub(crate) fn put_date(reply: &mut Builder, number: u8, local: Local) {
    let date = u64::from(local.month) * 100 + u64::from(local.day_of_month);
    reply.put_number(number, date).expect(FITS);
}

/// Field 54: account type 00, amount type 02 (available), currency, sign, amount.
pub(crate) fn balance(currency: u16, available: i64) -> String {
    let sign = if available < 0 { 'D' } else { 'C' };
    let size = available.unsigned_abs().min(999_999_999_999);
    format!("0002{currency:03}{sign}{size:012}")
}
