//! Drives the program from outside, as any peer would: lines in, lines out, exit code, stderr.

#![allow(clippy::disallowed_methods, reason = "a test reads files and the environment")]
#![allow(clippy::print_stderr, reason = "what is not checked is told of")]
#![allow(dead_code, reason = "every test crate compiles this module and uses a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]

pub mod conformance;
pub mod schema;

use std::cell::RefCell;
use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use datasette_tokens::Secret;
use datasette_tokens::itsdangerous::Keyring;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use zlib_rs::{Inflate, InflateFlush};

/// A device that is always full, such as a full disk. A system without one skips the test.
pub fn full_device() -> Option<File> {
    let device = File::options().write(true).open("/dev/full").ok();
    if device.is_none() {
        eprintln!("skipped: there is no /dev/full");
    }
    device
}

/// Long enough for a loaded machine, short enough for a person who waits.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The secret of [`READY`].
const SECRET: &str = "spec-secret";

/// What most sessions are started with: a secret and a clock that stands still.
pub const READY: [&str; 5] = ["serve", "--secret", SECRET, "--now", "1700000000"];

/// The same without a secret.
pub const NO_SECRET: [&str; 3] = ["serve", "--now", "1700000000"];

/// What a process left behind.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    #[track_caller]
    pub fn answers(&self) -> Vec<&str> {
        assert!(self.stdout.is_empty() || self.stdout.ends_with('\n'), "an unfinished last line");
        self.stdout.lines().collect()
    }

    /// A process that has nothing to complain about.
    #[track_caller]
    pub fn quiet_success(&self) {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{self:?}");
    }

    /// Exit 2, nothing on stdout, one line on stderr.
    #[track_caller]
    pub fn usage_error(&self) {
        assert_eq!((self.code, self.stdout.as_str()), (Some(2), ""), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        assert!(self.stderr.ends_with('\n') && self.stderr.trim().len() > 10, "{self:?}");
    }
}

/// The program, with an environment that says nothing about secrets.
pub fn dstok<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dstok"));
    command.args(args).env_remove("DATASETTE_SECRET").env_remove("DSTOK_OLD_SECRETS");
    command
}

/// The same command, which ends by a signal even if these tests were started with it ignored, as
/// shells start background jobs.
pub fn with_default_signals(program: &Command) -> Command {
    let mut command = Command::new("env");
    command
        .arg("--default-signal=INT,TERM,HUP")
        .arg(program.get_program())
        .args(program.get_args());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// Runs to the end with `input` on stdin. Checks the answers of `serve` against their schemas.
#[track_caller]
pub fn run(command: &mut Command, input: impl AsRef<[u8]>) -> Outcome {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let stdout = read_in_background(child.stdout.take().unwrap());
    let stderr = read_in_background(child.stderr.take().unwrap());
    let input = input.as_ref().to_vec();
    let written = input.clone();
    // A process that stops reading early is judged by what it answered.
    thread::spawn(move || stdin.write_all(&written));
    let code = wait(&mut child);
    let (stdout, stderr) = (stdout.recv().unwrap(), stderr.recv().unwrap());
    if command.get_args().next() == Some(OsStr::new("serve")) {
        schema::check_answers(&input, &stdout);
    }
    Outcome { code, stdout, stderr }
}

/// Runs a command line without input.
#[track_caller]
pub fn cli<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Outcome {
    run(&mut dstok(args), "")
}

/// Reads to the end in a thread, so that neither side waits for a full pipe.
pub fn read_in_background(mut from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        sender.send(String::from_utf8(bytes).expect("output is UTF-8"))
    });
    receiver
}

/// The exit code; a child that does not end is killed and fails the test.
#[track_caller]
pub fn wait(child: &mut Child) -> Option<i32> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("the process hangs");
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Each of the params, between which there is a space, gets -32602 that names the parameter.
#[track_caller]
pub fn refuse(method: &str, param: &str, all: &str) {
    let lines: Vec<_> = all.split_whitespace().map(|params| request(method, params)).collect();
    let answers = session(READY, &lines);
    assert_eq!(answers.len(), lines.len());
    for (line, answer) in lines.iter().zip(answers) {
        assert_invalid_param(&answer, param, line);
    }
}

/// The results of a method for each of the params.
#[track_caller]
pub fn results_of(method: &str, all: &str) -> Vec<Value> {
    let calls: Vec<_> = all.split_whitespace().map(|params| (method, params)).collect();
    results(READY, &calls)
}

/// All results are equal.
#[track_caller]
pub fn same(method: &str, all: &str) {
    let results = results_of(method, all);
    assert!(results.len() > 1);
    for (params, result) in all.split_whitespace().zip(&results) {
        assert_eq!(*result, results[0], "{params}");
    }
}

