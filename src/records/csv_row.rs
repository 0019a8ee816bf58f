//! Writing CSV to memory, byte for byte as the crate `csv` writes it.
//!
//! `csv::Writer` copies through a buffer of its own, and can't clear the memory that it writes to. A
//! buffer that is reused would have to move in and out for each block.

/// Appends the last fields of a row, after those of [`push_field`]. A row has at least two.
pub(super) fn push_row<T: AsRef<[u8]>>(out: &mut Vec<u8>, fields: impl IntoIterator<Item = T>) {
    for field in fields {
        push_field(out, field.as_ref());
    }
    // Replaces the last comma.
    out.pop();
    out.push(b'\n');
}

/// Appends a field and a comma. Only a field that needs quotes gets them.
pub(super) fn push_field(out: &mut Vec<u8>, field: &[u8]) {
    if field.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        out.push(b'"');
        for part in field.split_inclusive(|byte| *byte == b'"') {
            out.extend_from_slice(part);
            if part.ends_with(b"\"") {
                out.push(b'"');
            }
        }
        out.push(b'"');
    } else {
        out.extend_from_slice(field);
    }
    out.push(b',');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_those_of_the_csv_crate() {
        let pieces = ["", "a", "é", " ", ",", "\"", "\n", "\r", "'", "\\", "\t", "#", "a,b\"\"c\n"];
        for first in pieces {
            for second in pieces {
                let row = [first, second, &format!("{first}{second}"), "\"", ""];
                let mut out = Vec::new();
                push_row(&mut out, row);
                let mut expected = csv::Writer::from_writer(Vec::new());
                expected.write_record(row).unwrap();
                assert_eq!(out, expected.into_inner().unwrap(), "{row:?}");
            }
        }
    }
}
