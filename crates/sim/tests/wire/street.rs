//! A street of terminals, the line, the gateway, the shard and the disk, in one thread.
//!
//! Checked: every answer's code (by the terminal), every repeat's bytes (also after the host died), and that in the
//! end every terminal's totals are the host's, and the money in the books is the money on the slips.

use crate::bank::Bank;
use crate::till::{Doing, PATIENCE_MS, Till, arrived};
use cardcrypto::Pin;
use gateway::{Directory, Gateway, LinkId, LinkKind, Output, Settings, Ticket};
use journal::{Failure, Faults, Lasts, MemoryDisk};
use machine::cause::Cause;
use machine::command::{AccountKind, Command, EnrollMerchant, IssueCard, Limits, OpenAccount};
use machine::ids::AccountId;
use machine::ledger::Book;
use machine::money::{Currency, Money};
use machine::time::{Expiry, Timestamp, Zone};
use shard::Answered;
use sim::dice::Dice;
use sim::history::acceptor;
use sim::population::Population;
use sim::world::host::Host;
use std::collections::{BTreeMap, VecDeque};
use terminal::{
    Answered as To, CardInHand, CompletionBy, Entry, KeySet, LocalTime, Moment, Pos, PosSettings, Tender,
};

/// What happened, for those who want to know whether anything did.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Tally {
    pub approved: u32,
    pub declined: u32,
    pub reversed: u32,
    pub settled: u32,
    pub starts: u32,
    pub same_bytes: u32,
    pub lines_cut: u32,
    pub bits_flipped: u32,
    pub refused_frames: u32,
}

impl Tally {
    pub fn add(&mut self, other: &Tally) {
        self.approved += other.approved;
        self.declined += other.declined;
        self.reversed += other.reversed;
        self.settled += other.settled;
        self.starts += other.starts;
        self.same_bytes += other.same_bytes;
        self.lines_cut += other.lines_cut;
        self.bits_flipped += other.bits_flipped;
        self.refused_frames += other.refused_frames;
    }
}

pub struct Street {
    dice: Dice,
    now: Timestamp,
    bank: Bank,
    population: Population,
    cards: Vec<CardInHand>,
    pins: Vec<Pin>,
    tills: Vec<Till>,
    gateway: Gateway,
    host: Host,
    /// Which till's connection this is; connections that were given up stay here until their bytes ran dry.
    links: BTreeMap<LinkId, usize>,
    next_link: u64,
    /// Asks the shard has, in order.
    asked: VecDeque<Ticket>,
    bodies: VecDeque<Vec<u8>>,
    serial: u64,
    tally: Tally,
    /// Nothing goes wrong any more.
    calm: bool,
}

const CNY: Currency = Currency::CNY;

impl Street {
    pub fn open(seed: u64) -> Street {
        let population = Population::of(seed, 3, 8);
        let mut bank = Bank::found();
        let disk = MemoryDisk::new();
        let (host, _) = Host::start(disk, None).unwrap();
        let now = Timestamp(1_774_670_400_000);
        let cards: Vec<CardInHand> =
            population.holders.iter().map(|holder| bank.in_hand(&holder.card)).collect();
        let pins = population.holders.iter().map(|holder| Pin::parse(&holder.card.pin).unwrap()).collect();
        let mut tills = Vec::new();
        for (shop, is) in population.shops.iter().enumerate() {
            for till in 0..is.terminals.len() {
                let acceptor = acceptor(&population, shop, till);
                let tmk = bank.install(acceptor, tills.len() as u8);
                let mut settings =
                    PosSettings::new(&acceptor.merchant.to_string(), &acceptor.terminal.to_string(), tmk);
                settings.merchant_name = is.name.zh.clone();
                let link = LinkId(tills.len() as u64 + 1);
                tills.push(Till::new(Pos::new(settings).unwrap(), acceptor, shop, link));
            }
        }
        let gateway = Gateway::new(
            bank.hsm.clone(),
            bank.ring.clone(),
            Directory::of(host.machine()),
            Settings::china(),
        );
        let mut street = Street {
            dice: Dice::of(seed, "wire"),
            now,
            bank,
            population,
            cards,
            pins,
            tills,
            gateway,
            host,
            links: BTreeMap::new(),
            next_link: 1,
            asked: VecDeque::new(),
            bodies: VecDeque::new(),
            serial: 0,
            tally: Tally::default(),
            calm: false,
        };
        street.settle_in();
        street
    }

