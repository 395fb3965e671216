//! Access control of the database port: requests must be signed (AWS Signature Version 4) with the key generated for
//! this run.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use shared::domain::random::{Random, SystemEntropy};
use subtle::ConstantTimeEq;

/// Maximum clock difference between client and server, as at AWS.
const SKEW_MAX: SignedDuration = SignedDuration::from_mins(15);
const ALGORITHM: &str = "AWS4-HMAC-SHA256 ";
const TIME_FORMAT: &str = "%Y%m%dT%H%M%SZ";
/// Headers that a signature must cover besides the body. Without the host, a request signed for another server would be
/// accepted.
const SIGNED_ALWAYS: [&str; 3] = ["host", "x-amz-date", "x-amz-target"];

/// A random access key.
#[derive(Clone)]
pub struct AccessKey {
    /// `AWS_ACCESS_KEY_ID`
    pub id: String,
    /// `AWS_SECRET_ACCESS_KEY`
    pub secret: String,
}

/// Why a request is refused: DynamoDB's error name and a message.
pub(crate) type Refusal = (&'static str, &'static str);

const UNSIGNED: Refusal =
    ("MissingAuthenticationTokenException", "sign requests with the access key that was printed at the start");
const UNKNOWN_KEY: Refusal =
    ("UnrecognizedClientException", "the access key is not the one that was printed at the start");
const INCOMPLETE: Refusal = ("IncompleteSignatureException", "the Authorization header is not AWS Signature Version 4");
const WRONG: Refusal = ("InvalidSignatureException", "the signature does not match the request and the access key");
const OLD: Refusal =
    ("InvalidSignatureException", "the signature has expired or is from the future; check both clocks");

impl AccessKey {
    /// Generates a key: 96 random bits in the id, 256 in the secret.
    #[must_use]
    pub fn new() -> Self {
        let random = Random::new(SystemEntropy);
        let id = format!("PASTPAPER{}", hex::encode_upper(random.bytes::<12>()));
        Self { id, secret: hex::encode(random.bytes::<32>()) }
    }

    /// Verifies the signature of a request.
    pub(crate) fn check(&self, head: &Parts, body: &[u8], now: Timestamp) -> Result<(), Refusal> {
        let authorization = head.headers.get("authorization").ok_or(UNSIGNED)?;
        let authorization = Authorization::read(authorization.to_str().map_err(|_| INCOMPLETE)?).ok_or(INCOMPLETE)?;
        let [id, day, region, service, _] = authorization.scope;
        if !bool::from(id.as_bytes().ct_eq(self.id.as_bytes())) {
            return Err(UNKNOWN_KEY);
        }
        let time = text(&head.headers, "x-amz-date").ok_or(INCOMPLETE)?;
        let at = DateTime::strptime(TIME_FORMAT, time).and_then(|time| time.to_zoned(TimeZone::UTC));
        let at = at.map_err(|_| INCOMPLETE)?.timestamp();
        if at.duration_since(now).abs() > SKEW_MAX || !time.starts_with(day) {
            return Err(OLD);
        }
        let signed: Vec<&str> = authorization.signed_headers.split(';').collect();
        if SIGNED_ALWAYS.iter().any(|name| !signed.contains(name)) {
            return Err(INCOMPLETE);
        }
        let headers: Option<Vec<_>> =
            signed.iter().map(|name| text(&head.headers, name).map(|value| (*name, value))).collect();
        let headers = headers.ok_or(WRONG)?;
        let host = text(&head.headers, "host").ok_or(WRONG)?;
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let uri = format!("http://{host}{path}");
        let expected = self.sign(head.method.as_str(), &uri, &headers, body, at.into(), (region, service));
        let expected = expected.ok_or(WRONG)?;
        if bool::from(expected.as_bytes().ct_eq(authorization.signature.as_bytes())) { Ok(()) } else { Err(WRONG) }
    }

    fn sign(
        &self,
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        at: SystemTime,
        (region, service): (&str, &str),
    ) -> Option<String> {
        let identity = Credentials::new(&self.id, &self.secret, None, None, "embedded database").into();
        let mut settings = SigningSettings::default();
        // The request itself lists the signed headers.
        settings.excluded_headers = None;
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(service)
            .time(at)
            .settings(settings)
            .build()
            .ok()?;
        let request = SignableRequest::new(method, uri, headers.iter().copied(), SignableBody::Bytes(body)).ok()?;
        Some(sign(request, &params.into()).ok()?.into_parts().1)
    }
}

