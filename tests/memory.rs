//! How many copies of the secret are in memory, and who can read them.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]
#![allow(clippy::disallowed_methods, reason = "a test reads /proc")]
#![allow(clippy::print_stderr, reason = "what a test cannot see on this machine, it says")]

mod common;

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use common::{Peer, READY, cli, dstok, file, request, run};
use nix::sys::ptrace;
use nix::unistd::{Pid, Uid};

/// `nobody`: an unprivileged user for tests that run as root.
const NOBODY: u32 = 65_534;

/// The environment variable with the ID of the process to look at.
const LOOK_AT: &str = "DSTOK_TEST_LOOK_AT";

const SECRET: &str = "MARKER-in-memory-8kX2";

/// The key that itsdangerous derives from the secret for the namespace `n`, which is as good as the
/// secret there: `hashlib.sha1(b"n" + b"signer" + SECRET.encode()).hexdigest()`.
const DERIVED_KEY: &str = "30f4ca2d9bedaf7722ef06feab3026a26fac510e";

fn is_root() -> bool {
    Uid::effective().is_root()
}

/// Whether this process may read the memory of another one that has answered. Root usually may.
fn may_read_memory(pid: u32) -> bool {
    let may = File::open(format!("/proc/{pid}/mem")).is_ok();
    if !may {
        eprintln!("SKIPPED: only root may read dstok's memory");
    }
    may
}

/// How often the bytes occur in the process's memory.
fn copies(pid: u32, needle: &[u8]) -> usize {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    let mut count = 0;
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (start, rest) = line.split_once('-').unwrap();
        let (end, _) = rest.split_once(' ').unwrap();
        let [start, end] = [start, end].map(|hex| u64::from_str_radix(hex, 16).unwrap());
        let mut bytes = vec![0; (end - start) as usize];
        // Guard pages are empty and unreadable.
        if memory.read_exact_at(&mut bytes, start).is_ok() {
            count += memchr::memmem::find_iter(&bytes, needle).count();
        }
    }
    count
}