    fn settle_in(&mut self) {
        let mut commands = Vec::new();
        for holder in &self.population.holders {
            let (account, card) = (AccountId(holder.account), &holder.card);
            let kind = AccountKind::Debit;
            commands.push(Command::OpenAccount(OpenAccount {
                account,
                kind,
                currency: CNY,
                zone: Zone::CHINA,
                limits: Limits::NONE,
            }));
            commands.push(Command::Fund { account, amount: Money::new(3_000_000, CNY) });
            commands.push(Command::IssueCard(IssueCard {
                card: self.bank.card_id(&card.number),
                account,
                last4: card.last4(),
                expiry: Expiry { year: card.expiry_year, month: card.expiry_month },
                active: true,
                chip: card.chip,
                pin: Some(self.bank.pin_reference(&card.number, &card.pin)),
                replaces: None,
            }));
        }
        for (shop, is) in self.population.shops.iter().enumerate() {
            let merchant = acceptor(&self.population, shop, 0).merchant;
            let (name, mcc) = (is.name.zh.clone(), is.trade.mcc());
            commands.push(Command::EnrollMerchant(EnrollMerchant { merchant, name, mcc, country: 156 }));
        }
        commands.extend(self.tills.iter().map(|till| Command::EnrollTerminal(till.acceptor)));
        for command in commands {
            let outcome = self.host.ask_at_once(&command, self.now).unwrap();
            self.gateway.observe(&command, &outcome);
        }
        for till in 0..self.tills.len() {
            self.dial(till);
        }
    }

    /// A new connection for a till.
    fn dial(&mut self, till: usize) {
        let link = LinkId(self.next_link);
        self.next_link += 1;
        self.links.insert(link, till);
        self.tills[till].reconnect(link);
        self.gateway.connected(link, LinkKind::UnionPayPos, self.now);
    }

    pub fn live(mut self, steps: u32) -> Result<Tally, String> {
        for _ in 0..steps {
            self.step()?;
        }
        // Everything that is still open comes to its end on a quiet line.
        self.calm = true;
        for till in &mut self.tills {
            till.doing = Doing::Settling;
        }
        for _ in 0..4_000 {
            if self.tills.iter().all(|till| till.doing == Doing::Open && !till.pos.is_waiting()) {
                return self.agree();
            }
            self.step()?;
        }
        Err("a terminal does not come to its end".into())
    }

    fn step(&mut self) -> Result<(), String> {
        self.now = self.now.plus(self.dice.between(50, 1_500));
        for till in 0..self.tills.len() {
            self.at_the_till(till)?;
        }
        self.bytes_arrive()?;
        self.gateway_speaks();
        self.shard_works()?;
        if let Some(due) = self.gateway.deadline().filter(|due| *due <= self.now) {
            self.gateway.tick(self.now.max(due));
            self.gateway_speaks();
        }
        if !self.calm {
            self.mishaps()?;
        }
        Ok(())
    }

