//! PostgreSQL doing the same authorization as one server function: what a user would build instead.
//!
//! The scripts are those of the folder `bench/`, which also run by hand; they travel in this binary.

use super::results::{Reading, Results};
use super::world::CARDS;
use super::{Part, Plan};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The scripts, by name.
const SCRIPTS: [(&str, &str); 4] = [
    ("postgres.sh", include_str!("../../../../bench/postgres.sh")),
    ("schema.sql", include_str!("../../../../bench/schema.sql")),
    ("authorize.sql", include_str!("../../../../bench/authorize.sql")),
    ("sale.pgbench", include_str!("../../../../bench/sale.pgbench")),
];
/// Where Debian and its kin keep the servers, a folder a version.
const INSTALLED: &str = "/usr/lib/postgresql";
/// Clients at once.
const CLIENTS: [usize; 4] = [1, 8, 16, 32];
/// Rows there are before the first sale.
const PAST_ROWS: usize = 1_000_000;
/// Seconds of sales before the first reading.
const WARM_SECONDS: u64 = 2;

/// A server of our own. It ends when its input does: also where this process dies.
pub struct Postgres {
    script: Child,
    tools: PathBuf,
    folder: PathBuf,
    socket: String,
    version: String,
}

/// PostgreSQL's best rate in the round under way, if it has had its turn.
pub fn best_rate(results: &Results) -> Option<f64> {
    results.last("postgres.best")?.rate
}

/// Where the newest installed server is.
fn installed() -> Option<PathBuf> {
    let complete = |folder: &PathBuf| {
        ["postgres", "initdb", "pgbench", "psql"].iter().all(|tool| folder.join(tool).exists())
    };
    let versions = std::fs::read_dir(INSTALLED).into_iter().flatten().flatten();
    let mut folders: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder)| complete(folder))
        .collect();
    folders.sort();
    let on_path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let newest = folders.pop().map(|(_, folder)| folder);
    newest.or_else(|| on_path.unwrap_or_default().into_iter().find(complete))
}

impl Postgres {
    /// Starts and fills one; none where none is installed.
    pub fn new(plan: &Plan) -> Result<Option<Postgres>, String> {
        let Some(tools) = installed() else { return Ok(None) };
        let folder = plan.folder.join("scripts");
        std::fs::create_dir(&folder).map_err(|error| error.to_string())?;
        for (name, text) in SCRIPTS {
            std::fs::write(folder.join(name), text).map_err(|error| error.to_string())?;
        }
        let version = said(Command::new(tools.join("postgres")).arg("--version"))?;
        let data = plan.folder.join("postgres");
        let mut script = Command::new("sh")
            .arg(folder.join("postgres.sh"))
            .args([&data, &tools])
            .args([CARDS.to_string(), PAST_ROWS.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut first = String::new();
        let output = script.stdout.take().ok_or("no output to read")?;
        BufReader::new(output).read_line(&mut first).map_err(|error| error.to_string())?;
        let Some(socket) = first.trim().strip_prefix("ready ").map(str::to_owned) else {
            let log = std::fs::read_to_string(data.join("log")).unwrap_or_default();
            return Err(format!(
                "the server did not start: {}",
                log.lines().last().unwrap_or("it said nothing")
            ));
        };
        let postgres = Postgres { script, tools, folder, socket, version: version.trim().to_owned() };
        postgres.sales(8, WARM_SECONDS)?;
        Ok(Some(postgres))
    }

    /// Has so many clients ask for sales, each as soon as the one before is answered.
    fn sales(&self, clients: usize, seconds: u64) -> Result<Reading, String> {
        let prefix = self.folder.join(format!("log-{clients}"));
        let told = said(
            Command::new(self.tools.join("pgbench"))
                .args(["-h", &self.socket, "-U", "postgres", "-n", "-M", "prepared", "-l"])
                .arg("--log-prefix")
                .arg(&prefix)
                .args([
                    "-c",
                    &clients.to_string(),
                    "-j",
                    &clients.min(2).to_string(),
                    "-T",
                    &seconds.to_string(),
                ])
                .args(["-D", &format!("cards={CARDS}"), "-f"])
                .arg(self.folder.join("sale.pgbench"))
                .arg("postgres"),
        )?;
        let tps =
            told.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse::<f64>().ok());
        let mut times = self.times(&prefix)?;
        let rate = tps.ok_or("pgbench told no rate")?;
        Ok(Reading { rate: Some(rate), ..Reading::of_times(&mut times) })
    }

    /// The times of all transactions, from the logs of pgbench's threads (third column, microseconds).
    fn times(&self, prefix: &Path) -> Result<Vec<u64>, String> {
        let begins = prefix.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let mut times = Vec::new();
        for entry in std::fs::read_dir(&self.folder).map_err(|error| error.to_string())?.flatten() {
            let name = entry.file_name();
            if !name
                .to_str()
                .is_some_and(|name| name.strip_prefix(begins).is_some_and(|rest| rest.starts_with('.')))
            {
                continue;
            }
            let log = std::fs::read_to_string(entry.path()).map_err(|error| error.to_string())?;
            let microseconds = |line: &str| line.split(' ').nth(2)?.parse::<u64>().ok();
            times.extend(log.lines().filter_map(microseconds).map(|microseconds| microseconds * 1000));
            std::fs::remove_file(entry.path()).map_err(|error| error.to_string())?;
        }
        Ok(times)
    }
}

/// What a command says on standard output.
fn said(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "{}: {}",
            command.get_program().display(),
            why.lines().last().unwrap_or("failed")
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

impl Part for Postgres {
    fn turn(&mut self, plan: &Plan, results: &mut Results) -> Result<(), String> {
        let seconds = plan.seconds.ceil() as u64;
        let mut best = (0, Reading::default());
        for clients in CLIENTS {
            let reading = self.sales(clients, seconds)?;
            if reading.rate > best.1.rate {
                best = (clients, reading);
            }
            results.put(
                &format!("postgres.{clients}"),
                &format!("PostgreSQL, one server function: {clients} at once"),
                reading,
            );
        }
        results.put("postgres.best", "PostgreSQL: the best of these, round by round", best.1);
        results.remark(format!(
            "{}: fsync, synchronous_commit and full_page_writes on, shared_buffers 1 GB, jit and autovacuum off, no \
             checkpoint within the run, write-ahead log into recycled files; asked by pgbench over a local socket, \
             prepared, one call of a PL/pgSQL function a sale; {CARDS} cards, {PAST_ROWS} past rows.",
            self.version
        ));
        Ok(())
    }

    fn end(mut self: Box<Self>) -> Result<(), String> {
        drop(self.script.stdin.take());
        self.script.wait().map(|_| ()).map_err(|error| error.to_string())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Its input ends, and it with that; where it has ended already there is nothing to wait for.
        drop(self.script.stdin.take());
        let _ = self.script.wait();
    }
}
