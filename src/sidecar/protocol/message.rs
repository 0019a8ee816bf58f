//! One line: a request or a batch of them.

use pyjson::{Error as JsonError, Keys, Kind, Rules, Scanner};

use super::envelope::{self, Element, InvalidRequest, Request};
use super::error::{ErrorKind, Failure};
use super::params::GivenParameter;

/// Requests, and values of `params`, whose memory is kept from one message to the next.
const KEPT_CAPACITY: usize = 1 << 10;

/// Parses lines, and reuses its memory after each that is JSON.
#[derive(Debug, Default)]
pub struct Parser {
    keys: Keys,
    /// Empty.
    elements: Vec<Element<'static>>,
    /// Empty.
    given: Vec<GivenParameter<'static>>,
}

impl Parser {
    /// Parses a line, with at most `max_batch` requests in a batch.
    ///
    /// # Errors
    /// The line isn't one JSON text. None of its requests must be answered.
    pub fn parse<'a>(&mut self, line: &'a str, max_batch: usize) -> Result<Message<'a>, JsonError> {
        let mut scanner = Scanner::with_keys(line, Rules::Json, std::mem::take(&mut self.keys));
        let mut message = Message {
            is_batch: false,
            elements: std::mem::take(&mut self.elements),
            given: std::mem::take(&mut self.given),
        };
        message.read(&mut scanner, max_batch)?;
        self.keys = scanner.into_keys();
        Ok(message)
    }

    /// Reuses the memory of a message for the next one.
    pub fn recycle(&mut self, message: Message<'_>) {
        self.elements = emptied(message.elements);
        self.given = emptied(message.given);
    }
}

/// The memory of a list for another one. Empty, it borrows from no line.
fn emptied<T, U>(mut list: Vec<T>) -> Vec<U> {
    list.clear();
    list.shrink_to(KEPT_CAPACITY);
    // `collect` keeps the allocation where `T` and `U` have one size.
    list.into_iter().map_while(|_| None).collect()
}

/// What one line asks for.
#[derive(Debug)]
pub struct Message<'a> {
    is_batch: bool,
    /// At least one.
    elements: Vec<Element<'a>>,
    /// The values of `params` of all requests.
    given: Vec<GivenParameter<'a>>,
}

impl<'a> Message<'a> {
    fn read(&mut self, scanner: &mut Scanner<'a>, max_batch: usize) -> Result<(), JsonError> {
        match scanner.peek_kind()? {
            Kind::Array => self.read_batch(scanner, max_batch)?,
            _ => envelope::read(scanner, &mut self.elements, &mut self.given)?,
        }
        scanner.end()
    }

    /// Reads a batch. Elements over the limit are counted and not kept.
    fn read_batch(&mut self, scanner: &mut Scanner<'a>, max_batch: usize) -> Result<(), JsonError> {
        let mut length = 0;
        scanner.begin_array()?;
        while scanner.next_element()? {
            length += 1;
            if length > max_batch {
                scanner.raw_value()?;
            } else {
                envelope::read(scanner, &mut self.elements, &mut self.given)?;
            }
        }
        let failure = match length {
            0 => Failure::new(ErrorKind::InvalidRequest, "Invalid Request: the batch is empty"),
            _ if length > max_batch => {
                let message = format!(
                    "Invalid Request: a batch of {length} is over --max-batch ({max_batch})"
                );
                Failure::new(ErrorKind::TooLarge, message)
            }
            _ => {
                self.is_batch = true;
                return Ok(());
            }
        };
        self.elements.clear();
        self.elements.push(Err(InvalidRequest::without_id(failure)));
        Ok(())
    }

    /// Whether the answers go into an Array.
    pub fn is_batch(&self) -> bool {
        self.is_batch
    }

