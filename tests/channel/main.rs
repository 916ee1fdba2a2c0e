//! The text providers against simulated ones that are strict, slow, wrong, forgetful or gone.

mod chaos;
mod fakes;
mod hooks;
mod quo_hears;
mod quo_sends;
mod signatures;
mod spec;
mod support;
mod twilio;
mod twilio_spec;
