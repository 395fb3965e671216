//! `serve --trusted-proxy`: determines the client's address behind the operator's proxies.
//!
//! The address is read from `X-Forwarded-For`, to which each proxy appends the address that it saw. Reading from right
//! to left, the first address outside of the trusted networks is the client's. Entries to its left were sent by the
//! client and are ignored. The header is read only if the connection itself comes from a trusted network. `Forwarded`
//! and similar headers are never read.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
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

/// Parses a network or a single address.
fn network(text: &str) -> Result<IpNet, String> {
    let network = IpNet::from_str(text).or_else(|_| IpAddr::from_str(text).map(IpNet::from));
    network
        .map(|network| network.trunc())
        .map_err(|_| "must be a network such as 10.0.0.0/8 or 2001:db8::/32".to_owned())
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
        // Several header lines are one list (RFC 9110, 5.3).
        let lines: Vec<&str> = headers.get_all(HEADER).iter().map(|line| line.to_str().unwrap_or_default()).collect();
        for entry in lines.iter().flat_map(|line| line.split(',')).rev() {
            // Stop at an entry that is not an address: the proxy that wrote it counts as the client.
            let Some(address) = address(entry.trim()) else { break };
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
    use axum::http::HeaderValue;

    use super::*;

    fn client(networks: &[&str], peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(HEADER, HeaderValue::from_str(line).unwrap());
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
        // A socket that listens on IPv6 reports IPv4 peers in this form.
        assert_eq!(client(&["10.0.0.0/8"], "::ffff:10.1.2.3", &lines), "203.0.113.7");
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
            (vec!["203.0.113.7,"], "10.1.2.3"),
            (vec![""], "10.1.2.3"),
            (vec![], "10.1.2.3"),
        ] {
            assert_eq!(client(&networks, "10.1.2.3", &lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_network_is_a_cidr_or_an_address() {
        for good in ["10.0.0.0/8", "10.1.2.3/8", "127.0.0.1", "::1", "2001:db8::/32", "0.0.0.0/0"] {
            assert!(network(good).is_ok(), "{good}");
        }
        for bad in ["", "10.0.0.0/33", "localhost", "10.0.0", "2001:db8::/129"] {
            assert!(network(bad).is_err(), "{bad}");
        }
    }
}
