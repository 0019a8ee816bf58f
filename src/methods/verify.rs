//! The methods that take tokens, cookies and signed values back.

use super::args::{Args, invalid};
use super::{Failure, Session};
use crate::datasette::{
    Allowlist, ByName, Error, Inspection, Name, Names, NullList, Resource, Restricted, Signature,
    Status,
};
use crate::pyjson::{Value, loads_strict, write_wtf8_string};

type Answer = Result<(), Failure>;

pub(super) fn unsign(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Answer {
    let signed = args.string("signed")?.unwrap_or_default();
    let namespace = args.string("namespace")?;
    let namespace = namespace.as_deref().unwrap_or("default");
    Ok(session.datasette.unsign(&signed, namespace, out)?)
}

pub(super) fn verify_token(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Answer {
    let token = args.string("token")?.unwrap_or_default();
    let now = session.now(args)?;
    Ok(session.datasette.verify_token(&token, now, out)?)
}

pub(super) fn verify_actor_cookie(
    session: &mut Session,
    args: &Args<'_>,
    out: &mut Vec<u8>,
) -> Answer {
    let cookie = args.string("cookie")?.unwrap_or_default();
    let now = session.now(args)?;
    Ok(session.datasette.verify_actor_cookie(&cookie, now, out)?)
}

pub(super) fn restrictions_allow_action(
    session: &mut Session,
    args: &Args<'_>,
    out: &mut Vec<u8>,
) -> Answer {
    const SHAPE: &str = "must be an _r object: {\"a\": [action, ...], \"d\": {database: [action, \
                         ...]}, \"r\": {database: {resource: [action, ...]}}}";
    let restrictions = value(args, "restrictions")?;
    let restrictions =
        Allowlist::read(&restrictions).ok_or_else(|| invalid("restrictions", SHAPE))?;
    let Value::Str(action) = value(args, "action")? else {
        return Err(invalid("action", "must be a string"));
    };
    let resource = resource(args)?;
    let datasette = &session.datasette;
    if !datasette.release().has_restrictions_allow_action() {
        let reason = "restrictions_allow_action matches exactly from Datasette 1.0a20 on";
        return Err(Error::NotSupported(reason).into());
    }
    let allows = restrictions
        .allows(datasette.release(), datasette.actions(), &action, resource.as_ref())
        .map_err(|NullList| invalid("restrictions", "has null in place of the resource's list"))?;
    out.extend_from_slice(if allows { b"true" } else { b"false" });
    Ok(())
}

fn resource<'a>(args: &Args<'a>) -> Result<Option<Resource<'a>>, Failure> {
    const SHAPE: &str = "must be null, a database name or [database, child]";
    Ok(match value(args, "resource")? {
        Value::Null => None,
        Value::Str(database) => Some(Resource::Database(database)),
        Value::List(pair) => match <[Value<'a>; 2]>::try_from(pair) {
            Ok([Value::Str(database), Value::Str(child)]) => Some(Resource::Child(database, child)),
            _ => return Err(invalid("resource", SHAPE)),
        },
        _ => return Err(invalid("resource", SHAPE)),
    })
}

/// A parameter as Python reads it, under the rules for requests.
fn value<'a>(args: &Args<'a>, name: &str) -> Result<Value<'a>, Failure> {
    loads_strict(args.json(name).unwrap_or("null"))
        .map_err(|error| invalid(name, &error.to_string()))
}

pub(super) fn inspect_token(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Answer {
    let token = args.string("token")?.unwrap_or_default();
    let now = session.now(args)?;
    write_inspection(&session.datasette.inspect_token(&token, now)?, out);
    Ok(())
}

/// Appends an inspection as `inspect_token` answers it.
pub fn write_inspection(inspection: &Inspection, out: &mut Vec<u8>) {
    let mut object = ObjectWriter::new(out);
    object.json("payload", inspection.payload.as_deref().unwrap_or(b"null"));
    object.json("compressed", if inspection.compressed { b"true" } else { b"false" });
    let (signature, secret) = match inspection.signature {
        Signature::Valid(secret) => ("valid", Some(secret)),
        Signature::Invalid => ("invalid", None),
        Signature::Unchecked => ("unchecked", None),
    };
    object.string("signature", Some(signature));
    object.number("secret", secret.as_ref());
    object.string("status", Some(status_name(inspection.status)));
    object.string("reason", inspection.reason.as_ref().map(ToString::to_string).as_deref());
    object.json("actor_id", inspection.actor_id.as_deref().unwrap_or(b"null"));
    object.number("created", inspection.created.as_ref());
    object.number("expires", inspection.expires.as_ref());
    object.key("restrictions");
    match &inspection.restrictions {
        Restricted::No | Restricted::Malformed => object.out.extend_from_slice(b"null"),
        Restricted::To(restrictions) => write_restrictions(restrictions, object.out),
    }
    object.key("unknown_actions");
    write_names(&inspection.unknown_actions, object.out);
    object.end();
}

/// The name of a status on the wire.
#[must_use]
pub fn status_name(status: Status) -> &'static str {
    match status {
        Status::Valid => "valid",
        Status::Expired => "expired",
        Status::Invalid => "invalid",
        Status::Unchecked => "unchecked",
    }
}

fn write_restrictions(restrictions: &Allowlist<'_>, out: &mut Vec<u8>) {
    let mut object = ObjectWriter::new(out);
    let list = |names: &Names<'_>, out: &mut Vec<u8>| {
        write_names(names.as_deref().unwrap_or_default(), out);
    };
    object.key("all");
    list(&restrictions.all, object.out);
    object.key("database");
    write_members(&restrictions.database, object.out, list);
    object.key("resource");
    write_members(&restrictions.resource, object.out, |children, out| {
        write_members(children, out, list);
    });
    object.end();
}

fn write_names(names: &[Name<'_>], out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_wtf8_string(out, name);
    }
    out.push(b']');
}

fn write_members<T>(members: &ByName<'_, T>, out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    let mut object = ObjectWriter::new(out);
    for (name, value) in members {
        object.wtf8_key(name);
        write(value, object.out);
    }
    object.end();
}

/// Writes an object member by member.
struct ObjectWriter<'o> {
    out: &'o mut Vec<u8>,
    is_empty: bool,
}

impl<'o> ObjectWriter<'o> {
    fn new(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, is_empty: true }
    }

    fn wtf8_key(&mut self, key: &[u8]) {
        if !std::mem::take(&mut self.is_empty) {
            self.out.push(b',');
        }
        write_wtf8_string(self.out, key);
        self.out.push(b':');
    }

    fn key(&mut self, key: &str) {
        self.wtf8_key(key.as_bytes());
    }

    fn json(&mut self, key: &str, json: &[u8]) {
        self.key(key);
        self.out.extend_from_slice(json);
    }

    fn string(&mut self, key: &str, value: Option<&str>) {
        self.key(key);
        match value {
            Some(text) => write_wtf8_string(self.out, text.as_bytes()),
            None => self.out.extend_from_slice(b"null"),
        }
    }

    fn number<N: ToString>(&mut self, key: &str, number: Option<&N>) {
        let text = number.map_or_else(|| "null".to_owned(), N::to_string);
        self.json(key, text.as_bytes());
    }

    fn end(self) {
        self.out.push(b'}');
    }
}
