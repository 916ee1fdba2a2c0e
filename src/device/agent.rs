//! The driver of bay agents over MQTT: the side that the house sees.
//!
//! Owns the options and the way a permit becomes an order for the task that holds the connection (see
//! `agent_link`). Answers within the receipt's time whatever the broker does.

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::agent_link::{Agents, Order};
use super::agent_wire::{self, Command};
use super::broker::BrokerError;
use super::broker_link::{self, BrokerLink};
use super::health::Board;
use super::{DeviceEvent, DeviceHealth, Driver, NotSent};
use crate::clock::Clock;
use crate::policy::Permit;
use crate::site::{BayId, Target};

/// Family name of these devices.
pub const FAMILY: &str = "bay agent (MQTT)";

/// How patient the driver is. The defaults are for a club.
#[derive(Debug, Clone)]
pub struct AgentOptions {
    /// A device that is gone for less is not reported gone. Default 10 s.
    pub grace: Duration,
    /// Wait for the broker's receipt before leaving the outcome to observation. Default 2 s.
    pub receipt: Duration,
    /// Pause before connecting again. Default 1 s.
    pub retry: Duration,
}

impl Default for AgentOptions {
    fn default() -> AgentOptions {
        AgentOptions {
            grace: Duration::from_secs(10),
            receipt: Duration::from_secs(2),
            retry: Duration::from_secs(1),
        }
    }
}

/// Drives all bays that have an agent on MQTT. Dropping it ends its task.
pub struct AgentDriver {
    orders: mpsc::Sender<Order>,
    board: Board,
    receipt: Duration,
    task: tokio::task::JoinHandle<()>,
}

impl AgentDriver {
    /// Connects to the broker in the background and stays connected.
    ///
    /// # Errors
    /// The broker's password file cannot be used, or there are no random numbers.
    pub fn start(
        broker: &crate::site::Broker,
        bays: &[BayId],
        events: mpsc::Sender<DeviceEvent>,
        clock: Clock,
        options: AgentOptions,
    ) -> Result<AgentDriver, BrokerError> {
        let link =
            BrokerLink::new(broker, &broker.username, "the bays' agents", options.grace, options.retry)?;
        let board = Board::new(FAMILY, bays.iter().map(|bay| Target::from(*bay)));
        let (orders, inbox) = mpsc::channel(16);
        let receipt = options.receipt;
        let agents = Agents::new(bays, board.clone(), events, clock, options);
        let task = tokio::spawn(link.run(agents, inbox));
        Ok(AgentDriver { orders, board, receipt, task })
    }
}

impl Drop for AgentDriver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[async_trait]
impl Driver for AgentDriver {
    async fn act(&self, permit: Permit) -> Result<(), NotSent> {
        let Some(bay) = permit.target().bay() else { return Err(NotSent::Unsupported(permit.effect())) };
        let command = Command {
            v: agent_wire::VERSION,
            id: permit.effect_id(),
            action: permit.effect().name().to_owned(),
            value: permit.value(),
            expires_at: permit.expires_at().0,
        };
        let effect = permit.effect();
        broker_link::order(&self.orders, self.receipt, |reply| Order { bay, effect, command, reply }).await
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn health(&self) -> Vec<DeviceHealth> {
        self.board.list()
    }
}
