//! The HTTP client of everything that is called from here: DynamoDB, Stripe, Lambda's extension. One type, so that it is
//! linked once; HTTP/1.1, as DynamoDB speaks it (`docs/decisions/0018-small-binaries.md`).

use axum::body::Bytes;
use http_body_util::Full;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

pub(crate) type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Whom a client believes.
pub(crate) enum Roots {
    /// Nobody: it calls plain HTTP alone.
    None,
    /// Whom the system believes. Reading them takes milliseconds.
    System,
    /// Whose certificates these are, as PEM.
    Pem(&'static str),
}

/// A client that connects at its first call, and keeps its connections. Certificates that cannot be read are believed by
/// nobody, so that its calls fail, not its process.
pub(crate) fn http_client(roots: &Roots) -> HttpClient {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    // A request leaves at once, however small its last part is.
    tcp.set_nodelay(true);
    let connector = HttpsConnectorBuilder::new().with_tls_config(tls(roots));
    let connector = connector.https_or_http().enable_http1().wrap_connector(tcp);
    Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector)
}

fn tls(roots: &Roots) -> ClientConfig {
    let mut store = RootCertStore::empty();
    match roots {
        Roots::None => {}
        Roots::System => match ClientConfig::builder().with_native_roots() {
            Ok(system) => return system.with_no_client_auth(),
            Err(error) => tracing::error!(%error, "the system's root certificates cannot be read"),
        },
        Roots::Pem(pem) => {
            store.add_parsable_certificates(CertificateDer::pem_slice_iter(pem.as_bytes()).flatten());
        }
    }
    ClientConfig::builder().with_root_certificates(store).with_no_client_auth()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amazons_roots_are_all_believed() {
        let pem = include_str!("store/amazon_roots.pem");
        let mut store = RootCertStore::empty();
        let counts = store.add_parsable_certificates(CertificateDer::pem_slice_iter(pem.as_bytes()).flatten());
        assert_eq!(counts, (pem.matches("BEGIN CERTIFICATE").count(), 0));
        assert_eq!(store.len(), 5);
    }
}
