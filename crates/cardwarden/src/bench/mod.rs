//! `bench`: what this build does on this machine, measured turn by turn in one run, and the same asked of PostgreSQL.
//!
//! Every part is what production runs: the same host, the same edge, the same journal. Only ratios within one run
//! may be published: the parts take turns, round by round, so that what disturbs one disturbs all. Nothing is
//! decided about money here.

mod bars;
mod codec;
mod core;
mod crypto;
mod device;
mod durable;
mod idle;
mod load;
mod postgres;
mod report;
mod results;
mod surroundings;
mod tills;
mod wire;
mod world;

use crate::commands::{Stop, say};
use crate::logs;
use lexopt::prelude::*;
use results::Results;
use std::path::{Path, PathBuf};
use std::time::Instant;
use surroundings::Surroundings;

/// Turns each part takes.
const ROUNDS: usize = 3;
/// How long one reading of a rate lasts unless told otherwise, seconds.
const SECONDS: f64 = 1.5;
/// Sales a second asked for in the open loop where there is no PostgreSQL to take the rate from.
const RATE_WITHOUT_PEER: f64 = 5_000.0;

/// The parts, in the order of their turns, and the words for `--only`.
const PARTS: [&str; 8] = ["core", "codec", "crypto", "journal", "postgres", "durable", "wire", "idle"];

/// What is measured, and how.
pub struct Plan {
    /// How long one reading of a rate lasts, seconds.
    pub seconds: f64,
    /// Turns each part takes.
    pub rounds: usize,
    /// The parts, of `PARTS`.
    pub parts: Vec<&'static str>,
    /// A folder of our own on the disk that is measured.
    pub folder: PathBuf,
    json: Option<PathBuf>,
    markdown: Option<PathBuf>,
}

/// A part of the measurement: everything is prepared when it is made, and measured when its turn comes.
trait Part {
    /// Takes one turn and puts down one reading of each of its measures.
    ///
    /// # Errors
    /// What went wrong: a figure of a run that failed is no figure.
    fn turn(&mut self, plan: &Plan, results: &mut Results) -> Result<(), String>;

    /// Ends what runs for it.
    ///
    /// # Errors
    /// What did not end as it should.
    fn end(self: Box<Self>) -> Result<(), String>;
}

/// Runs `bench [--json FILE] [--markdown FILE] [--seconds S] [--rounds N] [--only NAME,..] [--dir DIR] [--no-postgres]`.
///
/// # Errors
/// What could not be measured.
pub fn run(mut arguments: lexopt::Parser) -> Result<(), Stop> {
    let mut named = None;
    let mut plan = Plan {
        seconds: SECONDS,
        rounds: ROUNDS,
        parts: PARTS.to_vec(),
        folder: PathBuf::new(),
        json: None,
        markdown: None,
    };
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("json") => plan.json = Some(arguments.value()?.into()),
            Long("markdown") => plan.markdown = Some(arguments.value()?.into()),
            Long("seconds") => plan.seconds = between(arguments.value()?.parse()?, 0.1, 600.0, "--seconds")?,
            Long("rounds") => plan.rounds = between(arguments.value()?.parse()?, 1, 99, "--rounds")?,
            Long("only") => plan.parts = chosen(&arguments.value()?.string()?)?,
            Long("no-postgres") => plan.parts.retain(|part| *part != "postgres"),
            Long("dir") => named = Some(PathBuf::from(arguments.value()?)),
            // Of its own children, each measured in a process of its own.
            Long("child") => return idle::child(&mut arguments),
            other @ (Long(_) | Short(_) | Value(_)) => return Err(other.unexpected().into()),
        }
    }
    logs::start("warn", "text").map_err(Stop::failed)?;
    let base = named.unwrap_or_else(std::env::temp_dir);
    let folder = Folder::new(&base).map_err(Stop::failed)?;
    plan.folder = folder.0.clone();
    let begun = Instant::now();
    let before = Surroundings::now(&plan.folder);
    let results = measure(&plan).map_err(Stop::failed)?;
    let run = report::Run {
        seconds: begun.elapsed().as_secs_f64(),
        load_after: surroundings::load(),
        bars: bars::bars(&results),
        surroundings: before,
        plan: &plan,
        results: &results,
    };
    say!("\n{}", report::text(&run));
    let write = |path: &Path, text: String| {
        std::fs::write(path, text).map_err(|error| Stop::failed(format!("{}: {error}", path.display())))
    };
    if let Some(path) = &plan.json {
        write(path, format!("{:#}\n", report::json(&run)))?;
    }
    if let Some(path) = &plan.markdown {
        write(path, report::markdown(&run))?;
    }
    Ok(())
}

