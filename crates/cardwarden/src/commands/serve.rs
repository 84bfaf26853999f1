//! `serve --config FILE`: the host for real.
//!
//! Nothing is invented here: no seed, no card, no key that was not brought.

use super::{Stop, say};
use crate::config::{self, Config};
use crate::edge::Limits;
use crate::host;
use crate::key_file::Token;
use crate::keys::Keys;
use crate::logs;
use crate::signals::Signals;
use crate::system::{self, Listeners, Parts, System};
use gateway::{HostMac, HostProfile, LinkKind};
use iso8583::{Dialect, Framing, LengthPrefix};
use journal::JournalId;
use lexopt::prelude::*;
use machine::command::Command;
use machine::outcome::Outcome;
use machine::time::Zone;
use std::path::PathBuf;
use web::settings::{Access, ApiKey, Scopes};

/// The name that stands for any of the 1987 dialects, told apart by the first bytes of each message.
const ANY_DIALECT: &str = "auto";

/// Runs `serve …`.
///
/// # Errors
/// What of the configuration, the keys, the journal or the ports is wrong.
pub fn run(mut arguments: lexopt::Parser) -> Result<(), Stop> {
    let mut file: Option<PathBuf> = None;
    let mut print = false;
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("config") | Short('c') => file = Some(arguments.value()?.into()),
            Long("print-config") => print = true,
            other @ (Short(_) | Long(_) | Value(_)) => return Err(other.unexpected().into()),
        }
    }
    let config = config::load(file.as_deref()).map_err(Stop::failed)?;
    if print {
        let text = toml::to_string(&config).map_err(Stop::failed)?;
        say!("{}", text.trim_end());
        return Ok(());
    }
    logs::start(&config.log.filter, &config.log.format).map_err(Stop::failed)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Stop::failed)?;
    runtime.block_on(serve(&config)).map_err(Stop::failed)
}

async fn serve(config: &Config) -> Result<(), String> {
    let mut signals = Signals::listen()?;
    crate::hardening::no_core_dumps()?;
    let token = key_token(config)?;
    let stored = crate::key_file::open(&config.keys.file, token.as_ref()).map_err(|stop| stop.what)?;
    let keys = Keys::of(&stored).map_err(|error| error.to_string())?;
    crate::keys::say_what_module(&*keys.hsm);
    let listeners = listeners(config)?;
    system::private_folder(&config.data)?;
    let recovery =
        host::open(&config.data, JournalId(system::random()?)).map_err(|error| error.to_string())?;
    tracing::info!(
        head = recovery.recovered.head.seq.0,
        replayed = recovery.replayed,
        created = recovery.recovered.created,
        "the journal is open"
    );
    if let Some(cut) = &recovery.recovered.tail_cut {
        tracing::warn!(%cut, "a torn tail was cut");
    }
    let parts = Parts {
        gateway: gateway_settings(config),
        limits: Limits { links_max: config.edge.links_max },
        host: host::Settings {
            snapshot_records: config.journal.snapshot_records,
            keep_records: config.journal.keep_records,
        },
        web: web_settings(config)?,
    };
    let (policy, before) = (config.policy.over(*recovery.machine.policy()), *recovery.machine.policy());
    if !policy.sound() {
        return Err("a figure of [policy] is out of its range".to_owned());
    }
    let system = System::start(recovery, keys, listeners, parts, false)?;
    if policy != before {
        match system::ask(&system.host, Command::SetPolicy(policy)).await {
            Ok(Outcome::Done) => tracing::info!("the policy was changed"),
            other => return Err(format!("the policy could not be set: {other:?}")),
        }
    }
    tracing::info!(http = %config.http.listen, pos = %config.pos.listen, "ready");
    signals.wait().await;
    tracing::info!("stopping");
    system.stop().await
}

/// The token that holds the master key: of the configuration, or of the environment.
fn key_token(config: &Config) -> Result<Option<Token>, String> {
    let keys = &config.keys;
    match (&keys.pkcs11_module, &keys.pkcs11_token) {
        (None, None) => Token::of_environment().map_err(|stop| stop.what),
        (Some(module), Some(token)) => {
            let key = keys.pkcs11_key.clone();
            Ok(Some(Token { module: module.clone(), token: token.clone(), key }))
        }
        (Some(_), None) | (None, Some(_)) => {
            Err("[keys] pkcs11_module and pkcs11_token are set together or not at all".to_owned())
        }
    }
}

