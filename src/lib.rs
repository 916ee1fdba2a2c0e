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

pub mod channel;
pub mod cli;
pub mod clock;
pub mod desk;
pub mod device;
pub mod feed;
pub mod intent;
pub mod llm;
pub mod notify;
pub mod policy;
pub mod replay;
pub mod simclub;
pub mod site;
pub mod sop;
pub mod store;
pub mod telemetry;
pub mod web;
