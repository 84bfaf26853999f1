//! What the edge counts, for metrics.
//!
//! Numbers only: no terminal, no card, no text of a message.

use machine::cause::Cause;

/// Why a connection is closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hangup {
    /// A length that no frame has: nothing behind it can be trusted.
    Framing,
    /// Too many refused frames in a row.
    Strikes,
    /// More was sent than may wait, although the connection was not to be read from.
    Flood,
    /// Answers were not taken off it.
    SlowReader,
    /// Nothing was said for too long.
    Idle,
}

impl Hangup {
    /// Every reason, in the order they are counted.
    pub const ALL: [Hangup; 5] =
        [Hangup::Framing, Hangup::Strikes, Hangup::Flood, Hangup::SlowReader, Hangup::Idle];

    /// Its name in metrics and logs.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Hangup::Framing => "framing",
            Hangup::Strikes => "strikes",
            Hangup::Flood => "flood",
            Hangup::SlowReader => "slow_reader",
            Hangup::Idle => "idle",
        }
    }
}

/// What was counted since the gateway began.
#[derive(Clone, Debug)]
pub struct Counters {
    /// Frames taken in.
    pub frames_in: u64,
    /// Frames handed out.
    pub frames_out: u64,
    /// Bytes taken in.
    pub bytes_in: u64,
    /// Bytes handed out.
    pub bytes_out: u64,
    /// Commands asked.
    pub asked: u64,
    /// Frames that could not be read and not be answered either.
    pub unreadable: u64,
    /// Answers and messages of a kind that nobody waits for, dropped.
    pub unexpected: u64,
    /// Asks whose outcome came after the connection was gone, or never.
    pub unanswered: u64,
    /// Faults of terminals not recorded because there were too many of them.
    pub faults_held_back: u64,
    /// Signature images put together and kept.
    pub images: u64,
    /// Signature uploads dropped unfinished.
    pub uploads_dropped: u64,
    /// Working keys made anew because they were not ready.
    pub keys_derived: u64,
    refused: [u64; Cause::ALL.len()],
    hangups: [u64; Hangup::ALL.len()],
}

impl Default for Counters {
    fn default() -> Counters {
        Counters {
            frames_in: 0,
            frames_out: 0,
            bytes_in: 0,
            bytes_out: 0,
            asked: 0,
            unreadable: 0,
            unexpected: 0,
            unanswered: 0,
            faults_held_back: 0,
            images: 0,
            uploads_dropped: 0,
            keys_derived: 0,
            refused: [0; Cause::ALL.len()],
            hangups: [0; Hangup::ALL.len()],
        }
    }
}

impl Counters {
    /// Frames the gateway itself refused for that cause.
    #[must_use]
    pub fn refused(&self, cause: Cause) -> u64 {
        self.refused[usize::from(cause.rank())]
    }

    /// Connections closed for that reason.
    #[must_use]
    pub fn hangups(&self, why: Hangup) -> u64 {
        self.hangups[why as usize]
    }

    pub(crate) fn refuse(&mut self, cause: Cause) {
        self.refused[usize::from(cause.rank())] += 1;
    }

    pub(crate) fn hang_up(&mut self, why: Hangup) {
        self.hangups[why as usize] += 1;
    }
}
