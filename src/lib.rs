//! scaffold
pub mod datasette;
pub mod itsdangerous;
pub mod pyjson;
pub mod secret;
pub mod zlib;
