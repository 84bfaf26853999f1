//! What keeps keys in memory from ending in a file: no core dumps, no reading by other processes of the
//! same user.
//!
//! Nothing here encrypts memory; whoever is root reads it all the same.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Turns core dumps off for this process and those it starts, for good, and bars other processes of the
/// same user from reading its memory (`PR_SET_DUMPABLE`, which `/proc/PID/mem` and `ptrace` ask).
///
/// # Errors
/// What the system refused. Keys are better not opened then.
pub fn no_core_dumps() -> Result<(), String> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })
        .map_err(|error| format!("core dumps could not be switched off: {error}"))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|error| format!("this process' memory could not be closed to others: {error}"))
}

#[cfg(test)]
mod tests {
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    #[test]
    fn nothing_is_dumped() {
        super::no_core_dumps().unwrap();
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }
}
