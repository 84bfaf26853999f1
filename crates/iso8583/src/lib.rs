//! Card messages between bytes and fields: framing, dialects by table, BER-TLV, and describing with masks.
//!
//! What a field means to a card is not known here, nor where the bytes come from and who decides: no I/O, no
//! serialization framework, no runtime.

#![forbid(unsafe_code)]

mod builder;
mod charset;
pub mod cups;
mod describe;
mod dialect;
mod field;
mod framing;
mod malformed;
mod message;
mod mti;
pub mod original;
mod scan;
mod tables;
pub mod tags;
mod text;
pub mod tlv;
pub mod unionpay;

pub use builder::Builder;
pub use describe::{Entry, Mask, describe};
pub use dialect::{
    CUPS, Dialect, FIELD_NUMBER_MAX, Header, ISO87_ASCII, ISO87_ASCII_HEX, ISO87_BINARY, ISO87_EBCDIC,
    ISO93_ASCII, ISO93_BINARY, ISO2003_BINARY, UNIONPAY_POS, UNIONPAY_POS_WIDE,
};
pub use field::{Align, Class, Coding, Field, Length, Masking};
pub use framing::{
    Deframer, FRAME_BYTES_MAX, FRAME_BYTES_MIN, Framing, LengthPrefix, TPDU_BYTES, Tpdu, strip_frame,
};
pub use malformed::{Malformed, Part, Why};
pub use message::Message;
pub use mti::Mti;
pub use text::{DIGITS_MAX, Digits, Value};