    /// What a terminal does next: wait, give up, do what it owes, or serve somebody.
    fn at_the_till(&mut self, till: usize) -> Result<(), String> {
        let (dice, now) = (&mut self.dice, self.now);
        let at = &mut self.tills[till];
        if at.pos.is_waiting() {
            let waited = now.since(at.waiting_since);
            // What cannot be taken back is asked again until somebody answers.
            let again = if at.reversible { dice.chance(3) } else { waited > PATIENCE_MS / 2 };
            if again && waited > 5_000 {
                let frame = at.pos.repeat_last().map_err(|error| error.to_string())?;
                let since = at.waiting_since;
                at.send(&frame, 0, dice, now);
                at.waiting_since = if at.reversible { since } else { now };
            } else if at.reversible && waited > PATIENCE_MS {
                at.pos.no_answer();
                if dice.chance(600) {
                    self.dial(till);
                }
            }
            return Ok(());
        }
        let frame = match self.owed(till)? {
            Some(frame) => Some(frame),
            None => self.serve(till)?,
        };
        if let Some(frame) = frame {
            // Held up on the way now and then, for longer than the terminal waits: it dials again, and what it sent
            // first arrives last.
            let held_ms =
                if !self.calm && self.dice.chance(40) { self.dice.between(20_000, 150_000) } else { 0 };
            self.tills[till].send(&frame, held_ms, &mut self.dice, now);
        }
        Ok(())
    }

    /// What comes before any customer.
    fn owed(&mut self, till: usize) -> Result<Option<Vec<u8>>, String> {
        let at = &mut self.tills[till];
        let words = |error: terminal::PosError| error.to_string();
        at.reversible = true;
        if !at.pos.is_signed_in() {
            return at.pos.sign_in(KeySet::Double).map(Some).map_err(words);
        }
        if let Some(frame) = at.pos.reversal_due().map_err(words)? {
            return Ok(Some(frame));
        }
        if let Some(frame) = at.pos.script_result_due().map_err(words)? {
            return Ok(Some(frame));
        }
        if let Some(frame) = at.pos.upload_due().map_err(words)? {
            return Ok(Some(frame));
        }
        if at.doing == Doing::Settling {
            return at.pos.settle().map(Some).map_err(words);
        }
        Ok(None)
    }

    fn serve(&mut self, till: usize) -> Result<Option<Vec<u8>>, String> {
        let dice = &mut self.dice;
        if !dice.chance(150) {
            return Ok(None);
        }
        if dice.chance(25) {
            self.tills[till].doing = Doing::Settling;
            return Ok(None);
        }
        let at = &mut self.tills[till];
        let who = dice.place(self.cards.len());
        let chip = self.cards[who].chip.is_some();
        let entry = match (chip, dice.below(10)) {
            (true, 0..4) => Entry::Tap,
            (true, _) => Entry::Insert,
            (false, _) => Entry::Swipe,
        };
        let local = Zone::CHINA.local(self.now);
        let date = ((local.year % 100) as u8, local.month, local.day_of_month);
        let clock = LocalTime::new(date, (local.hour(), local.minute(), local.second())).unwrap();
        let moment = Moment { at: clock, nonce: dice.throw() as u32 };
        let wrong = Pin::parse("000001").unwrap();
        let amount = dice.between(100, 30_000) as u64;
        let what = dice.below(100);
        let (of_sale, of_hold) = (dice.below(1 << 30) as usize, dice.below(1 << 30) as usize);
        let follow = match what {
            60..75 if !at.sales.is_empty() => Some(at.sales[of_sale % at.sales.len()].clone()),
            75..90 if !at.holds.is_empty() => Some(at.holds[of_hold % at.holds.len()].clone()),
            _ => None,
        };
        let who = follow.as_ref().map_or(who, |(.., who)| *who);
        let entry = match (&follow, self.cards[who].chip.is_some()) {
            (Some(_), true) => Entry::Insert,
            (Some(_), false) => Entry::Swipe,
            (None, _) => entry,
        };
        let slip = dice.chance(15);
        let pin = if slip { &wrong } else { &self.pins[who] };
        let tender = Tender { card: &mut self.cards[who], entry, pin: Some(pin), moment };
        let words = |error: terminal::PosError| error.to_string();
        at.reversible = true;
        self.serial += 1;
        let frame = match (what, &follow) {
            (60..68, Some((_, sale, _))) => at.pos.void(tender, sale),
            (68..75, Some((_, sale, _))) => {
                at.reversible = false;
                let part = if dice.chance(500) { sale.amount } else { 1 + sale.amount / 3 };
                at.pos.refund(tender, sale, part)
            }
            (75..84, Some((_, hold, _))) => {
                let by = if dice.chance(250) { CompletionBy::Advice } else { CompletionBy::Request };
                at.reversible = by == CompletionBy::Request;
                at.pos.complete(tender, hold, hold.amount * dice.between(60, 110) as u64 / 100, by)
            }
            (84..90, Some((_, hold, _))) => at.pos.cancel(tender, hold),
            (40..60, _) => at.pos.pre_authorize(tender, amount),
            (90..94, _) => at.pos.balance(tender),
            (_, _) => at.pos.sale(tender, amount),
        };
        frame.map(Some).map_err(words)
    }

