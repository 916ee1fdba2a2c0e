//! ClubOS: one box that runs an unstaffed indoor-golf club.
//!
//! The map, top floor first. A room imports only from the floors below its own; `tests/house.rs`
//! reads the `use` lines and fails on an arrow up or sideways.
//!
//! | floor | room | holds |
//! |---|---|---|
//! | 7 | `main.rs`, [`cli`] | the commands; `serve` puts the rooms together, nothing else does |
//! | 6 | [`web`] | pages on the LAN, JSON API, events, sign-in |
//! | 6 | [`channel`] | where customers' texts come in and go out |
//! | 6 | [`notify`] | where people are called |
//! | 6 | [`home_assistant`] | the club in Home Assistant: entities out, wishes in |
//! | 6 | [`discovery`] | devices that announce themselves: proposed to staff, never used by themselves |
//! | 6 | [`bayagent`] | the program on a bay's PC; knows the protocol's page and nothing of the box |
//! | 6 | [`replay`], [`simclub`] | scenarios on virtual time; the simulated club |
//! | 5 | [`desk`] | the conversation: inbox, turns, episodes, decisions, hand-over |
//! | 4 | [`intent`], [`llm`] | text to intents and slots; the fallback |
//! | 4 | [`device`] | drivers, health, verification; acts only on a `Permit` |
//! | 3 | [`policy`] | who may ask for what; the only place that makes a `Permit` |
//! | 3 | [`feed`] | calendars and numbers of the booking systems, read into bookings |
//! | 3 | [`sop`] | the procedures: format, checks, library |
//! | 2 | [`store`] | SQLite: schema, one writer, queries by table |
//! | 1 | [`site`] | `site.toml`, the ids as types, the catalogue of effects |
//! | 0 | [`telemetry`], [`clock`] | tracing, metrics, systemd; injected time |
//!
//! A bay's PC may run Windows: there only `bayagent` and `clock` are built.

pub mod bayagent;
#[cfg(unix)]
pub mod channel;
#[cfg(unix)]
pub mod cli;
pub mod clock;
#[cfg(unix)]
pub mod desk;
#[cfg(unix)]
pub mod device;
#[cfg(unix)]
pub mod discovery;
#[cfg(unix)]
pub mod feed;
#[cfg(unix)]
pub mod home_assistant;
#[cfg(unix)]
pub mod intent;
#[cfg(unix)]
pub mod llm;
#[cfg(unix)]
pub mod notify;
#[cfg(unix)]
pub mod policy;
#[cfg(unix)]
pub mod replay;
#[cfg(unix)]
pub mod simclub;
#[cfg(unix)]
pub mod site;
#[cfg(unix)]
pub mod sop;
#[cfg(unix)]
pub mod store;
#[cfg(unix)]
pub mod telemetry;
#[cfg(unix)]
pub mod web;
