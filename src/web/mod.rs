//! Pages and JSON API on the club's own network.
//!
//! Owns sign-in, presence codes, the staff, bay, screen and door pages, the API under `/api/v1`, events,
//! health and metrics. May use everything from `desk` down. Decides nothing about conversations or
//! devices: what comes in goes to the desk, what is shown was read from the database. Nothing here needs
//! the internet: styles and scripts are in the program.

mod api;
mod app;
mod assets;
mod auth;
mod bookings;
mod client;
mod door;
mod error;
mod events;
mod headers;
mod hooks;
mod metrics;
mod pages;
mod password;
mod people;
mod phone;
mod presence;
mod readiness;
mod throttle;
mod tls;
mod token;
pub mod view;

pub use api::openapi::document as openapi;
pub use api::routes as api_routes;
pub use app::{App, DemoControl, DemoInfo, DemoSetting, SiteFile, router, serve, serve_on, serve_tls_on};
pub use bookings::parse as bookings;
pub use hooks::{HookAnswer, TextHooks};
pub use password::hash_password;
pub use people::{ChannelName, DemoSlack, People, SlackMessage};
pub use phone::{DemoPhone, PhoneLine, PhoneOwner};
pub use presence::{PresenceError, bay_paths, screen_paths};
pub use readiness::Readiness;
pub use tls::{Certificate, CertificateError};
pub use token::{sha256 as key_sha256, token as new_key};
