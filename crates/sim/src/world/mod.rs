//! A small world in one thread: people, shops, a host with its disk, and everything that goes wrong between.
//!
//! Messages are lost, doubled and late, the power goes at any call of the disk, and the host starts again. What
//! the host says is held against the reference, step by step. Nothing here decides anything about money.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a world deals with what it makes, and compares the rest"
)]

mod compare;
pub mod host;
mod town;

use crate::dice::Dice;
use crate::reference::{Reference, Said};
use compare::{compare, same};
use host::Host;
use journal::{DiskCause, Failure as DiskFailure, Faults, Lasts, MemoryDisk};
use machine::Machine;
use machine::command::Command;
use machine::outcome::{Answer, Outcome};
use machine::policy::Policy;
use machine::time::{DAY_MS, MINUTE_MS, Timestamp};
use shard::Answered;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use town::Town;

/// A bug to be planted, to prove that the world would notice it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plant {
    /// The host answers before its record is durable.
    AnswersEarly,
    /// The disk says that it made durable what it did not.
    DiskLies,
    /// A record is left out when the host starts again.
    SkipsARecord,
    /// The host starts from its snapshot and forgets what came after.
    ForgetsTheTail,
    /// Of the reversals that reach the host some are dropped, and answered all the same.
    DropsReversals,
    /// Of what is reversed in part too much is given back.
    GivesBackTooMuch,
    /// After a start the answers kept for repeats are gone.
    ForgetsRepeats,
}

/// What a world does.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Where all chance comes from.
    pub seed: u64,
    /// Steps to live.
    pub steps: u32,
    /// The bug to plant.
    pub plant: Option<Plant>,
}

/// What was found wrong, and when.
#[derive(Clone, Debug)]
pub struct Wrong {
    /// The world it happened in.
    pub settings: Settings,
    /// At which step.
    pub step: u32,
    /// What.
    pub what: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { seed, .. } = self.settings;
        let steps = self.step + 1;
        write!(
            f,
            "step {}: {}\nrepeat with: cargo run --release -p sim --example soak -- --seed {seed} --steps {steps}",
            self.step, self.what
        )
    }
}

/// What happened, for those who want to know whether anything did.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Tally {
    /// Commands answered.
    pub answered: u32,
    /// Approved or accepted.
    pub approved: u32,
    /// Declined, by cause.
    pub declined: BTreeMap<&'static str, u32>,
    /// Answered from memory.
    pub repeated: u32,
    /// Crashes, failed disks and clean stops.
    pub starts: u32,
    /// Records that had been handed out and did not last.
    pub lost: u32,
    /// Records that lasted though nobody was told.
    pub kept: u32,
    /// Answers asked for again after a start, and given equal.
    pub proven: u32,
    /// Snapshots.
    pub snapshots: u32,
}

/// A message on its way.
#[derive(Clone)]
struct Message {
    command: Command,
    /// What its sender does if nobody can say what became of it.
    again: u8,
}

/// A record handed out and not yet durable.
struct Flight {
    body: Vec<u8>,
    /// Its commands and what should be said to them.
    expected: Vec<(Message, Said)>,
    /// The machine's trail after it.
    trail: u64,
    /// The reference before and after it, while a fault is planned.
    before: Option<Box<Reference>>,
    after: Option<Box<Reference>>,
}

struct World {
    settings: Settings,
    dice: Dice,
    now: Timestamp,
    end: Timestamp,
    town: Town,
    reference: Reference,
    host: Host,
    /// Messages on their way, by arrival.
    under_way: BTreeMap<(Timestamp, u64), Message>,
    serial: u64,
    /// Commands the shard has and has not applied, in order.
    waiting: VecDeque<Message>,
    flights: VecDeque<Flight>,
    /// Told to the outside: questions with their answers.
    told: Vec<(Command, Answer)>,
    tally: Tally,
    /// A fault of the disk is planned.
    armed: bool,
}

/// Lives through a world.
///
/// # Errors
/// The first thing that does not hold.
pub fn live(settings: Settings) -> Result<Tally, Wrong> {
    let mut step = 0;
    let wrong = |step, what| Wrong { settings, step, what };
    let mut world = World::begin(settings).map_err(|what| wrong(0, what))?;
    while step < settings.steps {
        world.step().map_err(|what| wrong(step, what))?;
        step += 1;
    }
    world.finish().map_err(|what| wrong(step, what))?;
    Ok(world.tally)
}

