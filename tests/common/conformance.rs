//! Runs `dstok conformance` and reads its report.

use super::{Outcome, dstok};

/// Runs `dstok conformance`. Has no deadline, because all the checks take long on a busy machine.
/// `--timeout` ends a hang.
#[track_caller]
pub fn conformance(options: &[&str]) -> Outcome {
    let output = dstok(["conformance"].iter().chain(options)).output().unwrap();
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The rows of the table: a group's name, scenarios, checks, failed.
pub fn table(outcome: &Outcome) -> Vec<(String, [usize; 3])> {
    let rows = outcome.stdout.lines().skip(1).take_while(|line| !line.is_empty());
    rows.map(|row| {
        let mut words = row.split_whitespace();
        let name = words.next().unwrap().to_owned();
        let counts: Vec<usize> = words.map(|word| word.parse().unwrap()).collect();
        (name, counts.try_into().unwrap())
    })
    .collect()
}
