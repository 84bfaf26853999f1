//! UnionPay terminals (Q/CUP 009.1 family), data elements 2 to 64.
//!
//! Numbers are packed; 37 to 44, 49, 54, 57 to 59 and 63 are text. DE22 stands left (`051` is `0510` on the wire)
//! and DE23 right (`0001`), and their text shows all four nibbles. DE62 holds working keys, images and parameter
//! records: bytes. DE48, 60 and 61 are digits in groups; DE48 of
//! a batch upload (0320) lists card numbers, so it is not shown. Limits of the fields that acquirers extend (55, 60, 62)
//! are wider than the specification's. Fields only some acquirers use (5 to 10, 16 to 19, 24, 33, 40, 43, 45 to
//! 47, 50, 51, 56, 57) are taken in their usual form; the rest is not defined.

use crate::dialect::{Element, de};
use crate::field::Align::{Left, Right};
use crate::field::Class::{An, Ans, B, N, Tlv, Z};
use crate::field::Length::{Fixed, Ll, Lll};
use crate::field::Masking::{Chip, Ends, Never, Open, Scan, Track};

#[rustfmt::skip]
pub(crate) const FIELDS: [Element; 53] = [
    de(2,  "primary account number",                    N,   Ll(19),    Ends),
    de(3,  "processing code",                           N,   Fixed(6),  Open),
    de(4,  "amount, transaction",                       N,   Fixed(12), Open),
    de(5,  "amount, settlement",                        N,   Fixed(12), Open),
    de(6,  "amount, cardholder billing",                N,   Fixed(12), Open),
    de(7,  "transmission date and time",                N,   Fixed(10), Open),
    de(9,  "conversion rate, settlement",               N,   Fixed(8),  Open),
    de(10, "conversion rate, cardholder billing",       N,   Fixed(8),  Open),
    de(11, "system trace audit number",                 N,   Fixed(6),  Open),
    de(12, "time, local transaction",                   N,   Fixed(6),  Open),
    de(13, "date, local transaction",                   N,   Fixed(4),  Open),
    de(14, "date, expiration",                          N,   Fixed(4),  Open),
    de(15, "date, settlement",                          N,   Fixed(4),  Open),
    de(16, "date, conversion",                          N,   Fixed(4),  Open),
    de(18, "merchant type",                             N,   Fixed(4),  Open),
    de(19, "acquiring institution country code",        N,   Fixed(3),  Open).filled(Right),
    de(22, "point of service entry mode",               N,   Fixed(3),  Open).filled(Left),
    de(23, "card sequence number",                      N,   Fixed(3),  Open).filled(Right),
    de(24, "network international identifier",          N,   Fixed(3),  Open).filled(Right),
    de(25, "point of service condition code",           N,   Fixed(2),  Open),
    de(26, "point of service PIN capture code",         N,   Fixed(2),  Open),
    de(32, "acquiring institution code",                N,   Ll(11),    Open),
    de(33, "forwarding institution code",               N,   Ll(11),    Open),
    de(35, "track 2 data",                              Z,   Ll(37),    Track),
    de(36, "track 3 data",                              Z,   Lll(104),  Track),
    de(37, "retrieval reference number",                An,  Fixed(12), Open),
    de(38, "authorization identification response",     An,  Fixed(6),  Open),
    de(39, "response code",                             An,  Fixed(2),  Open),
    de(40, "reserved",                                  Ans, Lll(999),  Scan),
    de(41, "card acceptor terminal identification",     Ans, Fixed(8),  Open),
    de(42, "card acceptor identification code",         Ans, Fixed(15), Open),
    de(43, "card acceptor name and location",           Ans, Fixed(40), Open),
    de(44, "additional response data",                  Ans, Ll(25),    Scan),
    de(45, "track 1 data",                              Ans, Ll(79),    Never),
    de(46, "additional data, ISO",                      Ans, Lll(999),  Scan),
    de(47, "additional data, national",                 Ans, Lll(999),  Scan),
    de(48, "additional data, private",                  N,   Lll(322),  Scan),
    de(49, "currency code, transaction",                An,  Fixed(3),  Open),
    de(50, "currency code, settlement",                 An,  Fixed(3),  Open),
    de(51, "currency code, cardholder billing",         An,  Fixed(3),  Open),
    de(52, "personal identification number data",       B,   Fixed(8),  Never),
    de(53, "security related control information",      N,   Fixed(16), Open),
    de(54, "balance amount",                            An,  Lll(120),  Open),
    de(55, "integrated circuit card data",              Tlv, Lll(999),  Chip),
    de(56, "reserved",                                  Ans, Lll(999),  Scan),
    de(57, "additional transaction data, private",      Ans, Lll(999),  Scan),
    de(58, "electronic purse data",                     Ans, Lll(100),  Scan),
    de(59, "custom data",                               Ans, Lll(999),  Scan),
    de(60, "transaction type, batch and terminal",      N,   Lll(30),   Open),
    de(61, "original message",                          N,   Lll(29),   Open),
    de(62, "keys, images and records",                  B,   Lll(999),  Never),
    de(63, "operator and card organisation",            Ans, Lll(163),  Scan),
    de(64, "message authentication code",               B,   Fixed(8),  Open),
];