impl World {
    fn begin(settings: Settings) -> Result<World, String> {
        let disk = MemoryDisk::new();
        let lies = settings.plant == Some(Plant::DiskLies);
        disk.set_faults(Faults { lies, ..Faults::default() });
        let (host, _) = Host::start(disk, settings.plant)?;
        // Saturday, 28 March 2026, at noon in China: a month's end lies ahead.
        let now = Timestamp(1_774_670_400_000);
        let mut world = World {
            settings,
            dice: Dice::of(settings.seed, "world"),
            now,
            end: now.plus(33 * DAY_MS),
            town: Town::new(settings.seed),
            reference: Reference::new(Policy::DEFAULT),
            host,
            under_way: BTreeMap::new(),
            serial: 0,
            waiting: VecDeque::new(),
            flights: VecDeque::new(),
            told: Vec::new(),
            tally: Tally::default(),
            armed: false,
        };
        for command in world.town.founding() {
            world.submit(Message { command, again: 0 });
            world.batch()?;
            world.land()?;
        }
        Ok(world)
    }

    fn step(&mut self) -> Result<(), String> {
        let spent = self.town.pause(&mut self.dice, self.now);
        if self.now.plus(spent) < self.end {
            self.now = self.now.plus(spent);
        }
        for (delay, command) in self.town.act(&mut self.dice, &self.reference, self.now) {
            let again = self.dice.below(3) as u8;
            self.send(delay, Message { command, again });
        }
        while let Some(entry) = self.under_way.first_entry() {
            if entry.key().0 > self.now {
                break;
            }
            let message = entry.remove();
            self.submit(message);
        }
        if !self.waiting.is_empty() && self.dice.chance(850) {
            self.batch()?;
        }
        while !self.flights.is_empty() && (self.flights.len() > 1 || self.dice.chance(700)) {
            if self.host.is_down() {
                break;
            }
            self.land()?;
        }
        self.mishaps()
    }

    /// Everything on its way arrives, and everything is as it should be once more.
    fn finish(&mut self) -> Result<(), String> {
        while let Some((_, message)) = self.under_way.pop_first() {
            self.submit(message);
        }
        while !self.waiting.is_empty() || !self.flights.is_empty() {
            self.batch()?;
            self.land()?;
        }
        self.stop_and_start(Lasts::Nothing)
    }

    fn send(&mut self, delay_ms: i64, message: Message) {
        self.serial += 1;
        self.under_way.insert((self.now.plus(delay_ms), self.serial), message);
    }

    fn submit(&mut self, message: Message) {
        self.host.submit(&message.command);
        self.waiting.push_back(message);
    }

    /// The host applies what waits; the reference lives through the same.
    fn batch(&mut self) -> Result<(), String> {
        let Some((applied, body)) = self.host.batch(self.now) else { return Ok(()) };
        let clone = |reference: &Reference, armed: bool| armed.then(|| Box::new(reference.clone()));
        let before = clone(&self.reference, self.armed);
        let mut flight =
            Flight { body, expected: Vec::with_capacity(applied), trail: 0, before, after: None };
        for _ in 0..applied {
            let message = self.waiting.pop_front().ok_or("more was applied than waited")?;
            let said = self.reference.live(&message.command, self.now);
            flight.expected.push((message, said));
        }
        flight.trail = self.host.machine().trail();
        flight.after = clone(&self.reference, self.armed);
        let commands: Vec<&Command> = flight.expected.iter().map(|(message, _)| &message.command).collect();
        compare(self.host.machine(), &self.reference, self.now)
            .map_err(|what| format!("{what}\nafter {commands:?}"))?;
        self.flights.push_back(flight);
        if self.settings.plant == Some(Plant::AnswersEarly) {
            self.host.durable();
            self.hear()?;
        }
        Ok(())
    }