    /// Bytes reach their end, if nothing happens to them.
    fn bytes_arrive(&mut self) -> Result<(), String> {
        for till in 0..self.tills.len() {
            while let Some((link, mut bytes)) = arrived(&mut self.tills[till].to_host, self.now) {
                self.tills[till].flipped |= self.flip(till, &mut bytes);
                if self.gateway.wants(link) || self.links.contains_key(&link) {
                    self.gateway.receive(link, &bytes, self.now);
                }
            }
            while let Some((link, mut bytes)) = arrived(&mut self.tills[till].to_pos, self.now) {
                self.tills[till].flipped |= self.flip(till, &mut bytes);
                for frame in self.tills[till].hear(link, &bytes) {
                    self.frame_heard(till, &frame)?;
                }
            }
        }
        Ok(())
    }

    /// A bit is flipped now and then where a code protects it: in what a card transaction says and hears.
    fn flip(&mut self, till: usize, bytes: &mut [u8]) -> bool {
        let at = &self.tills[till];
        let protected = at.pos.is_signed_in() && at.doing == Doing::Open && !at.repeated;
        if self.calm || !protected || bytes.is_empty() || !self.dice.chance(6) {
            return false;
        }
        let place = self.dice.place(bytes.len());
        bytes[place] ^= 1 << self.dice.below(8);
        self.tally.bits_flipped += 1;
        true
    }

    /// The generation of working keys the host gave a till last.
    fn keys_of(&self, till: usize) -> u32 {
        self.host.machine().terminal(self.tills[till].acceptor).map_or(0, |terminal| terminal.generation)
    }

    fn frame_heard(&mut self, till: usize, frame: &[u8]) -> Result<(), String> {
        let (awaited, who) = (self.tills[till].pos.is_waiting(), till);
        let keys = self.keys_of(till);
        let Some(taken) = self.tills[till].take(frame, keys) else { return Ok(()) };
        let reply = match taken {
            Ok(reply) => reply,
            Err(error) => {
                self.tally.refused_frames += 1;
                // Only a flipped bit makes an answer that cannot be believed.
                return match self.tally.bits_flipped {
                    0 => Err(format!("till {who} ({awaited}) refused an answer: {error}")),
                    _ => Ok(()),
                };
            }
        };
        match reply.to {
            To::Transaction(kind) if reply.approved() => {
                self.tally.approved += 1;
                let at = &mut self.tills[till];
                if let Some(original) = at.pos.original(reply.stan) {
                    let number = at.pos.log().last().map(|entry| entry.pan.clone());
                    let who = self.cards.iter().position(|card| Some(&card.pan) == number.as_ref());
                    let kept = (self.serial, original, who.unwrap_or(0));
                    match kind {
                        terminal::Kind::Sale => at.sales.push(kept),
                        terminal::Kind::PreAuthorization => at.holds.push(kept),
                        _ => {}
                    }
                }
            }
            To::Transaction(_) => self.tally.declined += 1,
            To::Reversal if matches!(reply.code.as_str(), "00" | "25" | "12") => self.tally.reversed += 1,
            To::Settlement => {
                let verdict = reply.verdict.ok_or("a settlement without a verdict")?;
                let at = &self.tills[till];
                if !verdict.is_equal() && at.pos.unresolved().is_empty() && !at.excused {
                    return Err(format!(
                        "till {till} counts {:?}, the host {:?}",
                        at.pos.totals(),
                        self.host.machine().terminal(at.acceptor)
                    ));
                }
                let (totals, _) = at.pos.totals();
                let net = totals.debit_amount as i64 - totals.credit_amount as i64;
                self.tills[till].settled += net;
            }
            _ => {}
        }
        let at = &mut self.tills[till];
        let empty = at.pos.log().is_empty() && !at.pos.is_signed_in();
        if at.doing == Doing::Settling && matches!(reply.to, To::Upload | To::Settlement) && empty {
            at.doing = Doing::Open;
            self.tally.settled += 1;
        }
        Ok(())
    }

