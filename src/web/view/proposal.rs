//! Devices that announced themselves, as staff see them: what each seems to be, and what it could be used for here.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Look, time};
use crate::site::{Effect, Scope, Site, Target, edit};
use crate::store;
use crate::store::proposal::{self, Proposal};

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProposalView {
    pub id: i64,
    /// `mdns`, `home-assistant`, `tasmota`.
    pub source: String,
    #[serde(skip)]
    pub source_label: &'static str,
    /// As the device calls itself; a stranger's words.
    pub name: String,
    /// Host or topic.
    pub address: String,
    pub seems: String,
    /// The lines of `site.toml` that would use it, without effects; `null`: no driver here moves it.
    pub keys: Option<String>,
    /// Effects that driver could carry.
    #[schema(value_type = Vec<String>)]
    pub can: Vec<Effect>,
    pub first_seen: String,
    pub last_seen: String,
    #[serde(skip)]
    pub seen_label: String,
    /// `open`, `approved`, `dismissed`.
    pub state: String,
    pub decided_by: Option<String>,
    pub decided_at: Option<String>,
    #[serde(skip)]
    pub decided_label: String,
    /// Approved for this.
    #[schema(value_type = Option<String>)]
    pub target: Option<Target>,
    #[schema(value_type = Vec<String>)]
    pub effects: Vec<Effect>,
    /// What is to stand in `site.toml`, for an approved one.
    pub fragment: Option<String>,
    /// Its address stands in `site.toml` already.
    pub in_file: bool,
    #[serde(skip)]
    pub uses: Vec<Use>,
}

/// Something it could do here that nothing does yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// `bay-2 outlet.cycle`, as the form sends it.
    pub value: String,
    pub label: String,
}

/// Effects that go together.
const TOGETHER: [(&[Effect], &str); 8] = [
    (&[Effect::OutletCycle], "outlet, power-cycled"),
    (&[Effect::TvOn, Effect::TvOff], "side screens, on and off"),
    (
        &[Effect::ProjectorOn, Effect::ProjectorOff, Effect::ProjectorInput, Effect::ProjectorCycle],
        "projector, on, off, input and power-cycle",
    ),
    (&[Effect::SimRestart], "simulator, restarted"),
    (&[Effect::PcReboot], "computer, rebooted"),
    (&[Effect::LightsOn, Effect::LightsOff], "lights, on and off"),
    (&[Effect::AudioRestart], "music, restarted"),
    (&[Effect::ThermostatSet], "thermostat"),
];

impl Use {
    /// Target and effects of what a form sent.
    pub fn parse(value: &str) -> Option<(Target, Vec<Effect>)> {
        let (target, names) = value.split_once(' ')?;
        let effects = names.split(',').map(Effect::parse).collect::<Option<Vec<Effect>>>()?;
        Some((Target::new(target), effects))
    }
}

/// How many wait for a decision; for the link on the staff page.
pub fn open_count(look: Look<'_>) -> store::Result<usize> {
    Ok(proposal::all(look.conn)?.iter().filter(|row| row.state == "open").count())
}

/// All of them, those that wait for a decision first. `file`: the text of `site.toml`.
pub fn list(look: Look<'_>, file: &str) -> store::Result<Vec<ProposalView>> {
    Ok(proposal::all(look.conn)?.into_iter().map(|row| view(look, row, file)).collect())
}

pub fn one(look: Look<'_>, id: i64, file: &str) -> store::Result<Option<ProposalView>> {
    Ok(proposal::get(look.conn, id)?.map(|row| view(look, row, file)))
}

fn view(look: Look<'_>, row: Proposal, file: &str) -> ProposalView {
    let label = |at| time::label(look.site, at, look.now);
    let fragment = match (&row.target, &row.keys) {
        (Some(target), Some(keys)) if row.state == "approved" => {
            Some(edit::device_block(target, &row.effects, keys))
        }
        _ => None,
    };
    ProposalView {
        uses: uses(look.site, &row.can),
        in_file: file.contains(&format!("\"{}\"", row.address)),
        source_label: match row.source.as_str() {
            "mdns" => "by its name on the network",
            "tasmota" => "by Tasmota on the broker",
            _ => "for Home Assistant on the broker",
        },
        first_seen: time::rfc3339(row.first_seen),
        last_seen: time::rfc3339(row.last_seen),
        seen_label: label(row.last_seen),
        decided_at: row.decided_at.map(time::rfc3339),
        decided_label: row.decided_at.map(label).unwrap_or_default(),
        fragment,
        id: row.id,
        source: row.source,
        name: row.name,
        address: row.address,
        seems: row.seems,
        keys: row.keys,
        can: row.can,
        state: row.state,
        decided_by: row.decided_by,
        target: row.target,
        effects: row.effects,
    }
}

/// Places where nothing does this yet.
fn uses(site: &Site, can: &[Effect]) -> Vec<Use> {
    let mut uses = Vec::new();
    for (effects, what) in TOGETHER.iter().filter(|(effects, _)| effects.iter().all(|e| can.contains(e))) {
        let targets: Vec<(Target, String)> = match effects[0].scope() {
            Scope::Bay => {
                site.bays.keys().map(|bay| ((*bay).into(), format!("Bay {}: {what}", bay.0))).collect()
            }
            Scope::Hall(name) => vec![(Target::new(name), format!("Hall: {what}"))],
            Scope::Door => Vec::new(),
        };
        let names: Vec<&str> = effects.iter().map(|effect| effect.name()).collect();
        let free = |(target, _): &(Target, String)| {
            effects.iter().all(|effect| site.driver(*effect, target).is_none())
                && (target.bay().is_some() || !site.hall.contains_key(target))
        };
        uses.extend(
            targets
                .into_iter()
                .filter(free)
                .map(|(target, label)| Use { value: format!("{target} {}", names.join(",")), label }),
        );
    }
    uses
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::site::{LoadMode, load};

    #[test]
    fn only_what_nothing_does_yet_is_offered() {
        let text = std::fs::read_to_string("tests/sites/clubhouse.toml").unwrap();
        let lights = "[hall.lights]\ndriver = \"simulated\"\neffects = [\"lights.on\", \"lights.off\"]\n";
        let text = text.replace(lights, "").replacen(
            "effects = [\"tv.on\", \"tv.off\"]",
            "effects = [\"tv.on\"]",
            1,
        );
        let site = load::read("x", &text, Path::new("."), LoadMode::Simulated).unwrap();
        let can = [Effect::LightsOn, Effect::LightsOff, Effect::TvOn, Effect::TvOff, Effect::AudioRestart];
        let offered = uses(&site, &can);
        let values: Vec<&str> = offered.iter().map(|u| u.value.as_str()).collect();
        assert_eq!(values, ["lights lights.on,lights.off"], "the screens of bay 1 are half taken");
        let (target, effects) = Use::parse(values[0]).unwrap();
        assert_eq!((target.as_str(), effects.len()), ("lights", 2));
        assert!(Use::parse("lights").is_none() && Use::parse("lights nonsense").is_none());
    }
}
