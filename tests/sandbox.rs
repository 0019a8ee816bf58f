//! The sandbox of `serve`: what it denies, and what still works inside.
#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]
#![allow(clippy::disallowed_methods, reason = "a test reads /proc")]
#![allow(clippy::print_stdout, reason = "the process that attempts things reports them")]

mod common;

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::iter;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::panic::catch_unwind;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::SystemTime;

use common::{PATIENCE, Peer, READY, dstok, file, read_in_background, request, run, wait};
use dstok::platform::enter_sandbox;
use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{ForkResult, Pid, getppid};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

/// The environment variable for [`attempts`]: `confined` or `free`, a colon, and a folder to write
/// to.
const ATTEMPTS: &str = "DSTOK_TEST_ATTEMPTS";

/// Attempts everything that the sandbox denies and allows, inside or outside of one. Prints a line
/// for each, `name: outcome`.
fn attempts(folder: &str, confined: bool) {
    let sleeper = sleeper();
    // Opened before the sandbox, as `serve` opens its files.
    let log = File::create(format!("{folder}/open-before")).unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    if confined {
        enter_sandbox(Some(sleeper.id() as i32)).unwrap();
    }
    let folder = folder.to_owned();
    // New threads are in the sandbox too.
    thread::spawn(move || {
        attempt_files(&folder);
        attempt_sockets(&folder, &listener, address);
        attempt_processes(&sleeper);
        attempt_allowed(log, &sleeper);
        // A sleeper that the sandbox protects exits by itself.
        let mut sleeper = sleeper;
        let _ = sleeper.kill().and_then(|()| sleeper.wait());
        // Returns only if it fails.
        let error = Command::new("/bin/true").exec();
        println!("become a program: {error}");
    })
    .join()
    .unwrap();
}

fn report(name: &str, outcome: io::Result<()>) {
    match outcome {
        Ok(()) => println!("{name}: done"),
        Err(error) => println!("{name}: {error}"),
    }
}

fn attempt_files(folder: &str) {
    let path = |name: &str| format!("{folder}/{name}");
    report("open to read", File::open("/etc/passwd").map(drop));
    let append = OpenOptions::new().append(true).open(path("open-before"));
    report("open to append", append.map(drop));
    report("create", File::create(path("new")).map(drop));
    report("read a folder", fs::read_dir("/").map(drop));
    report("ask for a file's size", fs::metadata("/etc/passwd").map(drop));
    report("rename", fs::rename(path("open-before"), path("renamed")));
    report("link", symlink("/etc/passwd", path("link")));
    report("remove", fs::remove_file(path("renamed")));
    report("make a folder", fs::create_dir(path("folder")));
}

fn attempt_sockets(folder: &str, listener: &TcpListener, address: SocketAddr) {
    report("listen", TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map(drop));
    report("connect", TcpStream::connect(address).map(drop));
    report("send a packet", UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map(drop));
    report("accept", listener.accept().map(drop));
    report("listen locally", UnixListener::bind(format!("{folder}/socket")).map(drop));
    report("make a pair of sockets", UnixStream::pair().map(drop));
}

fn attempt_processes(sleeper: &Child) {
    let errno = |result: nix::Result<()>| result.map_err(io::Error::from);
    let tracee = Pid::from_raw(sleeper.id() as i32);
    report("start a process", fork());
    report("start a program", Command::new("/bin/true").status().map(drop));
    report("ask for a process", errno(kill(getppid(), None)));
    report("signal a process", errno(kill(getppid(), Signal::SIGCONT)));
    report("trace a process", errno(ptrace::attach(tracee)));
    let mut local = [0; 8];
    let remote = nix::sys::uio::RemoteIoVec { base: 0x10_000, len: 8 };
    let local = &mut [io::IoSliceMut::new(&mut local)];
    let read = nix::sys::uio::process_vm_readv(tracee, local, &[remote]);
    report("read a process's memory", errno(read.map(drop)));
}

fn attempt_allowed(mut log: File, sleeper: &Child) {
    let watched = Pid::from_raw(sleeper.id() as i32);
    println!("ask for the watched process: {}", kill(watched, None) != Err(nix::Error::ENOSYS));
    println!("write to an open file: {:?}", log.write_all(b"x").map_err(|e| e.kind()));
    println!("take memory: {}", vec![1_u8; 200 << 20].iter().step_by(4096).count());
    println!("start threads: {:?}", thread::spawn(|| 5).join().ok());
    println!("panic: {}", catch_unwind(|| panic!("a test")).is_err());
    println!("read the clock: {}", SystemTime::now() > SystemTime::UNIX_EPOCH);
    println!("draw numbers: {}", HashMap::from([(1, 2)])[&1]);
}

