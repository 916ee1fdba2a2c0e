//! HTTP digest log-in (RFC 7616) with SHA-256 and `qop=auth`, the only kind that Shelly's second generation knows.
//!
//! Owns reading a challenge and working out its answer. Pure: who asks, keeps the count and draws the client's
//! nonce is elsewhere. Never answers an older kind (MD5, or without `qop`): that would hand the password to a guess.

use sha2::{Digest as _, Sha256};

/// No honest challenge is longer, in bytes.
const LONGEST: usize = 4096;

/// What a server wants to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    pub realm: String,
    pub nonce: String,
    pub opaque: Option<String>,
    /// The nonce of the request was too old; the password is not in doubt.
    pub stale: bool,
}

impl Challenge {
    /// The first challenge in a `WWW-Authenticate` header that can be answered here.
    pub fn parse(header: &str) -> Option<Challenge> {
        let mut rest = Some(header).filter(|header| header.len() <= LONGEST)?;
        while !rest.is_empty() {
            let at = find(rest, "digest ")?;
            rest = &rest[at + "digest ".len()..];
            let parameters = parameters(rest);
            let get = |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value);
            let sha_256 = get("algorithm").is_some_and(|name| name.eq_ignore_ascii_case("SHA-256"));
            let auth = get("qop").is_some_and(|qop| qop.split(',').any(|kind| kind.trim() == "auth"));
            if let (Some(realm), Some(nonce), true, true) = (get("realm"), get("nonce"), sha_256, auth) {
                return Some(Challenge {
                    realm: realm.clone(),
                    nonce: nonce.clone(),
                    opaque: get("opaque").cloned(),
                    stale: get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
                });
            }
        }
        None
    }

    /// The `Authorization` header that answers it, for the `count`th request (from 1) with its nonce.
    pub fn answer(&self, login: (&str, &str), method: &str, uri: &str, count: u32, cnonce: &str) -> String {
        let (user, password) = login;
        let count = format!("{count:08x}");
        let asked = Asked { method, uri, nonce: &self.nonce, count: &count, cnonce };
        let response = asked.response(&secret(user, &self.realm, password));
        let Challenge { realm, nonce, .. } = self;
        let (realm, nonce) = (quoted(realm), quoted(nonce));
        let mut header = format!(
            "Digest username={}, realm={realm}, nonce={nonce}, uri={}, algorithm=SHA-256, qop=auth, nc={count}, \
             cnonce={}, response=\"{response}\"",
            quoted(user),
            quoted(uri),
            quoted(cnonce)
        );
        if let Some(opaque) = &self.opaque {
            header.push_str(", opaque=");
            header.push_str(&quoted(opaque));
        }
        header
    }
}

/// What is hashed of one request.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub method: &'a str,
    pub uri: &'a str,
    pub nonce: &'a str,
    /// As it stands in the request: eight hexadecimal digits.
    pub count: &'a str,
    pub cnonce: &'a str,
}

impl Asked<'_> {
    /// The response to a challenge; `secret` is [`secret`].
    pub fn response(&self, secret: &str) -> String {
        let Asked { method, uri, nonce, count, cnonce } = self;
        let asked = hash(&format!("{method}:{uri}"));
        hash(&format!("{secret}:{nonce}:{count}:{cnonce}:auth:{asked}"))
    }
}

/// What stands for the password in a realm (HA1).
pub fn secret(user: &str, realm: &str, password: &str) -> String {
    hash(&format!("{user}:{realm}:{password}"))
}

/// The `key=value` pairs of one challenge or answer, keys in lower case, quotes taken off.
pub fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some((key, after)) = rest.split_once('=') {
        let key = key.trim().to_ascii_lowercase();
        // A word with a space in it is the name of the next kind of log-in.
        if key.is_empty() || key.contains(char::is_whitespace) {
            break;
        }
        let (value, after) = value(after.trim_start());
        found.push((key, value));
        let after = after.trim_start();
        let Some(next) = after.strip_prefix(',') else { break };
        rest = next.trim_start();
    }
    found
}

/// A token or a quoted text, and what follows it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, "")
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn find(text: &str, word: &str) -> Option<usize> {
    text.to_ascii_lowercase().find(word)
}

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7616, section 3.9.1.
    const RFC: &str = "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, \
        nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", \
        Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, \
        nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";

    #[test]
    fn the_example_of_the_rfc_is_answered_as_the_rfc_does() {
        let challenge = Challenge::parse(RFC).expect("a challenge");
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let header = challenge.answer(("Mufasa", "Circle of Life"), "GET", "/dir/index.html", 1, cnonce);
        let sent = parameters(header.strip_prefix("Digest ").expect("a digest"));
        let get = |name: &str| sent.iter().find(|(key, _)| key == name).map(|(_, v)| v.as_str());
        assert_eq!(get("response"), Some("753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"));
        assert_eq!((get("nc"), get("cnonce")), (Some("00000001"), Some(cnonce)));
        assert_eq!(get("opaque"), challenge.opaque.as_deref());
    }

    #[test]
    fn older_kinds_are_not_answered() {
        let md5 = "Digest qop=\"auth\", realm=\"shelly\", nonce=\"60dc59b9\", algorithm=MD5";
        assert_eq!(Challenge::parse(md5), None);
        assert_eq!(
            Challenge::parse("Digest realm=\"shelly\", nonce=\"1\", algorithm=SHA-256"),
            None,
            "no qop"
        );
        assert_eq!(Challenge::parse("Basic realm=\"shelly\""), None);
        let after = format!("Basic realm=\"a, Digest b=c\", {}", &RFC[RFC.rfind("Digest").expect("two")..]);
        assert!(Challenge::parse(&after).is_some());
    }

    #[test]
    fn a_stale_nonce_and_odd_texts_are_read() {
        let odd = r#"digest  Realm="a \"b\", c",nonce="1"  , ALGORITHM=sha-256,qop="auth",stale=TRUE"#;
        let read = Challenge::parse(odd).expect("a challenge");
        assert_eq!((read.realm.as_str(), read.nonce.as_str(), read.stale), ("a \"b\", c", "1", true));
        for cut in (0..odd.len()).filter(|at| odd.is_char_boundary(*at)) {
            let _ = Challenge::parse(&odd[..cut]);
        }
    }
}