/// Prepares the parts, lets them take turns, and ends them.
fn measure(plan: &Plan) -> Result<Results, String> {
    let mut results = Results::default();
    let mut parts: Vec<(&str, Box<dyn Part>)> = Vec::new();
    for name in &plan.parts {
        progress(&format!("{name}: being prepared"));
        match prepare(name, plan)? {
            Some(part) => parts.push((name, part)),
            None => progress(&format!("{name}: left out, for it is not installed here")),
        }
    }
    for round in 1..=plan.rounds {
        for (name, part) in &mut parts {
            progress(&format!("round {round} of {}: {name}", plan.rounds));
            part.turn(plan, &mut results).map_err(|why| format!("{name}: {why}"))?;
        }
    }
    for (name, part) in parts {
        part.end().map_err(|why| format!("{name}: {why}"))?;
    }
    Ok(results)
}

/// A part ready for its turns; none where what it needs is not installed.
fn prepare(name: &str, plan: &Plan) -> Result<Option<Box<dyn Part>>, String> {
    Ok(Some(match name {
        "core" => Box::new(core::Core::new()?),
        "codec" => Box::new(codec::Codec::new()?),
        "crypto" => Box::new(crypto::Crypto::new()?),
        "journal" => Box::new(device::Device::new(plan)),
        "durable" => Box::new(durable::Durable::new(plan)?),
        "wire" => Box::new(wire::Wire::new(plan)?),
        "idle" => Box::new(idle::Idle::new(plan)),
        "postgres" => match postgres::Postgres::new(plan)? {
            Some(postgres) => Box::new(postgres),
            None => return Ok(None),
        },
        other => return Err(format!("there is no part `{other}`")),
    }))
}

/// The parts named in a list.
fn chosen(list: &str) -> Result<Vec<&'static str>, Stop> {
    let known = |word: &str| PARTS.iter().find(|part| **part == word);
    for word in list.split(',') {
        if known(word).is_none() {
            return Err(Stop::usage(format!("there is no part `{word}`; there are {}", PARTS.join(", "))));
        }
    }
    Ok(PARTS.into_iter().filter(|part| list.split(',').any(|word| word == *part)).collect())
}

fn between<T: PartialOrd + std::fmt::Display>(value: T, least: T, most: T, option: &str) -> Result<T, Stop> {
    if value >= least && value <= most {
        return Ok(value);
    }
    Err(Stop::usage(format!("{option} is {least} to {most}")))
}

/// Says on standard error what is under way.
fn progress(what: &str) {
    use std::io::Write;
    // If standard error is closed there is nobody to tell.
    let _ = writeln!(std::io::stderr().lock(), "bench: {what}");
}

/// A folder that goes when the run ends.
struct Folder(PathBuf);

impl Folder {
    /// Anyone may pass through it: PostgreSQL runs as another user.
    fn new(base: &Path) -> Result<Folder, String> {
        use std::os::unix::fs::PermissionsExt;
        let base = std::path::absolute(base).map_err(|error| format!("{}: {error}", base.display()))?;
        let path = base.join(format!("cardwarden-bench-{}", std::process::id()));
        let wrong = |error: std::io::Error| format!("{}: {error}", path.display());
        std::fs::create_dir_all(&base).map_err(wrong)?;
        std::fs::create_dir(&path).map_err(wrong)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o711)).map_err(wrong)?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever named the folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