    /// The oldest record under way is made durable, and its answers leave; or the disk fails.
    fn land(&mut self) -> Result<(), String> {
        let Some(flight) = self.flights.front() else { return Ok(()) };
        match self.host.append(&flight.body) {
            Ok(seq) => {
                self.host.acknowledged = seq;
                if self.settings.plant == Some(Plant::AnswersEarly) {
                    self.flights.pop_front();
                    return Ok(());
                }
                self.host.durable();
                self.hear()
            }
            Err(crashed) => {
                self.host.failed();
                let lasts = Lasts::Chance { seed: self.dice.throw() };
                if crashed { self.stop_and_start(lasts) } else { self.start_again() }
            }
        }
    }

    /// Answers leave: each has to be what the reference said, and is remembered.
    fn hear(&mut self) -> Result<(), String> {
        let early = self.settings.plant == Some(Plant::AnswersEarly);
        let expected = match early {
            true => self.flights.back().map(|flight| flight.expected.clone()),
            false => self.flights.pop_front().map(|flight| flight.expected),
        };
        for (message, said) in expected.ok_or("answers left for nothing")? {
            let Some(Answered::Outcome { command, outcome, .. }) = self.host.next_answer() else {
                return Err(format!("no answer left for {:?}", message.command));
            };
            if command != message.command && self.settings.plant.is_none() {
                return Err(format!("{command:?} was answered where {:?} was asked", message.command));
            }
            self.heard(&message.command, &outcome, &said)?;
        }
        match self.host.next_answer() {
            None => Ok(()),
            Some(_) => Err("more answers left than commands were durable".into()),
        }
    }

    fn heard(&mut self, command: &Command, outcome: &Outcome, said: &Said) -> Result<(), String> {
        if !same(outcome, said) {
            return Err(format!("{command:?}\ncame to  {outcome:?}\nexpected {said:?}"));
        }
        self.tally.answered += 1;
        match outcome {
            Outcome::Decided(answer) if answer.approved() => self.tally.approved += 1,
            Outcome::Decided(answer) => {
                let slug = answer.cause().map_or("none", machine::cause::Cause::slug);
                *self.tally.declined.entry(slug).or_default() += 1;
            }
            Outcome::Repeated(_) => self.tally.repeated += 1,
            _ => {}
        }
        if let (Outcome::Decided(answer), Command::Authorize(_) | Command::Follow(_)) = (outcome, command) {
            // The first message under a number keeps its answer; a second, different one was told no.
            let first = self.told.iter().rev().take(64).all(|(other, _)| !same_origin(other, command));
            if first && answer.cause() != Some(machine::cause::Cause::DuplicateMismatch) {
                self.told.push((command.clone(), *answer));
            }
        }
        Ok(())
    }

    /// Snapshots, retention, preparation, and plans for a disaster.
    fn mishaps(&mut self) -> Result<(), String> {
        if self.dice.chance(30) {
            self.host.prepare();
        }
        if self.flights.is_empty() && self.dice.chance(12) && self.host.snapshot()? {
            self.tally.snapshots += 1;
        }
        if self.host.is_down() {
            // A snapshot or a preparation met the fault that was planned.
            self.host.failed();
            let lasts = Lasts::Chance { seed: self.dice.throw() };
            return self.stop_and_start(lasts);
        }
        if !self.flights.is_empty() {
            return Ok(());
        }
        match self.dice.below(1000) {
            0..15 if !self.armed => {
                let at = self.host.disk.calls() + self.dice.below(24);
                let failure = match self.dice.below(8) {
                    0 => DiskFailure::Refused(DiskCause::Failed(5)),
                    1 => DiskFailure::Torn(DiskCause::Failed(5)),
                    _ => DiskFailure::Crash,
                };
                let lies = self.settings.plant == Some(Plant::DiskLies);
                let seed = self.dice.throw();
                self.host.disk.set_faults(Faults {
                    at: BTreeMap::from([(at, failure)]),
                    seed,
                    lies,
                    capacity: None,
                });
                self.armed = true;
                Ok(())
            }
            15..18 => self.stop_and_start(Lasts::Nothing),
            _ => Ok(()),
        }
    }

