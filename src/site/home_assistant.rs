//! `[home_assistant]`: whether the club shows itself in Home Assistant, and whether wishes are taken from
//! there. Without the table nothing of it happens.

use super::problem::Problems;
use super::raw::Fields;

/// How the club shows itself in Home Assistant, over the site's own broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeAssistant {
    /// Whether buttons are offered there and what they send is taken. Default false.
    pub commands: bool,
}

/// Reads `[home_assistant]`. `broker` says whether the file has one.
pub fn home_assistant(top: &mut Fields, broker: bool, problems: &mut Problems) -> Option<HomeAssistant> {
    let mut table = top.table("home_assistant", problems)?;
    let commands = table.flag("commands", problems).unwrap_or(false);
    if !broker {
        let mend = "write `[broker]` with host, username and password_file";
        problems.add(table.line, "broker", "`[home_assistant]` needs a broker", mend);
    }
    table.finish(problems);
    Some(HomeAssistant { commands })
}
