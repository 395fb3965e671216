//! `serve --trusted-proxy`: determines the client's address behind the operator's proxies.
//!
//! The address is read from `X-Forwarded-For`, to which each proxy appends the address that it saw. Reading from right
//! to left, the first address outside of the trusted networks is the client's. Entries to its left were sent by the
//! client and are ignored. The header is read only if the connection itself comes from a trusted network. `Forwarded`
//! and similar headers are never read.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use clap::Args;
use ipnet::IpNet;
use shared::http::ClientAddress;

const HEADER: &str = "x-forwarded-for";

/// Options for a server behind a proxy.
#[derive(Debug, Clone, Default, Args)]
pub struct TrustedProxies {
    /// Read the client's address from `X-Forwarded-For` if the connection comes from this network, such as 10.0.0.0/8
    /// (can be repeated)
    #[arg(long = "trusted-proxy", value_name = "CIDR", value_parser = network)]
    networks: Vec<IpNet>,
}

/// The shortest prefixes that may be trusted: `10.0.0.0/8` and `fc00::/7` are the largest networks that one operator can have.
const PREFIX_MIN: (u8, u8) = (8, 7);
/// Bits of an IPv6 address before an IPv4 address that it maps.
const MAPPED_PREFIX: u8 = 96;

/// A network, or one address, in the form in which peers are compared: an IPv4 address that IPv6 maps is IPv4.
fn network(text: &str) -> Result<IpNet, String> {
    let network = IpNet::from_str(text).or_else(|_| IpAddr::from_str(text).map(IpNet::from));
    let network = network.map_err(|_| "must be a network such as 10.0.0.0/8 or 2001:db8::/32".to_owned())?.trunc();
    let too_large = || {
        let (v4, v6) = PREFIX_MIN;
        format!(
            "is too large to be trusted: every client in it could forge its address; an IPv4 network has a prefix of \
                 at least /{v4}, an IPv6 network of at least /{v6}"
        )
    };
    let network = match network {
        IpNet::V6(wide)
            if wide.prefix_len() < MAPPED_PREFIX && wide.contains(&Ipv4Addr::LOCALHOST.to_ipv6_mapped()) =>
        {
            return Err(too_large());
        }
        IpNet::V6(narrow) => match narrow.addr().to_ipv4_mapped() {
            Some(address) => {
                let prefix = narrow.prefix_len() - MAPPED_PREFIX;
                IpNet::new(address.into(), prefix).map_err(|error| error.to_string())?
            }
            None => narrow.into(),
        },
        IpNet::V4(network) => network.into(),
    };
    let prefix_min = if network.addr().is_ipv4() { PREFIX_MIN.0 } else { PREFIX_MIN.1 };
    if network.prefix_len() < prefix_min { Err(too_large()) } else { Ok(network) }
}

impl TrustedProxies {
    /// Trusts these networks.
    ///
    /// # Errors
    /// When a text is not a network.
    pub fn of(networks: &[&str]) -> Result<Self, String> {
        Ok(Self { networks: networks.iter().map(|text| network(text)).collect::<Result<_, _>>()? })
    }

    /// Makes `router` see the client's address instead of the proxy's. The server must set [`ClientAddress`] on every
    /// request.
    pub fn before(self, router: Router) -> Router {
        if self.networks.is_empty() {
            return router;
        }
        router.layer(from_fn_with_state(Arc::new(self), tell_client))
    }

