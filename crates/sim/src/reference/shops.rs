//! The reference's shops: terminals, their batches and their faults.

use super::{Batch, Deed, Life, Reference, Said, Till, done};
use machine::cause::Cause;
use machine::command::{BatchTotals, Place, Purpose, Signature};
use machine::freeze::{Exit, Scope};
use machine::ids::{Acceptor, Origin};

/// So many batches are kept.
const KEPT: usize = 4;
/// The highest number of a batch.
const LAST: u32 = 999_999;

impl Batch {
    pub(super) fn totals(&self) -> BatchTotals {
        let sum = |side: &std::collections::BTreeMap<usize, i128>| {
            i64::try_from(side.values().sum::<i128>()).expect("batches of a world are small")
        };
        BatchTotals {
            debit_amount: sum(&self.debits),
            debit_count: self.debits.len() as u32,
            credit_amount: sum(&self.credits),
            credit_count: self.credits.len() as u32,
        }
    }
}

impl Till {
    /// Whether a batch is closed: kept as such, or one of the half million before the current one.
    pub(super) fn past(&self, number: u32) -> bool {
        match self.kept.iter().find(|batch| batch.number == number) {
            Some(batch) => batch.closed,
            None => (1..=LAST / 2).contains(&((self.batch + LAST - number) % LAST)),
        }
    }

    fn close(&mut self, number: u32) {
        for batch in self.kept.iter_mut().filter(|batch| batch.number == number) {
            batch.closed = true;
        }
        let closed = |kept: &[Batch], number| kept.iter().any(|batch| batch.number == number && batch.closed);
        while closed(&self.kept, self.batch) {
            self.batch = self.batch % LAST + 1;
        }
    }

    /// The batch of this number, begun if it is not there.
    fn batch(&mut self, number: u32) -> &mut Batch {
        if !self.kept.iter().any(|batch| batch.number == number) {
            if self.kept.len() == KEPT {
                let oldest = self.kept.iter().position(|batch| batch.closed).unwrap_or(0);
                let gone = self.kept[oldest].number;
                if !self.kept[oldest].closed {
                    self.close(gone);
                }
                self.kept.remove(oldest);
            }
            let (debits, credits) = Default::default();
            self.kept.push(Batch { number, closed: false, debits, credits });
        }
        self.kept.iter_mut().find(|batch| batch.number == number).expect("it was found or begun")
    }
}

impl Reference {
    /// Counts a deed that is about to be pushed; says where.
    pub(super) fn count(
        &mut self,
        origin: &Origin,
        place: &Place,
        debit: bool,
        amount: i128,
    ) -> Option<(Acceptor, u32)> {
        let (Origin::Terminal { acceptor, batch, .. }, Place::Terminal(_)) = (origin, place) else {
            return None;
        };
        let number = self.deeds.len();
        let till = self.tills.get_mut(acceptor)?;
        if till.past(*batch) {
            return None;
        }
        let record = till.batch(*batch);
        let side = if debit { &mut record.debits } else { &mut record.credits };
        side.insert(number, amount);
        Some((*acceptor, *batch))
    }

    /// A deed counts otherwise, or (none) no longer, unless its batch is closed.
    pub(super) fn recount(&mut self, place: usize, amount: Option<i128>) {
        let Some((acceptor, number)) = self.deeds[place].batch else { return };
        let Some(till) = self.tills.get_mut(&acceptor) else { return };
        let open = till.kept.iter_mut().find(|batch| batch.number == number && !batch.closed);
        for side in open.into_iter().flat_map(|batch| [&mut batch.debits, &mut batch.credits]) {
            match amount {
                Some(amount) => {
                    side.entry(place).and_modify(|counted| *counted = amount);
                }
                None => {
                    side.remove(&place);
                }
            }
        }
    }

    pub(super) fn settled(&self, deed: &Deed) -> bool {
        deed.batch.is_some_and(|(acceptor, number)| self.tills[&acceptor].past(number))
    }

    pub(super) fn enroll(&mut self, acceptor: Acceptor) -> Said {
        if self.tills.contains_key(&acceptor) || !self.merchants.contains(&acceptor.merchant) {
            return Said::Refused;
        }
        let till = Till { signed_in: false, keys: 0, batch: 1, kept: Vec::new(), faults: Vec::new() };
        self.tills.insert(acceptor, till);
        Said::Done
    }

