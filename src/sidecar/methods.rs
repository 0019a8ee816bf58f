//! The methods of the protocol, one file each, and how one is called.

mod args;
mod clock;
mod configure;
mod create_actor_cookie;
mod create_token;
mod document;
mod failure;
mod info;
mod inspect_token;
mod method;
mod parameter;
mod ping;
mod restrictions_allow_action;
mod rpc_discover;
mod settings;
mod sign;
mod table;
mod token_allows_action;
mod unsign;
mod verify_actor_cookie;
mod verify_token;

pub use clock::{Clock, system_now};
pub use configure::{check_secrets, newer_release_warning};
pub use create_token::{Defaults, METHOD as CREATE_TOKEN, create_token};
pub use method::{Examples, Method, MethodResult, Session, call};
pub use parameter::Parameter;
pub use settings::set_setting;
pub use table::METHODS;