    /// The client's address for a request received from `peer`.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer;
        if !self.trusts(peer) {
            return client;
        }
        // Several lines are one list (RFC 9110, 5.3), of which empty elements are ignored (5.6.1). Read bytes: non-text
        // bytes from a client must not hide the entry that a proxy appended.
        let lines: Vec<&[u8]> = headers.get_all(HEADER).iter().map(HeaderValue::as_bytes).collect();
        let entries = lines.iter().flat_map(|line| line.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
        for entry in entries.rev().filter(|entry| !entry.is_empty()) {
            // An invalid entry and all entries before it are ignored; the proxy that appended it counts as the client.
            let Some(address) = std::str::from_utf8(entry).ok().and_then(address) else { break };
            client = address;
            if !self.trusts(address) {
                break;
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }
}

/// An address with or without a port; IPv6 with or without brackets.
fn address(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|entry| entry.strip_suffix(']')).unwrap_or(entry);
    let address = bare.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

async fn tell_client(State(proxies): State<Arc<TrustedProxies>>, mut request: Request, next: Next) -> Response {
    if let Some(ClientAddress(peer)) = request.extensions().get::<ClientAddress>().copied() {
        let client = proxies.client(peer, request.headers());
        request.extensions_mut().insert(ClientAddress(client));
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(networks: &[&str], peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(HEADER, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        // Never read, even from a trusted proxy.
        for other in ["forwarded", "x-real-ip", "cf-connecting-ip"] {
            headers.insert(other, HeaderValue::from_static("for=192.0.2.99"));
        }
        TrustedProxies::of(networks).unwrap().client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_a_trusted_peer_is_believed() {
        let lines = ["203.0.113.7"];
        assert_eq!(client(&["10.0.0.0/8"], "10.1.2.3", &lines), "203.0.113.7");
        assert_eq!(client(&["10.0.0.0/8"], "192.0.2.1", &lines), "192.0.2.1");
        assert_eq!(client(&[], "10.1.2.3", &lines), "10.1.2.3");
        assert_eq!(client(&["10.1.2.3"], "10.1.2.3", &lines), "203.0.113.7");
        assert_eq!(client(&["10.1.2.3"], "10.1.2.4", &lines), "10.1.2.4");
        // An IPv6 socket reports IPv4 peers in this form, and networks may be given in it, too.
        assert_eq!(client(&["10.0.0.0/8"], "::ffff:10.1.2.3", &lines), "203.0.113.7");
        for mapped in ["::ffff:10.0.0.0/104", "::ffff:10.1.2.3", "::ffff:a01:203/128"] {
            assert_eq!(client(&[mapped], "::ffff:10.1.2.3", &lines), "203.0.113.7", "{mapped}");
            assert_eq!(client(&[mapped], "10.1.2.3", &lines), "203.0.113.7", "{mapped}");
            assert_eq!(client(&[mapped], "11.1.2.3", &lines), "11.1.2.3", "{mapped}");
        }
    }

    #[test]
    fn the_right_most_address_that_is_not_trusted_is_the_client() {
        let networks = ["10.0.0.0/8", "2001:db8:1::/48"];
        for (lines, expected) in [
            (vec!["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
            (vec!["198.51.100.1, 203.0.113.7, 10.9.9.9"], "203.0.113.7"),
            (vec!["198.51.100.1", "203.0.113.7, 10.9.9.9", "2001:db8:1::5"], "203.0.113.7"),
            (vec!["203.0.113.7:4711"], "203.0.113.7"),
            (vec!["[2001:db8:2::1]:443"], "2001:db8:2::1"),
            (vec!["[2001:db8:2::1]"], "2001:db8:2::1"),
            (vec!["::ffff:203.0.113.7"], "203.0.113.7"),
            // All addresses are trusted: the leftmost one is the client.
            (vec!["10.5.5.5, 10.6.6.6"], "10.5.5.5"),
            // An entry that is not an address is ignored, and all entries to its left.
            (vec!["203.0.113.7, unknown"], "10.1.2.3"),
            (vec!["203.0.113.7, unknown, 10.6.6.6"], "10.6.6.6"),
            (vec!["203.0.113.7, unknown, 192.0.2.5, 10.6.6.6"], "192.0.2.5"),
            // Empty entries are skipped.
            (vec!["203.0.113.7,"], "203.0.113.7"),
            (vec!["198.51.100.1,, 203.0.113.7 ,\t,", "", " ,10.6.6.6,"], "203.0.113.7"),
            (vec![""], "10.1.2.3"),
            // An unreadable entry does not hide the entries to its right.
            (vec!["\u{e9}, 203.0.113.7"], "203.0.113.7"),
            (vec!["198.51.100.1, \u{e9}"], "10.1.2.3"),
            (vec!["198.51.100.1, \u{e9}, 10.6.6.6"], "10.6.6.6"),
            (vec!["\u{e9}", "203.0.113.7"], "203.0.113.7"),
            (vec![], "10.1.2.3"),
        ] {
            assert_eq!(client(&networks, "10.1.2.3", &lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_network_is_a_cidr_or_an_address() {
        for good in ["10.0.0.0/8", "10.1.2.3/8", "127.0.0.1", "::1", "2001:db8::/32", "fc00::/7"] {
            assert!(network(good).is_ok(), "{good}");
        }
        for bad in ["", "10.0.0.0/33", "localhost", "10.0.0", "2001:db8::/129"] {
            assert!(network(bad).is_err(), "{bad}");
        }
        for large in ["0.0.0.0/0", "128.0.0.0/1", "::/0", "::/64", "2000::/3", "::ffff:0:0/96", "::ffff:8.0.0.0/101"] {
            assert!(network(large).unwrap_err().contains("too large to be trusted"), "{large}");
        }
    }
}
