//! The web room put together: what the pages need, the router, and the server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::{Extension, Router};
use rusqlite::Connection;
use tokio::sync::watch;
use tower_http::timeout::TimeoutLayer;

use super::error::Error;
use super::people::{DemoSlack, NobodyCalled, People};
use super::readiness::Readiness;
use super::throttle::Throttle;
use super::tls::Certificate;
use super::view::Look;
use super::{api, assets, events, headers, hooks, pages, phone};
use crate::clock::{Clock, UnixMs};
use crate::desk::{DeskHandle, Line};
use crate::device::access_hook::AccessHooks;
use crate::device::agent_http::HttpAgents;
use crate::llm::Fallback;
use crate::site::{Effect, LoadMode, Site, Target};
use crate::store::{self, Reader, StoreError};

/// Largest body of a request where nothing else is said.
const BODY: usize = 128 * 1024;
/// Longest time for a request, events apart.
const REQUEST: Duration = Duration::from_secs(20);
/// Time for what is under way when the program stops.
const FINISH: Duration = Duration::from_secs(5);
const MINUTES_10: Duration = Duration::from_secs(600);

/// What the pages need. Built by [`App::new`] and the `with_…` functions. A clone counts wrong tries together
/// with the first: a second listener gives nobody more of them.
#[derive(Clone)]
pub struct App {
    pub(super) desk: DeskHandle,
    db_path: PathBuf,
    pub(super) site: Arc<Site>,
    pub(super) clock: Clock,
    pub(super) readiness: Readiness,
    pub(super) demo: Option<DemoInfo>,
    pub(super) people: Arc<dyn People>,
    /// The cloud model, for its figures.
    pub(super) cloud: Option<Arc<Fallback>>,
    /// The bays' agents that ask over HTTP.
    pub(super) agents: Option<HttpAgents>,
    pub(super) text_hooks: Option<Arc<dyn hooks::TextHooks>>,
    /// The door controller's webhooks.
    pub(super) access_hooks: Option<AccessHooks>,
    /// Demo only: the simulated customers' phones.
    pub(super) phone: Option<Arc<dyn phone::DemoPhone>>,
    /// Where the site is written down; without it no found device can be approved.
    pub(super) site_file: Option<SiteFile>,
    pub(super) public_url: Option<String>,
    pub(super) secure: bool,
    /// Wrong passwords by name and client: 5 in 10 min.
    pub(super) passwords: Arc<Throttle>,
    /// Wrong passwords by client, whatever the name: 30 in 10 min.
    pub(super) guests: Arc<Throttle>,
    /// Wrong codes by client: 10 in a minute.
    pub(super) codes: Arc<Throttle>,
    /// Webhooks by client: 1200 in a minute.
    pub(super) hooks: Arc<Throttle>,
    /// Wrong device keys by client: 30 in 10 min.
    pub(super) device_keys: Arc<Throttle>,
}

pub(super) type AppState = Arc<App>;

/// The file the site was read from, and what for.
#[derive(Debug, Clone)]
pub struct SiteFile {
    pub path: PathBuf,
    pub mode: LoadMode,
}

/// A simulated club that visitors may play with.
#[derive(Clone)]
pub struct DemoInfo {
    pub control: Arc<dyn DemoControl>,
    /// The simulated Slack, to be shown.
    pub slack: Option<Arc<dyn DemoSlack>>,
    /// Names and passwords that the sign-in page shows.
    pub accounts: Vec<(String, String)>,
}

/// How one simulated device takes one command: `ok`, `fail`, `silent`, `lies`, `offline`, `slow 90s`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoSetting {
    pub target: Target,
    pub effect: Effect,
    pub behaviour: String,
}

/// The knobs of a simulated club.
pub trait DemoControl: Send + Sync {
    fn list(&self) -> Vec<DemoSetting>;
    /// # Errors
    /// What is wrong with the setting, for a person.
    fn set(&self, setting: &DemoSetting) -> Result<(), String>;
    /// Cuts the line to the internet, or mends it.
    fn line(&self, up: bool);
    fn is_line_up(&self) -> bool;
    /// Cuts the mains of every simulated device at once, or gives it back.
    fn power(&self, on: bool);
    fn is_power_on(&self) -> bool;
}