/// All results differ from each other: the parameter is not ignored.
#[track_caller]
pub fn different(method: &str, all: &str) {
    let results = results_of(method, all);
    for (number, one) in results.iter().enumerate() {
        assert!(!results[..number].contains(one), "number {number} is as one before");
    }
}

/// The payload of the token that is made for params.
pub fn token_payload(params: &str) -> String {
    payload(&results_of("create_token", params)[0])
}

/// `dstok create-tokens` with the secret and the clock of [`READY`].
pub const CREATE_TOKENS: [&str; 5] = ["create-tokens", "--secret", SECRET, "--now", "1700000000"];

/// Runs `dstok create-tokens` with further options.
#[track_caller]
pub fn create_tokens(options: &[&str], input: impl AsRef<[u8]>) -> Outcome {
    run(&mut dstok(CREATE_TOKENS.iter().chain(options)), input)
}

/// The token that `serve` makes.
#[track_caller]
pub fn token(params: &str) -> String {
    results(READY, &[("create_token", params)])[0].as_str().unwrap().to_owned()
}

/// The answers to lines that all are well behaved enough to leave stderr empty.
#[track_caller]
pub fn session<S: AsRef<OsStr>, L: AsRef<str>>(
    args: impl IntoIterator<Item = S>,
    lines: &[L],
) -> Vec<String> {
    let input: String = lines.iter().map(|line| format!("{}\n", line.as_ref())).collect();
    let outcome = run(&mut dstok(args), input);
    outcome.quiet_success();
    outcome.answers().into_iter().map(str::to_owned).collect()
}

/// A request, and its answer.
pub const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
pub const PONG: &str = r#"{"jsonrpc":"2.0","id":1,"result":"pong"}"#;

/// The answers of `serve`, ready to sign, to an input that ends; it ends well and says nothing.
#[track_caller]
pub fn serve(options: &[&str], input: impl AsRef<[u8]>) -> Vec<String> {
    let outcome = run(&mut dstok(READY.iter().chain(options)), input);
    outcome.quiet_success();
    outcome.answers().into_iter().map(str::to_owned).collect()
}

/// The one answer to one line.
#[track_caller]
pub fn ask(line: &str) -> String {
    one(session(READY, &[line]))
}

#[track_caller]
pub fn one(mut answers: Vec<String>) -> String {
    assert_eq!(answers.len(), 1, "{answers:?}");
    answers.remove(0)
}

/// A request with id 1; `params` is a JSON text.
pub fn request(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
}

/// The result of a call with id 1, as JSON.
#[track_caller]
pub fn result(answer: &str) -> Value {
    let mut answer: Value = serde_json::from_str(answer).unwrap();
    let result = answer.get_mut("result").map(Value::take);
    result.unwrap_or_else(|| panic!("an error: {answer}"))
}

/// The results of calls, all of them successful, in a session of their own.
#[track_caller]
pub fn results<S: AsRef<OsStr>>(
    args: impl IntoIterator<Item = S>,
    calls: &[(&str, &str)],
) -> Vec<Value> {
    let lines: Vec<_> = calls.iter().map(|(method, params)| request(method, params)).collect();
    session(args, &lines).iter().map(|answer| result(answer)).collect()
}

/// Code, kind and id of an answer with an error.
#[track_caller]
pub fn error(answer: &str) -> (i64, String, Value) {
    let answer: Value = serde_json::from_str(answer).expect("an answer is JSON");
    let error = answer.get("error").unwrap_or_else(|| panic!("no error: {answer}"));
    assert!(answer.get("result").is_none(), "{answer}");
    let kind = error["data"]["kind"].as_str().unwrap_or_else(|| panic!("no kind: {answer}"));
    assert!(!error["message"].as_str().unwrap_or_default().is_empty(), "{answer}");
    (error["code"].as_i64().unwrap(), kind.to_owned(), answer["id"].clone())
}

#[track_caller]
pub fn assert_error(answer: &str, code: i64, kind: &str, id: impl Into<Value>) {
    assert_eq!(error(answer), (code, kind.to_owned(), id.into()), "{answer}");
}

/// Over a limit, under no id.
#[track_caller]
pub fn assert_too_large(answer: &str) {
    assert_error(answer, -32600, "too_large", Value::Null);
}

/// -32602 about `param`, under id 1.
#[track_caller]
pub fn assert_invalid_param(answer: &str, param: &str, context: &str) {
    let context = &context[..context.len().min(300)];
    let json: Value = serde_json::from_str(answer).unwrap();
    assert!(json.get("error").is_some(), "{context}\naccepted: {answer}");
    assert_eq!(error(answer), (-32602, "invalid_params".to_owned(), 1.into()), "{context}");
    assert_eq!(json["error"]["data"]["param"], param, "{context}\n{answer}");
    let message = json["error"]["message"].as_str().unwrap();
    assert!(message.contains(param), "{context}\ndoes not name it: {answer}");
}

