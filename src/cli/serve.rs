//! `clubos serve`: the box. Puts the rooms together, and nothing else does.
//!
//! Order of a start: configuration, database, desk and pages with the rules alone (the emergency lane
//! works from the first second), then the encoder, then *ready*. A bad configuration ends `--strict` with
//! 78; else the box starts in safe mode, where nothing moves.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use tokio::sync::{Notify, mpsc};

use super::https::{Https, HttpsArgs};
use super::paths::{self, Paths};
use super::people::{self, Staffroom};
use super::plug::{self, Outside};
use super::reload::{InUse, Reload};
use super::{EX_CONFIG, bookings, cameras, cloud, problems, safe, state_dir, texting};
use crate::channel::Gateway;
use crate::clock::Clock;
use crate::desk::{self, Desk, DeskHandle, Options, Parts};
use crate::device::{DeviceEvent, Drivers};
use crate::discovery;
use crate::home_assistant::{self, Health};
use crate::intent::{LoadOptions, Understanding};
use crate::notify::{Made, Switchboard};
use crate::site::{self, LoadMode, Site};
use crate::sop::Library;
use crate::store::{Store, StoreError};
use crate::{telemetry, web};

/// What still runs when the box has stopped gets this long.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Customers wait this long for the model after a start; then the rules alone read. Emergencies and the
/// door wait for nothing.
const MODEL_WITHIN: Duration = Duration::from_secs(60);

#[derive(Args)]
pub struct ServeArgs {
    /// The building: bays, doors, devices, facts, people
    #[arg(long, default_value = "/etc/clubos/site.toml", value_name = "FILE")]
    site: PathBuf,
    /// Where the box keeps its state
    #[arg(long, default_value = "/var/lib/clubos", value_name = "DIR")]
    state_dir: PathBuf,
    /// Address of the pages
    #[arg(long, default_value = "0.0.0.0:8080", value_name = "ADDR:PORT")]
    listen: SocketAddr,
    /// How customers' phones reach this box, for QR codes: http://192.0.2.10:8080
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Refuse to start on a bad configuration (exit code 78) instead of starting in safe mode
    #[arg(long)]
    strict: bool,
    /// Bookings (JSON or CSV), read at the start and whenever the file changes
    #[arg(long, value_name = "FILE")]
    bookings: Option<PathBuf>,
    /// Take the internet line as down when this host does not answer: 192.0.2.1:443 [default: taken as up]
    #[arg(long, value_name = "ADDR:PORT")]
    line_probe: Option<SocketAddr>,
    #[command(flatten)]
    https: HttpsArgs,
}

