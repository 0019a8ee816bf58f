//! Inputs of many kinds for a compressor.
#![allow(clippy::disallowed_methods, reason = "the environment says how much to compare")]

use std::{env, thread};

/// The largest input: the most data that pyzlib does not leave to zlib.
const LARGEST: usize = 65_273;
/// The most symbols in a block.
const BLOCK: usize = 16_383;

/// A random number generator with a seed: SplitMix64.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// A size: mostly that of a token, sometimes up to the largest.
    fn size(&mut self) -> usize {
        let end = match self.below(400) {
            0 => LARGEST,
            1..10 => BLOCK,
            10..40 => 2_000,
            _ => self.of(&[30, 60, 90, 120, 200, 400]),
        };
        1 + self.below(end)
    }
}

/// Calls `compare` on two threads, with a number of inputs and a seed. The environment sets the total
/// number (`{name}_INPUTS`) and the seed (`{name}_SEED`).
pub fn on_two_threads(name: &str, compare: fn(u64, u64)) {
    let number = |what: &str, default: u64| {
        env::var(format!("{name}_{what}")).map_or(default, |text| text.parse().unwrap())
    };
    let (inputs, seed) = (number("INPUTS", 20_000), number("SEED", 1));
    thread::scope(|scope| {
        for thread in 0..2 {
            scope.spawn(move || compare(inputs / 2, seed * 1_000 + thread));
        }
    });
}

pub type Generator = fn(&mut Random) -> Vec<u8>;

/// Payloads of tokens, and other small inputs.
pub const USUAL: [Generator; 6] = [tokens, tokens, random_bytes, copies, skewed, runs];
/// Corner cases of the algorithm, many of them large.
pub const ODD: [Generator; 5] = [ties, fibonacci, collisions, far_matches, blocks];

/// Names of actors, databases and tables.
const NAMES: [&str; 14] = [
    "docs",
    "dogs",
    "plants",
    "attachments",
    "users",
    "content",
    "github",
    "fixtures",
    "t",
    "facetable",
    "simple_primary_key",
    "é",
    "roadside_attractions",
    "_internal",
];
/// Abbreviations of actions, and an action without one.
const ACTIONS: [&str; 10] = ["vi", "vt", "vd", "ir", "ur", "dr", "vq", "es", "sct", "drop-all"];

