//! The knobs of a simulated club: the pages' [`web::DemoControl`] on the club's own [`SimControl`] and on the
//! desk's line. Owns nothing else.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::plug;
use crate::desk::{DeskHandle, Line};
use crate::simclub::{Behaviour, Mains, SimControl};
use crate::web;

/// Turned by the demo page and the demo API.
pub struct Knobs {
    control: SimControl,
    mains: Mains,
    powered: AtomicBool,
    up: AtomicBool,
    desk: OnceLock<DeskHandle>,
}

impl Knobs {
    pub fn new(control: SimControl, mains: Mains) -> Knobs {
        let (powered, up) = (AtomicBool::new(true), AtomicBool::new(true));
        Knobs { control, mains, powered, up, desk: OnceLock::new() }
    }

    /// The desk whose line they cut. Only the first counts.
    pub fn attach(&self, desk: DeskHandle) {
        let _ = self.desk.set(desk);
    }
}

impl web::DemoControl for Knobs {
    fn list(&self) -> Vec<web::DemoSetting> {
        let settings = self.control.list().into_iter();
        settings
            .map(|(target, effect, b)| web::DemoSetting { target, effect, behaviour: b.to_string() })
            .collect()
    }

    fn set(&self, setting: &web::DemoSetting) -> Result<(), String> {
        let behaviour: Behaviour = setting.behaviour.parse().map_err(|e| format!("{e}"))?;
        let known = self.control.list().into_iter();
        if !known
            .into_iter()
            .any(|(target, effect, _)| (&target, effect) == (&setting.target, setting.effect))
        {
            return Err(format!("this club has no {} that does {}", setting.target, setting.effect));
        }
        self.control.set(&setting.target, setting.effect, behaviour);
        Ok(())
    }

    fn line(&self, up: bool) {
        self.up.store(up, Ordering::Relaxed);
        let line = if up { Line::Up } else { Line::Down };
        if let Some(desk) = self.desk.get() {
            let _ = desk.tell(move |desk| plug::line_is(desk, line)); // the demo may be ending
        }
    }

    fn power(&self, on: bool) {
        self.powered.store(on, Ordering::Relaxed);
        self.mains.set(on);
    }

    fn is_power_on(&self) -> bool {
        self.powered.load(Ordering::Relaxed)
    }

    fn is_line_up(&self) -> bool {
        self.up.load(Ordering::Relaxed)
    }
}
