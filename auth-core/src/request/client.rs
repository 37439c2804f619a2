use std::{net::IpAddr, sync::Once};

use http::{HeaderName, header::USER_AGENT};
use ipnet::IpNet;

use super::RequestView;
use crate::config::ConfigProblem;

/// From where a request came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "to be constructed by applications")]
pub struct Client {
    /// The address: the connection's, or what a trusted proxy says.
    pub ip: Option<IpAddr>,
    /// The browser, cut to 512 bytes and without control characters.
    pub user_agent: Option<String>,
    /// The administrator who asks, where one acts on somebody's account: the id of their user, or a program's role.
    pub administrator: Option<String>,
}

/// Without an address the limits per client cannot hold, which nobody should learn from an attacker.
fn tell_once() {
    static TOLD: Once = Once::new();
    TOLD.call_once(|| {
        tracing::warn!(
            target: "auth::limit",
            "requests come without a client address, so limits per client are off; with axum, serve with \
             `into_make_service_with_connect_info::<SocketAddr>()`"
        );
    });
}

/// Whose word is taken for a client's address.
#[derive(Debug, Default)]
pub(crate) struct ClientPolicy {
    proxies: Vec<IpNet>,
}

impl ClientPolicy {
    pub(crate) fn new(proxies: &[String], problems: &mut Vec<ConfigProblem>) -> Self {
        let proxies = proxies
            .iter()
            .filter_map(|network| {
                let parsed = network.parse().or_else(|_| network.parse::<IpAddr>().map(IpNet::from));
                if parsed.is_err() {
                    problems.push(ConfigProblem::new(
                        "trusted_proxy",
                        format!("{network:?} is not a network."),
                        "Use CIDR notation: `10.0.0.0/8`.",
                    ));
                }
                parsed.ok()
            })
            .collect();
        Self { proxies }
    }

    /// Reads a request.
    pub(crate) fn read(&self, view: &dyn RequestView) -> Client {
        let mut user_agent = None;
        view.each_header(&USER_AGENT, &mut |value| {
            user_agent.get_or_insert_with(|| clean(value));
        });
        let peer = view.peer();
        if peer.is_none() {
            tell_once();
        }
        Client {
            ip: peer.map(|peer| self.address(peer.to_canonical(), view)),
            user_agent,
            administrator: None,
        }
    }

    /// Walks `X-Forwarded-For` from its end for as long as trusted proxies speak; the first address that is none is
    /// the client. A word that is no address ends the walk at the last one believed.
    fn address(&self, peer: IpAddr, view: &dyn RequestView) -> IpAddr {
        if !self.is_proxy(peer) {
            return peer;
        }
        let mut hops = Vec::new();
        view.each_header(&FORWARDED_FOR, &mut |value| {
            let value = String::from_utf8_lossy(value);
            hops.extend(value.split(',').map(|hop| address_of(hop.trim())));
        });
        let mut believed = peer;
        for hop in hops.into_iter().rev() {
            let Some(hop) = hop else { break };
            believed = hop;
            if !self.is_proxy(hop) {
                break;
            }
        }
        believed
    }

    fn is_proxy(&self, ip: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(&ip))
    }
}

/// What attempts are counted for: an IPv4 address, or an IPv6 network of 64 bits, which is what one customer gets.
pub(crate) fn throttle_subject(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// An address, with or without port and brackets.
fn address_of(hop: &str) -> Option<IpAddr> {
    hop.parse::<IpAddr>()
        .ok()
        .or_else(|| hop.parse::<std::net::SocketAddr>().ok().map(|address| address.ip()))
        .or_else(|| hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok())
        .map(|ip: IpAddr| ip.to_canonical())
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const USER_AGENT_BYTES: usize = 512;

/// For people to read, in logs and listings: no control characters, not endless.
fn clean(value: &[u8]) -> String {
    let head = &value[..value.len().min(USER_AGENT_BYTES)];
    // What nearly every browser sends.
    if head.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return String::from_utf8_lossy(head).into_owned();
    }
    let mut text: String = String::from_utf8_lossy(head)
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    while text.len() > USER_AGENT_BYTES {
        text.pop();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::PeerAddr;

    fn address(proxies: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let proxies: Vec<_> = proxies.iter().map(|&network| network.to_owned()).collect();
        let mut problems = Vec::new();
        let policy = ClientPolicy::new(&proxies, &mut problems);
        assert!(problems.is_empty());
        let mut request = http::Request::get("/").extension(PeerAddr(peer.parse().unwrap()));
        for value in forwarded {
            request = request.header("x-forwarded-for", *value);
        }
        let (parts, ()) = request
            .header("forwarded", "for=6.6.6.6")
            .header("x-real-ip", "6.6.6.6")
            .body(())
            .unwrap()
            .into_parts();
        policy.read(&parts).ip.unwrap().to_string()
    }

    #[test]
    fn forwarded_headers_are_ignored_without_a_trusted_proxy() {
        assert_eq!(address(&[], "1.2.3.4", &["6.6.6.6"]), "1.2.3.4");
        assert_eq!(address(&["10.0.0.0/8"], "1.2.3.4", &["6.6.6.6"]), "1.2.3.4");
    }

    #[test]
    fn the_first_address_that_is_no_proxy_is_the_client() {
        let proxies = ["10.0.0.0/8", "fd00::/8"];
        assert_eq!(address(&proxies, "10.0.0.1", &["6.6.6.6, 1.2.3.4"]), "1.2.3.4");
        assert_eq!(
            address(&proxies, "10.0.0.1", &["6.6.6.6", "1.2.3.4, 10.9.9.9"]),
            "1.2.3.4"
        );
        assert_eq!(
            address(&proxies, "::ffff:10.0.0.1", &["[2001:db8::1]:443"]),
            "2001:db8::1"
        );
        assert_eq!(address(&proxies, "10.0.0.1", &["1.2.3.4:5678"]), "1.2.3.4");
    }

    #[test]
    fn garbage_ends_the_walk_at_the_last_believed_address() {
        let proxies = ["10.0.0.0/8"];
        assert_eq!(address(&proxies, "10.0.0.1", &["1.2.3.4, unknown"]), "10.0.0.1");
        assert_eq!(
            address(&proxies, "10.0.0.1", &["1.2.3.4, unknown, 10.0.0.7"]),
            "10.0.0.7"
        );
        assert_eq!(address(&proxies, "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn ipv6_is_counted_by_network_and_mapped_addresses_are_folded() {
        let subject = |ip: &str| throttle_subject(ip.parse().unwrap());
        assert_eq!(subject("2001:db8:1:2:3:4:5:6"), subject("2001:db8:1:2::1"));
        assert_ne!(subject("2001:db8:1:2::1"), subject("2001:db8:1:3::1"));
        assert_eq!(subject("::ffff:1.2.3.4"), subject("1.2.3.4"));
    }

    #[test]
    fn a_user_agent_has_no_control_characters_and_an_end() {
        let cleaned = clean(b"Mozilla\r\n\x1b[31m evil");
        assert!(!cleaned.chars().any(char::is_control));
        assert!(clean("ä".repeat(1_000).as_bytes()).len() <= USER_AGENT_BYTES);
        assert!(clean(&[0xff; 2_000]).len() <= USER_AGENT_BYTES);
    }

    #[test]
    fn a_network_that_is_none_is_a_problem() {
        let mut problems = Vec::new();
        ClientPolicy::new(&["everyone".to_owned()], &mut problems);
        assert_eq!(problems.len(), 1);
    }
}