pub fn run(args: &ServeArgs, paths: &Paths) -> anyhow::Result<ExitCode> {
    state_dir::make(&args.state_dir)?;
    if let Some(open) = state_dir::open_to_others(&args.state_dir) {
        tracing::warn!("{open}");
    }
    let library = Library::load(&paths.sops);
    let site = site::load(&args.site, LoadMode::Real);
    if let Err(bad) = &library {
        eprintln!("{}", problems::of_sops(&paths.sops, bad));
    }
    if let Err(bad) = &site {
        eprintln!("{}", problems::of_site(&args.site, bad));
    }
    let safe_mode = library.is_err() || site.is_err();
    if safe_mode && args.strict {
        return Ok(ExitCode::from(EX_CONFIG));
    }
    let https = match args.https.open() {
        Ok(https) => https,
        Err(error) if args.strict => {
            eprintln!("clubos: {error}");
            return Ok(ExitCode::from(EX_CONFIG));
        }
        Err(error) => {
            tracing::error!(%error, "no HTTPS; the pages are served without");
            None
        }
    };
    let library = library.unwrap_or_else(|_| safe::last_good_library(&paths.sops, &args.state_dir));
    let site = site.unwrap_or_else(|_| safe::last_good_site(&args.state_dir));
    for problem in library.site_problems(&site.facts) {
        eprintln!("{}", problem.shown(None));
    }
    let store = match Store::open(&args.state_dir) {
        Ok(store) => store,
        Err(error) => {
            eprintln!("clubos: {error}");
            let lasting = matches!(error, StoreError::Newer { .. } | StoreError::Damaged { .. });
            return Ok(if lasting { ExitCode::from(EX_CONFIG) } else { ExitCode::FAILURE });
        }
    };
    if !safe_mode {
        safe::remember(&args.site, &paths.sops, &args.state_dir);
    }
    let sending = start_errors(&site);
    let clock = Clock::system();
    let texts = match texting::provider(&site, &clock) {
        Ok(texts) => texts,
        Err(problem) if args.strict => {
            eprintln!("clubos: {problem:#}");
            return Ok(ExitCode::from(EX_CONFIG));
        }
        Err(problem) => {
            tracing::error!("no text comes in or goes out: {problem:#}");
            None
        }
    };
    let cloud = match cloud::model(&site) {
        Ok(cloud) => cloud.filter(|_| !safe_mode),
        Err(problem) if args.strict => {
            eprintln!("clubos: {problem:#}");
            return Ok(ExitCode::from(EX_CONFIG));
        }
        Err(problem) => {
            tracing::error!("no cloud model is asked: {problem:#}");
            None
        }
    };
    let people = people::make(&site, &args.state_dir, texts.as_ref().map(|(provider, _)| provider.clone()));
    let setup = Setup {
        site: Arc::new(site),
        library: Arc::new(library),
        store,
        state_dir: args.state_dir.clone(),
        sops_dir: paths.sops.clone(),
        model_dir: paths.model.clone(),
        cache_dir: paths::warm(&args.state_dir.join("cache"), &paths.model),
        clock,
        safe_mode,
        people,
        texts,
        cloud,
        phones: None,
        listen: args.listen,
        public_url: args.public_url.clone(),
        site_file: web::SiteFile { path: args.site.clone(), mode: LoadMode::Real },
        bookings: args.bookings.clone(),
        line_probe: args.line_probe,
        https,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let code = runtime.block_on(async move {
        let (events, seen) = mpsc::channel(1024);
        let drivers = start_drivers(&setup, events);
        let running = start(setup, drivers, seen, None)?;
        telemetry::ready("loading the model");
        running.until_told().await
    });
    runtime.shutdown_timeout(LAST_WORDS); // a head in training is no reason to stay
    drop(sending);
    code
}

/// Errors to Sentry, if the site names a project. What is wrong with that is said and stops nothing.
fn start_errors(site: &Site) -> Option<telemetry::errors::Sending> {
    let file = site.telemetry.sentry_dsn_file.as_ref()?;
    match site::secret::read(file) {
        Ok(dsn) => telemetry::errors::start(&dsn)
            .inspect_err(|error| tracing::warn!(%error, "no errors are sent to Sentry"))
            .ok(),
        Err(error) => {
            tracing::warn!(%error, "no errors are sent to Sentry");
            None
        }
    }
}

/// What a box is made of, whether real or simulated.
pub struct Setup {
    pub site: Arc<Site>,
    pub library: Arc<Library>,
    pub store: Store,
    pub state_dir: PathBuf,
    pub sops_dir: PathBuf,
    pub model_dir: PathBuf,
    /// Embeddings and the trained head, so that the next start is quick.
    pub cache_dir: PathBuf,
    pub clock: Clock,
    pub safe_mode: bool,
    /// Channels to people.
    pub people: Made,
    /// Who carries customers' texts, and how.
    pub texts: Option<texting::Line>,
    /// The cloud model that is asked when the box is unsure.
    pub cloud: Option<cloud::Cloud>,
    /// Demo only: the phones of simulated customers.
    pub phones: Option<Arc<dyn web::DemoPhone>>,
    pub listen: SocketAddr,
    pub public_url: Option<String>,
    /// The file the site was read from.
    pub site_file: web::SiteFile,
    pub bookings: Option<PathBuf>,
    pub line_probe: Option<SocketAddr>,
    pub https: Option<Https>,
}

/// A bad device configuration moves nothing; the rest of the box works.
fn start_drivers(setup: &Setup, events: mpsc::Sender<DeviceEvent>) -> Option<Arc<Drivers>> {
    if setup.safe_mode {
        return None;
    }
    match Drivers::start(&setup.site, events, setup.clock.clone()) {
        Ok(drivers) => Some(Arc::new(drivers)),
        Err(error) => {
            tracing::error!(%error, "the devices cannot be driven; nothing will move");
            None
        }
    }
}

/// A listener's task; it ends when it cannot serve any more.
type Served = tokio::task::JoinHandle<std::io::Result<()>>;

/// A running box.
pub struct Running {
    pub desk: DeskHandle,
    pub readiness: web::Readiness,
    served: Served,
    secure: Option<Served>,
    stop: tokio::sync::watch::Sender<bool>,
    thread: std::thread::JoinHandle<()>,
    /// Asks for the SOPs to be read again.
    read_again: Arc<Notify>,
    _held: state_dir::Held,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

/// Starts desk, wires, pages and the loading of the model. Pages answer when this returns.
pub fn start(
    mut setup: Setup,
    drivers: Option<Arc<Drivers>>,
    seen: mpsc::Receiver<DeviceEvent>,
    demo: Option<web::DemoInfo>,
) -> anyhow::Result<Running> {
    let held = state_dir::hold(&setup.state_dir)?;
    let db = setup.store.path().to_owned();
    let pictures_of = db.clone();
    let sops_dir = setup.sops_dir.clone();
    safe::record_sops(&mut setup, &sops_dir);
    let options = Options {
        safe_mode: setup.safe_mode,
        fallback: setup.cloud.is_some(),
        texts: setup.texts.is_some(),
        alert_channels: setup.people.channels.iter().map(|c| c.kind()).collect(),
        better_reader_within: Some(MODEL_WITHIN),
    };
    let rules = Understanding::rules_only(Some(&setup.site));
    let desk = Desk::new(Parts {
        store: setup.store,
        site: setup.site.clone(),
        library: setup.library.clone(),
        reader: Arc::new(rules),
        clock: setup.clock.clone(),
        options,
    })?;
    let (handle, todos, thread) = desk::start(desk)?;
    let texts = setup
        .texts
        .map(|(provider, settings)| Gateway::new(provider, handle.clone(), setup.clock.clone(), settings));
    let switchboard = Switchboard::new(
        setup.people.channels,
        handle.clone(),
        db.clone(),
        setup.site.clone(),
        setup.clock.clone(),
        setup.public_url.clone(),
    );
    let agents = drivers.as_ref().and_then(|drivers| drivers.http_agents());
    let access_hooks = drivers.as_ref().and_then(|drivers| drivers.access_hooks());
    let cloud = setup.cloud.map(|cloud| cloud.start(&handle, &setup.site, &setup.clock)).transpose()?;
    let outside = Outside {
        desk: handle.clone(),
        drivers,
        switchboard: switchboard.clone(),
        texts: texts.clone(),
        cloud: cloud.clone(),
    };
    let readiness = web::Readiness::loading();
    let seen_from_home = home_assistant::Parts {
        desk: handle.clone(),
        db: db.clone(),
        site: setup.site.clone(),
        clock: setup.clock.clone(),
        health: health(setup.safe_mode, readiness.clone()),
    };
    let mut app =
        web::App::new(handle.clone(), db, setup.site.clone(), setup.clock.clone(), readiness.clone());
    app = app.with_people(Arc::new(Staffroom {
        switchboard: switchboard.clone(),
        push_key: setup.people.push_key.map(|key| key.public().to_owned()),
        missing: setup.people.missing.into_iter().map(|(name, why)| (name, why.to_string())).collect(),
    }));
    app = app.with_site_file(setup.site_file);
    if let Some(demo) = demo {
        app = app.with_demo(demo);
    }
    if let Some(phones) = setup.phones {
        app = app.with_demo_phone(phones);
    }
    if let Some(hooks) = access_hooks {
        app = app.with_access_hooks(hooks);
    }
    if let Some(agents) = agents {
        app = app.with_agents(agents);
    }
    if let Some(texts) = &texts {
        app = app.with_text_hooks(Arc::new(plug::Hooks(texts.clone())));
    }
    if let Some(cloud) = cloud {
        app = app.with_cloud_model(cloud);
    }
    if let Some(url) = setup.public_url {
        app = app.with_public_url(url);
    }
    let listener = std::net::TcpListener::bind(setup.listen)
        .with_context(|| format!("cannot listen on {}; is another clubos running?", setup.listen))?;
    listener.set_nonblocking(true)?;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut certificate = None;
    let mut secure = None;
    if let Some(https) = setup.https {
        let (app, stopped) = (app.clone().with_https(), wait_for(stopped.clone()));
        let listener = std::net::TcpListener::bind(https.listen)
            .with_context(|| format!("cannot listen on {}; is another clubos running?", https.listen))?;
        certificate = Some(https.certificate.clone());
        secure = Some(tokio::spawn(async move {
            web::serve_tls_on(web::router(app), listener, &https.certificate, stopped).await
        }));
        tracing::info!(address = %https.listen, "the pages are up over HTTPS too");
    }
    let served = tokio::spawn(web::serve_on(web::router(app), listener, wait_for(stopped.clone())));
    let mut tasks = vec![
        tokio::spawn(outside.carry_out(todos)),
        tokio::spawn(plug::observe(handle.clone(), seen)),
        tokio::spawn(plug::beat(handle.clone())),
        tokio::spawn(cloud::forget(handle.clone(), setup.site.llm.as_ref().map(|llm| llm.keep))),
    ];
    tasks.extend(switchboard.start());
    match home_assistant::start(seen_from_home) {
        Ok(started) => tasks.extend(started),
        Err(error) => tracing::error!(%error, "the club is not seen in Home Assistant"),
    }
    let listening =
        discovery::Parts { desk: handle.clone(), site: setup.site.clone(), clock: setup.clock.clone() };
    match discovery::start(listening) {
        Ok(started) => tasks.extend(started),
        Err(error) => {
            tracing::error!(%error, "devices that announce themselves on the broker are not proposed")
        }
    }
    if let Some(texts) = texts {
        tasks.push(tokio::spawn(texts.run()));
    }
    if let Some(probe) = setup.line_probe {
        tasks.push(tokio::spawn(plug::watch_line(handle.clone(), probe)));
    }
    tasks.extend(cameras::watch(&handle, &pictures_of, &setup.site, &setup.clock));
    tasks.extend(bookings::watch(&handle, &setup.site, &setup.clock, setup.bookings));
    let in_use = InUse::default();
    let read_again = Arc::new(Notify::new());
    let reload = Reload {
        desk: handle.clone(),
        sops_dir,
        state_dir: setup.state_dir,
        model_dir: setup.model_dir.clone(),
        cache_dir: setup.cache_dir.clone(),
        site: setup.site.clone(),
        safe_mode: setup.safe_mode,
        in_use: in_use.clone(),
        certificate,
    };
    tasks.push(tokio::spawn(reload.whenever(read_again.clone())));
    let loading = Loading {
        desk: handle.clone(),
        readiness: readiness.clone(),
        model_dir: setup.model_dir,
        cache_dir: setup.cache_dir,
        site: setup.site,
        library: setup.library,
        in_use,
        stopped,
    };
    tasks.push(tokio::task::spawn_blocking(move || loading.run()));
    tracing::info!(address = %setup.listen, safe_mode = setup.safe_mode, "the pages are up");
    Ok(Running { desk: handle, readiness, served, secure, stop, thread, read_again, _held: held, tasks })
}

/// How the box is, for those who watch it from outside.
fn health(safe_mode: bool, readiness: web::Readiness) -> Arc<dyn Fn() -> Health + Send + Sync> {
    Arc::new(move || match () {
        () if safe_mode => Health::SafeMode,
        () if readiness.is_ready() => Health::Ok,
        () => Health::WithoutModel,
    })
}

async fn wait_for(mut stopped: tokio::sync::watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await; // an error means that the sender is gone: stop too
}

/// The model is loaded beside the running box; until then the rules alone read.
struct Loading {
    desk: DeskHandle,
    readiness: web::Readiness,
    model_dir: PathBuf,
    cache_dir: PathBuf,
    site: Arc<Site>,
    library: Arc<Library>,
    in_use: InUse,
    stopped: tokio::sync::watch::Receiver<bool>,
}

impl Loading {
    fn run(self) {
        let in_use = self.in_use.clone();
        let mut in_use = in_use.blocking_lock();
        if in_use.is_some() {
            // A reload was quicker: what it put in place is newer than what would be trained here.
            return self.readiness.set_ready();
        }
        let _ = std::fs::create_dir_all(&self.cache_dir); // the cache is a convenience
        let options = LoadOptions {
            model_dir: &self.model_dir,
            cache_dir: Some(&self.cache_dir),
            site: Some(&self.site),
            library: &self.library,
            train_on: None,
        };
        match Understanding::load(options) {
            Ok(understanding) => {
                *in_use = Some(understanding.clone());
                drop(in_use);
                self.put_in_place(understanding);
            }
            Err(error) => {
                tracing::error!(%error, "no model: the rules alone read, the rest goes to people");
                telemetry::status("no model: people answer");
                let _ = self.desk.tell(|desk| settled(desk.no_better_reader())); // the program may be ending
            }
        }
    }

    fn put_in_place(self, understanding: Understanding) {
        let Loading { desk, readiness, library, stopped, .. } = self;
        let reader = Arc::new(understanding);
        let placed = reader.clone();
        if desk.tell(move |desk| settled(desk.set_reader(placed))).is_ok() {
            readiness.set_ready();
            telemetry::status("ready");
            tracing::info!("the model is in place");
        }
        // Reading a thousand examples takes as long as loading did. Neither customers nor a stop of the
        // program wait for it: the desk's thread ends with the last handle.
        drop(desk);
        for miss in reader.self_test_while(&library, || !*stopped.borrow()) {
            tracing::warn!(sop = miss.sop, read_as = miss.read_as, "an SOP's own example does not match it");
        }
    }
}

fn settled(looked_again: Result<(), crate::store::StoreError>) {
    if let Err(error) = looked_again {
        tracing::error!(%error, "what waits for the model could not be looked at; its own time will come");
    }
}

/// When the second listener ends; never, where there is none.
async fn ended(served: &mut Option<Served>) -> anyhow::Result<()> {
    match served {
        Some(served) => Ok(served.await??),
        None => std::future::pending().await,
    }
}

impl Running {
    /// Runs until the program is told to end (SIGTERM, Ctrl-C) or the pages cannot be served.
    pub async fn until_told(mut self) -> anyhow::Result<ExitCode> {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        let mut hang_up = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?;
        loop {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => break,
                _ = terminate.recv() => break,
                Some(()) = hang_up.recv() => self.read_again.notify_one(),
                served = &mut self.served => { served??; break; }
                served = ended(&mut self.secure) => { served?; break; }
            }
        }
        telemetry::stopping();
        tracing::info!("stopping");
        let _ = self.stop.send(true);
        for task in &self.tasks {
            task.abort();
        }
        let Running { desk, thread, tasks, .. } = self;
        drop((desk, tasks));
        // The desk's thread ends with its last handle; open pages may hold one a moment longer.
        let ended = tokio::task::spawn_blocking(move || thread.join());
        let _ = tokio::time::timeout(std::time::Duration::from_secs(3), ended).await;
        Ok(ExitCode::SUCCESS)
    }
}