fn listeners(config: &Config) -> Result<Listeners, String> {
    let http = system::bind(config.http.listen, "pages and API")?;
    let mut ports = vec![(system::bind(config.pos.listen, "terminals")?, LinkKind::UnionPayPos)];
    if let Some(listen) = config.host_link.listen {
        let profile = host_profile(config)?;
        ports.push((system::bind(listen, "host link")?, LinkKind::Iso87Host(profile)));
    }
    Ok(Listeners { http, ports })
}

fn host_profile(config: &Config) -> Result<HostProfile, String> {
    let link = &config.host_link;
    let any_dialect = link.dialect == ANY_DIALECT;
    let dialect = Dialect::by_name(if any_dialect { "iso87-binary" } else { &link.dialect })
        .filter(|dialect| dialect.name().starts_with("iso87"))
        .ok_or_else(|| format!("[host_link] dialect: `{}` is no dialect of 1987", link.dialect))?;
    let length = match link.length.as_str() {
        "binary2" => LengthPrefix::Binary2,
        "ascii4" => LengthPrefix::Ascii4,
        other => return Err(format!("[host_link] length: `{other}` is neither binary2 nor ascii4")),
    };
    Ok(HostProfile {
        dialect,
        any_dialect,
        framing: Framing { length, ..dialect.framing() },
        acquirer: link.acquirer,
        country: link.country,
        sign_on: link.sign_on,
        mac: HostMac::None,
        pin: None,
        answer_ms: config.edge.answer_ms,
    })
}

fn gateway_settings(config: &Config) -> gateway::Settings {
    gateway::Settings {
        zone: Zone(config.pos.zone_minutes),
        acquirer: config.pos.acquirer,
        issuer: config.pos.issuer,
        answer_ms: config.edge.answer_ms,
        key_overlap_ms: config.edge.key_overlap_ms,
        frames_in_flight_max: config.edge.frames_in_flight_max,
        idle_ms: config.edge.idle_ms,
        settlement_needs_mac: config.pos.settlement_needs_mac,
        ..gateway::Settings::china()
    }
}

fn web_settings(config: &Config) -> Result<web::Settings, String> {
    let keys = config.http.api_keys.iter().map(|text| api_key(text)).collect::<Result<Vec<_>, _>>()?;
    let mut settings = web::Settings::serve(keys);
    if config.http.api_keys.is_empty() {
        if !config.http.listen.ip().is_loopback() {
            return Err("[http] listen: without api_keys only a loopback address is taken".to_owned());
        }
        tracing::warn!("no api_keys: everybody on this computer may do everything");
        settings.access = Access::Open(Scopes::DEMO);
    }
    settings.test_amounts = config.http.test_amounts;
    settings.contact = config.http.contact.clone();
    settings.zone = Zone(config.pos.zone_minutes);
    Ok(settings)
}

/// `NAME:SCOPE+SCOPE:HASH`.
fn api_key(text: &str) -> Result<ApiKey, String> {
    let bad = |why: &str| format!("[http] api_keys: {why}");
    let mut parts = text.splitn(3, ':');
    let (Some(name), Some(scopes), Some(hash)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(bad("a key is NAME:SCOPES:HASH"));
    };
    let mut granted = Scopes { read: false, write: false, agent: false, legal: false };
    for scope in scopes.split('+') {
        match scope {
            "read" => granted.read = true,
            "write" => granted.write = true,
            "agent" => granted.agent = true,
            "legal" => granted.legal = true,
            other => return Err(bad(&format!("key `{name}`: there is no scope `{other}`"))),
        }
    }
    let bytes =
        super::iso::from_hex(hash).map_err(|_| bad(&format!("key `{name}`: the hash is not hexadecimal")))?;
    let hash = bytes.try_into().map_err(|_| bad(&format!("key `{name}`: the hash is not 32 bytes")))?;
    Ok(ApiKey { name: name.to_owned(), hash, scopes: granted, actor: None })
}
