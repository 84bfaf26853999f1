//! The machine by itself: no journal, no thread, no socket.

use super::results::{Reading, Results};
use super::world::{CARDS, Mix, Sales, machine, nameless};
use super::{Part, Plan, load};
use crate::clock;
use machine::Machine;
use machine::command::Command;
use machine::outcome::Outcome;
use machine::time::Timestamp;
use sim::dice::Dice;

/// Sales a millisecond: the machine's clock moves on as it would.
const SALES_OF_A_MS: u64 = 1000;

/// The machine, warm.
pub struct Core {
    machine: Machine,
    good: Sales,
    life: Sales,
    asked: u64,
    begun: Timestamp,
}

impl Core {
    pub fn new() -> Result<Core, String> {
        let cards = nameless(CARDS, &mut Dice::of(1, "core"));
        let begun = clock::now();
        let machine = machine(&cards, begun)?;
        let (good, mut life) = (Sales::new(&cards, Mix::Good, 2), Sales::new(&cards, Mix::Life, 3));
        life.begin_at(1 << 31);
        Ok(Core { machine, good, life, asked: 0, begun })
    }

    fn at(&mut self) -> Timestamp {
        self.asked += 1;
        self.begun.plus((self.asked / SALES_OF_A_MS) as i64)
    }

    /// Sales applied one by one, and how many of them were approved.
    fn apply(&mut self, seconds: f64, mix: Mix) -> (Reading, f64) {
        let (mut approved, mut all) = (0_u64, 0_u64);
        let reading = load::each(seconds, || {
            let at = self.at();
            let sales = match mix {
                Mix::Good => &mut self.good,
                Mix::Life => &mut self.life,
            };
            let outcome = self.machine.apply(&Command::Authorize(sales.next_sale()), at);
            all += 1;
            approved += u64::from(matches!(outcome, Outcome::Decided(answer) if answer.approved()));
        });
        (reading, approved as f64 / all as f64)
    }
}

impl Part for Core {
    fn turn(&mut self, plan: &Plan, results: &mut Results) -> Result<(), String> {
        let seconds = plan.seconds * 0.4;
        let (reading, approved) = self.apply(seconds, Mix::Good);
        if approved < 1.0 {
            return Err(format!("only {approved:.3} of the sales were approved"));
        }
        results.put("core.sale", "machine alone: a sale approved", reading);
        let (reading, approved) = self.apply(seconds, Mix::Life);
        results.put("core.mix", "machine alone: one in ten declined", reading);
        if !(0.85..0.95).contains(&approved) {
            return Err(format!("{approved:.3} of the mixed sales were approved"));
        }
        let at = self.at();
        let reading = load::each(seconds, || self.machine.peek(&self.good.next_sale(), at));
        results.put("core.peek", "machine alone: would it work now? (changes nothing)", reading);
        let at = std::hint::black_box(clock::now());
        let reading = load::each(seconds * 0.2, || std::hint::black_box(at));
        results.put("core.clock", "looking at the clock, contained in the three above", reading);
        let reading = load::each(seconds * 0.2, || self.good.next_sale());
        results.put("core.ask", "inventing the sale, contained in the three above", reading);
        Ok(())
    }

    fn end(self: Box<Self>) -> Result<(), String> {
        self.machine.audit().map(|_| ())
    }
}
