//! `clubos`, the box: see [`clubos::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    clubos::cli::main()
}
