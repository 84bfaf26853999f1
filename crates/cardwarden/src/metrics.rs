//! Metrics in Prometheus' text exposition format, version 0.0.4.

use crate::edge::Published;
use crate::host::Gauges;
use gateway::Hangup;
use machine::cause::Cause;
use std::fmt::Write;
use std::sync::atomic::Ordering;

/// All metrics of a host.
pub fn text(gauges: &Gauges, edge: &Published) -> String {
    let mut out = String::new();
    let mut one = |name: &str, kind: &str, help: &str, value: u64| {
        // Writing to a string cannot fail.
        let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
    };
    let load = |value: &std::sync::atomic::AtomicU64| value.load(Ordering::Relaxed);
    one(
        "cardwarden_ready",
        "gauge",
        "Whether commands are taken.",
        u64::from(gauges.ready.load(Ordering::Acquire)),
    );
    one("cardwarden_journal_head", "gauge", "Last durable record.", load(&gauges.head));
    one("cardwarden_commands_total", "counter", "Commands applied and durable.", load(&gauges.commands));
    one(
        "cardwarden_commands_refused_total",
        "counter",
        "Commands refused or left unknown.",
        load(&gauges.refused),
    );
    one("cardwarden_journal_records_total", "counter", "Records made durable.", load(&gauges.records));
    one("cardwarden_journal_bytes_total", "counter", "Bytes of records made durable.", load(&gauges.bytes));
    one("cardwarden_links", "gauge", "Open connections of terminals and hosts.", edge.links as u64);
    one(
        "cardwarden_links_turned_away_total",
        "counter",
        "Connections refused for want of room.",
        edge.turned_away,
    );
    let Some(counters) = &edge.counters else { return out };
    one("cardwarden_frames_in_total", "counter", "Frames read.", counters.frames_in);
    one("cardwarden_frames_out_total", "counter", "Frames written.", counters.frames_out);
    one("cardwarden_bytes_in_total", "counter", "Bytes read.", counters.bytes_in);
    one("cardwarden_bytes_out_total", "counter", "Bytes written.", counters.bytes_out);
    one(
        "cardwarden_frames_unreadable_total",
        "counter",
        "Frames that could not be read.",
        counters.unreadable,
    );
    one(
        "cardwarden_frames_unexpected_total",
        "counter",
        "Frames nobody sends to a host.",
        counters.unexpected,
    );
    one(
        "cardwarden_answers_lost_total",
        "counter",
        "Answers nobody waited for any more.",
        counters.unanswered,
    );
    one(
        "cardwarden_faults_held_back_total",
        "counter",
        "Faults not recorded, in a flood.",
        counters.faults_held_back,
    );
    one("cardwarden_images_total", "counter", "Signatures taken.", counters.images);
    one(
        "cardwarden_uploads_dropped_total",
        "counter",
        "Signature uploads never finished.",
        counters.uploads_dropped,
    );
    one("cardwarden_keys_derived_total", "counter", "Working keys derived.", counters.keys_derived);
    let _ = writeln!(out, "# HELP cardwarden_refused_total Messages the edge refused, by cause.");
    let _ = writeln!(out, "# TYPE cardwarden_refused_total counter");
    for cause in Cause::ALL.iter().filter(|cause| counters.refused(**cause) > 0) {
        let _ = writeln!(
            out,
            "cardwarden_refused_total{{cause=\"{}\"}} {}",
            cause.slug(),
            counters.refused(*cause)
        );
    }
    let _ = writeln!(out, "# HELP cardwarden_hangups_total Connections closed by the edge, by reason.");
    let _ = writeln!(out, "# TYPE cardwarden_hangups_total counter");
    for why in Hangup::ALL {
        let _ = writeln!(out, "cardwarden_hangups_total{{why=\"{}\"}} {}", why.slug(), counters.hangups(why));
    }
    out
}
