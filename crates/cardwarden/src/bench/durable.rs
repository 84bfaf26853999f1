//! The host as production runs it, without sockets: sales go in by its inbox, are applied, made durable in a real
//! journal on the disk, and come back.

use super::results::{Reading, Results};
use super::world::{CARDS, Known, Mix, Sales, found, nameless};
use super::{Part, Plan, RATE_WITHOUT_PEER, load, postgres};
use crate::host::{self, GatewayAnswer, Host, Threads};
use gateway::Ticket;
use machine::command::Command;
use machine::outcome::Outcome;
use sim::dice::Dice;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Sales in flight at once.
const IN_FLIGHT: [usize; 4] = [1, 32, 256, 1024];
/// An answer that does not come within this does not come.
const ANSWER_WAIT: Duration = Duration::from_secs(30);

/// A running host, and where its answers arrive.
pub struct Durable {
    host: Host,
    threads: Threads,
    answers: Receiver<Vec<GatewayAnswer>>,
    sales: Sales,
    dice: Dice,
}

impl Durable {
    pub fn new(plan: &Plan) -> Result<Durable, String> {
        let cards: Vec<Known> = nameless(CARDS, &mut Dice::of(1, "durable"));
        let recovery = found(&plan.folder.join("durable"), &cards)?;
        let (arrived, answers) = channel();
        // The receiver lives as long as the host.
        let sink = Box::new(move |answers| drop(arrived.send(answers)));
        let settings = host::Settings { snapshot_records: 0, keep_records: 0 };
        let (host, threads) = Host::start(recovery, &settings, sink).map_err(|error| error.to_string())?;
        Ok(Durable {
            host,
            threads,
            answers,
            sales: Sales::new(&cards, Mix::Good, 2),
            dice: Dice::of(1, "moments"),
        })
    }

    /// A sale is asked as soon as one is answered, so that always `in_flight` are under way. The ticket names the
    /// place in `asked` where the moment of asking stands.
    fn closed(&mut self, in_flight: usize, seconds: f64) -> Result<Reading, String> {
        let mut asked = vec![Instant::now(); in_flight];
        let (mut times, mut free) = (Vec::new(), (0..in_flight as u64).collect::<Vec<_>>());
        let (begun, length) = (Instant::now(), Duration::from_secs_f64(seconds));
        let (mut under_way, mut done, mut elapsed) = (0, 0, Duration::ZERO);
        loop {
            let now = Instant::now();
            if now.duration_since(begun) < length && !free.is_empty() {
                let mut asks = Vec::with_capacity(free.len());
                for place in free.drain(..) {
                    asked[place as usize] = now;
                    asks.push((Ticket(place), Command::Authorize(self.sales.next_sale())));
                }
                under_way += asks.len();
                self.host.ask_for_gateway(asks);
            }
            if under_way == 0 {
                break;
            }
            let mut batch = self.answers.recv_timeout(ANSWER_WAIT).map_err(|_| "no answer came")?;
            while let Ok(more) = self.answers.try_recv() {
                batch.extend(more);
            }
            let now = Instant::now();
            for answer in &batch {
                let place = approved(answer)?;
                times.push(now.duration_since(asked[place as usize]).as_nanos() as u64);
                free.push(place);
            }
            under_way -= batch.len();
            if now.duration_since(begun) < length {
                (done, elapsed) = (times.len(), now.duration_since(begun));
            }
        }
        Ok(Reading::of_times(&mut times).with_rate(done, elapsed.max(Duration::from_nanos(1))))
    }

    /// Sales come when they come, `rate` a second, whether the ones before are answered or not. Time runs from the
    /// moment a sale was due, not from when it was got round to.
    fn open(&mut self, rate: f64, seconds: f64) -> Result<Reading, String> {
        let moments = load::moments(rate, seconds, &mut self.dice);
        let begun = Instant::now() + Duration::from_millis(5);
        let due: Vec<Instant> = moments.iter().map(|moment| begun + *moment).collect();
        let (host, sales, answers) = (&self.host, &mut self.sales, &self.answers);
        let mut arrived = vec![begun; due.len()];
        std::thread::scope(|scope| {
            let due = &due;
            scope.spawn(move || {
                let mut next = 0;
                while next < due.len() {
                    load::sleep_until(due[next]);
                    let now = Instant::now();
                    let end = next + due[next..].partition_point(|moment| *moment <= now);
                    let asks = (next..end)
                        .map(|place| (Ticket(place as u64), Command::Authorize(sales.next_sale())));
                    host.ask_for_gateway(asks.collect());
                    next = end;
                }
            });
            let mut missing = due.len();
            while missing > 0 {
                let batch = answers.recv_timeout(ANSWER_WAIT).map_err(|_| "no answer came")?;
                let now = Instant::now();
                for answer in &batch {
                    arrived[approved(answer)? as usize] = now;
                }
                missing -= batch.len();
            }
            Ok::<(), String>(())
        })?;
        let mut times: Vec<u64> = arrived
            .iter()
            .zip(&due)
            .map(|(arrived, due)| arrived.duration_since(*due).as_nanos() as u64)
            .collect();
        let done = times.len();
        Ok(Reading::of_times(&mut times)
            .with_rate(done, arrived.last().map_or(Duration::ZERO, |last| last.duration_since(begun))))
    }
}

/// The ticket of a sale that was approved and is durable.
fn approved(answer: &GatewayAnswer) -> Result<u64, String> {
    match answer {
        GatewayAnswer::Outcome(Ticket(place), _, Outcome::Decided(answer)) if answer.approved() => Ok(*place),
        GatewayAnswer::Outcome(_, _, outcome) => Err(format!("a sale was not approved: {outcome:?}")),
        GatewayAnswer::Refused(_, cause) => Err(format!("a sale was refused: {cause:?}")),
        GatewayAnswer::Observe(..) => Err("an answer to nobody".to_owned()),
    }
}

impl Part for Durable {
    fn turn(&mut self, plan: &Plan, results: &mut Results) -> Result<(), String> {
        for in_flight in IN_FLIGHT {
            let reading = self.closed(in_flight, plan.seconds)?;
            let what = format!("durable, in process: {in_flight} in flight");
            results.put(&format!("durable.{in_flight}"), &what, reading);
        }
        let rate = postgres::best_rate(results).unwrap_or(RATE_WITHOUT_PEER);
        let reading = self.open(rate, plan.seconds)?;
        results.put("durable.paced", "durable, in process: at PostgreSQL's best rate, open loop", reading);
        let gauges = self.host.gauges();
        let count = |gauge: &std::sync::atomic::AtomicU64| gauge.load(std::sync::atomic::Ordering::Relaxed);
        let (bytes, commands) = (count(&gauges.bytes), count(&gauges.commands));
        let reading = Reading::figure(bytes as f64 / commands.max(1) as f64);
        results.put_figure("durable.bytes", "journal: a sale with its answer", "bytes", reading);
        Ok(())
    }

    fn end(self: Box<Self>) -> Result<(), String> {
        self.threads.stop()
    }
}
