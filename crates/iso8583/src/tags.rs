//! Tags of chip data: name, format, and whether the value may be shown.
//!
//! One table for describing and for data object lists. A tag that is not listed is bytes, and is not shown:
//! what nobody has judged harmless stays hidden.

use crate::tlv::Tag;

/// How a value is filled up and cut (EMV Book 3, section 5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Packed digits, right aligned (`n`).
    Numeric,
    /// Packed digits, left aligned, filled with `F` (`cn`).
    CompressedNumeric,
    /// Bytes (`b`, `var.`).
    Binary,
    /// Characters (`a`, `an`, `ans`).
    Text,
}

/// Whether a value says something of the card or its holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// May be shown.
    Shown,
    /// A card number: first six and last four digits.
    Ends,
    /// Not shown.
    Hidden,
}

struct Listed(u32, &'static str, Format, Sight);

use Format::{Binary, CompressedNumeric, Numeric, Text};
use Sight::{Ends, Hidden, Shown};

/// Ascending by tag.
#[rustfmt::skip]
const TAGS: [Listed; 125] = [
    Listed(0x42,   "issuer identification number",        Numeric, Shown),
    Listed(0x4F,   "application identifier, card",        Binary,  Shown),
    Listed(0x50,   "application label",                   Text,    Shown),
    Listed(0x56,   "track 1 equivalent data",             Text,    Hidden),
    Listed(0x57,   "track 2 equivalent data",             Binary,  Hidden),
    Listed(0x5A,   "primary account number",              CompressedNumeric, Ends),
    Listed(0x6F,   "file control information template",   Binary,  Shown),
    Listed(0x70,   "record template",                     Binary,  Shown),
    Listed(0x71,   "issuer script template 1",            Binary,  Hidden),
    Listed(0x72,   "issuer script template 2",            Binary,  Hidden),
    Listed(0x77,   "response template 2",                 Binary,  Shown),
    Listed(0x80,   "response template 1",                 Binary,  Hidden),
    Listed(0x81,   "amount, authorized, binary",          Binary,  Shown),
    Listed(0x82,   "application interchange profile",     Binary,  Shown),
    Listed(0x84,   "dedicated file name",                 Binary,  Shown),
    Listed(0x87,   "application priority indicator",      Binary,  Shown),
    Listed(0x88,   "short file identifier",               Binary,  Shown),
    Listed(0x89,   "authorization code",                  Binary,  Shown),
    Listed(0x8A,   "authorization response code",         Text,    Shown),
    Listed(0x8C,   "card risk data object list 1",        Binary,  Shown),
    Listed(0x8D,   "card risk data object list 2",        Binary,  Shown),
    Listed(0x8E,   "cardholder verification methods",     Binary,  Shown),
    Listed(0x8F,   "authority public key index",          Binary,  Shown),
    Listed(0x91,   "issuer authentication data",          Binary,  Shown),
    Listed(0x94,   "application file locator",            Binary,  Shown),
    Listed(0x95,   "terminal verification results",       Binary,  Shown),
    Listed(0x99,   "transaction PIN data",                Binary,  Hidden),
    Listed(0x9A,   "transaction date",                    Numeric, Shown),
    Listed(0x9B,   "transaction status information",      Binary,  Shown),
    Listed(0x9C,   "transaction type",                    Numeric, Shown),
    Listed(0xA5,   "file control proprietary template",   Binary,  Shown),
    Listed(0x5F20, "cardholder name",                     Text,    Hidden),
    Listed(0x5F24, "application expiration date",         Numeric, Shown),
    Listed(0x5F25, "application effective date",          Numeric, Shown),
    Listed(0x5F28, "issuer country code",                 Numeric, Shown),
    Listed(0x5F2A, "transaction currency code",           Numeric, Shown),
    Listed(0x5F2D, "language preference",                 Text,    Shown),
    Listed(0x5F30, "service code",                        Numeric, Shown),
    Listed(0x5F34, "card sequence number",                Numeric, Shown),
    Listed(0x5F36, "transaction currency exponent",       Numeric, Shown),
    Listed(0x9F01, "acquirer identifier",                 Numeric, Shown),
    Listed(0x9F02, "amount, authorized",                  Numeric, Shown),
    Listed(0x9F03, "amount, other",                       Numeric, Shown),
    Listed(0x9F04, "amount, other, binary",               Binary,  Shown),
    Listed(0x9F06, "application identifier, terminal",    Binary,  Shown),
    Listed(0x9F07, "application usage control",           Binary,  Shown),
    Listed(0x9F08, "application version, card",           Binary,  Shown),
    Listed(0x9F09, "application version, terminal",       Binary,  Shown),
    Listed(0x9F0B, "cardholder name, extended",           Text,    Hidden),
    Listed(0x9F0D, "issuer action code, default",         Binary,  Shown),
    Listed(0x9F0E, "issuer action code, denial",          Binary,  Shown),
    Listed(0x9F0F, "issuer action code, online",          Binary,  Shown),
    Listed(0x9F10, "issuer application data",             Binary,  Shown),
    Listed(0x9F11, "issuer code table index",             Numeric, Shown),
    Listed(0x9F12, "application preferred name",          Text,    Shown),
    Listed(0x9F15, "merchant category code",              Numeric, Shown),
    Listed(0x9F16, "merchant identifier",                 Text,    Shown),
    Listed(0x9F19, "token requestor identifier",          Numeric, Hidden),
    Listed(0x9F1A, "terminal country code",               Numeric, Shown),
    Listed(0x9F1B, "terminal floor limit",                Binary,  Shown),
    Listed(0x9F1C, "terminal identification",             Text,    Shown),
    Listed(0x9F1E, "interface device serial number",      Text,    Shown),
    Listed(0x9F1F, "track 1 discretionary data",          Text,    Hidden),
    Listed(0x9F20, "track 2 discretionary data",          CompressedNumeric, Hidden),
    Listed(0x9F21, "transaction time",                    Numeric, Shown),
    Listed(0x9F24, "payment account reference",           Text,    Hidden),
    Listed(0x9F26, "application cryptogram",              Binary,  Shown),
    Listed(0x9F27, "cryptogram information data",         Binary,  Shown),
    Listed(0x9F33, "terminal capabilities",               Binary,  Shown),
    Listed(0x9F34, "cardholder verification results",     Binary,  Shown),
    Listed(0x9F35, "terminal type",                       Numeric, Shown),
    Listed(0x9F36, "application transaction counter",     Binary,  Shown),
    Listed(0x9F37, "unpredictable number",                Binary,  Shown),
    Listed(0x9F38, "processing options list",             Binary,  Shown),
    Listed(0x9F39, "point of service entry mode",         Numeric, Shown),
    Listed(0x9F40, "additional terminal capabilities",    Binary,  Shown),
    Listed(0x9F41, "transaction sequence counter",        Numeric, Shown),
    Listed(0x9F42, "application currency code",           Numeric, Shown),
    Listed(0x9F44, "application currency exponent",       Numeric, Shown),
    Listed(0x9F4E, "merchant name and location",          Text,    Shown),
    Listed(0x9F53, "transaction category code",           Binary,  Shown),
    Listed(0x9F5B, "issuer script results",               Binary,  Shown),
    Listed(0x9F61, "holder's document number",            Text,    Hidden),
    Listed(0x9F62, "holder's document type",              Binary,  Hidden),
    Listed(0x9F63, "card product identification",         Binary,  Shown),
    Listed(0x9F66, "terminal transaction qualifiers",     Binary,  Shown),
    Listed(0x9F6B, "track 2 data, magnetic mode",         Binary,  Hidden),
    Listed(0x9F6C, "card transaction qualifiers",         Binary,  Shown),
    Listed(0x9F6E, "form factor indicator",               Binary,  Shown),
    Listed(0x9F74, "electronic cash issuer code",         Text,    Shown),
    Listed(0x9F79, "electronic cash balance",             Numeric, Hidden),
    Listed(0xFF00, "merchant name",                       Text,    Shown),
    Listed(0xFF01, "transaction type, printed",           Text,    Shown),
    Listed(0xFF02, "operator",                            Numeric, Shown),
    Listed(0xFF03, "acquiring institution",               Text,    Shown),
    Listed(0xFF04, "issuing institution",                 Text,    Shown),
    Listed(0xFF05, "expiry",                              Numeric, Shown),
    Listed(0xFF06, "date and time",                       Numeric, Shown),
    Listed(0xFF07, "authorization code, printed",         Text,    Shown),
    Listed(0xFF08, "tip",                                 Numeric, Shown),
    Listed(0xFF09, "card organisation",                   Text,    Shown),
    Listed(0xFF0A, "currency",                            Text,    Shown),
    Listed(0xFF0B, "holder's telephone number",           Text,    Hidden),
    Listed(0xFF20, "chip data, printed",                  Binary,  Shown),
    Listed(0xFF21, "chip data, printed",                  Binary,  Shown),
    Listed(0xFF22, "application identifier, printed",     Binary,  Shown),
    Listed(0xFF23, "application cryptogram, printed",     Binary,  Shown),
    Listed(0xFF24, "chip data, printed",                  Binary,  Shown),
    Listed(0xFF25, "chip data, printed",                  Binary,  Shown),
    Listed(0xFF26, "unpredictable number, printed",       Binary,  Shown),
    Listed(0xFF27, "interchange profile, printed",        Binary,  Shown),
    Listed(0xFF28, "verification results, printed",       Binary,  Shown),
    Listed(0xFF29, "status information, printed",         Binary,  Shown),
    Listed(0xFF2A, "transaction counter, printed",        Binary,  Shown),
    Listed(0xFF2B, "issuer application data, printed",    Binary,  Shown),
    Listed(0xFF2F, "card sequence number, printed",       Numeric, Shown),
    Listed(0xFF30, "application label, printed",          Text,    Shown),
    Listed(0xFF31, "application name, printed",           Text,    Shown),
    Listed(0xFF60, "original message type, printed",      Binary,  Shown),
    Listed(0xFF61, "original batch, printed",             Binary,  Shown),
    Listed(0xFF62, "original trace number, printed",      Binary,  Shown),
    Listed(0xFF63, "original reference, printed",         Binary,  Shown),
    Listed(0xFF64, "original date, printed",              Binary,  Shown),
    Listed(0xFF65, "original authorization, printed",     Binary,  Shown),
    Listed(0xFF70, "copies printed",                      Numeric, Shown),
];

const _: () = {
    let mut at = 1;
    while at < TAGS.len() {
        let before = Tag(TAGS[at - 1].0);
        let here = Tag(TAGS[at].0);
        assert!(before.0 < here.0, "tags ascend");
        at += 1;
    }
};

fn listed(tag: Tag) -> Option<&'static Listed> {
    TAGS.binary_search_by_key(&tag.0, |listed| listed.0).ok().map(|at| &TAGS[at])
}

/// The name of a tag.
#[must_use]
pub fn name(tag: Tag) -> Option<&'static str> {
    listed(tag).map(|listed| listed.1)
}

/// The format of a tag; bytes where it is not listed.
#[must_use]
pub fn format(tag: Tag) -> Format {
    listed(tag).map_or(Format::Binary, |listed| listed.2)
}

/// How much of a tag's value may be shown; nothing where it is not listed.
#[must_use]
pub fn sight(tag: Tag) -> Sight {
    listed(tag).map_or(Sight::Hidden, |listed| listed.3)
}
