//! JSON-RPC 2.0: from the text of a line to requests, and from results to the text of answers.
//! <https://www.jsonrpc.org/specification>

mod answer;
mod envelope;
mod error;
mod message;
mod params;

pub use answer::{begin_result, end_result, write_error};
pub use envelope::{NULL_ID, RawId, Request};
pub use error::{ErrorKind, Failure};
pub use message::Message;
pub use params::{GivenParameter, MAX_PARAMETERS, Params};
