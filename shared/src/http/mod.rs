//! HTTP manners that all functions share: the list of routes, extractors, problems, and how a process starts.

mod body;
mod claim;
mod course;
mod etag;
pub mod fields;
mod idempotent;
pub mod lambda;
mod limit;
pub mod logs;
mod manners;
pub mod page;
mod path;
mod problem;
mod purpose;
mod query;
pub mod routes;

pub use body::{Body, Json, read_to};
pub use claim::Claim;
pub use course::active_course;
pub use etag::{Catalogue, Edition};
pub use idempotent::{Once, OnceWithoutBody, check_reuse};
pub use limit::{Asker, ClientAddress, Limiter};
pub use manners::with_manners;
pub use path::Path;
pub use problem::{Code, Problem};
pub use purpose::Purpose;
pub use query::Query;
