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

/// A machine and what it is asked.
struct Asked {
    machine: Machine,
    sales: Sales,
}

/// Two machines: wrong PINs leave frozen cards behind, which the other one must not meet.
pub struct Core {
    good: Asked,
    life: Asked,
    asked: u64,
    begun: Timestamp,
}

impl Core {
    pub fn new() -> Result<Core, String> {
        let cards = nameless(CARDS, &mut Dice::of(1, "core"));
        let begun = clock::now();
        let asked = |mix, seed| {
            let machine = machine(&cards, begun)?;
            Ok::<Asked, String>(Asked { machine, sales: Sales::new(&cards, mix, seed) })
        };
        Ok(Core { good: asked(Mix::Good, 2)?, life: asked(Mix::Life, 3)?, asked: 0, begun })
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
            let Asked { machine, sales } = match mix {
                Mix::Good => &mut self.good,
                Mix::Life => &mut self.life,
            };
            let outcome = machine.apply(&Command::Authorize(sales.next_sale()), at);
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
        let Asked { machine, sales } = &mut self.good;
        let reading = load::each(seconds, || machine.peek(&sales.next_sale(), at));
        results.put("core.peek", "machine alone: would it work now? (changes nothing)", reading);
        let at = std::hint::black_box(clock::now());
        let reading = load::each(seconds * 0.2, || std::hint::black_box(at));
        results.put("core.clock", "looking at the clock, contained in the three above", reading);
        let reading = load::each(seconds * 0.2, || self.good.sales.next_sale());
        results.put("core.ask", "inventing the sale, contained in the three above", reading);
        Ok(())
    }

    fn end(self: Box<Self>) -> Result<(), String> {
        self.good.machine.audit()?;
        self.life.machine.audit().map(|_| ())
    }
}
