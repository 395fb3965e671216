//! HTTP code that all functions share: the list of routes, extractors, problem details, rate limits, logs and startup.

pub mod accept;
mod body;
mod etag;
pub mod fields;
mod idempotent;
mod json;
pub mod lambda;
mod limit;
pub mod logs;
pub mod page;
mod path;
pub mod printed;
mod problem;
mod problem_from;
mod purpose;
mod query;
mod render;
mod response;
mod router;
pub mod routes;
mod session;
mod shapes;

pub use body::{Body, Json, read_to};
pub use etag::{Catalogue, Edition, OpenCatalogue};
pub use idempotent::{Once, OnceWithoutBody, OnceWithoutMembers, WithoutBody};
pub use limit::{ClientAddress, LimitSubject, Limiter};
pub use path::Path;
pub use problem::{Code, Problem};
pub use purpose::Purpose;
pub use query::Query;
pub use render::{RenderQuery, TextFormat};
pub use response::with_standard_layers;
pub use router::Routes;
pub use session::Claim;
