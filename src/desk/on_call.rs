//! On call: who is called first, and handing it over.

use rusqlite::Connection;

use super::input::{OperateError, Operator};
use super::{Cx, Desk, alerts};
use crate::clock::UnixMs;
use crate::site::{Role, Site};
use crate::store::on_call::{self, Order};
use crate::store::{self, journal};

/// Whether this person may change who is on call: a manager, and whoever is on call now. Anybody may take it
/// over themselves: more people are woken by that, never fewer than one.
fn may_change(who: &Operator, on_call: &[String]) -> Result<(), OperateError> {
    let first = on_call.first();
    match first.filter(|first| who.role != Role::Manager && **first != who.name) {
        Some(first) => Err(OperateError::NotYours(first.clone())),
        None => Ok(()),
    }
}

/// Who is called, in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnCall {
    /// Everybody who can be called; the first is on call.
    pub people: Vec<String>,
    /// Until then; after that the order before it holds again. `None`: until it is changed.
    pub until: Option<UnixMs>,
}

/// The order in force: as people set it, else as `site.toml` has it (on call first, then managers). Who has
/// left the site is not in it; who is new stands last.
///
/// # Errors
/// Only the database's.
pub fn order(db: &Connection, site: &Site, now: UnixMs) -> store::Result<OnCall> {
    let of = |role: Role| site.people.iter().filter(move |p| p.role == role).map(|p| p.name.clone());
    let mut default: Vec<String> = of(Role::OnCall).chain(of(Role::Manager)).collect();
    let Some(set) = on_call::at(db, now)? else { return Ok(OnCall { people: default, until: None }) };
    let mut people = set.people;
    people.retain(|name| default.contains(name));
    default.retain(|name| !people.contains(name));
    people.append(&mut default);
    Ok(OnCall { people, until: set.until })
}

impl Desk {
    /// Who is on call.
    ///
    /// # Errors
    /// Only the database's.
    pub fn on_call(&self) -> store::Result<OnCall> {
        order(self.store.conn(), &self.world.site, self.world.clock.now())
    }

    /// `to` takes the place of whoever is on call, who takes theirs; until a time, or until it is changed.
    /// What rings already rings for them too.
    ///
    /// # Errors
    /// [`OperateError::NotCallable`] for somebody the site does not know, [`OperateError::NotYours`] for a
    /// third person's duty, [`OperateError::Past`].
    pub fn hand_over_on_call(
        &mut self,
        who: &Operator,
        to: &str,
        until: Option<UnixMs>,
    ) -> Result<OnCall, OperateError> {
        let mut people = self.on_call()?.people;
        let place = people.iter().position(|p| p == to);
        let place = place.ok_or_else(|| OperateError::NotCallable(to.to_owned()))?;
        if to != who.name {
            may_change(who, &people)?;
        }
        people.swap(0, place);
        self.order_on_call(who, &people, until)
    }

    /// Sets the whole order; whoever is not named stands last.
    ///
    /// # Errors
    /// [`OperateError::NotCallable`] for somebody the site does not know, [`OperateError::NotYours`] unless a
    /// manager or whoever is on call asks, [`OperateError::Past`].
    pub fn set_on_call(
        &mut self,
        who: &Operator,
        people: &[String],
        until: Option<UnixMs>,
    ) -> Result<OnCall, OperateError> {
        let known = |name: &String| self.world.site.people.iter().any(|p| &p.name == name);
        if let Some(stranger) = people.iter().find(|name| !known(name)) {
            return Err(OperateError::NotCallable(stranger.clone()));
        }
        may_change(who, &self.on_call()?.people)?;
        self.order_on_call(who, people, until)
    }

    fn order_on_call(
        &mut self,
        who: &Operator,
        people: &[String],
        until: Option<UnixMs>,
    ) -> Result<OnCall, OperateError> {
        if until.is_some_and(|until| until <= self.world.clock.now()) {
            return Err(OperateError::Past);
        }
        Ok(self.write(|cx| change(cx, who, people, until))?)
    }
}

fn change(cx: Cx<'_>, who: &Operator, people: &[String], until: Option<UnixMs>) -> store::Result<OnCall> {
    let before = order(cx.db, cx.site(), cx.now)?;
    let mut kept: Vec<String> = Vec::new();
    for name in people {
        if !kept.contains(name) {
            kept.push(name.clone());
        }
    }
    let set = Order { people: kept, since: cx.now, until, by: who.name.clone() };
    on_call::set(cx.db, &set)?;
    let after = order(cx.db, cx.site(), cx.now)?;
    let change = journal::Change {
        at: cx.now,
        who: who.name.clone(),
        what: "on-call".into(),
        detail: format!("{} (before: {})", after.people.join(", "), before.people.join(", ")),
        thread_id: None,
        until,
    };
    journal::change(cx.db, &change)?;
    if let Some(now_first) = after.people.first().filter(|p| before.people.first() != Some(*p)) {
        alerts::ring_for(cx, now_first)?;
    }
    Ok(after)
}
