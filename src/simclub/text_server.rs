//! The HTTP side of a simulated text provider: a port on loopback that can be pulled and put back, and the
//! faults laid over every answer.
//!
//! Owns no wire. Every answer carries the header that says it is simulated and the provider's own `Date`.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::carrier::{Asked, Carriage, Carrier, TextFault};
use crate::clock::UnixMs;
use crate::device::access::SIMULATED_HEADER;

/// A server that ends with the value.
pub(super) struct TextServer {
    address: SocketAddr,
    app: Router,
    running: Option<(axum_server::Handle<SocketAddr>, tokio::task::JoinHandle<()>)>,
}

impl TextServer {
    /// Starts on a free port of loopback.
    pub fn start(app: Router) -> io::Result<TextServer> {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut server = TextServer { address: any, app, running: None };
        server.resume()?;
        Ok(server)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes its port again.
    pub fn resume(&mut self) -> io::Result<()> {
        let listener = TcpListener::bind(self.address)?;
        listener.set_nonblocking(true)?;
        self.address = listener.local_addr()?;
        let handle = axum_server::Handle::new();
        let server = axum_server::from_tcp(listener)?.handle(handle.clone());
        let app = self.app.clone();
        let task = tokio::spawn(async move {
            if let Err(error) = server.serve(app.into_make_service()).await {
                tracing::warn!(%error, "a simulated text provider ended");
            }
        });
        self.running = Some((handle, task));
        Ok(())
    }

    /// Pulls its plug: the port closes and every connection breaks.
    pub async fn stop(&mut self) {
        if let Some((handle, task)) = self.running.take() {
            handle.shutdown();
            // It only ends; how does not matter.
            let _ = task.await;
        }
    }
}

impl Drop for TextServer {
    fn drop(&mut self) {
        if let Some((handle, task)) = self.running.take() {
            handle.shutdown();
            task.abort();
        }
    }
}

/// Lays the faults over an answer.
pub(super) async fn guard(State(carrier): State<Arc<Carrier>>, request: Request, next: Next) -> Response {
    let asked = match request.method() {
        &Method::POST => Asked::Send,
        _ if request.uri().path() == "/calls" => Asked::Calls,
        _ => Asked::List,
    };
    let fault = carrier.fault(asked);
    let mut response = spoilt(&carrier, fault, request, next).await;
    carrier.changed();
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static(SIMULATED_HEADER), HeaderValue::from_static("true"));
    if let Some(date) = http_date(carrier.now()).and_then(|date| HeaderValue::from_str(&date).ok()) {
        headers.insert(header::DATE, date);
    }
    response
}

async fn spoilt(carrier: &Carrier, fault: Option<TextFault>, mut request: Request, next: Next) -> Response {
    let carriage = match fault {
        Some(TextFault::NeverDelivered) => Carriage::Never,
        Some(TextFault::DeliveredTwice) => Carriage::Twice,
        Some(TextFault::Undeliverable) => Carriage::Fails,
        _ => Carriage::Once,
    };
    request.extensions_mut().insert(carriage);
    match fault {
        None | Some(TextFault::NeverDelivered | TextFault::DeliveredTwice | TextFault::Undeliverable) => {
            next.run(request).await
        }
        Some(TextFault::Slow(wait)) => {
            tokio::time::sleep(wait).await;
            next.run(request).await
        }
        Some(TextFault::Html) => page(StatusCode::OK),
        Some(TextFault::ServerError) => page(StatusCode::BAD_GATEWAY),
        Some(TextFault::TooMany(wait)) => too_many(wait),
        Some(TextFault::Refused(refusal)) => {
            let (status, body) = carrier.refusal(refusal);
            answer(status, &body)
        }
        Some(TextFault::Silent) => std::future::pending().await,
        Some(TextFault::Truncated) => {
            let whole = axum::body::to_bytes(next.run(request).await.into_body(), usize::MAX).await;
            let whole = whole.unwrap_or_default();
            json(StatusCode::OK, Body::from(whole.slice(..whole.len() / 2)))
        }
        Some(TextFault::Huge) => {
            next.run(request).await;
            json(StatusCode::OK, Body::from("x".repeat(10_000_000)))
        }
        Some(TextFault::TakenThenServerError) => {
            next.run(request).await;
            page(StatusCode::BAD_GATEWAY)
        }
        Some(TextFault::TakenThenSilent) => {
            next.run(request).await;
            carrier.changed();
            std::future::pending().await
        }
        Some(TextFault::TakenThenReset) => {
            next.run(request).await;
            let broken = [Ok(Bytes::from_static(b"{\"data\":")), Err(io::Error::other("SIMULATED: broken"))];
            json(StatusCode::OK, Body::from_stream(futures_util::stream::iter(broken)))
        }
    }
}

pub(super) fn answer(status: u16, body: &Value) -> Response {
    json(
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        Body::from(body.to_string()),
    )
}

fn json(status: StatusCode, body: Body) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn page(status: StatusCode) -> Response {
    let html = [(header::CONTENT_TYPE, "text/html")];
    (status, html, "<html><body>SIMULATED: something else answered</body></html>").into_response()
}

fn too_many(wait: Option<u32>) -> Response {
    let body =
        serde_json::json!({ "message": "Too many requests (SIMULATED)", "code": 20429, "status": 429 });
    let mut response = answer(429, &body);
    if let Some(seconds) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// As in RFC 9110.
fn http_date(at: UnixMs) -> Option<String> {
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at.timestamp()).ok()
}