    fn gateway_speaks(&mut self) {
        while let Some(output) = self.gateway.poll() {
            match output {
                Output::Send { link, bytes } => {
                    self.gateway.written(link, bytes.len(), self.now);
                    if let Some(till) = self.links.get(&link) {
                        self.tills[*till].carry_back(link, &bytes, &mut self.dice, self.now);
                    }
                }
                Output::Ask { ticket, command } => {
                    self.host.submit(&command);
                    self.asked.push_back(ticket);
                }
                Output::Hangup { link, .. } => {
                    if let Some(till) = self.links.remove(&link)
                        && self.tills[till].link == link
                    {
                        self.dial(till);
                    }
                }
                Output::Keep { .. } => {}
            }
        }
    }

    /// The shard gathers, a record is made durable, answers leave.
    fn shard_works(&mut self) -> Result<(), String> {
        if let Some((_, body)) = self.host.batch(self.now) {
            self.bodies.push_back(body);
        }
        while self.bodies.len() > 1 || !self.bodies.is_empty() && (self.calm || self.dice.chance(700)) {
            let body = self.bodies.pop_front().ok_or("a record is there")?;
            match self.host.append(&body) {
                Ok(seq) => {
                    self.host.acknowledged = seq;
                    self.host.durable();
                    self.answers_leave()?;
                }
                Err(_) => return self.die(),
            }
        }
        self.host.machine().audit().map(|_| ())
    }

    fn answers_leave(&mut self) -> Result<(), String> {
        while let Some(answer) = self.host.next_answer() {
            let ticket = self.asked.pop_front().ok_or("an answer nobody asked for")?;
            match answer {
                Answered::Outcome { command, outcome, .. } => {
                    self.gateway.answered(ticket, &command, &outcome, self.now);
                }
                Answered::Refused { cause, .. } => self.gateway.refused(ticket, cause, self.now),
                Answered::Unknown { .. } | Answered::Seen { .. } => {
                    self.gateway.refused(ticket, Cause::StorageFailed, self.now);
                }
            }
        }
        self.gateway_speaks();
        Ok(())
    }

