//! From a value in the place of a request to the request, or to what is wrong with it.

use std::borrow::Cow;

use super::{ErrorKind, Failure, InvalidRequest, NULL_ID, Params, Request};
use crate::pyjson::{Error as JsonError, Kind, MAX_DEPTH, Scanner};

/// Reads one value in the place of a request; fails only where it is no JSON.
pub(super) fn parse_request<'a>(
    scanner: &mut Scanner<'a>,
) -> Result<Result<Request<'a>, InvalidRequest<'a>>, JsonError> {
    let start = scanner.clone();
    if let Some(request) = parse_usual_request(scanner) {
        return Ok(Ok(request));
    }
    *scanner = start;
    parse_any_request(scanner)
}

/// Reads a request as most programs write it: `jsonrpc` first, then the others in any order, and no
/// white space between them. `None` for any other, and where anything is wrong.
fn parse_usual_request<'a>(scanner: &mut Scanner<'a>) -> Option<Request<'a>> {
    let (mut id, mut method, mut params) = (None, None, None);
    if !scanner.skip_text(r#"{"jsonrpc":"2.0""#) {
        return None;
    }
    while scanner.skip_text(",") {
        if id.is_none() && scanner.skip_text(r#""id":"#) {
            is_id(scanner.peek_kind().ok()?).then_some(())?;
            id = Some(scanner.raw_value().ok()?.0);
        } else if method.is_none() && scanner.skip_text(r#""method":"#) {
            method = Some(scanner.string().ok()?.to_wtf8());
        } else if params.is_none() && scanner.skip_text(r#""params":"#) {
            matches!(scanner.peek_kind(), Ok(Kind::Object | Kind::Array)).then_some(())?;
            params = Some(Params::read(scanner).ok()?);
        } else {
            return None;
        }
    }
    scanner.skip_text("}").then_some(())?;
    Some(Request { id, method: method?, params: params.unwrap_or_default() })
}

fn parse_any_request<'a>(
    scanner: &mut Scanner<'a>,
) -> Result<Result<Request<'a>, InvalidRequest<'a>>, JsonError> {
    if scanner.peek_kind()? != Kind::Object {
        let too_deep = scanner.skip_value()? > MAX_DEPTH;
        return Ok(Err(if too_deep {
            InvalidRequest::without_id(ErrorKind::TooLarge, TOO_DEEP)
        } else {
            InvalidRequest::without_id(
                ErrorKind::InvalidRequest,
                "Invalid Request: a request is an Object",
            )
        }));
    }
    let mut envelope = Envelope::default();
    scanner.begin_object()?;
    let mut first = true;
    while let Some(key) = scanner.next_key(first)? {
        first = false;
        let kind = scanner.peek_kind()?;
        let name = key.to_wtf8();
        if *name == *b"params" {
            let params = Params::read(scanner)?;
            envelope.duplicate |= envelope.params.replace((kind, params)).is_some();
        } else {
            let (text, depth) = scanner.raw_value()?;
            envelope.member(name, Member { kind, text, depth });
        }
    }
    Ok(envelope.finish())
}

const TOO_DEEP: &str = "Invalid Request: nested more than 512 levels deep";
const DUPLICATE_MEMBER: &str = "Invalid Request: a member occurs twice";

#[derive(Clone, Copy)]
struct Member<'a> {
    kind: Kind,
    text: &'a str,
    depth: usize,
}

/// The members of a request, as they come.
#[derive(Default)]
struct Envelope<'a> {
    jsonrpc: Option<Member<'a>>,
    id: Option<Member<'a>>,
    method: Option<Member<'a>>,
    params: Option<(Kind, Params<'a>)>,
    extra: Vec<Cow<'a, [u8]>>,
    duplicate: bool,
    duplicate_id: bool,
    too_deep: bool,
}

impl<'a> Envelope<'a> {
    fn member(&mut self, name: Cow<'a, [u8]>, member: Member<'a>) {
        let slot = match &*name {
            b"jsonrpc" => &mut self.jsonrpc,
            b"id" => &mut self.id,
            b"method" => &mut self.method,
            _ => {
                // The Object of the request is the first container.
                self.too_deep |= member.depth >= MAX_DEPTH;
                self.extra.push(name);
                return;
            }
        };
        if slot.replace(member).is_some() {
            self.duplicate = true;
            self.duplicate_id |= *name == *b"id";
        }
        self.too_deep |= member.depth >= MAX_DEPTH;
    }

