//! The devices of a site that are neither agents nor UniFi gear, each with all that it carries.
//!
//! Owns gathering them: the site names a driver for each effect, a driver works for each device.

use crate::site::{DriverKind, Effect, LanDevice, Site, Target};

/// A device: where it stands, what it carries, how it is spoken to.
#[derive(Debug, Clone)]
pub struct LanUnit {
    pub target: Target,
    pub effects: Vec<Effect>,
    pub device: LanDevice,
    /// The site calls it simulated.
    pub simulated: bool,
}

/// Every such device of the site. One that is named twice in the same words is one device.
pub fn of(site: &Site) -> Vec<LanUnit> {
    let bays =
        site.bays.values().flat_map(|bay| bay.drivers.iter().map(|(e, kind)| (bay.id.into(), *e, kind)));
    let hall = site.hall.values().flat_map(|device| {
        device.effects.iter().map(|effect| (device.target.clone(), *effect, &device.driver))
    });
    let mut units: Vec<LanUnit> = Vec::new();
    for (target, effect, kind) in bays.chain(hall) {
        let DriverKind::Lan(device) = kind else { continue };
        match units.iter_mut().find(|unit| unit.target == target && unit.device == *device) {
            Some(unit) => unit.effects.push(effect),
            None => units.push(LanUnit {
                simulated: site.simulated.contains(&target),
                target,
                effects: vec![effect],
                device: device.clone(),
            }),
        }
    }
    units
}