    /// The power goes, and comes back.
    fn stop_and_start(&mut self, lasts: Lasts) -> Result<(), String> {
        self.host.close_down();
        let mut disk = self.host.disk.after_crash(lasts);
        // While the host recovers the power may go again.
        while self.dice.chance(200) {
            let at = self.dice.below(30);
            disk.set_faults(Faults {
                at: BTreeMap::from([(at, DiskFailure::Crash)]),
                seed: self.dice.throw(),
                ..Faults::default()
            });
            drop(Host::start(disk.clone(), None));
            disk = disk.after_crash(Lasts::Chance { seed: self.dice.throw() });
        }
        let lies = self.settings.plant == Some(Plant::DiskLies);
        disk.set_faults(Faults { lies, ..Faults::default() });
        self.start_on(disk)
    }

    /// The process goes after a failure of its disk, and is started again on what it left.
    fn start_again(&mut self) -> Result<(), String> {
        self.host.close_down();
        let disk = self.host.disk.clone();
        disk.set_faults(Faults::default());
        self.start_on(disk)
    }

    fn start_on(&mut self, disk: MemoryDisk) -> Result<(), String> {
        self.armed = false;
        self.tally.starts += 1;
        let acknowledged = self.host.acknowledged;
        let (host, head) = Host::start(disk, self.settings.plant)?;
        if head < acknowledged {
            return Err(format!("record {acknowledged} was acknowledged, and the journal ends with {head}"));
        }
        self.host = host;
        // Of the records handed out and not acknowledged the first few may have lasted.
        let lasted = (head - acknowledged) as usize;
        let (flights, waiting) = (std::mem::take(&mut self.flights), std::mem::take(&mut self.waiting));
        if lasted > flights.len() {
            return Err(format!("the journal ends with {head}: more than was ever handed out"));
        }
        self.tally.kept += lasted as u32;
        self.tally.lost += (flights.len() - lasted) as u32;
        let mut unheard = Vec::new();
        for (place, flight) in flights.into_iter().enumerate() {
            if place + 1 == lasted && self.host.machine().trail() != flight.trail {
                return Err("the machine that was recovered has another trail".into());
            }
            if place < lasted {
                self.reference = *flight.after.ok_or("a record lasted that no one was afraid for")?;
            } else if place == 0 {
                self.reference = *flight.before.ok_or("a record was lost that no one was afraid for")?;
            }
            unheard.extend(flight.expected.into_iter().map(|(message, _)| message));
        }
        self.reference.pass_to(self.now);
        compare(self.host.machine(), &self.reference, self.now)
            .map_err(|what| format!("after a start: {what}"))?;
        self.ask_again()?;
        for message in unheard.into_iter().chain(waiting) {
            self.wonder(message);
        }
        Ok(())
    }

    /// Answers that were told are told again, equal in every field.
    fn ask_again(&mut self) -> Result<(), String> {
        let newest = self.told.len().saturating_sub(6)..self.told.len();
        let mut places: Vec<usize> = newest.collect();
        if !self.told.is_empty() {
            places.extend((0..6).map(|_| self.dice.place(self.told.len())));
        }
        for place in places {
            let (command, answer) = self.told[place].clone();
            let outcome = self.host.ask_at_once(&command, self.now)?;
            let said = self.reference.live(&command, self.now);
            if outcome != Outcome::Repeated(answer) {
                return Err(format!("{command:?} was told {answer:?} and is now told {outcome:?}"));
            }
            if !same(&outcome, &said) {
                return Err(format!("{command:?} was repeated with {outcome:?}, expected {said:?}"));
            }
            self.tally.proven += 1;
        }
        Ok(())
    }

    /// A sender that heard nothing asks again, takes it back, or gives up.
    fn wonder(&mut self, message: Message) {
        let delay = self.dice.between(1_000, 2 * MINUTE_MS);
        match (message.again, Town::take_back(&message.command)) {
            (0, _) => {}
            (1, Some(reversal)) => self.send(delay, Message { command: reversal, again: 2 }),
            (_, _) => self.send(delay, Message { again: 0, ..message }),
        }
    }
}

fn same_origin(a: &Command, b: &Command) -> bool {
    match (a, b) {
        (Command::Authorize(a), Command::Authorize(b)) => a.origin == b.origin,
        (Command::Follow(a), Command::Follow(b)) => a.origin == b.origin,
        (Command::Authorize(a), Command::Follow(b)) | (Command::Follow(b), Command::Authorize(a)) => {
            a.origin == b.origin
        }
        _ => false,
    }
}

/// A machine with nothing in it.
fn empty() -> Machine {
    Machine::new(Policy::DEFAULT)
}
