//! `clubos-agent`, the program on a bay's PC: see [`clubos::bayagent`].

use std::process::ExitCode;

fn main() -> ExitCode {
    clubos::bayagent::main()
}