/// Forks a child that exits at once.
#[allow(unsafe_code, reason = "no safe function forks without running a program")]
fn fork() -> io::Result<()> {
    // SAFETY: the child only calls `_exit`.
    match unsafe { nix::unistd::fork() }? {
        // SAFETY: `_exit` is async-signal-safe, as the child of a process with threads needs.
        ForkResult::Child => unsafe { nix::libc::_exit(0) },
        // The fork counts, so a failure to wait, as in the sandbox, is ignored.
        ForkResult::Parent { child } => drop(nix::sys::wait::waitpid(child, None)),
    }
    Ok(())
}

/// A process that exits after 20 seconds.
fn sleeper() -> Child {
    Command::new("sleep").arg("20").stdout(Stdio::null()).spawn().unwrap()
}

/// Not a test. The tests start it as a process that may enter the sandbox.
#[test]
#[ignore = "sandboxes its process; started by the tests"]
fn in_a_process_of_its_own() {
    let confined = std::env::var(ATTEMPTS).expect("the tests here start it with a folder");
    let (confined, folder) = confined.split_once(':').unwrap();
    attempts(folder, confined == "confined");
}

/// The outcomes of [`attempts`] by name.
fn outcomes(confined: &str) -> HashMap<String, String> {
    let folder = format!("{}/attempts-{confined}", env!("CARGO_TARGET_TMPDIR"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "in_a_process_of_its_own", "--nocapture"])
        .env(ATTEMPTS, format!("{confined}:{folder}"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let stdout = read_in_background(child.stdout.take().unwrap());
    wait(&mut child);
    let stdout = stdout.recv().unwrap();
    let lines = stdout.lines().filter_map(|line| line.split_once(": "));
    lines.map(|(name, outcome)| (name.to_owned(), outcome.to_owned())).collect()
}

/// Possible outside and denied inside.
const DENIED: [&str; 21] = [
    "open to read",
    "open to append",
    "create",
    "read a folder",
    "ask for a file's size",
    "rename",
    "link",
    "remove",
    "make a folder",
    "listen",
    "connect",
    "send a packet",
    "accept",
    "listen locally",
    "make a pair of sockets",
    "start a process",
    "start a program",
    "ask for a process",
    "signal a process",
    "trace a process",
    "read a process's memory",
];

/// The error of a denied system call.
const NO_SUCH_CALL: &str = "Function not implemented (os error 38)";

/// Errors of calls that were allowed: nobody has connected, and nothing is mapped at the address.
const EMPTY_QUEUE: &str = "Resource temporarily unavailable (os error 11)";
const NO_MEMORY_THERE: &str = "Bad address (os error 14)";

const ALLOWED: [(&str, &str); 7] = [
    ("ask for the watched process", "true"),
    ("write to an open file", "Ok(())"),
    ("take memory", "51200"),
    ("start threads", "Some(5)"),
    ("panic", "true"),
    ("read the clock", "true"),
    ("draw numbers", "2"),
];

#[test]
fn denied_calls_fail_and_everything_else_works() {
    let (outside, inside) = (outcomes("free"), outcomes("confined"));
    for name in DENIED {
        let possible = ["done", EMPTY_QUEUE, NO_MEMORY_THERE].contains(&&*outside[name]);
        assert!(possible, "{name}: the test itself cannot do it: {}", outside[name]);
        assert_eq!(inside[name], NO_SUCH_CALL, "{name}");
    }
    for (name, outcome) in ALLOWED {
        assert_eq!((&*outside[name], &*inside[name]), (outcome, outcome), "{name}");
    }
    assert_eq!(inside["become a program"], NO_SUCH_CALL);
    assert!(!outside.contains_key("become a program"), "it became /bin/true");
}

/// `Name: value` of a file in /proc.
#[track_caller]
fn status(path: &str, name: &str) -> String {
    let text = fs::read_to_string(path).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {name} in {path}")).trim().to_owned()
}

/// `Seccomp` and `NoNewPrivs` of every thread.
fn confinements(peer: &Peer) -> Vec<(String, String)> {
    let tasks = fs::read_dir(format!("/proc/{}/task", peer.child.id())).unwrap();
    let confinement = |path: &str| (status(path, "Seccomp"), status(path, "NoNewPrivs"));
    tasks.map(|task| confinement(&format!("{}/status", task.unwrap().path().display()))).collect()
}

#[test]
fn all_threads_of_serve_are_in_the_sandbox_unless_it_is_off() {
    let ping = request("ping", "[]") + "\n";
    let confined = |options: &[&str]| {
        let mut peer = Peer::start(READY.iter().chain(&["--threads", "3"]).chain(options));
        // A thread starts when there is work and the others are busy.
        let mut confinements = iter::repeat_with(|| {
            peer.send(ping.repeat(2000));
            (0..2000).for_each(|_| drop(peer.receive()));
            confinements(&peer)
        });
        confinements.by_ref().take(100).find(|threads| threads.len() == 3).unwrap()
    };
    let yes = ("2".to_owned(), "1".to_owned());
    let threads = confined(&[]);
    assert!(threads.iter().all(|thread| *thread == yes), "{threads:?}");
    assert!(confined(&["--no-sandbox"]).iter().all(|thread| *thread != yes));
}

/// Every method, invalid input, a large value, and enough lines for many threads. With an audit log
/// no request can replace the actions.
fn lines(has_log: bool) -> Vec<String> {
    let table = r#"{"actions":[{"name":"view-thing","abbr":"vth"}],"ok":true}"#;
    let table = if has_log { "null" } else { table };
    let large = "x".repeat(3 << 20);
    let mut lines: Vec<_> = [
        ("info", "[]"),
        ("ping", "[]"),
        ("rpc.discover", "[]"),
        ("create_token", r#"["root",60,["view-instance"],{"a":["view-table"]}]"#),
        ("verify_token", r#"["dstok_eyJhIjoicm9vdCIsInQiOjE3MDAwMDAwMDB9.x"]"#),
        ("inspect_token", r#"["dstok_eyJhIjoicm9vdCIsInQiOjE3MDAwMDAwMDB9.x"]"#),
        ("sign", r#"[{"a":[1,2.5,"é"]},"n"]"#),
        ("unsign", r#"["x.y"]"#),
        ("create_actor_cookie", r#"[{"id":"root"},60]"#),
        ("verify_actor_cookie", r#"["x.y"]"#),
        ("restrictions_allow_action", r#"[{"a":["vi"]},"view-instance"]"#),
        ("token_allows_action", r#"["dstok_eyJhIjoicm9vdCIsInQiOjE3MDAwMDAwMDB9.x","view-table"]"#),
        ("configure", &format!(r#"{{"actions":{table},"zlib":"zlib-ng"}}"#)),
        ("create_token", r#"["root",60,["view-thing"]]"#),
        ("configure", r#"{"datasette_version":"1.0a20","settings":{"max_signed_tokens_ttl":9}}"#),
        ("configure", r#"{"secret":"b","old_secrets":["a"],"itsdangerous":"1.1"}"#),
        ("sign", &format!("[\"{large}\"]")),
        ("nope", "[]"),
    ]
    .iter()
    .map(|(method, params)| request(method, params))
    .collect();
    lines.push("{".to_owned());
    lines.extend((0..3000).map(|n| request("create_token", &format!("[{n}]"))));
    lines
}

#[test]
fn every_method_gives_the_same_answer_inside_and_outside() {
    for log in [false, true] {
        let lines = lines(log);
        let input = lines.join("\n");
        let log = log.then(|| file("sandbox-audit.jsonl", ""));
        let options = log.iter().flat_map(|log| ["--audit-log", log.to_str().unwrap()]);
        let options: Vec<_> = ["--threads", "3"].into_iter().chain(options).collect();
        let serve =
            |more: &[&str]| run(&mut dstok(READY.iter().chain(&options).chain(more)), &input);
        let inside = serve(&[]);
        inside.quiet_success();
        assert_eq!(inside.answers().len(), lines.len());
        assert!(inside.stdout == serve(&["--no-sandbox"]).stdout);
        for kind in ["internal_error", "policy"] {
            assert!(!inside.stdout.contains(&format!("\"data\":{{\"kind\":\"{kind}\"}}}}}}\n")));
        }
        if let Some(log) = log {
            let recorded = fs::read_to_string(log).unwrap().lines().count();
            assert_eq!(recorded, 2 * (2 + 3000), "with and without the sandbox");
        }
    }
}

#[test]
fn a_warning_and_sigterm_work_inside() {
    let mut peer = Peer::start(READY);
    peer.send(request("configure", r#"{"datasette_version":"9.0"}"#) + "\n");
    assert!(peer.receive().contains("\"datasette_version_known\":false"));
    assert!(confinements(&peer).iter().all(|(seccomp, _)| seccomp == "2"));
    peer.signal("TERM");
    let (code, answers, stderr) = peer.end();
    assert_eq!((code, answers.len()), (Some(0), 0));
    assert!(stderr.contains("newer than this dstok knows"), "{stderr}");
}

/// Not a test. Becomes `dstok serve` on a kernel without the calls named in [`MISSING`].
#[test]
#[ignore = "becomes another program; started by the tests"]
fn on_an_older_kernel() {
    let missing = std::env::var(MISSING).expect("the tests here start it with names");
    let calls = [
        ("seccomp", nix::libc::SYS_seccomp),
        ("landlock", nix::libc::SYS_landlock_create_ruleset),
        ("pidfd", nix::libc::SYS_pidfd_open),
        ("close_range", nix::libc::SYS_close_range),
    ];
    let rules = calls.into_iter().filter(|(name, _)| missing.contains(name));
    let filter = SeccompFilter::new(
        rules.map(|(_, call)| (call, vec![])).collect(),
        SeccompAction::Allow,
        SeccompAction::Errno(nix::libc::ENOSYS as u32),
        std::env::consts::ARCH.try_into().unwrap(),
    );
    let program: BpfProgram = filter.unwrap().try_into().unwrap();
    seccompiler::apply_filter(&program).unwrap();
    if let Ok(path) = std::env::var(INHERITED) {
        inherit(&path);
    }
    let options = std::env::var(OPTIONS).unwrap();
    let error = dstok(READY).args(options.split_whitespace()).exec();
    panic!("it did not become dstok: {error}");
}

/// Leaves descriptors of a socket to the next program: 100 of them, then one that is free, then
/// more.
fn inherit(path: &str) {
    let socket = UnixStream::connect(path).unwrap();
    // These copies stay open on `exec`.
    let copies = iter::repeat_with(|| rustix::io::dup(&socket).unwrap());
    let mut copies: Vec<_> = copies.take(200).collect();
    drop(copies.remove(100));
    std::mem::forget(copies);
}

/// Environment variables with the missing calls, the options of `serve`, and the socket that it
/// inherits.
const MISSING: &str = "DSTOK_TEST_MISSING";
const OPTIONS: &str = "DSTOK_TEST_OPTIONS";
const INHERITED: &str = "DSTOK_TEST_INHERITED";

fn older_kernel(missing: &str, options: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "on_an_older_kernel", "--nocapture"]);
    command.env(MISSING, missing).env(OPTIONS, options);
    command
}

#[test]
fn a_kernel_without_support_causes_a_warning_and_no_failure() {
    let ping = request("ping", "[]") + "\n";
    for (missing, options, lines) in [
        ("seccomp landlock", "", 1),
        ("seccomp landlock", "--no-sandbox", 0),
        ("landlock", "", 0),
        ("nothing", "", 0),
    ] {
        let outcome = run(&mut older_kernel(missing, options), &ping);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        assert!(outcome.stdout.ends_with("\"result\":\"pong\"}\n"), "{outcome:?}");
        assert_eq!(outcome.stderr.lines().count(), lines, "{missing}: {outcome:?}");
        assert!(lines == 0 || outcome.stderr.contains("running without a sandbox"), "{outcome:?}");
    }
}

/// The sandbox then allows the null signal to the parent.
#[test]
fn a_parent_is_watched_without_pidfd_too() {
    let mut parent = sleeper();
    let mut peer = Peer::spawn(older_kernel("pidfd", &format!("--parent-pid {}", parent.id())));
    peer.send(request("ping", "[]") + "\n");
    while !peer.receive().contains("pong") {}
    assert!(confinements(&peer).iter().all(|(seccomp, _)| seccomp == "2"));
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert_eq!(peer.end(), (Some(0), vec![], String::new()));
}

#[test]
fn inherited_descriptors_are_closed_and_own_ones_stay() {
    let create = request("create_token", r#"["root"]"#) + "\n";
    for (missing, option) in
        [("nothing", ""), ("nothing", "--no-sandbox"), ("close_range pidfd", "")]
    {
        let log = file("inherited-audit.jsonl", "");
        let path = log.with_extension("socket");
        let _ = fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        let mut parent = sleeper();
        let pid = parent.id();
        let options = format!("--parent-pid {pid} --audit-log {} {option}", log.display());
        let mut command = older_kernel(missing, &options);
        command.env(INHERITED, &path);
        let mut peer = Peer::spawn(command);
        // The socket ends while dstok runs.
        let (socket, _) = listener.accept().unwrap();
        read_in_background(socket).recv_timeout(PATIENCE).expect("every descriptor is closed");
        peer.send(&create);
        while !peer.receive().contains("\"result\":\"dstok_") {}
        assert_eq!(fs::read_to_string(&log).unwrap().lines().count(), 1, "{missing} {option}");
        parent.kill().unwrap();
        parent.wait().unwrap();
        assert_eq!(peer.end(), (Some(0), vec![], String::new()), "{missing} {option}");
    }
}
