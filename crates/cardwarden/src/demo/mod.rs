//! The demonstration: a street of invented people and shops, thirty days of past, and everyday life going on
//! over real sockets. Nothing here is used by `serve`.

mod past;
mod street;

use crate::commands::{Stop, say};
use crate::edge::Limits;
use crate::host;
use crate::keys::{self, Keys};
use crate::signals::Signals;
use crate::system::{self, Listeners, Parts, System};
use crate::{clock, logs};
use gateway::{HostMac, HostProfile, LinkKind};
use iso8583::{Framing, ISO87_BINARY, LengthPrefix};
use journal::JournalId;
use lexopt::prelude::*;
use machine::explain::Language;
use sim::population::Population;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How the demonstration is run.
struct Settings {
    port: u16,
    pos_port: u16,
    host_port: u16,
    data: Option<PathBuf>,
    keys_out: Option<PathBuf>,
    seed: u64,
    speed: f64,
    language: Language,
    length: Option<Duration>,
    log: String,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            port: 8080,
            pos_port: 8583,
            host_port: 8584,
            data: None,
            keys_out: None,
            seed: 1,
            speed: 1.0,
            language: Language::En,
            length: None,
            log: "warn".to_owned(),
        }
    }
}

/// Runs `demo …`.
///
/// # Errors
/// What could not be started, or did not stop as it should.
pub fn run(mut arguments: lexopt::Parser) -> Result<(), Stop> {
    let begun = Instant::now();
    let mut settings = Settings::default();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("port") => settings.port = arguments.value()?.parse()?,
            Long("pos-port") => settings.pos_port = arguments.value()?.parse()?,
            Long("host-port") => settings.host_port = arguments.value()?.parse()?,
            Long("data") => settings.data = Some(arguments.value()?.into()),
            Long("keys-out") => settings.keys_out = Some(arguments.value()?.into()),
            Long("seed") => settings.seed = arguments.value()?.parse()?,
            Long("speed") => {
                settings.speed = arguments.value()?.parse()?;
                if !(settings.speed >= 0.0 && settings.speed <= 10_000.0) {
                    return Err(Stop::usage("--speed is 0 to 10000"));
                }
            }
            Long("lang") => {
                settings.language = match arguments.value()?.string()?.as_str() {
                    "zh" => Language::Zh,
                    "en" => Language::En,
                    other => return Err(Stop::usage(format!("there is no language `{other}`; zh or en"))),
                }
            }
            Long("for") => settings.length = Some(Duration::from_secs(arguments.value()?.parse()?)),
            Long("log") => settings.log = arguments.value()?.string()?,
            other @ (Short(_) | Long(_) | Value(_)) => return Err(other.unexpected().into()),
        }
    }
    logs::start(&settings.log, "text").map_err(Stop::failed)?;
    crate::hardening::no_core_dumps().map_err(Stop::failed)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Stop::failed)?;
    runtime.block_on(demo(settings, begun)).map_err(Stop::failed)
}

/// A folder of its own that goes when the demonstration ends, unless one was named.
struct Folder {
    path: PathBuf,
    ours: bool,
}

