//! Scenarios and history, run through the real engine on virtual time: `clubos simulate`.
//!
//! Owns the scenario format, the virtual evening around the desk, the trace and the expectations. May use
//! `simclub`, `desk` and below. Everything in it is simulated and says so; it never decides anything that
//! the engine decides.

mod apply;
pub mod conversations;
mod expect;
mod parse;
mod queue;
mod record;
mod run;
mod scenario;
mod simulate;
mod state_dir;
mod trace;

pub use expect::{Verdict, judge};
pub use parse::{ScenarioProblems, find_site, load_scenario, read_scenario};
pub use record::Record;
pub use run::{Engine, RunError, run};
pub use scenario::{Expectation, Scenario};
pub use simulate::{Engines, Setup, SetupError, simulate};