    fn finish(mut self) -> Result<Request<'a>, InvalidRequest<'a>> {
        self.extra.sort_unstable();
        self.duplicate |= self.extra.windows(2).any(|pair| pair[0] == pair[1]);
        let invalid = |kind, message: &str| {
            let readable = self.id.filter(|id| is_id(id.kind) && !self.duplicate_id);
            let id = readable.map_or(NULL_ID, |id| id.text);
            Err(InvalidRequest { id, failure: Failure::new(kind, message) })
        };
        if self.too_deep {
            return invalid(ErrorKind::TooLarge, TOO_DEEP);
        }
        if self.duplicate {
            return invalid(ErrorKind::InvalidRequest, DUPLICATE_MEMBER);
        }
        if self.jsonrpc.and_then(string).as_deref() != Some(b"2.0") {
            return invalid(
                ErrorKind::InvalidRequest,
                "Invalid Request: \"jsonrpc\" must be exactly \"2.0\"",
            );
        }
        if self.id.is_some_and(|id| !is_id(id.kind)) {
            return invalid(
                ErrorKind::InvalidRequest,
                "Invalid Request: \"id\" must be a String, a Number or Null",
            );
        }
        let Some(method) = self.method.and_then(string) else {
            return invalid(
                ErrorKind::InvalidRequest,
                "Invalid Request: \"method\" must be a String",
            );
        };
        let params = match self.params {
            None => Params::default(),
            Some((Kind::Object | Kind::Array | Kind::Null, params)) => params,
            Some(_) => {
                return invalid(
                    ErrorKind::InvalidRequest,
                    "Invalid Request: \"params\" must be an Object or an Array",
                );
            }
        };
        Ok(Request { id: self.id.map(|id| id.text), method, params })
    }
}

fn is_id(kind: Kind) -> bool {
    matches!(kind, Kind::String | Kind::Number | Kind::Null)
}

fn string(member: Member<'_>) -> Option<Cow<'_, [u8]>> {
    Scanner::new(member.text).string().ok().map(|string| string.to_wtf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reading came to, as text, and up to where the text was read.
    fn shown(request: &Request<'_>, scanner: &Scanner<'_>) -> String {
        format!("{request:?} {}", scanner.position())
    }

    #[test]
    fn usual_requests_are_read_as_any_other() {
        for text in [
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":"a\"b","method":"ping","params":[]},{}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"p\u0069ng","params":{"a":1}} "#,
            r#"{"jsonrpc":"2.0","method":"sign","params":[{"a":["x"],"b":["x"]},"n"],"id":1.50}"#,
            r#"{"jsonrpc":"2.0","params":[1,2,3,4,5,6,7,8,9,10,11],"method":"sign","id":-0}"#,
            r#"{"jsonrpc":"2.0","id": 1,"method": "ping","params": [1]}"#,
        ] {
            let (mut usual, mut any) = (Scanner::new(text), Scanner::new(text));
            let read = parse_usual_request(&mut usual).unwrap();
            let expected = parse_any_request(&mut any).unwrap().unwrap();
            assert_eq!(shown(&read, &usual), shown(&expected, &any), "{text}");
        }
    }

    #[test]
    fn unusual_requests_are_left_to_the_other_way() {
        for text in [
            "",
            "[]",
            r#"{"jsonrpc":"2.0","id":1}"#,
            r#"{"jsonrpc":"2.0","id":[],"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":true,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":5}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":null}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[],"params":[]}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","extra":1}"#,
            r#"{"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.00","id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[1}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping""#,
            r#"{"id":1,"jsonrpc":"2.0","method":"ping"}"#,
            r#"{ "jsonrpc":"2.0","id":1,"method":"ping"}"#,
        ] {
            assert!(parse_usual_request(&mut Scanner::new(text)).is_none(), "{text}");
        }
    }
}
