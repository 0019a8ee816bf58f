//! One line: a request or a batch of them.

use pyjson::{Error as JsonError, Keys, Kind, Rules, Scanner};

use super::envelope::{self, Request};
use super::error::{ErrorKind, Failure};
use super::params::{GivenParameter, Params};

/// What one line asks for. Reading another line reuses its memory.
#[derive(Debug, Default)]
pub struct Message<'a> {
    keys: Keys,
    /// How many requests the line has, those over the limit counted.
    pub length: usize,
    /// Whether the answers go into an Array.
    pub is_batch: bool,
    /// The requests in their order, at least one. A message that isn't a batch has exactly one.
    pub requests: Vec<Request<'a>>,
    /// The values of `params` of all requests.
    given: Vec<GivenParameter<'a>>,
}

impl<'a> Message<'a> {
    /// Reads a line, with at most `max_batch` requests in a batch.
    ///
    /// # Errors
    /// The line isn't one JSON text. None of its requests must be answered.
    pub fn read(&mut self, line: &'a str, max_batch: usize) -> Result<(), JsonError> {
        self.is_batch = false;
        self.length = 1;
        self.requests.clear();
        self.given.clear();
        let mut scanner = Scanner::with_keys(line, Rules::Json, std::mem::take(&mut self.keys));
        match scanner.peek_kind()? {
            Kind::Array => self.read_batch(&mut scanner, max_batch)?,
            _ => self.requests.push(envelope::read(&mut scanner, &mut self.given)?),
        }
        scanner.end()?;
        self.keys = scanner.into_keys();
        Ok(())
    }

    /// Reads a batch. Elements over the limit are counted and not kept.
    fn read_batch(&mut self, scanner: &mut Scanner<'a>, max_batch: usize) -> Result<(), JsonError> {
        self.length = 0;
        scanner.begin_array()?;
        while scanner.next_element()? {
            self.length += 1;
            if self.length > max_batch {
                scanner.raw_value()?;
            } else {
                self.requests.push(envelope::read(scanner, &mut self.given)?);
            }
        }
        let length = self.length;
        self.is_batch = (1..=max_batch).contains(&length);
        if !self.is_batch {
            let kind = if length == 0 { ErrorKind::InvalidRequest } else { ErrorKind::TooLarge };
            let problem = match length {
                0 => "the batch is empty".to_owned(),
                _ => format!("a batch of {length} is over --max-batch ({max_batch}); split it"),
            };
            let failure = Failure::new(kind, format!("Invalid Request: {problem}"));
            self.requests.clear();
            self.requests.push(Request::invalid(None, failure));
        }
        Ok(())
    }

    /// The values of the `params` of one of its requests.
    pub fn params(&self, request: &Request<'a>) -> &Params<'a> {
        &self.given[request.params.clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::super::params::MAX_PARAMETERS;
    use super::*;

    /// What a line asks for: for each request its id, method and params, or what is wrong.
    fn parsed(line: &str, max_batch: usize) -> Option<Vec<String>> {
        let mut message = Message::default();
        message.read(line, max_batch).ok()?;
        let show = |request: &Request<'_>| match &request.method {
            Ok(method) => {
                let params = message.params(request).iter().map(|given| {
                    let name = given.name.map(|name| name.to_python().to_string());
                    format!(
                        "{} {} {}",
                        name.unwrap_or_default(),
                        given.value.text,
                        given.value.depth
                    )
                });
                let params: Vec<_> = params.collect();
                format!("{:?} {method} {params:?}", request.id)
            }
            Err(failure) => format!("{} {}", request.id.unwrap(), failure.kind.name()),
        };
        Some(message.requests.iter().map(show).collect())
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
    fn a_message_reads_line_after_line_in_the_same_memory() {
        let mut message = Message::default();
        message.read(r#"{"jsonrpc":"2.0","method":"m","params":[1]}"#, 1).unwrap();
        let memory = (message.requests.as_ptr(), message.given.as_ptr());
        message.read("[", 1).unwrap_err();
        message.read("[]", 1).unwrap();
        message.read(r#"[{"jsonrpc":"2.0","method":"m","params":[2, 3]}]"#, 1).unwrap();
        assert!(message.is_batch);
        assert_eq!(message.requests.len(), 1);
        assert_eq!(message.params(&message.requests[0]).len(), 2);
        assert_eq!(memory, (message.requests.as_ptr(), message.given.as_ptr()));
        message.read("7", 1).unwrap();
        assert!(!message.is_batch);
        assert!(message.requests[0].method.is_err());
    }

    #[test]
    fn params_of_duplicates_do_not_pile_up() {
        let params = r#","params":[1,2,3,4,5,6,7,8,9]"#.repeat(100);
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m"{params}}}"#);
        let mut message = Message::default();
        message.read(&line, 1).unwrap();
        assert!(message.given.len() <= MAX_PARAMETERS + 1);
        assert_eq!(parsed(&line, 1).unwrap(), ["1 invalid_request"]);
    }
}
