//! The faults, a file for each kind.

mod clients;
mod clock;
mod disk;
mod kill;
mod moves;
mod postgres;
mod sync;

use std::io;

use crate::{Options, Report};

/// A check: its name, and what it does.
pub type Check = (&'static str, fn(&Options, &mut Report) -> io::Result<()>);

/// All checks, in the order in which they run.
pub const ALL: &[Check] = &[
    ("kill", kill::kill),
    ("sync", sync::sync),
    ("disk-full", disk::full),
    ("file-limit", disk::limit),
    ("read-only", disk::read_only),
    ("client-gone", clients::gone),
    ("slow-clients", clients::slow),
    ("idle-connections", clients::idle),
    ("descriptors", clients::descriptors),
    ("clock-back", clock::clock),
    ("pg-kill", postgres::kill),
    ("pg-two", postgres::two),
    ("pg-restart", postgres::restart),
    ("pg-cut", postgres::cut),
    ("move", moves::moves),
];

/// Those of the short form.
pub const QUICK: &[&str] = &["kill", "file-limit", "client-gone", "clock-back", "pg-kill", "pg-restart", "pg-cut", "move"];
