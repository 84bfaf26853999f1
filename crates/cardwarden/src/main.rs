//! The binary: sockets, clock, threads, configuration, commands. No rules about money.

mod bench;
mod ceremony;
mod clock;
mod commands;
mod config;
mod demo;
mod edge;
mod hardening;
mod host;
mod key_audit;
mod key_file;
mod keys;
mod logs;
mod metrics;
mod signals;
mod system;
mod web_host;

use commands::{Stop, say};
use lexopt::prelude::*;
use std::process::ExitCode;

/// What the command line can do, as `help` shows it.
const HELP: &str = "\
Cardwarden: a card-payment host that protects accounts without abandoning their holders.

  cardwarden [demo] [--port P] [--pos-port P] [--host-port P] [--data DIR] [--seed N] [--speed X]
             [--lang zh|en] [--for SECONDS] [--keys-out FILE] [--log FILTER]
                                  a living demonstration: invented people, real bytes on the wire
  cardwarden serve --config FILE  the host; `serve --print-config` shows every setting and its default
  cardwarden iso decode HEX --dialect D [--json] [--unmask]
  cardwarden iso encode JSON --dialect D
                                  ISO 8583 messages to fields and back; without HEX or JSON: standard input
  cardwarden explain CODE|SLUG|ID [--lang zh|en] [--data DIR]
                                  what a response code, a cause, a decision or a freeze means
  cardwarden journal verify|dump DIR [--from N]
                                  whether a journal is whole; what it says
  cardwarden replay DIR [--until N]
                                  applies a journal again and proves every stored answer
  cardwarden keys ceremony|new|list|add|terminal|transport|import|export|rotate|retire|audit …
                                  the key file: made by two people, every act entered; `keys help` says more
  cardwarden risk evaluate --transactions FILE --epoch DAY --train FROM..TO --delay DAYS --test FROM..TO [--json]
                                  how well a model learned on some days finds the fraud of later ones
  cardwarden bench [--json FILE] [--markdown FILE] [--seconds S] [--rounds N] [--only NAME,..] [--dir DIR]
                   [--no-postgres]
                                  what this build does on this machine, beside PostgreSQL doing the same
  cardwarden help | version
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop { what, code }) => {
            use std::io::Write;
            // If standard error is closed there is nobody to tell.
            let _ = writeln!(std::io::stderr().lock(), "cardwarden: {what}");
            ExitCode::from(code)
        }
    }
}

fn run() -> Result<(), Stop> {
    let mut arguments = lexopt::Parser::from_env();
    let command = match arguments.next()? {
        None => return demo::run(lexopt::Parser::from_args(Vec::<String>::new())),
        Some(Value(command)) => command.string()?,
        Some(Long("help") | Short('h')) => "help".to_owned(),
        Some(Long("version") | Short('V')) => "version".to_owned(),
        // Options without a command are the demonstration's.
        Some(Long(_) | Short(_)) => return demo::run(lexopt::Parser::from_env()),
    };
    match command.as_str() {
        "demo" => demo::run(arguments),
        "serve" => commands::serve::run(arguments),
        "iso" => commands::iso::run(arguments),
        "explain" => commands::explain::run(arguments),
        "journal" => commands::journal::run(arguments),
        "bench" => bench::run(arguments),
        "replay" => commands::replay::run(arguments),
        "keys" => commands::keys::run(arguments),
        "risk" => commands::risk::run(arguments),
        "help" => {
            say!("{}", HELP.trim_end());
            Ok(())
        }
        "version" => {
            say!("cardwarden {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
        other => Err(Stop::usage(format!("there is no command `{other}`"))),
    }
}
