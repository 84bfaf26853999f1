//! Everything a card and a terminal can prove: card numbers, PINs, tracks, PIN blocks, MACs, verification
//! values, chip cryptograms, key blocks, DUKPT, the national algorithms, and the [`Hsm`] that holds the keys.
//!
//! What must not live here: logging, serialization frameworks, files, sockets, a clock, accounts or any
//! decision about money. A secret type has no `Display`, no serialization, and a `Debug` that shows none of
//! it.

pub mod cipher;
pub mod cvv;
pub mod dukpt;
pub mod emv;
pub mod entropy;
pub mod esign;
mod hexadecimal;
pub mod hsm;
pub mod identity;
pub mod kdf;
pub mod key;
pub mod key_store;
pub mod key_usage;
pub mod keyblock;
pub mod mac;
pub mod pan;
pub mod pay_code;
pub mod pin;
pub mod pin_block;
pub mod pin_verification;
pub mod sign_in;
pub mod sm;
pub mod token;
pub mod track;

pub use entropy::{Entropy, EntropyFailed, SystemEntropy};
pub use hsm::{Hsm, HsmError, KeyHandle, Verdict};
pub use key_usage::{Exportability, KeyAttributes, KeyMode, KeyStatus, KeyUsage};
pub use pan::Pan;
pub use pin::Pin;
pub use track::Track2;