impl Default for AccessKey {
    fn default() -> Self {
        Self::new()
    }
}

/// The parts of an `Authorization` header.
struct Authorization<'a> {
    /// Key id, day, region, service, `aws4_request`.
    scope: [&'a str; 5],
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let parts = text.strip_prefix(ALGORITHM)?;
        let part = |name: &str| {
            parts.split(',').find_map(|part| part.trim().strip_prefix(name).and_then(|part| part.strip_prefix('=')))
        };
        let scope: Vec<&str> = part("Credential")?.split('/').collect();
        let signed_headers = part("SignedHeaders")?;
        Some(Self { scope: scope.try_into().ok()?, signed_headers, signature: part("Signature")? })
    }
}

/// The value of a header that occurs exactly once.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    const BODY: &[u8] = br#"{"TableName":"pastpaper"}"#;

    /// A request as sent by an SDK, signed with `key`.
    fn signed(key: &AccessKey, at: Timestamp) -> Parts {
        let time = at.strftime(TIME_FORMAT).to_string();
        let headers = [
            ("content-type", "application/x-amz-json-1.0"),
            ("host", "127.0.0.1:8000"),
            ("x-amz-date", time.as_str()),
            ("x-amz-target", "DynamoDB_20120810.Scan"),
        ];
        let scope = ("local", "dynamodb");
        let signature = key.sign("POST", "http://127.0.0.1:8000/", &headers, BODY, at.into(), scope).unwrap();
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{}/local/dynamodb/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature={signature}",
            key.id,
            &time[..8],
        );
        let mut request = Request::post("/").header("authorization", authorization);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_signed_request_passes_and_a_changed_one_does_not() {
        let key = AccessKey::new();
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let head = signed(&key, now);
        assert_eq!(key.check(&head, BODY, now), Ok(()));
        assert_eq!(key.check(&head, b"{}", now), Err(WRONG));
        for (name, value) in [
            ("host", "attacker.example"),
            ("x-amz-target", "DynamoDB_20120810.DeleteTable"),
            ("content-type", "text/plain"),
        ] {
            let mut head = head.clone();
            head.headers.insert(name, value.parse().unwrap());
            assert_eq!(key.check(&head, BODY, now), Err(WRONG), "{name}");
        }
        let mut twice = head.clone();
        twice.headers.append("host", "127.0.0.1:8000".parse().unwrap());
        assert_eq!(key.check(&twice, BODY, now), Err(WRONG));
        for minutes in [16, -16] {
            assert_eq!(key.check(&head, BODY, now + SignedDuration::from_mins(minutes)), Err(OLD));
        }
        let stranger = AccessKey::new();
        assert_eq!(stranger.check(&head, BODY, now), Err(UNKNOWN_KEY));
        let guessed = AccessKey { id: key.id.clone(), ..stranger };
        assert_eq!(guessed.check(&head, BODY, now), Err(WRONG));
    }

    #[test]
    fn an_invalid_signature_is_refused() {
        let key = AccessKey::new();
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let mut head = signed(&key, now);
        let written = head.headers.remove("authorization").unwrap().to_str().unwrap().to_owned();
        assert_eq!(key.check(&head, BODY, now), Err(UNSIGNED));
        let less = |from: &str, to: &str| written.replace(from, to);
        for (authorization, refusal) in [
            ("Bearer abc".to_owned(), INCOMPLETE),
            ("AWS4-HMAC-SHA256 Credential=a/b".to_owned(), INCOMPLETE),
            (less("host;", ""), INCOMPLETE),
            (less(";x-amz-target", ""), INCOMPLETE),
            (less("content-type;", "content-type;x-other;"), WRONG),
            (less("/dynamodb/", "/s3/"), WRONG),
            (less("Signature=", "Signature=0"), WRONG),
        ] {
            head.headers.insert("authorization", authorization.parse().unwrap());
            assert_eq!(key.check(&head, BODY, now), Err(refusal), "{authorization}");
        }
    }
}
