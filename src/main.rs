//! `clubos`, the box: see [`clubos::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    clubos::telemetry::memory::keep_little();
    clubos::cli::main()
}
