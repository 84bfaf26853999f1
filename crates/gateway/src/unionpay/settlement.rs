//! Batch settlement (0500) and batch upload (0320).
//!
//! Only what the terminal says: what the host counted, and whether it agrees, is the machine's.

use super::{Made, On, Request};
use iso8583::unionpay::Totals;
use machine::cause::Cause;
use machine::command::{BatchTotals, Command};
use machine::ids::Origin;

/// Digits of one transaction in field 48 of 0320: kind n2, STAN n6, card number n20, amount n12.
const DETAIL_DIGITS: usize = 40;

/// Asks for the comparison. Domestic and foreign side are compared together.
///
/// # Errors
/// [`Cause::FormatError`] where field 48 is not two sides of totals.
pub(super) fn settle(request: &Request<'_, '_>) -> Result<Made, Cause> {
    let digits = request.message.digits(48).ok_or(Cause::FormatError)?;
    let totals = Totals::parse(&digits).map_err(|_| Cause::FormatError)?;
    let (home, away) = (totals.domestic, totals.foreign);
    // Twelve digits and twelve digits are thirteen: far below 64 bits.
    let asked = BatchTotals {
        debit_amount: (home.debits + away.debits) as i64,
        debit_count: u32::from(home.debit_count) + u32::from(away.debit_count),
        credit_amount: (home.credits + away.credits) as i64,
        credit_count: u32::from(home.credit_count) + u32::from(away.credit_count),
    };
    let (acceptor, batch) = (request.acceptor, request.de60.batch);
    Ok(Made::Ask(Command::Settle { acceptor, batch, totals: asked }, On::Settle(totals)))
}

/// Asks for each transaction of the group: in field 48 a count n2 and as many transactions, or the message's own
/// amount and number where there is no field 48.
///
/// # Errors
/// [`Cause::FormatError`] where they are not as many as stated.
pub(super) fn details(request: &Request<'_, '_>) -> Result<Made, Cause> {
    let origin_of = |stan| Origin::Terminal { acceptor: request.acceptor, batch: request.de60.batch, stan };
    let Some(digits) = request.message.digits(48) else {
        let amount = request.message.number(4).ok_or(Cause::FormatError)? as i64;
        return Ok(Made::Ask(Command::BatchDetail { origin: origin_of(request.stan), amount }, On::Details));
    };
    let number = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<u64>().ok());
    let count = number(0, 2).ok_or(Cause::FormatError)? as usize;
    if digits.len() != 2 + count * DETAIL_DIGITS {
        return Err(Cause::FormatError);
    }
    let detail = |place: usize| {
        let at = 2 + place * DETAIL_DIGITS;
        let (stan, amount) = (number(at + 2, at + 8)?, number(at + 28, at + 40)?);
        Some(Command::BatchDetail { origin: origin_of(stan as u32), amount: amount as i64 })
    };
    let commands = (0..count).map(detail).collect::<Option<Vec<_>>>().ok_or(Cause::FormatError)?;
    Ok(Made::AskAll(commands, On::Details))
}

/// Asks for the end of the batch.
pub(super) fn close(request: &Request<'_, '_>) -> Made {
    let (acceptor, batch) = (request.acceptor, request.de60.batch);
    Made::Ask(Command::CloseBatch { acceptor, batch }, On::CloseBatch)
}
