//! Which message asks for what (Q/CUP 009.1, table of transactions).
//!
//! A table and a look into it: nothing is done here.

use iso8583::unionpay::De60;
use machine::command::{KeySet, Purpose};

/// What a message asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum What {
    /// A new transaction; an advice tells of one that has happened.
    Authorize { purpose: Purpose, advice: bool },
    /// One that follows an earlier one.
    Follow { purpose: Purpose, advice: bool },
    /// A tip or another amount added to an earlier sale, which has happened.
    Adjust,
    /// An earlier message taken back.
    Reverse,
    /// What the chip said of an issuer script.
    Script,
    /// Totals to be compared.
    Settle,
    /// Transactions of a batch that did not agree.
    Details,
    /// The end of them.
    CloseBatch,
    /// New working keys.
    SignIn(KeySet),
    /// The terminal goes.
    SignOut,
    /// Is anyone there?
    Echo,
    /// A signature, or a part of one.
    Signature,
}

/// Whether a message must carry a MAC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mac {
    /// It must.
    Must,
    /// It has none; one that is there is not looked at.
    Never,
    /// By the setting for sign-outs.
    SignOut,
    /// By the setting for settlements.
    Settlement,
}

struct Row {
    mti: u16,
    processing: Option<u64>,
    condition: Option<u64>,
    kind: Option<u8>,
    network: Option<(u16, u16)>,
    mac: Mac,
    what: What,
}

const fn row(mti: u16, processing: u64, condition: u64, kind: u8, what: What) -> Row {
    let (processing, condition, kind) = (Some(processing), Some(condition), Some(kind));
    Row { mti, processing, condition, kind, network: None, mac: Mac::Must, what }
}

/// A row that only the message type and 60.1 find.
const fn offline(kind: u8, what: What) -> Row {
    Row {
        mti: 0x0220,
        processing: None,
        condition: None,
        kind: Some(kind),
        network: None,
        mac: Mac::Must,
        what,
    }
}

/// A row that the message type and a range of 60.3 find.
const fn network(mti: u16, from: u16, to: u16, mac: Mac, what: What) -> Row {
    Row { mti, processing: None, condition: None, kind: None, network: Some((from, to)), mac, what }
}

const fn authorize(purpose: Purpose) -> What {
    What::Authorize { purpose, advice: false }
}

const fn follow(purpose: Purpose) -> What {
    What::Follow { purpose, advice: false }
}

#[rustfmt::skip]
const TABLE: [Row; 28] = [
    //  message   3     25  60.1
    row(0x0200, 310_000, 0,  1, authorize(Purpose::BalanceInquiry)),
    row(0x0200,       0, 0, 22, authorize(Purpose::Sale)),
    row(0x0200, 200_000, 0, 23, follow(Purpose::Void)),
    // A refund comes as an advice and may be declined all the same.
    row(0x0220, 200_000, 0, 25, follow(Purpose::Refund)),
    row(0x0100,  30_000, 6, 10, authorize(Purpose::PreAuthorization)),
    row(0x0100, 200_000, 6, 11, follow(Purpose::PreAuthorizationCancel)),
    row(0x0200,       0, 6, 20, follow(Purpose::Completion)),
    row(0x0200, 200_000, 6, 21, follow(Purpose::CompletionCancel)),
    row(0x0220,       0, 6, 24, What::Follow { purpose: Purpose::Completion, advice: true }),
    //          60.1
    offline(30, What::Authorize { purpose: Purpose::Sale, advice: true }),
    offline(32, What::Adjust),
    offline(34, What::Adjust),
    offline(36, What::Authorize { purpose: Purpose::Sale, advice: true }),
    //      message 60.3
    network(0x0400,   0, 999, Mac::Must,       What::Reverse),
    network(0x0620, 951, 951, Mac::Must,       What::Script),
    network(0x0500, 201, 201, Mac::Settlement, What::Settle),
    network(0x0320, 201, 201, Mac::Settlement, What::Details),
    // Chip transactions come one by one, with their own fields: 203 and 205; 204 and 206 after agreement.
    network(0x0320, 203, 206, Mac::Settlement, What::Details),
    // Both end an upload; which of them after agreement, acquirers differ on.
    network(0x0320, 207, 207, Mac::Settlement, What::CloseBatch),
    network(0x0320, 202, 202, Mac::Settlement, What::CloseBatch),
    network(0x0800,   1,   1, Mac::Never,      What::SignIn(KeySet::Single)),
    network(0x0800,   3,   3, Mac::Never,      What::SignIn(KeySet::Double)),
    network(0x0800,   4,   4, Mac::Never,      What::SignIn(KeySet::DoubleWithTrack)),
    network(0x0820,   2,   2, Mac::SignOut,    What::SignOut),
    network(0x0820, 301, 301, Mac::Never,      What::Echo),
    network(0x0820, 800, 809, Mac::Must,       What::Signature),
    network(0x0920, 800, 809, Mac::Must,       What::Signature),
    // The variant with a message type of its own need not say anything in 60.3.
    network(0x0920,   0,   0, Mac::Must,       What::Signature),
];

fn fits(row: &Row, mti: u16, processing: Option<u64>, condition: Option<u64>, de60: &De60) -> bool {
    row.mti == mti
        && row.processing.is_none_or(|wanted| processing == Some(wanted))
        && row.condition.is_none_or(|wanted| condition == Some(wanted))
        && row.kind.is_none_or(|wanted| de60.kind == wanted)
        && row.network.is_none_or(|(from, to)| (from..=to).contains(&de60.network))
}

/// What a message asks for, and whether it must carry a MAC; none where this host knows no such thing.
pub(crate) fn find(
    mti: u16,
    processing: Option<u64>,
    condition: Option<u64>,
    de60: &De60,
) -> Option<(What, Mac)> {
    let found = TABLE.iter().find(|row| fits(row, mti, processing, condition, de60));
    found.map(|row| (row.what, row.mac))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_transaction_of_the_protocol_is_found_and_no_row_hides_another() {
        for (at, row) in TABLE.iter().enumerate() {
            let (from, to) = row.network.unwrap_or((0, 0));
            for network in [from, to] {
                let de60 = De60 {
                    kind: row.kind.unwrap_or(0),
                    batch: 1,
                    network,
                    capability: None,
                    chip: None,
                    partial: None,
                    account: None,
                };
                let (mti, processing, condition) = (row.mti, row.processing, row.condition);
                let found = TABLE.iter().position(|row| fits(row, mti, processing, condition, &de60));
                assert_eq!(found, Some(at));
            }
        }
        let de60 = De60 {
            kind: 22,
            batch: 1,
            network: 0,
            capability: None,
            chip: None,
            partial: None,
            account: None,
        };
        assert_eq!(find(0x0200, Some(0), Some(6), &de60), None, "a sale under the condition of a hold");
        assert_eq!(find(0x0200, Some(200_000), Some(0), &de60), None);
        assert_eq!(find(0x0800, None, None, &De60 { network: 5, ..de60 }), None, "SM4 keys");
    }
}
