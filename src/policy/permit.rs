//! The permit: proof, by type, that the gate let one effect through.

use crate::clock::UnixMs;
use crate::site::{Effect, Target};

/// One authorised effect. Its fields are private to this room, so that no other room can make one.
///
/// Forging one does not compile:
///
/// ```compile_fail,E0451
/// use clubos::{clock::UnixMs, policy::Permit, site::{Effect, Target}};
/// let target = Target::new("door-main");
/// Permit { effect_id: 1, effect: Effect::DoorUnlock, target, value: None, expires_at: UnixMs(0) };
/// ```
///
/// and no driver takes anything else:
///
/// ```compile_fail,E0308
/// async fn open(driver: &dyn clubos::device::Driver) {
///     let _ = driver.act((clubos::site::Effect::DoorUnlock, "door-main")).await;
/// }
/// ```
///
/// Nor can one be used for two effects; a driver that tries again does so with the one it was given:
///
/// ```compile_fail,E0599
/// fn twice(permit: clubos::policy::Permit) -> [clubos::policy::Permit; 2] {
///     [permit.clone(), permit]
/// }
/// ```
///
/// What the gate has let through goes on to a driver as it is:
///
/// ```
/// async fn carry_out(driver: &dyn clubos::device::Driver, permit: clubos::policy::Permit) {
///     let _ = driver.act(permit).await;
/// }
/// ```
#[derive(Debug)]
pub struct Permit {
    pub(super) effect_id: i64,
    pub(super) effect: Effect,
    pub(super) target: Target,
    pub(super) value: Option<f32>,
    pub(super) expires_at: UnixMs,
}

impl Permit {
    /// The journal row this permit belongs to; sent along as the correlation id.
    pub fn effect_id(&self) -> i64 {
        self.effect_id
    }
    pub fn effect(&self) -> Effect {
        self.effect
    }
    pub fn target(&self) -> &Target {
        &self.target
    }
    /// The number that goes with the effect: degrees Celsius for `thermostat.set`.
    pub fn value(&self) -> Option<f32> {
        self.value
    }
    /// After this moment the command must not be sent any more.
    pub fn expires_at(&self) -> UnixMs {
        self.expires_at
    }
}

#[cfg(any(test, feature = "testing"))]
impl Permit {
    /// A permit that no gate granted. Exists only in test builds, to try drivers by themselves.
    #[doc(hidden)]
    pub fn for_tests(
        effect_id: i64,
        effect: Effect,
        target: Target,
        value: Option<f32>,
        expires_at: UnixMs,
    ) -> Permit {
        Permit { effect_id, effect, target, value, expires_at }
    }
}