fn tokens(random: &mut Random) -> Vec<u8> {
    let size = random.size().min(6_000);
    let actor = [random.of(&NAMES).to_owned(), format!("user{}", random.below(5_000))];
    let actor = &actor[random.below(2)];
    let mut text = format!(r#"{{"a":"{actor}","t":{}"#, 1_600_000_000 + random.below(300_000_000));
    if random.below(2) == 0 {
        text += &format!(r#","d":{}"#, random.of(&[1, 60, 3_600, 86_400, 31_536_000]));
    }
    if random.below(4) == 0 {
        text += "}";
        return text.into_bytes();
    }
    let actions = |random: &mut Random| {
        let actions: Vec<_> = (0..1 + random.below(4)).map(|_| random.of(&ACTIONS)).collect();
        format!(r#"["{}"]"#, actions.join("\",\""))
    };
    text += r#","_r":{"#;
    text += &format!(r#""a":{}"#, actions(random));
    text += r#","d":{"#;
    let mut separator = "";
    while text.len() < size / 2 {
        text += &format!(
            r#"{separator}"{}{}":{}"#,
            random.of(&NAMES),
            random.below(30),
            actions(random)
        );
        separator = ",";
    }
    text += r#"},"r":{"#;
    separator = "";
    while text.len() < size {
        let (database, table) = (random.of(&NAMES), random.of(&NAMES));
        text += &format!(
            r#"{separator}"{database}":{{"{table}_{}":{}}}"#,
            random.below(9),
            actions(random)
        );
        separator = ",";
    }
    text += "}}}";
    text.into_bytes()
}

fn random_bytes(random: &mut Random) -> Vec<u8> {
    let (size, alphabet) = (random.size(), random.of(&[1, 2, 3, 5, 16, 40, 64, 128, 256]));
    let first = random.below(256);
    (0..size).map(|_| (first + random.below(alphabet)) as u8).collect()
}

fn copies(random: &mut Random) -> Vec<u8> {
    let (size, alphabet) = (random.size(), random.of(&[2, 4, 20, 90]));
    let often = 1 + random.below(12);
    let longest = random.of(&[4, 8, 20, 40, 140, 300]);
    let mut data = Vec::new();
    while data.len() < size {
        if data.is_empty() || random.below(often) == 0 {
            data.push((32 + random.below(alphabet)) as u8);
            continue;
        }
        let from = random.below(data.len());
        for at in from..from + 1 + random.below(longest) {
            data.push(data[at]);
        }
    }
    data.truncate(size);
    data
}

fn skewed(random: &mut Random) -> Vec<u8> {
    let (size, steps) = (random.size(), 2 + random.below(8));
    let byte = |random: &mut Random| {
        let mut value = 0;
        while value < 255 && random.below(steps) == 0 {
            value += 1;
        }
        (value * 37 % 256) as u8
    };
    (0..size).map(|_| byte(random)).collect()
}

/// All bytes equally often, or nearly.
fn ties(random: &mut Random) -> Vec<u8> {
    let kinds = 2 + random.below(254);
    let times = 1 + random.below((BLOCK / kinds).min(12));
    let mut data: Vec<u8> = (0..kinds * times).map(|n| (n % kinds) as u8).collect();
    shuffle(random, &mut data);
    data.extend((0..random.below(4)).map(|_| b'x'));
    data.truncate(LARGEST);
    data
}

/// Frequencies that make codes longer than the limit: Fibonacci numbers.
fn fibonacci(random: &mut Random) -> Vec<u8> {
    let kinds = 8 + random.below(11);
    let (mut count, mut next) = (1, 1);
    let mut data = Vec::new();
    for kind in 0..kinds {
        data.extend(std::iter::repeat_n((kind * 13 + 7) as u8, count));
        (count, next) = (next, count + next);
    }
    data.extend((0..random.below(30)).map(|n| (200 + n) as u8));
    if random.below(3) > 0 {
        shuffle(random, &mut data);
    }
    data.truncate(LARGEST);
    data
}

/// Different strings of three bytes with the same hash, which exhaust `max_chain`.
fn collisions(random: &mut Random) -> Vec<u8> {
    let size = random.size();
    let base = [random.below(256) as u8, random.below(256) as u8, random.below(256) as u8];
    let mut data = Vec::new();
    while data.len() < size {
        // The hash is the low 15 bits of a << 10 ^ b << 5 ^ c.
        let (change, low) = (random.below(8) as u8, random.below(8) as u8);
        let [a, b, c] = base;
        data.extend([a ^ low << 5, b ^ change, c ^ change << 5]);
        if random.below(3) == 0 {
            data.push(random.below(4) as u8);
        }
    }
    data.truncate(size);
    data
}

fn runs(random: &mut Random) -> Vec<u8> {
    let size = random.size();
    let mut data = Vec::new();
    while data.len() < size {
        let longest = random.of(&[2, 5, 20, 260, 600, 4_200]);
        let length = 1 + random.below(longest);
        data.extend(std::iter::repeat_n((97 + random.below(4)) as u8, length));
    }
    data.truncate(size);
    data
}

/// Matches at distances around `TOO_FAR` and `MAX_DIST`.
fn far_matches(random: &mut Random) -> Vec<u8> {
    let mut data: Vec<u8> = (0..random.below(60)).map(|_| random.below(256) as u8).collect();
    let word = data.clone();
    let gap = random.of(&[4_040, 32_410]) + random.below(120);
    data.extend((0..gap).map(|_| random.below(256) as u8));
    for _ in 0..random.below(6) {
        let from = random.below(word.len().max(1)).min(word.len());
        data.extend(&word[from..(from + 3 + random.below(3)).min(word.len())]);
        data.push(random.below(256) as u8);
    }
    data
}

/// About as many symbols as fill a block, or several, and matches where it ends.
fn blocks(random: &mut Random) -> Vec<u8> {
    let literals = BLOCK * random.of(&[1, 1, 1, 2, 3]) - random.below(20);
    let mut data: Vec<u8> = (0..literals).map(|_| random.below(256) as u8).collect();
    for _ in 0..random.below(8) {
        let from = random.below(data.len());
        let to = (from + 3 + random.below(9)).min(data.len());
        data.extend_from_within(from..to);
        data.extend((0..random.below(3)).map(|_| random.below(256) as u8));
    }
    data
}

fn shuffle(random: &mut Random, data: &mut [u8]) {
    for end in (1..data.len()).rev() {
        data.swap(end, random.below(end + 1));
    }
}
