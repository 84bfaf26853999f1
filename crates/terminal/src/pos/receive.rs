//! What comes back: everything an answer is checked for, and what it changes.
//!
//! Nothing is sent from here.

use iso8583::Message;
use iso8583::tlv::Tag;

use crate::fault::PosError;
use crate::keys::WorkingKeys;
use crate::message::mac_checked;
use crate::pos::{Awaited, CardWork, Pos, WaitingScript, What};
use crate::reply::{Answered, Balance, Reply, is_approval, may_lack_mac};
use crate::reversal::{self, ReversalReason};
use crate::settings::KeySet;
use crate::settlement::{Settlement, Verdict};

impl Pos {
    /// Takes a frame, without its length in front.
    ///
    /// # Errors
    /// [`PosError::NothingAwaited`] and [`PosError::NotMine`] change nothing: go on waiting. After any other the awaited
    /// transaction is in doubt, and its reversal is due where it has one.
    pub fn receive(&mut self, frame: &[u8]) -> Result<Reply, PosError> {
        let awaited = self.awaited.as_ref().ok_or(PosError::NothingAwaited)?;
        let answer = match self.settings.dialect.decode(frame) {
            Ok(answer) => answer,
            Err(why) => {
                self.doubt(ReversalReason::Other);
                return Err(PosError::Malformed(why));
            }
        };
        awaited.request.answered_by(&self.settings, &answer)?;
        match self.examine(awaited, &answer) {
            Ok(reply) => self.settle_reply(reply, &answer),
            Err((error, reason)) => {
                self.doubt(reason);
                Err(error)
            }
        }
    }

    /// Reads the answer and checks what every answer is checked for. Changes nothing.
    fn examine(&self, awaited: &Awaited, answer: &Message<'_>) -> Result<Reply, (PosError, ReversalReason)> {
        let other = |error| (error, ReversalReason::Other);
        let text =
            |number| answer.text(number).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let keys = if awaited.mac { self.keys.as_ref() } else { None };
        let authenticated = match (awaited.mac, mac_checked(answer, keys)) {
            (true, Ok(held)) => held,
            (true, Err(error)) => return Err((error, ReversalReason::ReplyMac)),
            // What goes out without a code comes back without one; a code that is there is not looked at.
            (false, _) => false,
        };
        let code = text(39).ok_or(other(PosError::Contradicts(39)))?;
        if awaited.mac && !authenticated && !may_lack_mac(&code) {
            return Err((PosError::MacMissing, ReversalReason::ReplyMac));
        }
        let stan = answer.number(11).unwrap_or(0) as u32;
        let mut reply = Reply::new(awaited.answered(), stan, &code);
        reply.authenticated = authenticated;
        reply.processing_request = answer.header().get(2).map_or(0, |byte| byte & 0x0F);
        reply.approval = text(38);
        reply.rrn = text(37);
        reply.at = text(13).zip(text(12));
        reply.settlement_date = text(15);
        reply.amount = answer.number(4);
        reply.balances = text(54).map(|field| Balance::read(&field)).unwrap_or_default();
        // The parts have places: not trimmed.
        reply.institutions = answer.text(44).map(|text| text.into_owned());
        if let Some(field) = text(63) {
            let at = field.char_indices().nth(3).map_or(field.len(), |(at, _)| at);
            let (organisation, rest) = field.split_at(at);
            reply.organisation = Some(organisation.trim().to_owned()).filter(|name| !name.is_empty());
            reply.host_text = Some(rest.trim().to_owned()).filter(|rest| !rest.is_empty());
        }
        if let What::Card(work) = &awaited.what {
            check_card(work, awaited, answer, &mut reply)
                .map_err(|number| other(PosError::Contradicts(number)))?;
        }
        Ok(reply)
    }

    /// Lets the answer change what it changes.
    fn settle_reply(&mut self, reply: Reply, answer: &Message<'_>) -> Result<Reply, PosError> {
        let Some(awaited) = self.awaited.take() else {
            return Ok(reply);
        };
        if awaited.again {
            return Ok(reply);
        }
        if matches!(reply.code.as_str(), "A0" | "99") {
            self.signed_in = false;
        }
        let approved = reply.approved();
        match awaited.what {
            What::SignIn(set) => {
                if approved {
                    self.take_keys(set, answer)?;
                }
            }
            What::SignOut => self.signed_in &= !approved,
            What::Echo => {}
            What::Card(work) => return self.take_card(*work, &awaited.request, reply),
            What::Reversal if reversal::ends(&reply.code) => self.reversal = None,
            What::Reversal => self.reversal_failed(),
            What::Settlement => return self.take_verdict(reply, answer),
            What::Upload => {
                if approved && let Some(settlement) = &mut self.settlement {
                    settlement.accepted();
                    if settlement.next().is_none() {
                        self.close_batch();
                    }
                }
            }
            What::Signature => {
                if approved || reply.code == "94" {
                    if self.signatures.front_mut().is_some_and(|signature| signature.accepted()) {
                        self.signatures.pop_front();
                    }
                } else {
                    self.signature_failed();
                }
            }
            What::ScriptResult if approved => {
                self.scripts.pop_front();
            }
            What::ScriptResult => self.script_failed(),
        }
        Ok(reply)
    }