    /// The requests in their order. For each that is invalid, what is wrong with it. A message
    /// that isn't a batch has exactly one.
    pub fn requests(&self) -> impl Iterator<Item = Result<Request<'_>, &InvalidRequest<'a>>> {
        self.elements.iter().map(|element| match element {
            Ok(envelope) => Ok(envelope.request(&self.given)),
            Err(invalid) => Err(invalid),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::params::MAX_PARAMETERS;
    use super::*;

    /// What a line asks for: for each request its id, method and params, or what is wrong.
    fn parsed(line: &str, max_batch: usize) -> Option<Vec<String>> {
        let message = Parser::default().parse(line, max_batch).ok()?;
        let show = |request: Result<Request<'_>, &InvalidRequest<'_>>| match request {
            Ok(Request { id, method, params }) => {
                let params = params.iter().map(|given| {
                    let name = given.name.map(|name| name.to_python().to_string());
                    format!(
                        "{} {} {}",
                        name.unwrap_or_default(),
                        given.value.text,
                        given.value.depth
                    )
                });
                let params: Vec<_> = params.collect();
                format!("{id:?} {method} {params:?}")
            }
            Err(InvalidRequest { id, failure }) => format!("{id} {}", failure.kind.name()),
        };
        Some(message.requests().map(show).collect())
    }

    #[test]
    fn every_spelling_of_a_request_is_the_same_request() {
        let expected = r#"Some("1") ping ["a 1 2", "b [[]] 4"]"#;
        for line in [
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":1,"b":[[]]}}"#,
            r#"{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"a": 1, "b": [[]]}}"#,
            " {\t\"params\" :\r{ \"a\" : 1 ,\n\"b\" : [[]] } , \"method\" : \"ping\" , \"id\" : 1 , \
             \"jsonrpc\" : \"2.0\" } ",
            r#"{"x":[{}],"\u0069d":1,"jsonrpc":"2\u002e0","m\u0065thod":"\u0070ing","p\u0061rams":{"\u0061":1,"b":[[]]}}"#,
        ] {
            assert_eq!(parsed(line, 1).unwrap(), [expected], "{line}");
            // Depth counts from the request, in a batch too.
            assert_eq!(parsed(&format!("[{line}]"), 1).unwrap(), [expected], "{line}");
        }
    }

    #[test]
    fn params_have_names_or_none() {
        let params = |params: &str| {
            parsed(&format!(r#"{{"jsonrpc":"2.0","method":"m","params":{params}}}"#), 1).unwrap()
        };
        assert_eq!(params("[1, [2], {}]"), [r#"None m [" 1 2", " [2] 3", " {} 3"]"#]);
        assert_eq!(params(r#"{"a":1,"a":2}"#), [r#"None m ["a 1 2", "a 2 2"]"#]);
        for none in ["null", "[]", "{}"] {
            assert_eq!(params(none), ["None m []"]);
        }
        assert_eq!(params("1"), ["null invalid_request"]);
        // One more than a method can have shows that there are too many.
        let kept: Vec<_> = (0..=MAX_PARAMETERS).map(|n| format!(" {n} 2")).collect();
        assert_eq!(params("[0,1,2,3,4,5,6,7,8,9,10]"), [format!("None m {kept:?}")]);
    }

    #[test]
    fn a_batch_is_read_to_its_end_before_any_of_it_counts() {
        let request = |id: usize| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"m"}}"#);
        let batch = format!(r#"[{},7,{{"id":2}},{}, []]"#, request(1), request(3));
        let expected = [
            r#"Some("1") m []"#,
            "null invalid_request",
            "2 invalid_request",
            r#"Some("3") m []"#,
            "null invalid_request",
        ];
        assert_eq!(parsed(&batch, 5).unwrap(), expected);
        assert_eq!(parsed(&batch, 4).unwrap(), ["null too_large"]);
        assert_eq!(parsed("[]", 5).unwrap(), ["null invalid_request"]);
        assert_eq!(parsed(&format!("{batch}]"), 5), None);
        assert_eq!(parsed("[1,2,3,4,5,}", 2), None);
    }

    #[test]
    fn the_memory_of_a_message_is_reused() {
        let mut parser = Parser::default();
        let message = parser.parse(r#"{"jsonrpc":"2.0","method":"m","params":[1]}"#, 1).unwrap();
        let elements = message.elements.as_ptr();
        let given = message.given.as_ptr();
        parser.recycle(message);
        assert_eq!(parser.elements.as_ptr(), elements.cast());
        assert_eq!(parser.given.as_ptr(), given.cast());
        assert!(parser.elements.capacity() > 0);
        assert!(parser.given.capacity() > MAX_PARAMETERS);
    }

    #[test]
    fn params_of_duplicates_do_not_pile_up() {
        let params = r#","params":[1,2,3,4,5,6,7,8,9]"#.repeat(100);
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m"{params}}}"#);
        let message = Parser::default().parse(&line, 1).unwrap();
        assert!(message.given.len() <= MAX_PARAMETERS + 1);
        assert_eq!(parsed(&line, 1).unwrap(), ["1 invalid_request"]);
    }
}