    pub(super) fn sign_in(&mut self, acceptor: Acceptor) -> Said {
        let Some(till) = self.tills.get_mut(&acceptor) else { return Said::Refused };
        till.signed_in = true;
        till.keys += 1;
        till.faults.clear();
        let said = Said::SignedIn(till.keys, till.batch);
        let over = |scope: &Scope| *scope == Scope::Terminal(acceptor);
        let ended: Vec<usize> = self
            .brakes_on(over)
            .filter(|(_, brake)| brake.exit == Exit::SignIn)
            .map(|(place, _)| place)
            .collect();
        ended.into_iter().for_each(|place| self.end(place));
        said
    }

    pub(super) fn settle(&mut self, acceptor: Acceptor, number: u32, totals: &BatchTotals) -> Said {
        let Some(till) = self.tills.get_mut(&acceptor).filter(|till| till.answers_for(number)) else {
            return Said::Refused;
        };
        let counted = till.batch(number).totals();
        let agree = counted == *totals;
        if agree {
            till.close(number);
        }
        Said::Settled(counted, agree)
    }

    pub(super) fn end_batch(&mut self, acceptor: Acceptor, number: u32) -> Said {
        let Some(till) =
            self.tills.get_mut(&acceptor).filter(|till| till.answers_for(number) && till.signed_in)
        else {
            return Said::Refused;
        };
        till.batch(number);
        till.close(number);
        Said::Done
    }

    pub(super) fn detail(&mut self, origin: &Origin, amount: i64) -> Said {
        let found = self.named.get(origin).map(|place| &self.deeds[*place]);
        let fits = |deed: &Deed| matches!(deed.said, Said::Approved(_)) && deed.amount == i128::from(amount);
        if found.is_some_and(fits) {
            return Said::Done;
        }
        let acceptor = match origin {
            Origin::Terminal { acceptor, .. } => Some(*acceptor),
            _ => None,
        };
        self.fault(acceptor, Cause::OriginalMismatch)
    }

    pub(super) fn sign(&mut self, signature: &Signature) -> Said {
        let Some(place) = self.named.get(&signature.sale).copied() else { return Said::Refused };
        let deed = &self.deeds[place];
        let fits = matches!(deed.said, Said::Approved(_))
            && deed.amount == i128::from(signature.amount)
            && place as u64 + 1 == signature.rrn
            && signature.card.is_none_or(|card| deed.card == Some(card));
        let first = self.signed.get(&place).is_none_or(|image| *image == signature.image);
        if fits && first {
            self.signed.insert(place, signature.image);
        }
        done(fits && first)
    }

    pub(super) fn fault(&mut self, acceptor: Option<Acceptor>, cause: Cause) -> Said {
        let mut frozen = false;
        let of_keys = [Cause::MacError, Cause::PinFormatError].contains(&cause);
        if let Some(acceptor) = acceptor.filter(|acceptor| of_keys && self.tills.contains_key(acceptor)) {
            let (now, window, most) = (self.now, self.policy.fault_ms, usize::from(self.policy.fault_max));
            let till = self.tills.get_mut(&acceptor).expect("it was just found");
            if till.faults.first().is_some_and(|first| now.since(*first) > window) {
                till.faults.clear();
            }
            till.faults.push(now);
            if till.faults.len() >= most {
                self.own(Scope::Terminal(acceptor), cause);
                frozen = true;
            }
        }
        let number = self.deeds.len() as u64 + 1;
        self.deeds.push(Deed {
            at: self.now,
            purpose: Purpose::Fault,
            card: None,
            account: None,
            place: acceptor.map(Place::Terminal),
            amount: 0,
            said: Said::Declined(number, cause),
            about: None,
            life: Life::Nothing,
            hold: None,
            used: (0, 0),
            batch: None,
            reversal: None,
        });
        Said::Noted(frozen)
    }
}

impl Till {
    fn answers_for(&self, number: u32) -> bool {
        let kept = self.kept.iter().any(|batch| batch.number == number);
        number <= LAST && (kept || !self.past(number))
    }
}
