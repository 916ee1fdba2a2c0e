//! The demo's text line: a simulated provider on loopback, and the phones of simulated customers at its
//! other end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use super::texting::Line;
use crate::channel::Settings;
use crate::channel::api::Patience;
use crate::channel::quo::{Quo, QuoSettings, Reading};
use crate::clock::Clock;
use crate::simclub::carrier::Carrier;
use crate::simclub::fake_quo::FakeQuo;
use crate::store::booking::Booking;
use crate::web::{DemoPhone, PhoneLine, PhoneOwner};

/// Texts are looked for this often in the demo.
const POLL_EVERY: Duration = Duration::from_millis(500);

/// The phones of the demo's customers.
pub struct Phones {
    carrier: Arc<Carrier>,
    owners: Vec<PhoneOwner>,
}

/// The line of a simulated club; it ends with the simulated provider.
///
/// # Errors
/// A provider that cannot be spoken to.
pub fn line(quo: &FakeQuo, clock: &Clock) -> anyhow::Result<Line> {
    let settings = QuoSettings {
        base_url: quo.url.clone(),
        api_key: quo.key.clone(),
        number: quo.number.parse().context("the simulated number")?,
        number_id: quo.number_id.clone(),
        user_id: None,
        webhook_secrets: vec![quo.webhook_secret.clone()],
        reading: Reading::default(),
    };
    let provider = Quo::new(settings, clock.clone(), Patience::default())?;
    let settings = Settings {
        poll_every: POLL_EVERY,
        silence_alarm: Duration::from_secs(12 * 3600),
        look_up_for: Duration::from_secs(120),
        webhook_url: None,
        simulated: true,
    };
    Ok((Arc::new(provider), settings))
}

impl Phones {
    /// The phones of these guests, of a stranger, and of somebody who has booked nothing.
    pub fn of(quo: &FakeQuo, bookings: &[Booking], about: impl Fn(&Booking) -> String) -> Phones {
        let guest = |b: &Booking| {
            let number = b.phone.as_ref()?.as_str().to_owned();
            Some(PhoneOwner { number, name: b.name.clone(), about: about(b) })
        };
        let mut owners: Vec<PhoneOwner> = bookings.iter().filter_map(guest).collect();
        for (number, name) in [("+19025550177", "A stranger"), ("+19025550178", "Another stranger")] {
            let about = "no booking".to_owned();
            owners.push(PhoneOwner { number: number.to_owned(), name: name.to_owned(), about });
        }
        Phones { carrier: quo.carrier().clone(), owners }
    }
}

impl DemoPhone for Phones {
    fn owners(&self) -> Vec<PhoneOwner> {
        self.owners.clone()
    }

    fn screen(&self, number: &str) -> Vec<PhoneLine> {
        let shown = self.carrier.phone(number).into_iter();
        shown.map(|text| PhoneLine { from_club: text.from_club, text: text.body, at: text.at }).collect()
    }

    fn write(&self, number: &str, text: &str) {
        self.carrier.customer_writes(number, text, 0);
    }

    fn call(&self, number: &str, voicemail: Option<&str>) {
        self.carrier.customer_calls(number, voicemail);
    }
}