fn derived_key() -> Vec<u8> {
    let pairs = DERIVED_KEY.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

fn exchange(peer: &mut Peer, method: &str, params: &str) -> String {
    peer.send(request(method, params) + "\n");
    peer.receive()
}

#[test]
fn one_copy_of_the_secret_is_in_memory_and_none_after_it_is_replaced() {
    let path = file("memory-secret", format!("{SECRET}\n"));
    let mut peer = Peer::start(["serve", "--secret-file", path.to_str().unwrap()]);
    let pid = peer.child.id();
    let (other, escaped) = ("MARKER-other-3vQ7", "MARKER-\\u0065scaped-5tR1");
    let plain = escaped.replace("\\u0065", "e");

    assert!(exchange(&mut peer, "sign", r#"["x","n"]"#).contains("result"));
    if !may_read_memory(pid) {
        return;
    }
    assert_eq!(copies(pid, SECRET.as_bytes()), 1, "from a file");
    assert_eq!(copies(pid, &derived_key()), 0, "the key itself is not kept");

    // dstok wipes a line when it reads the next one.
    assert!(exchange(&mut peer, "configure", &format!("[\"{other}\"]")).contains("result"));
    assert!(exchange(&mut peer, "sign", r#"["x","n"]"#).contains("result"));
    assert_eq!(copies(pid, SECRET.as_bytes()), 0, "replaced by configure");
    assert_eq!(copies(pid, other.as_bytes()), 1, "from configure");

    // Rejected lines with a secret, then a secret with an escape.
    exchange(&mut peer, "configure", &format!("[[\"{SECRET}\",5]]"));
    peer.send(format!("{{\"secret\":\"{SECRET}\"\n"));
    peer.receive();
    assert!(exchange(&mut peer, "configure", &format!("[\"{escaped}\"]")).contains("result"));
    assert!(exchange(&mut peer, "ping", "[]").contains("pong"));
    for (what, expected) in [(SECRET, 0), (other, 0), (escaped, 0), (&*plain, 1)] {
        assert_eq!(copies(pid, what.as_bytes()), expected, "{what}");
    }
}

#[test]
fn threads_share_the_secret_and_keep_no_replaced_one() {
    const MANY: usize = 3000;
    let mut peer = Peer::start(["serve", "--threads", "3"]);
    assert!(exchange(&mut peer, "configure", &format!("[\"{SECRET}\"]")).contains("result"));
    peer.send((request("sign", r#"["x","n"]"#) + "\n").repeat(MANY));
    (0..MANY).for_each(|_| assert!(peer.receive().contains("result")));
    let pid = peer.child.id();
    if !may_read_memory(pid) {
        return;
    }
    assert_ne!(field(pid, "status", "Threads"), "1");
    assert_eq!(copies(pid, SECRET.as_bytes()), 1);
    assert!(exchange(&mut peer, "configure", r#"["another"]"#).contains("result"));
    assert_eq!(copies(pid, SECRET.as_bytes()), 0);
}

#[test]
fn a_line_that_outgrows_its_buffer_leaves_no_copy_behind() {
    let mut peer = Peer::start(READY);
    // After a longer line, the allocator keeps freed memory instead of returning it to the system.
    peer.send(format!("{}{}\n", request("ping", "[]"), " ".repeat(12 << 20)));
    assert!(peer.receive().contains("pong"));
    if !may_read_memory(peer.child.id()) {
        return;
    }
    let padding = " ".repeat(3 << 20);
    peer.send(request("configure", &format!("[\"{SECRET}\",{padding}null]")) + "\n");
    assert!(peer.receive().contains("result"));
    assert!(exchange(&mut peer, "configure", r#"["another"]"#).contains("result"));
    assert!(exchange(&mut peer, "ping", "[]").contains("pong"));
    assert_eq!(copies(peer.child.id(), SECRET.as_bytes()), 0);
}

/// `Name: value` of a file in /proc.
#[track_caller]
fn field(pid: u32, file: &str, name: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("no {name} in {file}")).trim_start_matches(':').trim().to_owned()
}

#[test]
fn the_secret_is_kept_out_of_swap_space_and_core_dumps() {
    let mut peer = Peer::start(READY);
    assert!(exchange(&mut peer, "ping", "[]").contains("pong"));
    let pid = peer.child.id();
    let limit = field(pid, "limits", "Max locked memory");
    if limit.starts_with("0 ") {
        eprintln!("SKIPPED: the limit on locked memory is 0");
    } else {
        let locked = field(pid, "status", "VmLck");
        let kib: u32 = locked.trim_end_matches(" kB").parse().unwrap();
        assert!((4..1000).contains(&kib), "{locked}");
    }
    let core: Vec<_> = field(pid, "limits", "Max core file size")
        .split_whitespace()
        .take(2)
        .map(str::to_owned)
        .collect();
    assert_eq!(core, ["0", "0"]);
}

/// Not a test. The tests start it as another user to look at a process.
#[test]
#[ignore = "looks at another process; started by the tests"]
fn in_a_process_of_its_own() {
    let pid = std::env::var(LOOK_AT).expect("the tests here start it with an ID");
    let opened = |name: &str| {
        File::open(format!("/proc/{pid}/{name}")).and_then(|mut file| {
            // Some files open for everybody and fail on the first read.
            std::io::Read::read(&mut file, &mut [0]).map(drop).or_else(|error| {
                // EIO means access: nothing is mapped at address 0.
                if error.raw_os_error() == Some(nix::libc::EIO) { Ok(()) } else { Err(error) }
            })
        })
    };
    for name in ["environ", "mem", "maps", "auxv"] {
        eprintln!("{name}: {}", opened(name).is_ok());
    }
    eprintln!("fd: {}", fs::read_dir(format!("/proc/{pid}/fd")).is_ok());
    eprintln!("exe: {}", fs::read_link(format!("/proc/{pid}/exe")).is_ok());
    let pid = Pid::from_raw(pid.parse().unwrap());
    let traced = ptrace::attach(pid).is_ok();
    eprintln!("ptrace: {traced}");
}

/// A copy of a program that every user may start.
fn executable_by_everybody(program: &Path, name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("dstok-test-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    if !path.exists() {
        fs::copy(program, &path).unwrap();
    }
    for path in [&folder, &path] {
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }
    path
}

/// What another process of the same user can see of the process.
fn visible_to_its_user(child: &Child) -> Vec<String> {
    let looker = executable_by_everybody(&std::env::current_exe().unwrap(), "look");
    let mut command = Command::new(looker);
    command.args(["--ignored", "--exact", "in_a_process_of_its_own", "--nocapture"]);
    command.env(LOOK_AT, child.id().to_string()).current_dir("/");
    as_nobody(&mut command);
    let outcome = run(&mut command, "");
    let seen = outcome.stderr.lines().filter_map(|line| line.strip_suffix(": true"));
    assert!(outcome.stderr.contains("ptrace: "), "{outcome:?}");
    seen.map(str::to_owned).collect()
}

/// Without root, the tests run as an unprivileged user already.
fn as_nobody(command: &mut Command) {
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
}

#[test]
fn other_processes_of_the_same_user_see_nothing() {
    let program = executable_by_everybody(Path::new(env!("CARGO_BIN_EXE_dstok")), "dstok");
    let start = |command: &mut Command| {
        as_nobody(command);
        command.env("DATASETTE_SECRET", SECRET).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
    };
    // Proves that the attempts can succeed, on a process without protection.
    let mut cat = start(&mut Command::new("cat"));
    let seen = visible_to_its_user(&cat);
    for name in ["environ", "maps", "fd", "exe"] {
        assert!(seen.iter().any(|seen| seen == name), "{name} cannot be tested: {seen:?}");
    }
    cat.kill().unwrap();
    cat.wait().unwrap();
    for options in [&["serve"][..], &["serve", "--no-sandbox"], &["create-tokens"]] {
        let mut child = start(Command::new(&program).args(options));
        wait_until_it_reads(&child);
        let seen = visible_to_its_user(&child);
        if !seen.is_empty() {
            child.kill().unwrap();
        }
        assert_eq!(seen, [""; 0], "{options:?}");
        drop(child.stdin.take());
        assert_eq!(common::wait(&mut child), Some(0), "{options:?}: the attempts disturbed it");
    }
    let _ = fs::remove_dir_all(program.parent().unwrap());
}

/// Waits until the process sleeps in its first read.
fn wait_until_it_reads(child: &Child) {
    let began = std::time::Instant::now();
    while !(field(child.id(), "status", "Name") == "dstok"
        && field(child.id(), "status", "State").starts_with('S'))
    {
        assert!(began.elapsed() < common::PATIENCE, "it does not start");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn a_secret_file_that_others_can_read_causes_one_warning() {
    let path = file("memory-readable", "s");
    let name = path.to_str().unwrap();
    for (mode, warned) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true)] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        for option in ["--secret-file", "--old-secret-file"] {
            for command in [&["serve"][..], &["verify", "x"], &["create-token", "root"]] {
                let mut command = dstok(command);
                let command = command.args([option, name]).env("DATASETTE_SECRET", "other");
                let outcome = run(command, "");
                let warnings = outcome.stderr.matches("chmod 600").count();
                assert_eq!(warnings, usize::from(warned), "{mode:o} {option}: {outcome:?}");
                assert!(!warned || outcome.stderr.contains(&format!("{option}: ")), "{outcome:?}");
            }
        }
    }
}

#[test]
fn a_secret_from_a_pipe_or_a_descriptor_causes_no_warning() {
    let path = file("memory-descriptor", "s");
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let program = env!("CARGO_BIN_EXE_dstok");
    let path = path.to_str().unwrap();
    for script in [
        format!("'{program}' create-token root --now 1 --secret-file <(printf s)"),
        format!("'{program}' create-token root --now 1 --secret-file /dev/stdin < '{path}'"),
        format!("printf s | '{program}' create-token root --now 1 --secret-file /dev/stdin"),
        format!("'{program}' create-token root --now 1 --secret-file /dev/fd/7 7< '{path}'"),
    ] {
        let outcome = run(Command::new("bash").args(["-c", &script]), "");
        outcome.quiet_success();
        let expected = cli(["create-token", "root", "--now", "1", "--secret", "s"]);
        assert_eq!(outcome.stdout, expected.stdout, "{script}");
    }
}
