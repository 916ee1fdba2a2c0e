//! A BenQ projector: `driver = "benq"`.

use super::super::problem::Problems;
use super::super::raw::Fields;

/// The inputs of these projectors, as its protocol names them.
const INPUTS: &[&str] = &["hdmi", "hdmi2", "dp", "hdbaset", "rgb"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Benq {
    pub host: String,
    /// Its port for RS-232 over LAN; 8000 by the manufacturer.
    pub port: u16,
    /// The input the bay's PC is on: `hdmi`.
    pub input: String,
}

pub(super) fn read(table: &mut Fields, problems: &mut Problems) -> Option<Benq> {
    let host = super::host(table, problems);
    let port = super::port(table, 8000, problems);
    let input = table.need_text("input", "write the input the bay's PC is on, like \"hdmi\"", problems);
    let input = input.filter(|input| {
        let known = INPUTS.contains(&input.value.as_str());
        if !known {
            let what = format!("`{}` is no input of these projectors", input.value);
            problems.add(input.line, table.at("input"), what, format!("use one of: {}", INPUTS.join(", ")));
        }
        known
    });
    Some(Benq { host: host?, port, input: input?.value })
}