impl App {
    /// `db_path` is the store's own file ([`store::Store::path`]).
    pub fn new(
        desk: DeskHandle,
        db_path: PathBuf,
        site: Arc<Site>,
        clock: Clock,
        readiness: Readiness,
    ) -> App {
        App {
            desk,
            db_path,
            site,
            clock,
            readiness,
            demo: None,
            cloud: None,
            agents: None,
            text_hooks: None,
            access_hooks: None,
            phone: None,
            people: Arc::new(NobodyCalled),
            site_file: None,
            public_url: None,
            secure: false,
            passwords: Arc::new(Throttle::new(5, MINUTES_10)),
            guests: Arc::new(Throttle::new(30, MINUTES_10)),
            codes: Arc::new(Throttle::new(10, Duration::from_secs(60))),
            hooks: Arc::new(Throttle::new(1200, Duration::from_secs(60))),
            device_keys: Arc::new(Throttle::new(30, MINUTES_10)),
        }
    }

    /// Everything is simulated: pages say so, and `/demo` lets one turn the knobs.
    #[must_use]
    pub fn with_demo(mut self, demo: DemoInfo) -> App {
        self.demo = Some(demo);
        self
    }

    /// The channels to people. Without them nobody is called but by the staff page.
    #[must_use]
    pub fn with_people(mut self, people: Arc<dyn People>) -> App {
        self.people = people;
        self
    }

    /// The file the site was read from: found devices are checked against it. Never written to.
    #[must_use]
    pub fn with_site_file(mut self, file: SiteFile) -> App {
        self.site_file = Some(file);
        self
    }

    /// How customers' phones reach this box (`http://192.0.2.10:8080`), for QR codes. Without it the address
    /// the screen itself uses.
    #[must_use]
    pub fn with_public_url(mut self, url: impl Into<String>) -> App {
        self.public_url = Some(url.into().trim_end_matches('/').to_owned());
        self
    }

    /// Takes the text provider's webhooks at `/hooks/texts/<provider>`.
    #[must_use]
    pub fn with_text_hooks(mut self, hooks: Arc<dyn hooks::TextHooks>) -> App {
        self.text_hooks = Some(hooks);
        self
    }

    /// Takes the door controller's webhooks at `/hooks/access`.
    #[must_use]
    pub fn with_access_hooks(mut self, hooks: AccessHooks) -> App {
        self.access_hooks = Some(hooks);
        self
    }

    /// The cloud model whose figures `/metrics` shows.
    #[must_use]
    pub fn with_cloud_model(mut self, cloud: Arc<Fallback>) -> App {
        self.cloud = Some(cloud);
        self
    }

    /// Lets the bays' agents that know no MQTT ask at `/api/v1/agent`.
    #[must_use]
    pub fn with_agents(mut self, agents: HttpAgents) -> App {
        self.agents = Some(agents);
        self
    }

    /// Demo only: shows simulated customers' phones at `/demo/phone`, to anybody who can reach this machine.
    #[must_use]
    pub fn with_demo_phone(mut self, phone: Arc<dyn phone::DemoPhone>) -> App {
        self.phone = Some(phone);
        self
    }

    /// Served over HTTPS: cookies are for HTTPS only, and have names of their own.
    #[must_use]
    pub fn with_https(mut self) -> App {
        self.secure = true;
        self
    }

    pub(super) fn now(&self) -> UnixMs {
        self.clock.now()
    }

    pub(super) fn simulated(&self) -> bool {
        self.demo.is_some()
    }

