//! Devices that announced themselves: staff look, managers decide.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};

use super::{Page, Sent, html, refused};
use crate::web::api::proposals;
use crate::web::app::{App, AppState};
use crate::web::auth::{Staff, StaffPage};
use crate::web::error::Error;
use crate::web::view::proposal::{ProposalView, Use};

#[derive(Template)]
#[template(path = "proposals.html")]
struct ProposalsPage<'a> {
    club: &'a str,
    staff: &'a Staff,
    simulated: bool,
    /// Somebody listens.
    on: bool,
    open: Vec<ProposalView>,
    approved: Vec<ProposalView>,
    dismissed: Vec<ProposalView>,
    problem: Option<&'a Error>,
}

pub async fn show(State(app): State<AppState>, StaffPage(staff): StaffPage) -> Page {
    page(&app, &staff, None).await
}

async fn page(app: &App, staff: &Staff, problem: Option<&Error>) -> Page {
    let (open, decided): (Vec<_>, Vec<_>) =
        proposals::views(app).await?.into_iter().partition(|view| view.state == "open");
    let (approved, dismissed) = decided.into_iter().partition(|view| view.state == "approved");
    html(&ProposalsPage {
        club: &app.site.name,
        staff,
        simulated: app.simulated(),
        on: app.site.discovery.is_some(),
        open,
        approved,
        dismissed,
        problem,
    })
}

/// `approve` with `use` and `keys`, or `dismiss`.
pub async fn decide(
    State(app): State<AppState>,
    StaffPage(staff): StaffPage,
    Path((id, act)): Path<(i64, String)>,
    Sent(form): Sent<HashMap<String, String>>,
) -> Page {
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    staff.check_form(field("csrf"))?;
    let done = match act.as_str() {
        "approve" => match Use::parse(field("use")) {
            // A browser sends line ends its own way.
            Some((target, effects)) => {
                let keys = field("keys").replace("\r\n", "\n");
                proposals::accept(&app, &staff, id, target, effects, keys).await
            }
            None => Err(Error::invalid("no place was chosen", "choose what it is to be used for")),
        },
        "dismiss" => proposals::refuse(&app, &staff, id).await,
        _ => return Err(Error::not_found("there is no such button").into()),
    };
    match done {
        Ok(()) => Ok(Redirect::to("/proposals").into_response()),
        Err(error) => refused(page(&app, &staff, Some(&error)).await, &error),
    }
}
