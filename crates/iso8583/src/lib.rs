//! Card messages between bytes and fields: framing, dialects by table, BER-TLV, and describing with masks.
//!
//! What a field means to a card is not known here, nor where the bytes come from and who decides: no I/O, no
//! serialization framework, no runtime.
//!
//! # A sale, built and decoded
//!
//! ```
//! use iso8583::{Builder, Mask, Mti, Tpdu, UNIONPAY_POS, describe};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut sale = Builder::new(&UNIONPAY_POS, Mti::new(0x0200));
//! sale.tpdu(Tpdu([0x60, 0x00, 0x03, 0x00, 0x00]));
//! sale.put_text(2, "6225880212345675")?
//!     .put_number(3, 0)?
//!     .put_number(4, 12_345)?
//!     .put_number(11, 2)?
//!     .put_text(22, "051")?
//!     .put_text(41, "00000001")?
//!     .put_text(42, "898510154110283")?
//!     .put_text(49, "156")?
//!     .put_text(60, "22000001000500")?;
//! // The code over the message type to the field before it is made elsewhere; here it is all ones.
//! let bytes = sale.finish_with_mac(|_covered| [0x31; 8])?.to_vec();
//!
//! let message = UNIONPAY_POS.decode(&bytes)?;
//! assert_eq!(message.mti(), Mti::new(0x0200));
//! assert_eq!(message.number(4), Some(12_345));
//! assert_eq!(message.text(22).as_deref(), Some("0510"));
//! assert_eq!(message.binary(64), Some([0x31; 8]));
//!
//! // The answer goes back where the sale came from.
//! let mut answer = Builder::reply_to(&message, Mti::new(0x0210));
//! for field in [2, 3, 4, 11, 41, 42, 49] {
//!     answer.echo(&message, field)?;
//! }
//! answer.put_text(39, "00")?;
//! assert_eq!(&answer.finish()?[..5], [0x60, 0x00, 0x00, 0x00, 0x03]);
//!
//! let mut shown = String::new();
//! describe(&message, &mut shown, Mask::Ends)?;
//! assert!(shown.contains("622588******5675"));
//!
//! // What does not hold is named with its place, never with its bytes.
//! let malformed = UNIONPAY_POS.decode(&bytes[..60]).unwrap_err();
//! assert_eq!(malformed.to_string(), "field 42 at byte 52: 15 bytes needed, 8 left");
//! # Ok(())
//! # }
//! ```
//!
//! # Where things are
//!
//! [`Dialect`] holds the tables, [`Dialect::decode`] makes a [`Message`] that borrows the bytes, [`Builder`] writes
//! one. [`Framing`] and [`Deframer`] put lengths in front and take them off. [`tlv`] reads and writes chip data,
//! [`tags`] knows what of it may be shown. [`unionpay`], [`original`] and [`cups`] read the parts inside fields and
//! header. [`describe()`] shows a message to people; [`Message::entries`] gives the same to those who write JSON.

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