    fn mishaps(&mut self) -> Result<(), String> {
        let till = self.dice.place(self.tills.len());
        match self.dice.below(1000) {
            // The line is cut: both ways, or the terminal alone notices and what it sent still arrives.
            0..8 => {
                let link = self.tills[till].link;
                self.tally.lines_cut += 1;
                if self.dice.chance(500) {
                    self.tills[till].to_host.retain(|(_, on, _)| *on != link);
                    self.gateway.closed(link);
                    self.links.remove(&link);
                }
                self.dial(till);
            }
            // An answer is lost.
            8..24 => {
                let link = self.tills[till].link;
                self.tills[till].to_pos.clear();
                self.gateway.closed(link);
                self.links.remove(&link);
                self.tally.lines_cut += 1;
                self.dial(till);
            }
            // The power goes: now, or at one of the disk's next calls.
            24..27 => return self.die(),
            27..34 => {
                let at = self.host.disk.calls() + self.dice.below(8);
                let at = BTreeMap::from([(at, Failure::Crash)]);
                self.host.disk.set_faults(Faults {
                    at,
                    seed: self.dice.throw(),
                    lies: false,
                    capacity: None,
                });
            }
            34..40 if self.bodies.is_empty() && self.asked.is_empty() => {
                self.host.snapshot()?;
                if self.host.is_down() {
                    return self.die();
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The host dies and starts again: connections, asks and everything not durable are gone.
    fn die(&mut self) -> Result<(), String> {
        self.tally.starts += 1;
        let acknowledged = self.host.acknowledged;
        self.host.close_down();
        let disk = self.host.disk.after_crash(Lasts::Chance { seed: self.dice.throw() });
        let (host, head) = Host::start(disk, None)?;
        if head < acknowledged {
            return Err(format!("record {acknowledged} was acknowledged, the journal ends with {head}"));
        }
        self.host = host;
        self.bodies.clear();
        self.asked.clear();
        let directory = Directory::of(self.host.machine());
        self.gateway =
            Gateway::new(self.bank.hsm.clone(), self.bank.ring.clone(), directory, Settings::china());
        self.links.clear();
        for till in 0..self.tills.len() {
            self.tills[till].to_host.clear();
            self.tills[till].to_pos.clear();
            self.dial(till);
        }
        self.ask_again()
    }

    /// Requests that were answered before the host died are answered with the same bytes.
    fn ask_again(&mut self) -> Result<(), String> {
        for till in 0..self.tills.len() {
            let at = &self.tills[till];
            // Keys of before the last sign-in are honoured only for a while.
            let keys = self.keys_of(till);
            let again: Vec<_> =
                at.exchanges.iter().rev().take(2).filter(|one| one.keys == keys).cloned().collect();
            for exchange in again {
                let link = LinkId(self.next_link);
                self.next_link += 1;
                self.gateway.connected(link, LinkKind::UnionPayPos, self.now);
                self.gateway.receive(link, &Pos::framed(&exchange.request), self.now);
                let mut reply = Vec::new();
                while let Some(output) = self.gateway.poll() {
                    match output {
                        Output::Ask { ticket, command } => {
                            let outcome = self.host.ask_at_once(&command, self.now)?;
                            self.gateway.answered(ticket, &command, &outcome, self.now);
                        }
                        Output::Send { link: on, bytes } if on == link => reply.extend_from_slice(&bytes),
                        Output::Send { .. } | Output::Hangup { .. } | Output::Keep { .. } => {}
                    }
                }
                self.gateway.closed(link);
                if reply.get(2..) != Some(&exchange.reply[..]) {
                    let shown =
                        |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
                    let (was, is) = (shown(&exchange.reply), shown(reply.get(2..).unwrap_or_default()));
                    return Err(format!(
                        "till {till}: a repeat after the start is answered\n{is}\ninstead of\n{was}"
                    ));
                }
                self.tally.same_bytes += 1;
            }
        }
        Ok(())
    }

    /// The money in the books is the money on the slips.
    fn agree(self) -> Result<Tally, String> {
        let machine = self.host.machine();
        machine.audit()?;
        for (shop, _) in self.population.shops.iter().enumerate() {
            let tills: Vec<&Till> = self.tills.iter().filter(|till| till.shop == shop).collect();
            let settled: i64 = tills.iter().map(|till| till.settled).sum();
            let given_up = tills.iter().any(|till| !till.pos.unresolved().is_empty() || till.excused);
            let slot =
                machine.merchants().iter().position(|merchant| merchant.id == tills[0].acceptor.merchant);
            let payable = machine.ledger().balance(Book::Payable(slot.unwrap() as u32), CNY);
            if payable != settled && !given_up {
                return Err(format!("shop {shop} is to be paid {payable}, its terminals settled {settled}"));
            }
        }
        Ok(self.tally)
    }
}