/// The JSON inside a token or a signed value, of 64 kB at most.
#[track_caller]
pub fn payload(signed: &Value) -> String {
    let signed = signed.as_str().unwrap();
    let signed = signed.strip_prefix("dstok_").unwrap_or(signed);
    let (payload, _) = signed.rsplit_once('.').unwrap();
    let bytes = match payload.strip_prefix('.') {
        None => URL_SAFE_NO_PAD.decode(payload).unwrap(),
        Some(compressed) => {
            let mut bytes = vec![0; 1 << 16];
            let mut inflate = Inflate::new(true, 15);
            let compressed = URL_SAFE_NO_PAD.decode(compressed).unwrap();
            inflate.decompress(&compressed, &mut bytes, InflateFlush::Finish).unwrap();
            bytes.truncate(inflate.total_out() as usize);
            bytes
        }
    };
    String::from_utf8(bytes).unwrap()
}

/// A text that Python's zlib makes of a payload, signed as Datasette signs.
pub fn signed(namespace: &str, payload: &[u8], compressed: bool) -> String {
    let mut text = if compressed { ".".to_owned() } else { String::new() };
    text += &URL_SAFE_NO_PAD.encode(payload);
    signed_by(SECRET, namespace, text)
}

/// A text with the signature that itsdangerous gives it.
pub fn signed_by(secret: &str, namespace: &str, text: String) -> String {
    let keyring = Keyring::new(Secret::new(secret.to_owned()).unwrap(), []);
    let mut signed = text.into_bytes();
    assert!(keyring.sign(namespace, &mut signed, 0));
    String::from_utf8(signed).unwrap()
}

/// A zlib stream of these bytes.
pub fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0; zlib_rs::compress_bound(bytes.len())];
    let config = zlib_rs::DeflateConfig::default();
    let (stream, code) = zlib_rs::compress_slice(&mut out, bytes, config);
    assert_eq!(code, zlib_rs::ReturnCode::Ok);
    stream.to_vec()
}

/// A file of this content whose name no other test uses, readable by its owner only.
pub fn file(name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    path
}

/// A new folder of its own for a test. Removes what an earlier run has left there.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A path at which there is no file.
pub fn new_path(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_file(&path);
    path
}

/// The SHA-256 of a token, as the audit log has it.
pub fn hex_sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The records of an audit log.
#[track_caller]
pub fn records(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    assert!(!text.contains("dstok_"), "a token in the audit log");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A peer that waits for its answers. [`Peer::end`] checks them against their schemas, unless there
/// was much to send.
pub struct Peer {
    pub child: Child,
    pub stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    stderr: Receiver<String>,
    sent: Vec<u8>,
    received: RefCell<String>,
}

/// How much a peer keeps of what it sends.
const KEPT: usize = 1 << 20;

impl Peer {
    pub fn start<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Self {
        Self::spawn(dstok(args))
    }

    pub fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = read_in_background(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || stdout.lines().try_for_each(|line| sender.send(line.unwrap())));
        Self { child, stdin, lines, stderr, sent: Vec::new(), received: RefCell::default() }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        if self.sent.len() <= KEPT {
            self.sent.extend_from_slice(&bytes[..bytes.len().min(KEPT + 1)]);
        }
        self.stdin.as_mut().unwrap().write_all(bytes).unwrap();
    }

    /// The most resident memory that the process has had, in kB. 0 where there is no /proc to tell.
    #[track_caller]
    #[allow(clippy::disallowed_methods, reason = "a test reads /proc")]
    pub fn peak(&self) -> u64 {
        if cfg!(not(target_os = "linux")) {
            eprintln!("not checked: how much memory the process took");
            return 0;
        }
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse().unwrap()
    }

    #[track_caller]
    pub fn receive(&self) -> String {
        let line = self.lines.recv_timeout(PATIENCE).expect("an answer before the next request");
        self.keep(&line);
        line
    }

    fn keep(&self, line: &str) {
        if self.sent.len() <= KEPT {
            *self.received.borrow_mut() += &format!("{line}\n");
        }
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// What is still to come, and how it ends.
    #[track_caller]
    pub fn end(mut self) -> (Option<i32>, Vec<String>, String) {
        let code = wait(&mut self.child);
        let lines: Vec<_> = self.lines.iter().inspect(|line| self.keep(line)).collect();
        if self.sent.len() <= KEPT {
            schema::check_answers(&self.sent, &self.received.borrow());
        }
        (code, lines, self.stderr.recv().unwrap())
    }
}

impl Drop for Peer {
    /// A failed test leaves no process behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
