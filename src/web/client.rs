//! Who is asking: the client's address, its cookies, and whether the request came from our own pages.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};

use super::error::Error;

/// The client for counting tries: its address, an IPv6 one by its /64 (RFC 4291: one subnet, one guest).
#[derive(Debug, Clone)]
pub struct Client(pub String);

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Client, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Client(peer.map_or_else(|| "unknown".to_owned(), |ConnectInfo(peer)| name(peer.ip()))))
    }
}

fn name(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// In front of a cookie's name where it was set over HTTPS (RFC 6265bis, 4.1.3.2). Browsers refuse to let a
/// page without HTTPS replace a secure cookie: under one name, who was once here by HTTPS could no more sign in by HTTP.
const HOST: &str = "__Host-";

/// The value of a cookie; the one set over HTTPS if there are two.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    named(headers, &format!("{HOST}{name}")).or_else(|| named(headers, name))
}

fn named<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Which requests of other sites carry the cookie.
#[derive(Debug, Clone, Copy)]
pub enum SameSite {
    Lax,
    Strict,
}

/// A `Set-Cookie` header. `seconds` 0 takes the cookie away.
pub fn set_cookie(name: &str, value: &str, seconds: u64, same_site: SameSite, secure: bool) -> String {
    let (prefix, secure) = if secure { (HOST, "; Secure") } else { ("", "") };
    format!("{prefix}{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite={same_site:?}{secure}")
}

/// Refuses what another site's page sent in the visitor's name.
///
/// # Errors
/// 403, if the browser says that the request comes from elsewhere.
pub fn check_origin(method: &Method, headers: &HeaderMap) -> Result<(), Error> {
    if method.is_safe() {
        return Ok(());
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text("host").unwrap_or_default();
    let own = match (text("origin"), text("sec-fetch-site")) {
        (Some(origin), _) => {
            origin.split_once("://").is_some_and(|(_, from)| from.eq_ignore_ascii_case(host))
        }
        (None, Some(site)) => site == "same-origin" || site == "none",
        (None, None) => true, // no browser
    };
    if own {
        Ok(())
    } else {
        Err(Error::forbidden("this came from another site", "use the page of the box itself"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (k.parse().unwrap(), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let headers = headers(&[("cookie", "xclubos=1; clubos=2; clubos2=3")]);
        assert_eq!(cookie(&headers, "clubos"), Some("2"));
        assert_eq!(cookie(&headers, "club"), None);
    }

    #[test]
    fn the_cookie_of_https_comes_before_the_one_without() {
        let set = set_cookie("clubos", "s", 60, SameSite::Lax, true);
        assert!(set.starts_with("__Host-clubos=s; Path=/;") && set.ends_with("; Secure"), "{set}");
        assert!(!set_cookie("clubos", "s", 60, SameSite::Lax, false).contains("Secure"));
        let headers = headers(&[("cookie", "clubos=plain; __Host-clubos=secure")]);
        assert_eq!(cookie(&headers, "clubos"), Some("secure"));
    }

    #[test]
    fn posts_of_other_sites_are_refused() {
        let post = |pairs: &[(&'static str, &'static str)]| check_origin(&Method::POST, &headers(pairs));
        assert!(post(&[("host", "box:8080"), ("origin", "http://box:8080")]).is_ok());
        assert!(post(&[("host", "box:8080"), ("origin", "http://evil.example")]).is_err());
        assert!(post(&[("host", "box:8080"), ("origin", "null")]).is_err());
        assert!(post(&[("host", "box:8080"), ("sec-fetch-site", "cross-site")]).is_err());
        assert!(post(&[("host", "box:8080")]).is_ok(), "a program, not a browser");
    }

    #[test]
    fn one_guest_is_one_client() {
        assert_eq!(name("::ffff:10.0.0.7".parse().unwrap()), "10.0.0.7");
        assert_eq!(
            name("2001:db8:1:2:aaaa::1".parse().unwrap()),
            name("2001:db8:1:2:bbbb::2".parse().unwrap())
        );
    }
}
