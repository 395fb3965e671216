//! The DynamoDB client, built without aws-config: Lambda provides the region and the credentials in the environment,
//! and the credential provider chain would cost more cold-start time than everything else together.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Builder, Config, ConfigBag, Credentials, HttpClient, IdentityCache, Intercept, Region,
    RuntimeComponents, StalledStreamProtectionConfig,
};
use aws_sdk_dynamodb::error::BoxError;

use super::connector::{Connector, Through, Transport};
use crate::config::{AwsCredentials, Database};
use crate::outbound::{Roots, http_client};
use crate::request_metrics::{count_call, count_try};

/// Root certificates of AWS's endpoints. Reading the system's 150 root certificates would take a third of a cold start.
const AMAZON_ROOTS: &str = include_str!("amazon_roots.pem");
/// Timeout of one attempt. DynamoDB usually answers within 10 ms; an attempt that hangs is aborted and retried.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);
/// Timeout of one call with all its attempts. Three such calls in a row are shorter than the function's timeout, so
/// that we can still answer.
const CALL_TIMEOUT: Duration = Duration::from_secs(8);
/// Attempts at a throttled or failed call.
const ATTEMPTS_MAX: u32 = 3;
/// Upper bound of the pause before the second attempt; it doubles for the next one.
const PAUSE_FIRST: Duration = Duration::from_millis(25);

/// Counts calls and attempts in the metrics of the request.
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

/// Creates a client of `database`.
pub(in crate::store) fn client(database: &Database) -> Client {
    Client::from_conf(configuration(database, Connector(http_client(&roots(database.endpoint_url.as_deref())))).build())
}

/// Creates a client of `database` that sends its requests through `transport`.
pub(in crate::store) fn client_through(database: &Database, transport: Arc<dyn Transport>) -> Client {
    Client::from_conf(configuration(database, Through(transport)).build())
}

/// The complete client configuration; tests may add to it.
fn configuration(database: &Database, http_client: impl HttpClient + 'static) -> Builder {
    let timeouts =
        TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).operation_timeout(CALL_TIMEOUT).build();
    let mut builder = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(database.region.clone()))
        .credentials_provider(sdk_credentials(&database.credentials))
        // The credentials never change in a process. A cache would start a timer for each call.
        .identity_cache(IdentityCache::no_cache())
        // Our connector reads each answer as a whole, under the timeout of the attempt.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX).with_initial_backoff(PAUSE_FIRST))
        .interceptor(Count)
        .http_client(http_client);
    builder.set_endpoint_url(database.endpoint_url.clone());
    builder
}

/// The credentials in the form of the SDKs.
pub(crate) fn sdk_credentials(keys: &AwsCredentials) -> Credentials {
    Credentials::new(
        keys.access_key_id.clone(),
        keys.secret_access_key.clone(),
        keys.session_token.clone(),
        None,
        "environment",
    )
}

/// Our HTTP client for another SDK of AWS, at its own endpoint or at this one.
pub(crate) fn sdk_http_client(endpoint_url: Option<&str>) -> impl HttpClient + 'static {
    Connector(http_client(&roots(endpoint_url)))
}

/// Root certificates for an endpoint.
fn roots(endpoint_url: Option<&str>) -> Roots {
    endpoint_url.map_or(Roots::Pem(AMAZON_ROOTS), Roots::of)
}
