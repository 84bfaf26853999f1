//! The commands of the command line, a file each. What they say on screen is said here and nowhere else.

pub mod explain;
pub mod iso;
pub mod journal;
pub mod keys;
pub mod replay;
pub mod risk;
pub mod serve;

use std::fmt;

/// Why a command ends without having done its work. The text is shown to whoever typed it.
#[derive(Debug)]
pub struct Stop {
    /// What and where; never a secret.
    pub what: String,
    /// The exit code: 1 it could not be done, 2 it was asked wrongly.
    pub code: u8,
}

impl Stop {
    /// It could not be done.
    pub fn failed(what: impl fmt::Display) -> Stop {
        Stop { what: what.to_string(), code: 1 }
    }

    /// It was asked wrongly.
    pub fn usage(what: impl fmt::Display) -> Stop {
        Stop { what: format!("{what}\nSee `cardwarden help`."), code: 2 }
    }
}

impl From<lexopt::Error> for Stop {
    fn from(error: lexopt::Error) -> Stop {
        Stop::usage(error)
    }
}

/// Prints to standard output; whoever closes it early is not an error.
macro_rules! say {
    ($($arguments:tt)*) => {{
        use std::io::Write;
        // A reader that has seen enough has closed the pipe: nothing is lost.
        let _ = writeln!(std::io::stdout().lock(), $($arguments)*);
    }};
}
pub(crate) use say;