    /// Reads from the database, off the async threads, all in one moment's view.
    pub(super) async fn read<T, E>(
        &self,
        work: impl FnOnce(&Connection, UnixMs) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        E: Into<Error> + From<StoreError> + Send + 'static,
    {
        let (path, now) = (self.db_path.clone(), self.now());
        let read = move || -> Result<T, E> {
            let reader = Reader::open(&path)?;
            let view = reader.conn().unchecked_transaction().map_err(StoreError::from)?;
            work(&view, now)
        };
        tokio::task::spawn_blocking(read).await?.map_err(Into::into)
    }

    /// Writes in one transaction on the desk's thread, the only writer.
    pub(super) async fn write<T, E>(
        &self,
        work: impl FnOnce(&Connection, UnixMs) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        E: Into<Error> + From<StoreError> + Send + 'static,
    {
        let done = self.desk.call(move |desk| {
            let now = desk.now();
            desk.store().write(|tx| work(tx, now))
        });
        done.await?.map_err(Into::into)
    }

    pub(super) async fn is_line_up(&self) -> Result<bool, Error> {
        Ok(self.desk.call(|desk| desk.line()).await? == Line::Up)
    }

    /// Reads what a page shows.
    pub(super) async fn view<T: Send + 'static>(
        &self,
        work: impl FnOnce(Look<'_>) -> store::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let (site, line_up, simulated) = (self.site.clone(), self.is_line_up().await?, self.simulated());
        self.read(move |conn, now| work(Look { conn, site: &site, now, line_up, simulated })).await
    }

    /// A cheap read for callers that need only the store's own error.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, UnixMs) -> store::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        self.read(work).await
    }
}

/// Everything under `/`.
pub fn router(app: App) -> Router {
    let state: AppState = Arc::new(app);
    let timed = pages::router()
        .merge(api::router())
        .merge(assets::router())
        .merge(hooks::router())
        .merge(phone::router())
        .layer(DefaultBodyLimit::max(BODY))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST));
    timed
        .merge(events::router())
        .fallback(pages::not_found)
        .layer(axum::middleware::from_fn(headers::add))
        .with_state(state)
}

/// Ends streams that would otherwise go on for ever.
#[derive(Debug, Clone)]
pub(super) struct Closing(pub watch::Receiver<bool>);

/// Serves until `shutdown` is done; requests under way are finished, for at most 5 s.
///
/// # Errors
/// If the address cannot be bound.
pub async fn serve(
    router: Router,
    addr: SocketAddr,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    serve_on(router, std::net::TcpListener::bind(addr)?, shutdown).await
}

/// The same on a socket that is bound already, so that a port in use is known before anything starts.
///
/// # Errors
/// What the socket says.
pub async fn serve_on(
    router: Router,
    listener: std::net::TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let (close, closing) = watch::channel(false);
    let mut closed = closing.clone();
    let server = axum::serve(listener, service(router, closing)).with_graceful_shutdown(async move {
        shutdown.await;
        let _ = close.send(true); // nobody listens if no stream is open
    });
    let patience = async move {
        let _ = closed.wait_for(|closing| *closing).await;
        tokio::time::sleep(FINISH).await;
    };
    tokio::select! {
        done = server => done,
        () = patience => Ok(()),
    }
}

/// The same over TLS. The router is that of an app [`App::with_https`].
///
/// # Errors
/// What the socket says.
pub async fn serve_tls_on(
    router: Router,
    listener: std::net::TcpListener,
    certificate: &Certificate,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let (close, closing) = watch::channel(false);
    let handle = axum_server::Handle::new();
    let server = axum_server::from_tcp_rustls(listener, certificate.config())?.handle(handle.clone());
    tokio::spawn(async move {
        shutdown.await;
        let _ = close.send(true); // nobody listens if no stream is open
        handle.graceful_shutdown(Some(FINISH));
    });
    server.serve(service(router, closing)).await
}

fn service(
    router: Router,
    closing: watch::Receiver<bool>,
) -> axum::extract::connect_info::IntoMakeServiceWithConnectInfo<Router, SocketAddr> {
    router.layer(Extension(Closing(closing))).into_make_service_with_connect_info()
}
