//! Pretty-printed JSON: one error for the whole text, rather than one for each of its lines.

use crate::sidecar::protocol::Message;

/// A JSON text that spans lines. Its first line is answered with an error, the others aren't.
#[derive(Default)]
pub(super) struct Pretty {
    /// How many containers are open. 0 if no such text has begun.
    open: usize,
}

impl Pretty {
    /// Whether a line continues such a text. Otherwise it may begin one.
    #[inline]
    pub(super) fn continues(&mut self, line: &[u8]) -> bool {
        if self.open > 0 && may_continue(line) {
            self.open = still_open(line, self.open).unwrap_or(0);
            return true;
        }
        // Printers break a line after these, and no request ends with them.
        let last = line.iter().rfind(|byte| !matches!(byte, b' ' | b'\t'));
        let may_begin = matches!(last, Some(b'{' | b'[' | b',' | b':'));
        self.open = if may_begin { still_open(line, 0).unwrap_or(0) } else { 0 };
        false
    }
}

/// Whether a line can belong to such a text. Otherwise the text before it was cut short.
fn may_continue(line: &[u8]) -> bool {
    // Printers indent the others, unless they indent nothing.
    matches!(line[0], b' ' | b'\t' | b'"' | b'}' | b']') && !is_request(line)
}

/// Whether a line is a request or a batch with one. It must have its answer, wherever it stands.
fn is_request(line: &[u8]) -> bool {
    // More than most sessions allow. A longer batch is answered too.
    const MAX_BATCH: usize = 100_000;
    let Ok(text) = str::from_utf8(line) else { return false };
    let mut message = Message::default();
    message.read(text, MAX_BATCH).is_ok()
        && (message.length > MAX_BATCH || message.requests.iter().any(|it| it.method.is_ok()))
}

/// How many containers are open behind a line. `None` within a string, which no line can end, or if
/// more are closed than were open.
fn still_open(line: &[u8], mut open: usize) -> Option<usize> {
    let mut bytes = line.iter();
    let mut in_string = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string => _ = bytes.next(),
            b'{' | b'[' if !in_string => open += 1,
            b'}' | b']' if !in_string => open = open.checked_sub(1)?,
            _ => {}
        }
    }
    (!in_string).then_some(open)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of the lines that get an answer, from 1.
    fn answered(text: &str) -> Vec<usize> {
        let mut pretty = Pretty::default();
        let lines = text.lines().zip(1..).filter(|(line, _)| !line.is_empty());
        lines.filter(|(line, _)| !pretty.continues(line.as_bytes())).map(|(_, at)| at).collect()
    }

    #[test]
    fn only_the_first_line_of_a_text_is_answered() {
        for (text, expected) in [
            ("{\n  \"id\": 1,\n  \"params\": [\n    \"a\",\n    5\n  ]\n}\n{}", &[1, 8][..]),
            ("{\n\"id\": \"}\",\n\"a\": {}\n}\n7", &[1, 5]),
            ("[\n  {\n    \"a\": [ ]\n  },\n  {\"jsonrpc\":2}\n]\n7", &[1, 7]),
            ("[ {\n  \"id\" : 1\n}, {\n  \"id\" : 2\n} ]\n7", &[1, 6]),
            ("{\"id\":1,\n \"method\":\"ping\"}\n{", &[1, 3]),
            ("{\"id\":\n 1}\n7", &[1, 3]),
            ("{\"id\":\n1}\n7", &[1, 2, 3]),
            ("{\n{\n[\n{}", &[1, 2, 3, 4]),
            ("{\n5\n 6\n}", &[1, 2, 3, 4]),
            ("{\"id\":1,\n {\"jsonrpc\":2}\n7", &[1, 3]),
            ("{\"id\":1,\n PING\n 5", &[1, 2, 3]),
            ("{\"a\":[\n [PING]\n [7, PING]\n []\n", &[1, 2, 3, 4]),
            ("[\n\tPING\n\tPING\n", &[1, 2, 3]),
            ("[\n PING,\n PING\n]", &[1, 3, 4]),
            ("{\n \"open\n7", &[1, 3]),
            ("{\n]]\n7", &[1, 3]),
            ("{\"a\":\"{\n7\n\",\n7", &[1, 2, 3, 4]),
            ("{}\n]\n,\n:\n1,\n7", &[1, 2, 3, 4, 5, 6]),
        ] {
            let ping = r#"{"\u006asonrpc":"2.0","method":"ping"}"#;
            assert_eq!(answered(&text.replace("PING", ping)), expected, "{text}");
        }
    }
}
