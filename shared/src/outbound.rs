//! The HTTP client for all outbound calls: DynamoDB, Stripe and the Lambda extension. It is one type, so that it is
//! linked once, and uses HTTP/1.1, like DynamoDB (`docs/decisions/0018-small-binaries.md`).

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

/// Trusted root certificates.
pub(crate) enum Roots {
    /// None: plain HTTP only.
    None,
    /// The system's root certificates. Reading them takes milliseconds.
    System,
    /// The given certificates, as PEM.
    Pem(&'static str),
}

impl Roots {
    /// What calls of this address need.
    pub(crate) fn of(url: &str) -> Self {
        if url.starts_with("http://") { Self::None } else { Self::System }
    }
}

/// Creates a client that connects at its first call and keeps connections alive. Unreadable root certificates are
/// skipped, so calls fail instead of the process.
pub(crate) fn http_client(roots: &Roots) -> HttpClient {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    // Send small segments at once (no Nagle delay).
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
            Err(error) => tracing::error!(%error, "cannot read the system's root certificates"),
        },
        Roots::Pem(pem) => {
            store.add_parsable_certificates(CertificateDer::pem_slice_iter(pem.as_bytes()).flatten());
        }
    }
    ClientConfig::builder().with_root_certificates(store).with_no_client_auth()
}

/// The message of an error followed by those of its sources.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::http::Uri;
    use http_body_util::BodyExt;
    use rustls::ServerConfig;
    use rustls::pki_types::PrivateKeyDer;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    const AMAZON_ROOTS: &str = include_str!("store/dynamodb/amazon_roots.pem");
    const ROOT: &str = include_str!("../../tests/fixtures/tls/root.pem");
    const CERTIFICATE: &str = include_str!("../../tests/fixtures/tls/server.pem");
    const KEY: &str = include_str!("../../tests/fixtures/tls/server.key");

    /// A TLS server for `localhost`, with the certificate signed by `ROOT`; it answers `hi` to every request.
    async fn server() -> Uri {
        let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                if let Ok(mut stream) = acceptor.accept(connection).await {
                    let _ = stream.read(&mut [0; 1024]).await;
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await;
                }
            }
        });
        format!("https://localhost:{port}/").parse().unwrap()
    }

    #[tokio::test]
    async fn only_servers_with_a_trusted_root_are_called() {
        let server = server().await;
        let answer = http_client(&Roots::Pem(ROOT)).get(server.clone()).await.unwrap();
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "hi");
        for roots in [Roots::None, Roots::System, Roots::Pem(AMAZON_ROOTS)] {
            let error = http_client(&roots).get(server.clone()).await.unwrap_err();
            assert!(causes(&error).contains("UnknownIssuer"), "{error:?}");
        }
        let by_another_name = server.to_string().replace("localhost", "127.0.0.1").parse().unwrap();
        let error = http_client(&Roots::Pem(ROOT)).get(by_another_name).await.unwrap_err();
        assert!(
            causes(&error).contains("NotValidForName") || causes(&error).contains("not valid for name"),
            "{error:?}"
        );
    }

    #[test]
    fn all_of_amazons_roots_are_trusted() {
        let mut store = RootCertStore::empty();
        let counts = store.add_parsable_certificates(CertificateDer::pem_slice_iter(AMAZON_ROOTS.as_bytes()).flatten());
        assert_eq!(counts, (AMAZON_ROOTS.matches("BEGIN CERTIFICATE").count(), 0));
        assert_eq!(store.len(), 5);
    }
}
