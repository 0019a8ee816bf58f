//! scaffold
pub mod datasette;
pub mod itsdangerous;
pub mod methods;
pub mod pyjson;
pub mod rpc;
pub mod secret;
pub mod serve;
pub mod zlib;
