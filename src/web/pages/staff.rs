//! The staff page: conversations, the one that is open, and the house around them.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Query, State};

use super::{Page, html};
use crate::site::BayId;
use crate::web::app::{App, AppState};
use crate::web::auth::{Staff, StaffPage};
use crate::web::error::Error;
use crate::web::presence::{self, PresenceError};
use crate::web::token;
use crate::web::view::conversation::{self, Conversation};
use crate::web::view::device::{self, DeviceView};
use crate::web::view::escalation::{self, EscalationView};
use crate::web::view::house::{self, IncidentView, LinkView, NoticeView, TicketView};
use crate::web::view::on_call::{self, DigestView, OnCallView};
use crate::web::view::proposal;
use crate::web::view::threads::{self, ThreadLine};
use crate::web::view::words;

#[derive(Template)]
#[template(path = "staff.html")]
struct StaffHome<'a> {
    club: &'a str,
    staff: &'a Staff,
    simulated: bool,
    demo: bool,
    /// Somebody listens for new devices.
    discovery: bool,
    /// Browsers can be rung.
    push: bool,
    seen: Seen,
    /// Ties a reply to this form: sent twice, it goes out once.
    form_key: String,
    /// Bay number and address of its screen, for managers.
    screens: Vec<(BayId, String)>,
    bay_pages: Vec<BayId>,
    doors: Vec<(String, String)>,
}

/// Everything that was read for one page, in one moment's view.
struct Seen {
    threads: Vec<ThreadLine>,
    open: Option<Conversation>,
    escalations: Vec<EscalationView>,
    devices: Vec<DeviceView>,
    tickets: Vec<TicketView>,
    incidents: Vec<IncidentView>,
    notices: Vec<NoticeView>,
    link: LinkView,
    on_call: OnCallView,
    digest: Option<DigestView>,
    /// Devices that announced themselves and wait for a decision.
    found: usize,
}

impl Seen {
    fn alarm(&self) -> bool {
        self.escalations.iter().any(|e| e.alarm)
    }

    fn open_id(&self) -> i64 {
        self.open.as_ref().map_or(0, |c| c.thread.id)
    }
}

pub async fn home(
    State(app): State<AppState>,
    StaffPage(staff): StaffPage,
    Query(query): Query<HashMap<String, String>>,
) -> Page {
    let wanted = query.get("t").and_then(|id| id.parse().ok());
    let seen = see(&app, wanted).await?;
    let screens = if staff.is_manager() { screens(&app).await? } else { Vec::new() };
    html(&StaffHome {
        club: &app.site.name,
        staff: &staff,
        simulated: app.simulated(),
        demo: app.demo.is_some(),
        discovery: app.site.discovery.is_some(),
        push: app.people.push_key().is_some(),
        seen,
        form_key: token::token()?,
        screens,
        bay_pages: app.site.bays.keys().copied().collect(),
        doors: app.site.customer_doors().map(|d| (d.target.to_string(), words::capital(&d.label))).collect(),
    })
}

async fn see(app: &App, wanted: Option<i64>) -> Result<Seen, Error> {
    app.view(move |look| {
        Ok(Seen {
            threads: threads::list(look)?,
            open: wanted.map(|id| conversation::view(look, id)).transpose()?.flatten(),
            escalations: escalation::open(look)?,
            devices: device::list(look)?,
            tickets: house::tickets(look)?,
            incidents: house::incidents(look)?,
            notices: house::notices(look)?,
            link: house::link(look)?,
            on_call: on_call::on_call(look)?,
            digest: on_call::digest(look)?,
            found: proposal::open_count(look)?,
        })
    })
    .await
}

pub(super) async fn screens(app: &App) -> Result<Vec<(BayId, String)>, Error> {
    let site = app.site.clone();
    app.write(move |conn, _| -> Result<_, PresenceError> { presence::screen_paths(conn, &site) }).await
}
