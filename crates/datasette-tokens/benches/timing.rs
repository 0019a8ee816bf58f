//! Whether the time that `verify_token` takes tells two kinds of tokens apart, by the method of
//! dudect: <https://eprint.iacr.org/2016/1123>. `scripts/timing` runs this and explains the results.
//!
//! The argument is the number of measurements for each pair of kinds. Each line of output has the
//! pair, the difference of the means in nanoseconds, and the largest |t|, with tabs between them.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "it measures time")]
#![allow(clippy::print_stdout, reason = "the results")]

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use datasette_tokens::{Datasette, RawTokenRequest, Secret, Workspace};

/// The time of day, in Unix seconds.
const NOW: f64 = 1_700_000_000.0;

/// Tokens that are made, measured and judged together.
const BATCH: usize = 10_000;

/// The shares of the fastest measurements that a t-test looks at. Slow ones are mostly interrupts.
const CROPS: [f64; 6] = [1.0, 0.99, 0.95, 0.9, 0.75, 0.5];

/// The length of an HMAC-SHA1, in bytes.
const SIGNATURE: usize = 20;

/// Makes a token of one kind.
type Kind<'a> = &'a dyn Fn(&mut Random) -> String;

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(100_000);
    let secrets = ["the newest secret", "an older secret", "the oldest secret"];
    let secret = |text: &str| Secret::new(text.to_owned());
    let of_one =
        |text: &str| secret(text).map(|secret| Datasette::builder().secret(secret).build());
    let one = of_one(secrets[0])?;
    let old = secrets[1..].iter().map(|text| secret(text)).collect::<Result<Vec<_>, _>>()?;
    let three = Datasette::builder().secret(secret(secrets[0])?).old_secrets(old).build();
    let mut tokens = Vec::new();
    for text in secrets {
        let mut out = Vec::new();
        let request = RawTokenRequest::new(r#""root""#);
        of_one(text)?.create_token_into(&request, NOW, &mut Workspace::new(), &mut out)?;
        tokens.push(String::from_utf8(out)?);
    }
    let valid = &tokens[0];
    let wrong_at = |at: usize| move |random: &mut Random| damaged(valid, at..at + 1, random);
    let first = wrong_at(0);
    let last = wrong_at(SIGNATURE - 1);
    let all = |random: &mut Random| damaged(valid, 0..SIGNATURE, random);
    let [newest, older, oldest] = [0, 1, 2].map(|n| {
        let token = &tokens[n];
        move |_: &mut Random| token.clone()
    });
    let pairs: [(&str, &Datasette, Kind<'_>, Kind<'_>); 7] = [
        ("control: first byte wrong, twice", &one, &first, &first),
        ("first byte wrong, last byte wrong", &one, &first, &last),
        ("first byte wrong, all bytes random", &one, &first, &all),
        ("of three secrets: first byte wrong, last byte wrong", &three, &first, &last),
        (
            "of three secrets: the current one matches, the first old one matches",
            &three,
            &newest,
            &older,
        ),
        (
            "of three secrets: the first old one matches, the second old one matches",
            &three,
            &older,
            &oldest,
        ),
        ("of three secrets: the second old one matches, none matches", &three, &oldest, &first),
    ];
    for (name, datasette, a, b) in pairs {
        let (difference, t) = compare(datasette, [a, b], count);
        println!("{name}\t{difference:.2}\t{t:.2}");
    }
    Ok(())
}

/// The token with other bytes at these places of its signature.
fn damaged(token: &str, places: std::ops::Range<usize>, random: &mut Random) -> String {
    let (payload, signature) = token.rsplit_once('.').unwrap_or_default();
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
    for byte in &mut bytes[places] {
        // Never zero, so every one of these bytes is wrong.
        *byte ^= (random.next() % 255 + 1) as u8;
    }
    format!("{payload}.{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// The difference of the mean times in nanoseconds, second kind less first, and the largest |t| of
/// all crops.
fn compare(datasette: &Datasette, kinds: [Kind<'_>; 2], count: usize) -> (f64, f64) {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut workspace = Workspace::new();
    let mut actor = Vec::new();
    let mut samples = CROPS.map(|_| [Sample::default(); 2]);
    let mut limits = None;
    for _ in 0..count.div_ceil(BATCH) + 1 {
        // Kinds are mixed, so that nothing that changes with time falls on one of them.
        let batch: Vec<_> = (0..BATCH)
            .map(|_| {
                let kind = usize::from(random.next() & 1 == 1);
                (kind, kinds[kind](&mut random))
            })
            .collect();
        let measure = |(kind, token): &(usize, String)| {
            actor.clear();
            let start = Instant::now();
            let verified =
                datasette.verify_token_into(black_box(token), NOW, &mut workspace, &mut actor);
            let time = start.elapsed();
            let _ = black_box(verified);
            (*kind, time.as_nanos() as f64)
        };
        let times: Vec<_> = batch.iter().map(measure).collect();
        // The first batch warms up, and says how long a measurement usually takes.
        let Some(limits) = limits else {
            limits = Some(quantiles(&times));
            continue;
        };
        for (sample, limit) in samples.iter_mut().zip(limits) {
            for (kind, time) in times.iter().filter(|(_, time)| *time <= limit) {
                sample[*kind].add(*time);
            }
        }
    }
    // Interrupts make the mean of all measurements too noisy to show.
    let [a, b] = samples[2];
    let largest = samples.iter().map(|[a, b]| a.welch_t(b).abs()).fold(0.0, f64::max);
    (b.mean - a.mean, largest)
}

/// The times below which these shares of all measurements are.
fn quantiles(times: &[(usize, f64)]) -> [f64; CROPS.len()] {
    let mut sorted: Vec<_> = times.iter().map(|(_, time)| *time).collect();
    sorted.sort_by(f64::total_cmp);
    CROPS.map(|share| match share {
        1.0 => f64::INFINITY,
        _ => sorted[(sorted.len() as f64 * share) as usize],
    })
}

/// Mean and variance of the measurements so far, by Welford's method.
#[derive(Clone, Copy, Default)]
struct Sample {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Sample {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let distance = value - self.mean;
        self.mean += distance / self.count;
        self.squares += distance * (value - self.mean);
    }

    /// Welch's t of two samples.
    fn welch_t(&self, other: &Self) -> f64 {
        let error = |sample: &Self| sample.squares / (sample.count - 1.0) / sample.count;
        (self.mean - other.mean) / (error(self) + error(other)).sqrt()
    }
}

/// Marsaglia's xorshift: fast, and the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
