//! The network port of a simulated device that speaks HTTP: what it was asked, how badly it answers ([`Fault`]),
//! and whether it has power at all. Every answer carries [`SIMULATED_HEADER`].
//!
//! Owns the listener. Without power the port is closed, as a real device's is; it comes back at the same address.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum_server::tls_rustls::RustlsConfig;
use futures_util::stream;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::device::access::SIMULATED_HEADER;

/// Where a device answers badly, whatever it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A web page instead of JSON.
    Html,
    /// JSON that breaks off.
    Truncated,
    /// Ten million bytes.
    Huge,
    /// Right JSON of the wrong shape.
    WrongShape,
    /// The connection breaks in the middle of the answer.
    HalfClosed,
    /// 429, with these seconds as Retry-After or without.
    TooMany(Option<u64>),
    /// 302 to another address.
    Redirect,
    /// Takes the request, does nothing, never answers.
    Silent,
    /// Does it and never answers.
    ActsInSilence,
    /// Does it, then answers 502.
    ActsAndFails,
}

/// A running port; it ends with the value.
pub(super) struct DevicePort {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    fault: Mutex<Option<Fault>>,
    /// `GET /path?query` of every request.
    asked: Mutex<Vec<String>>,
    /// How many of them brought a log-in.
    logins: AtomicUsize,
    powered: AtomicBool,
    changed: Notify,
}

impl DevicePort {
    /// Listens on loopback; port 0 takes a free one. `there` says whether the device is on the network at all; it
    /// is asked anew whenever `changes` does.
    pub fn start(
        port: u16,
        app: Router,
        tls: Option<RustlsConfig>,
        there: impl Fn() -> bool + Send + 'static,
        changes: watch::Receiver<u64>,
    ) -> io::Result<DevicePort> {
        let shared = Arc::new(Shared {
            fault: Mutex::default(),
            asked: Mutex::default(),
            logins: AtomicUsize::new(0),
            powered: AtomicBool::new(true),
            changed: Notify::new(),
        });
        let app = app.layer(middleware::from_fn_with_state(shared.clone(), guard));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        let socket = Socket { address, app, tls };
        let task = tokio::spawn(keep(socket, Some(listener), shared.clone(), there, changes));
        Ok(DevicePort { address, shared, task })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn set_fault(&self, fault: Option<Fault>) {
        *lock(&self.shared.fault) = fault;
    }

    pub fn asked(&self) -> Vec<String> {
        lock(&self.shared.asked).clone()
    }

    pub fn logins(&self) -> usize {
        self.shared.logins.load(Ordering::SeqCst)
    }

    /// Off: the port closes and every connection breaks.
    pub fn set_power(&self, on: bool) {
        self.shared.powered.store(on, Ordering::SeqCst);
        self.shared.changed.notify_one();
    }
}

impl Drop for DevicePort {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Where it listens, and what answers there.
struct Socket {
    address: SocketAddr,
    app: Router,
    tls: Option<RustlsConfig>,
}

/// A listening socket; dropping it breaks its connections.
struct Open {
    handle: axum_server::Handle<SocketAddr>,
    task: JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.handle.shutdown();
        self.task.abort();
    }
}

async fn keep(
    socket: Socket,
    mut first: Option<TcpListener>,
    shared: Arc<Shared>,
    there: impl Fn() -> bool + Send,
    mut changes: watch::Receiver<u64>,
) {
    let mut open: Option<Open> = None;
    loop {
        let wanted = shared.powered.load(Ordering::SeqCst) && there();
        if !wanted {
            first = None;
            open = None;
        } else if open.is_none() {
            let listener = first.take().map_or_else(|| TcpListener::bind(socket.address), Ok);
            match listener.and_then(|listener| socket.serve(listener)) {
                Ok(serving) => open = Some(serving),
                Err(error) => tracing::warn!(%error, address = %socket.address, "a simulated device's port"),
            }
        }
        let missing = wanted && open.is_none();
        tokio::select! {
            () = shared.changed.notified() => {}
            changed = changes.changed() => if changed.is_err() { std::future::pending::<()>().await },
            () = tokio::time::sleep(Duration::from_millis(200)), if missing => {}
        }
    }
}

impl Socket {
    fn serve(&self, listener: TcpListener) -> io::Result<Open> {
        listener.set_nonblocking(true)?;
        let handle = axum_server::Handle::new();
        let app = self.app.clone().into_make_service();
        let task = match self.tls.clone() {
            Some(tls) => {
                let server = axum_server::from_tcp_rustls(listener, tls)?.handle(handle.clone());
                tokio::spawn(async move { told(server.serve(app).await) })
            }
            None => {
                let server = axum_server::from_tcp(listener)?.handle(handle.clone());
                tokio::spawn(async move { told(server.serve(app).await) })
            }
        };
        Ok(Open { handle, task })
    }
}

fn told(ended: io::Result<()>) {
    if let Err(error) = ended {
        tracing::warn!(%error, "a simulated device's port ended");
    }
}

/// Writes down what is asked, labels the answer, and spoils it where told to.
async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    lock(&shared.asked).push(format!("{} {}", request.method(), request.uri()));
    if request.headers().contains_key(header::AUTHORIZATION) {
        shared.logins.fetch_add(1, Ordering::SeqCst);
    }
    let upgrade = request.headers().contains_key(header::UPGRADE);
    let fault = *lock(&shared.fault);
    let mut response = match fault {
        Some(Fault::Silent) => return std::future::pending().await,
        Some(Fault::ActsInSilence) => {
            let _acted = next.run(request).await;
            return std::future::pending().await;
        }
        Some(Fault::ActsAndFails) => {
            let _acted = next.run(request).await;
            (StatusCode::BAD_GATEWAY, "SIMULATED: 502").into_response()
        }
        Some(fault) => spoilt(fault),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static(SIMULATED_HEADER), HeaderValue::from_static("true"));
    if !upgrade {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn spoilt(fault: Fault) -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    match fault {
        Fault::Html => {
            let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
            (html, "<html><body>SIMULATED: log in</body></html>").into_response()
        }
        Fault::Truncated => (json, r#"{"id":1,"src":"SIMULATED","resu"#).into_response(),
        Fault::Huge => (json, "x".repeat(10_000_000)).into_response(),
        Fault::WrongShape => {
            (json, r#"{"id":[],"gen":{},"type":7,"result":"SIMULATED","relays":{"0":true}}"#).into_response()
        }
        Fault::HalfClosed => {
            let pieces = [
                Ok(axum::body::Bytes::from_static(br#"{"id":1,"src":"SIMU"#)),
                Err(io::Error::other("SIMULATED: the connection breaks")),
            ];
            let body = Body::from_stream(stream::iter(pieces));
            ([(header::CONTENT_LENGTH, "400")], body).into_response()
        }
        Fault::TooMany(after) => {
            let mut response = StatusCode::TOO_MANY_REQUESTS.into_response();
            if let Some(seconds) = after {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            response
        }
        Fault::Redirect => {
            (StatusCode::FOUND, [(header::LOCATION, "http://127.0.0.1:9/elsewhere")]).into_response()
        }
        Fault::Silent | Fault::ActsInSilence | Fault::ActsAndFails => {
            (StatusCode::BAD_GATEWAY, "SIMULATED: 502").into_response()
        }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