    /// Working keys and batch of a sign-in.
    fn take_keys(&mut self, set: KeySet, answer: &Message<'_>) -> Result<(), PosError> {
        let field = answer.octets(62).ok_or(PosError::Contradicts(62))?;
        let keys = WorkingKeys::unpack(&self.settings.tmk, set, &field)?;
        let batch = answer
            .text(60)
            .and_then(|text| text.get(2..8).and_then(|digits| digits.parse().ok()))
            .filter(|batch| (1..=super::NUMBER_MAX).contains(batch));
        self.keys = Some(keys);
        self.signed_in = true;
        // A batch that has transactions in it keeps its number until it is settled.
        if let Some(batch) = batch.filter(|_| self.log.entries().is_empty()) {
            self.batch = batch;
        }
        Ok(())
    }

    /// The outcome of a transaction: into the log, or not.
    fn take_card(
        &mut self,
        work: CardWork,
        request: &crate::message::Draft,
        reply: Reply,
    ) -> Result<Reply, PosError> {
        if !reply.approved() {
            self.reversal = None;
            return Ok(reply);
        }
        if reply.issuer_authentic == Some(false)
            && work.issuer_must_prove
            && let Some(stored) = &mut self.reversal
        {
            stored.reason = Some(ReversalReason::FaultAfterApproval);
            stored.approval.clone_from(&reply.approval);
            return Err(PosError::IssuerNotAuthentic);
        }
        self.reversal = None;
        let mut entry = work.entry;
        if let Some(amount) = reply.amount {
            entry.amount = amount;
        }
        if let Some((date, time)) = &reply.at {
            entry.date.clone_from(date);
            entry.time.clone_from(time);
        }
        entry.approval.clone_from(&reply.approval);
        entry.rrn.clone_from(&reply.rrn);
        entry.settlement_date.clone_from(&reply.settlement_date);
        entry.institutions.clone_from(&reply.institutions);
        entry.organisation.clone_from(&reply.organisation);
        if reply.script {
            self.scripts.push_back(WaitingScript {
                request: request.clone(),
                rrn: reply.rrn.clone(),
                approval: reply.approval.clone(),
                date: entry.date.clone(),
                batch: entry.batch,
                tries: 0,
            });
        }
        if entry.kind != crate::Kind::BalanceInquiry {
            self.log.push(entry, work.follows);
        }
        Ok(reply)
    }

    /// What the host said of the totals.
    fn take_verdict(&mut self, mut reply: Reply, answer: &Message<'_>) -> Result<Reply, PosError> {
        if !reply.approved() {
            return Ok(reply);
        }
        let verdict =
            answer.text(48).and_then(|field| Verdict::read(&field)).ok_or(PosError::Contradicts(48))?;
        reply.verdict = Some(verdict);
        let settlement = Settlement::after(verdict, self.log.entries(), self.settings.end_when_equal);
        if settlement.next().is_some() {
            self.settlement = Some(settlement);
        } else {
            self.close_batch();
        }
        Ok(reply)
    }
}

impl Awaited {
    fn answered(&self) -> Answered {
        match &self.what {
            What::SignIn(_) => Answered::SignIn,
            What::SignOut => Answered::SignOut,
            What::Echo => Answered::Echo,
            What::Card(work) => Answered::Transaction(work.entry.kind),
            What::Reversal => Answered::Reversal,
            What::Settlement => Answered::Settlement,
            What::Upload => Answered::Upload,
            What::Signature => Answered::Signature,
            What::ScriptResult => Answered::ScriptResult,
        }
    }
}

/// Whether the answer is about the same processing and amount, and what the chip thinks of it. The number of the field
/// that contradicts, otherwise.
fn check_card(work: &CardWork, awaited: &Awaited, answer: &Message<'_>, reply: &mut Reply) -> Result<(), u8> {
    let said = answer.text(3);
    if said.is_some() && said.as_deref() != awaited.request.text_of(3) {
        return Err(3);
    }
    if let Some(amount) = reply.amount {
        let asked = work.entry.amount;
        let fits = amount == asked || (reply.code == "10" && amount < asked && amount > 0);
        if !fits && is_approval(&reply.code) {
            return Err(4);
        }
    }
    let Some(chip) = answer.tlv(55) else { return Ok(()) };
    chip.walk(&mut |_, _| {}).map_err(|_| 55)?;
    reply.script = chip.find(Tag(0x71)).is_some() || chip.find(Tag(0x72)).is_some();
    if let (Some(cryptogram), Some(issuer)) = (&work.cryptogram, chip.find(Tag(0x91))) {
        reply.issuer_authentic = Some(cryptogram.believes(issuer));
    }
    Ok(())
}
