//! What the scene says before a word is read: bay's devices, booking, the matter under way, the open question, the
//! hour. Each sign shifts the log-odds of a few intents by a little; the table below is all there is of it.
//!
//! The text stays the judge. A shift upwards counts only for an intent that the text alone finds possible
//! ([`POSSIBLE`]), never makes an act match that the text alone finds unlikely (`route`), and touches no emergency.

use super::{Context, PendingKind};

/// P from the text alone below which the scene does not speak for an intent.
pub const POSSIBLE: f32 = 0.06;

/// The state of the devices of the customer's own bay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceSign {
    /// The bay's agent does not answer.
    Offline,
    /// The agent answers and says that the simulator software is not running.
    SoftwareDead,
    /// The agent answers and the software runs.
    Well,
}

/// The customer's booking that is nearest to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BookingSign {
    Running,
    /// Begins within the hour.
    Soon,
    /// Ended within the day.
    Ended,
    /// A known customer without one within a day.
    None,
}

/// Intent or family (with its dot) and the shift of its log-odds.
type Row = (&'static str, f32);

const OFFLINE: &[Row] = &[
    ("facility.power", 0.8),
    ("sim.black-screen", 0.7),
    ("sim.frozen", 0.6),
    ("sim.internet", 0.5),
    ("sim.game-setup", -0.7),
    ("sim.ball-not-registering", -0.5),
    ("facility.temperature", -0.6),
    ("followup.resolved", -0.7),
];
const SOFTWARE_DEAD: &[Row] = &[
    ("sim.frozen", 1.1),
    ("sim.windows-screen", 1.1),
    ("sim.black-screen", 0.3),
    ("sim.game-setup", -0.8),
    ("sim.ball-not-registering", -0.6),
    ("sim.partial-data", -0.6),
    ("sim.login", -0.5),
    ("facility.temperature", -0.9),
    ("followup.resolved", -0.9),
];
const WELL: &[Row] = &[("sim.windows-screen", -0.6), ("facility.power", -0.8), ("sim.internet", -0.3)];

const RUNNING: &[Row] = &[
    ("sim.", 0.3),
    ("booking.extend", 0.6),
    ("access.early", -1.0),
    ("booking.new", -0.5),
    ("faq.events", -0.3),
];
const SOON: &[Row] = &[
    ("access.", 0.4),
    ("access.early", 0.6),
    ("booking.change", 0.3),
    ("booking.extend", -1.0),
    ("sim.", -0.5),
    ("lost-found", -0.3),
];
const ENDED: &[Row] = &[
    ("lost-found", 0.7),
    ("billing.", 0.4),
    ("feedback.", 0.4),
    ("sim.", -0.6),
    ("access.early", -0.8),
    ("booking.extend", -0.5),
    ("booking.new", 0.3),
];
const NO_BOOKING: &[Row] = &[
    ("booking.new", 0.8),
    ("faq.", 0.4),
    ("booking.extend", -0.9),
    ("access.early", -0.6),
    ("sim.", -0.6),
    ("facility.", -0.4),
];
const QUIET: &[Row] = &[("access.", 0.2), ("faq.hours", 0.3)];

/// The shifts of one scene.
#[derive(Debug, Clone, Default)]
pub struct Prior {
    rows: Vec<(String, f32)>,
}

impl Prior {
    /// What the bay, the booking and the hour say: it holds for every clause of a text.
    pub fn of_place(context: &Context) -> Prior {
        let device = match context.device {
            Some(DeviceSign::Offline) => OFFLINE,
            Some(DeviceSign::SoftwareDead) => SOFTWARE_DEAD,
            Some(DeviceSign::Well) => WELL,
            None => &[],
        };
        let booking = match context.booking {
            Some(BookingSign::Running) => RUNNING,
            Some(BookingSign::Soon) => SOON,
            Some(BookingSign::Ended) => ENDED,
            Some(BookingSign::None) => NO_BOOKING,
            None => &[],
        };
        let hour = if context.quiet { QUIET } else { &[] };
        let all = [device, booking, hour].into_iter().flatten();
        Prior { rows: all.map(|(intent, odds)| ((*intent).to_owned(), *odds)).collect() }
    }

    /// … and what the conversation says: it holds for a text as a whole.
    pub fn of(context: &Context) -> Prior {
        let mut prior = Prior::of_place(context);
        let mut add = |intent: &str, odds| prior.rows.push((intent.to_owned(), odds));
        if let Some(last) = &context.last_intent {
            add(last, 0.5);
            add("followup.", if context.closed { 0.3 } else { 0.6 });
        }
        match context.pending {
            Some(PendingKind::Confirm | PendingKind::AtDoor) => {
                add("chat.affirm", 0.8);
                add("chat.deny", 0.8);
            }
            Some(PendingKind::Person) => {
                add("chat.affirm", 0.6);
                add("chat.deny", 0.6);
                add("human.request", 0.4);
            }
            Some(PendingKind::Bay | PendingKind::Which | PendingKind::Detail) | None => {}
        }
        prior
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The shift of an intent's log-odds: the sum of what fits it; of an emergency none.
    pub fn odds(&self, intent: &str) -> f32 {
        if intent.starts_with("emergency.") {
            return 0.0;
        }
        let fits = |row: &str| row == intent || (row.ends_with('.') && intent.starts_with(row));
        self.rows.iter().filter(|(row, _)| fits(row)).map(|(_, odds)| odds).sum()
    }

    /// Shifts log probabilities that are compared at this temperature. `alone`: the probabilities of the text alone.
    pub fn shift(&self, together: &mut [f32], classes: &[String], alone: &[f32], temperature: f32) {
        for ((score, class), p) in together.iter_mut().zip(classes).zip(alone) {
            let odds = self.odds(class);
            if odds < 0.0 || *p >= POSSIBLE {
                *score += odds * temperature;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead() -> Context {
        Context { device: Some(DeviceSign::SoftwareDead), ..Context::default() }
    }

    #[test]
    fn nothing_known_shifts_nothing() {
        assert!(Prior::of(&Context::default()).is_empty());
        assert_eq!(Prior::of(&dead()).odds("faq.wifi"), 0.0);
    }

    #[test]
    fn a_family_and_an_intent_of_it_add_up() {
        let soon = Prior::of(&Context { booking: Some(BookingSign::Soon), ..Context::default() });
        assert!((soon.odds("access.early") - 1.0).abs() < 1e-6);
        assert!((soon.odds("access.no-link") - 0.4).abs() < 1e-6);
    }

    #[test]
    fn the_scene_speaks_for_nothing_that_the_text_finds_impossible_and_touches_no_danger() {
        let classes: Vec<String> =
            ["emergency.fire", "facility.temperature", "sim.frozen", "sim.windows-screen"]
                .map(str::to_owned)
                .to_vec();
        let mut scores = vec![0.0; 4];
        Prior::of(&dead()).shift(&mut scores, &classes, &[0.2, 0.5, 0.25, 0.05], 0.5);
        assert_eq!(scores[0], 0.0);
        assert!(scores[1] < 0.0, "a freezing hall is less likely where the software is dead");
        assert!((scores[2] - 1.1 * 0.5).abs() < 1e-6, "log-odds at the temperature they are compared at");
        assert_eq!(scores[3], 0.0, "below the floor");
    }

    #[test]
    fn no_shift_of_the_table_outweighs_a_clear_text() {
        let contexts = [DeviceSign::Offline, DeviceSign::SoftwareDead, DeviceSign::Well].map(Some);
        let bookings =
            [BookingSign::Running, BookingSign::Soon, BookingSign::Ended, BookingSign::None].map(Some);
        for device in contexts {
            for booking in bookings {
                let context = Context { device, booking, quiet: true, ..Context::default() };
                for (intent, _) in &Prior::of(&context).rows {
                    let name = if intent.ends_with('.') { format!("{intent}x") } else { intent.clone() };
                    // At 95 % from the text, odds of 19, no sum of shifts (e^2.2 = 9) turns it round.
                    assert!(Prior::of(&context).odds(&name).abs() <= 2.2, "{context:?} {intent}");
                }
            }
        }
    }
}
