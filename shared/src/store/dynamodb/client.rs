//! The DynamoDB client, without aws-config: Lambda gives region and keys in the environment, and the chain of
//! credential providers would cost more of a cold start than everything else together.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Builder, Config, ConfigBag, Credentials, HttpClient, Intercept, Region, RuntimeComponents,
};
use aws_sdk_dynamodb::error::BoxError;

use super::connector::{Connector, Through, Transport};
use crate::config::Database;
use crate::outbound::{Roots, http_client};
use crate::request_metrics::{count_call, count_try};

/// Reading the system's 150 root certificates would take a third of a cold start; AWS's endpoints need these.
const AMAZON_ROOTS: &str = include_str!("amazon_roots.pem");
/// One try of one call. DynamoDB answers within 10 ms; a try that hangs is given up and repeated.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);
/// One call with all its tries: three of them in a row are below the time of a function, so that our own answer arrives.
const CALL_TIMEOUT: Duration = Duration::from_secs(8);
/// Tries of a throttled or broken call.
const ATTEMPTS_MAX: u32 = 3;
/// The longest pause before the second try; the next one may be twice as long.
const PAUSE_FIRST: Duration = Duration::from_millis(25);

/// Counts calls and tries for the log of the request that makes them.
#[derive(Debug)]
struct Count;

impl Intercept for Count {
    fn name(&self) -> &'static str {
        "Count"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        count_call();
        Ok(())
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        count_try();
        Ok(())
    }
}

/// A client of `database`.
pub(in crate::store) fn client(database: &Database) -> Client {
    Client::from_conf(configuration(database, Connector(http_client(&roots(database)))).build())
}

/// A client of `database` that calls by `transport`.
pub(in crate::store) fn client_through(database: &Database, transport: Arc<dyn Transport>) -> Client {
    Client::from_conf(configuration(database, Through(transport)).build())
}

/// Everything but what a test may want to add.
fn configuration(database: &Database, http_client: impl HttpClient + 'static) -> Builder {
    let keys = &database.credentials;
    let credentials = Credentials::new(
        keys.access_key_id.clone(),
        keys.secret_access_key.clone(),
        keys.session_token.clone(),
        None,
        "environment",
    );
    let timeouts =
        TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).operation_timeout(CALL_TIMEOUT).build();
    let mut builder = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(database.region.clone()))
        .credentials_provider(credentials)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX).with_initial_backoff(PAUSE_FIRST))
        .interceptor(Count)
        .http_client(http_client);
    builder.set_endpoint_url(database.endpoint_url.clone());
    builder
}

/// Whom the client believes to be `database`.
fn roots(database: &Database) -> Roots {
    match database.endpoint_url.as_deref() {
        None => Roots::Pem(AMAZON_ROOTS),
        Some(url) if url.starts_with("http://") => Roots::None,
        Some(_) => Roots::System,
    }
}
