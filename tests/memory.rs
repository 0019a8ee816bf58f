//! The secret in memory: how many copies there are, and who can look.
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
use sha1::{Digest, Sha1};

/// A user with no rights, `nobody`, where the tests run as root.
const NOBODY: u32 = 65_534;

/// Set in the process that looks at another; its value is the other's ID.
const LOOK_AT: &str = "DSTOK_TEST_LOOK_AT";

const SECRET: &str = "MARKER-in-memory-8kX2";

fn is_root() -> bool {
    Uid::effective().is_root()
}

/// Whether this process may look into the memory of that one, once it has answered; root may,
/// nearly everywhere.
fn may_look(pid: u32) -> bool {
    let may = File::open(format!("/proc/{pid}/mem")).is_ok();
    if !may {
        eprintln!("SKIPPED: only root may look into dstok's memory");
    }
    may
}

/// How often the bytes stand in the process's memory.
fn copies(pid: u32, needle: &[u8]) -> usize {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    let mut count = 0;
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (start, rest) = line.split_once('-').unwrap();
        let (end, _) = rest.split_once(' ').unwrap();
        let [start, end] = [start, end].map(|hex| u64::from_str_radix(hex, 16).unwrap());
        let mut bytes = vec![0; (end - start) as usize];
        // A guard page cannot be read, and holds nothing.
        if memory.read_exact_at(&mut bytes, start).is_ok() {
            count += memchr::memmem::find_iter(&bytes, needle).count();
        }
    }
    count
}

/// What `Signer.derive_key` makes of the secret: as good as the secret for a namespace.
fn derived_key(secret: &str, namespace: &str) -> Vec<u8> {
    Sha1::new()
        .chain_update(namespace)
        .chain_update("signer")
        .chain_update(secret)
        .finalize()
        .to_vec()
}

fn exchange(peer: &mut Peer, method: &str, params: &str) -> String {
    peer.send(request(method, params) + "\n");
    peer.receive()
}

#[test]
fn there_is_one_copy_of_the_secret_and_none_once_it_is_replaced() {
    let path = file("memory-secret", format!("{SECRET}\n"));
    let mut peer = Peer::start(["serve", "--secret-file", path.to_str().unwrap()]);
    let pid = peer.child.id();
    let (other, escaped) = ("MARKER-other-3vQ7", "MARKER-\\u0065scaped-5tR1");
    let plain = escaped.replace("\\u0065", "e");

    assert!(exchange(&mut peer, "sign", r#"["x","n"]"#).contains("result"));
    if !may_look(pid) {
        return;
    }
    assert_eq!(copies(pid, SECRET.as_bytes()), 1, "from a file");
    assert_eq!(copies(pid, &derived_key(SECRET, "n")), 0, "the key itself is not kept");

    // The next line that is read is what overwrites the one before.
    assert!(exchange(&mut peer, "configure", &format!("[\"{other}\"]")).contains("result"));
    assert!(exchange(&mut peer, "sign", r#"["x","n"]"#).contains("result"));
    assert_eq!(copies(pid, SECRET.as_bytes()), 0, "replaced by configure");
    assert_eq!(copies(pid, other.as_bytes()), 1, "from configure");

    // Refused, with a secret in it; then one that is spelled otherwise.
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
fn threads_share_the_secret_and_hold_none_that_was_replaced() {
    const MANY: usize = 3000;
    let mut peer = Peer::start(["serve", "--threads", "3"]);
    assert!(exchange(&mut peer, "configure", &format!("[\"{SECRET}\"]")).contains("result"));
    peer.send((request("sign", r#"["x","n"]"#) + "\n").repeat(MANY));
    (0..MANY).for_each(|_| assert!(peer.receive().contains("result")));
    let pid = peer.child.id();
    if !may_look(pid) {
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
    // After a longer line the allocator keeps what it is given back.
    peer.send(format!("{}{}\n", request("ping", "[]"), " ".repeat(12 << 20)));
    assert!(peer.receive().contains("pong"));
    if !may_look(peer.child.id()) {
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
fn the_secret_is_locked_into_memory_and_out_of_core_dumps() {
    let mut peer = Peer::start(READY);
    assert!(exchange(&mut peer, "ping", "[]").contains("pong"));
    let pid = peer.child.id();
    let limit = field(pid, "limits", "Max locked memory");
    if limit.starts_with("0 ") {
        eprintln!("SKIPPED: no memory may be locked here");
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

/// Not a test: what the tests start to look at a process as its own user.
#[test]
#[ignore = "looks at another process; the tests here start it"]
fn in_a_process_of_its_own() {
    let pid = std::env::var(LOOK_AT).expect("the tests here start it with an ID");
    let opened = |name: &str| {
        File::open(format!("/proc/{pid}/{name}")).and_then(|mut file| {
            // Some are opened by anybody and read by few.
            std::io::Read::read(&mut file, &mut [0]).map(drop).or_else(|error| {
                // At address 0 of a memory that may be read there is nothing.
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

/// A program where every user may start it.
fn for_everybody(program: &Path, name: &str) -> PathBuf {
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

/// Which looks at the process succeed for another process of its user.
fn seen_by_its_user(child: &Child) -> Vec<String> {
    let looker = for_everybody(&std::env::current_exe().unwrap(), "look");
    let mut command = Command::new(looker);
    command.args(["--ignored", "--exact", "in_a_process_of_its_own", "--nocapture"]);
    command.env(LOOK_AT, child.id().to_string()).current_dir("/");
    as_nobody(&mut command);
    let outcome = run(&mut command, "");
    let seen = outcome.stderr.lines().filter_map(|line| line.strip_suffix(": true"));
    assert!(outcome.stderr.contains("ptrace: "), "{outcome:?}");
    seen.map(str::to_owned).collect()
}

/// Whoever runs the tests without being root is good enough.
fn as_nobody(command: &mut Command) {
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
}

#[test]
fn other_processes_of_the_same_user_see_nothing() {
    let program = for_everybody(Path::new(env!("CARGO_BIN_EXE_dstok")), "dstok");
    let start = |command: &mut Command| {
        as_nobody(command);
        command.env("DATASETTE_SECRET", SECRET).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
    };
    // The same looks at a process that does nothing about it: what they could see.
    let mut cat = start(&mut Command::new("cat"));
    let seen = seen_by_its_user(&cat);
    for name in ["environ", "maps", "fd", "exe"] {
        assert!(seen.iter().any(|seen| seen == name), "{name} cannot be tested: {seen:?}");
    }
    cat.kill().unwrap();
    cat.wait().unwrap();
    for options in [&["serve"][..], &["serve", "--no-sandbox"], &["create-tokens"]] {
        let mut child = start(Command::new(&program).args(options));
        wait_until_it_reads(&child);
        let seen = seen_by_its_user(&child);
        if !seen.is_empty() {
            child.kill().unwrap();
        }
        assert_eq!(seen, [""; 0], "{options:?}");
        drop(child.stdin.take());
        assert_eq!(common::wait(&mut child), Some(0), "{options:?}: it was not disturbed");
    }
    let _ = fs::remove_dir_all(program.parent().unwrap());
}

/// Until it sleeps: start-up is over.
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
fn a_secret_file_that_others_may_read_is_warned_of_once() {
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
fn a_secret_from_a_pipe_or_a_descriptor_is_not_warned_of() {
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