impl Folder {
    fn choose(named: Option<PathBuf>) -> Result<Folder, String> {
        let (path, ours) = match named {
            Some(path) => (path, false),
            None => (std::env::temp_dir().join(format!("cardwarden-demo-{}", std::process::id())), true),
        };
        system::private_folder(&path)?;
        Ok(Folder { path, ours })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.ours {
            // A folder that cannot be removed is left to the system's own clearing of temporary files.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

async fn demo(settings: Settings, begun: Instant) -> Result<(), String> {
    let mut signals = Signals::listen()?;
    let population = Population::street(settings.seed);
    let tills = past::acceptors(&population);
    let stored = keys::invented(settings.seed, &tills, &past::PREFIXES);
    let keys = Keys::of(&stored).map_err(|error| error.to_string())?;
    let (listeners, addresses) = listen(&settings)?;
    let folder = Folder::choose(settings.data.clone())?;
    let mut recovery =
        host::open(&folder.path, JournalId(system::random()?)).map_err(|error| error.to_string())?;
    if recovery.machine.accounts().is_empty() {
        past::live(&mut recovery, &population, settings.seed, &keys)?;
    }
    let street = street::Street::of(&population, &recovery.machine, &keys, settings.seed)?;
    let test = past::test_card(settings.seed, &keys)?;
    if let Some(path) = &settings.keys_out {
        past::write_keys(path, settings.seed, &test, &keys, &addresses)?;
    }
    let parts = Parts {
        gateway: gateway::Settings { settlement_needs_mac: false, ..gateway::Settings::china() },
        limits: Limits { links_max: 10_000 },
        host: host::Settings { snapshot_records: 100_000, keep_records: 0 },
        web: web::Settings::demo(),
    };
    let mut system = System::start(recovery, keys, listeners, parts, true)?;
    let scenes = system.scenes.take();
    let living = street.live(addresses.pos, settings.speed, scenes, system.host.clone());
    greet(&settings, &addresses, &test, begun);
    let tally = living.tally();
    let told = async {
        if let Some(first) = tally.first_answer().await {
            let ms = first.duration_since(begun).as_millis();
            match settings.language {
                Language::Zh => say!("第一笔交易在启动后 {ms} 毫秒得到答复。"),
                Language::En => say!("The first sale was answered {ms} ms after the start."),
            }
        }
        match settings.length {
            None => std::future::pending().await,
            Some(length) => tokio::time::sleep(length).await,
        }
    };
    tokio::select! {
        () = signals.wait() => {}
        () = told => {}
    }
    living.stop().await;
    let audit = summary(&system).await;
    system.stop().await?;
    let audit = audit?;
    match settings.language {
        Language::Zh => say!("{}\n账务核对: {audit}", tally.zh()),
        Language::En => say!("{}\nBooks: {audit}", tally.en()),
    }
    Ok(())
}

/// Where the demonstration listens, as it turned out.
struct Addresses {
    http: SocketAddr,
    pos: SocketAddr,
    host: SocketAddr,
}

fn listen(settings: &Settings) -> Result<(Listeners, Addresses), String> {
    let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let http = system::bind(local(settings.port), "pages and API")?;
    let pos = system::bind(local(settings.pos_port), "terminals")?;
    let host = system::bind(local(settings.host_port), "host link")?;
    let address = |listener: &std::net::TcpListener| listener.local_addr().map_err(|error| error.to_string());
    let addresses = Addresses { http: address(&http)?, pos: address(&pos)?, host: address(&host)? };
    let profile = HostProfile {
        dialect: &ISO87_BINARY,
        any_dialect: true,
        framing: Framing { length: LengthPrefix::Binary2, tpdu: false },
        acquirer: 48_020_000,
        country: 156,
        sign_on: false,
        mac: HostMac::None,
        pin: None,
        answer_ms: 20_000,
    };
    let ports = vec![(pos, LinkKind::UnionPayPos), (host, LinkKind::Iso87Host(profile))];
    Ok((Listeners { http, ports }, addresses))
}

fn greet(settings: &Settings, addresses: &Addresses, test: &past::TestCard, begun: Instant) {
    let Addresses { http, pos, host } = addresses;
    let ready = begun.elapsed().as_millis();
    let curl = format!(
        "curl -s http://{http}/v1/dry-runs -H 'content-type: application/json' -d '{}'",
        test.dry_run()
    );
    match settings.language {
        Language::Zh => {
            say!("卡卫士 Cardwarden 演示 — 人物、商户、卡号与密钥均为虚构, 请勿用于真实业务。");
            say!("启动用时 {ready} 毫秒\n");
            say!("  网页与接口     http://{http}/?lang=zh");
            say!("  接口说明       http://{http}/openapi.json");
            say!("  终端 (银联)    {pos}");
            say!("  主机 (8583)    {host}\n");
            say!("  测试卡         {}   有效期 {}   密码 {}", test.number, test.expiry, test.pin);
            say!("  现在能付吗?    {curl}\n");
        }
        Language::En => {
            say!(
                "Cardwarden, demonstration: people, shops, card numbers and keys are invented. Not for real money."
            );
            say!("Ready after {ready} ms.\n");
            say!("  pages and API        http://{http}/");
            say!("  what the API offers  http://{http}/openapi.json");
            say!("  terminals (UnionPay) {pos}");
            say!("  hosts (ISO 8583)     {host}\n");
            say!("  a test card          {}   good through {}   PIN {}", test.number, test.expiry, test.pin);
            say!("  would it work now?   {curl}\n");
        }
    }
}

/// Audits the books of the running machine.
async fn summary(system: &System) -> Result<String, String> {
    let at = clock::now();
    let look: shard::Look = Box::new(move |machine, _| {
        let frozen = machine.freezes().filter(|freeze| freeze.holds_at(at)).count();
        Box::new(machine.audit().map(|audit| {
            format!(
                "{} accounts, {} holds, {frozen} freezes in force: everything balances",
                audit.accounts, audit.holds
            )
        }))
    });
    let seen = system.host.look(look).await.map_err(|_| "the host has gone".to_owned())?;
    let seen = seen.map_err(|unavailable| format!("{unavailable:?}"))?;
    let audit = seen
        .downcast::<Result<String, String>>()
        .map_err(|_| "the audit came back as something else".to_owned())?;
    *audit
}
