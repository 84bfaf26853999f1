//! Sign-in of terminals: working keys under the terminal's master key, in the layouts of field 62.
//!
//! No key in the clear: the security module derives, wraps and checks.

use super::{Made, On, Request};
use crate::edge::Edge;
use crate::evidence::cause_of;
use crate::keys::{KeySlot, Working};
use cardcrypto::sign_in::SignInLayout;
use machine::cause::Cause;
use machine::command::{Command, KeySet};

/// Asks for a sign-in, if there is a master key to answer it with.
///
/// # Errors
/// [`Cause::SecurityModuleDown`] where the terminal has no master key here.
pub(super) fn sign_in(edge: &Edge, request: &Request<'_, '_>, keys: KeySet) -> Result<Made, Cause> {
    let acceptor = request.acceptor;
    edge.keys.terminal_master(acceptor).ok_or(Cause::SecurityModuleDown)?;
    Ok(Made::Ask(Command::SignIn { acceptor, keys }, On::SignIn(keys, request.de60)))
}

/// Field 62 of the answer: each working key under the master key, followed by four bytes of its check value.
/// A MAC key of single length stands in a double field with zeros behind it (003, 004).
///
/// # Errors
/// What the security module said.
pub(super) fn working_keys(edge: &mut Edge, slot: KeySlot, keys: KeySet) -> Result<Vec<u8>, Cause> {
    let master = edge.keys.terminal_master(slot.acceptor).ok_or(Cause::SecurityModuleDown)?;
    let (layout, which): (_, &[Working]) = match keys {
        KeySet::Single => (SignInLayout::Single, &[Working::PinSingle, Working::Mac]),
        KeySet::Double => (SignInLayout::Double, &[Working::PinDouble, Working::Mac]),
        KeySet::DoubleWithTrack => {
            (SignInLayout::DoubleWithTrack, &[Working::PinDouble, Working::Mac, Working::Track])
        }
    };
    let mut wrapped = Vec::with_capacity(which.len());
    for which in which {
        let key = edge.working_key(slot, *which).map_err(cause_of)?;
        wrapped.push(edge.hsm.export_under(master, key).map_err(cause_of)?);
    }
    let parts: Vec<_> = wrapped.iter().map(|key| (key.cryptogram(), key.check_value)).collect();
    layout.lay_out(&parts).map_err(|_| Cause::SecurityModuleDown)
}
