//! The output file of `dstok create-tokens`, and what a terminal shows.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test helper that fails may fail the test")]
#![allow(clippy::disallowed_methods, reason = "the test reads the files that the program writes")]

mod common;

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::{CREATE_TOKENS, Outcome, PATIENCE, dstok, folder, run, wait, with_default_signals};

const SIGNALS: [(&str, i32); 3] = [("INT", 2), ("TERM", 15), ("HUP", 1)];

fn command(output: &Path) -> Command {
    dstok(CREATE_TOKENS.iter().copied().chain(["--output", output.to_str().unwrap()]))
}

#[track_caller]
fn create_tokens(output: &Path) -> Outcome {
    run(&mut command(output), "{\"actor_id\":1}\n")
}

/// A run for an output file that goes on until its stdin ends.
struct Run {
    child: Child,
    output: PathBuf,
    unfinished: PathBuf,
}

impl Run {
    #[track_caller]
    fn start(mut command: Command, output: &Path) -> Self {
        let before = unfinished(output);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.as_mut().unwrap().write_all(b"{\"actor_id\":0}\n").unwrap();
        let new = |path: &PathBuf| !before.contains(path);
        let unfinished = until(|| unfinished(output).into_iter().find(new));
        Self { child, output: output.to_owned(), unfinished }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// How it ends while its stdin is still open.
    #[track_caller]
    fn status(&mut self) -> ExitStatus {
        until(|| self.child.try_wait().unwrap())
    }

    /// Ends its input, and expects the whole output.
    #[track_caller]
    fn finish(mut self) {
        self.child.stdin.take().unwrap().write_all(b"{\"actor_id\":1}\n").unwrap();
        assert_eq!(wait(&mut self.child), Some(0));
        assert!(fs::read_to_string(&self.output).unwrap().contains("\"dstok_"));
        assert!(!self.unfinished.exists());
    }
}

impl Drop for Run {
    /// A failed test leaves no process behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The unfinished files beside an output file.
fn unfinished(output: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(output.parent().unwrap()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "part")).collect()
}

#[track_caller]
fn until<T>(mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < deadline, "it takes too long");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_signal_removes_the_unfinished_file_and_ends_the_process() {
    for (name, number) in SIGNALS {
        let output = folder(&format!("signal_{name}")).join("tokens.jsonl");
        fs::write(&output, "before").unwrap();
        let mut run = Run::start(with_default_signals(&command(&output)), &output);
        run.signal(name);
        assert_eq!(run.status().signal(), Some(number));
        assert_eq!(unfinished(&output), [] as [PathBuf; 0]);
        assert_eq!(fs::read_to_string(&output).unwrap(), "before");
    }
}

#[test]
fn a_signal_ends_a_process_that_reads_a_fifo() {
    for (name, number) in SIGNALS {
        let output = folder(&format!("fifo_{name}")).join("tokens.jsonl");
        let fifo = output.with_file_name("fifo");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        // For both, so that it doesn't wait for the other end.
        let mut writer = fs::OpenOptions::new().read(true).write(true).open(&fifo).unwrap();
        writer.write_all(b"{\"actor_id\":1}\n").unwrap();
        let mut command = command(&output);
        command.arg(&fifo);
        let mut run = Run::start(with_default_signals(&command), &output);
        run.signal(name);
        assert_eq!(run.status().signal(), Some(number));
        assert_eq!(unfinished(&output), [] as [PathBuf; 0]);
        assert!(!output.exists());
    }
}

#[test]
fn a_signal_ends_a_process_that_waits_to_write() {
    for (name, number) in SIGNALS {
        let output = folder(&format!("blocked_{name}")).join("tokens.jsonl");
        let mut command = with_default_signals(&command(&output));
        command.stderr(Stdio::piped());
        let mut run = Run::start(command, &output);
        // More messages than the pipe to stderr holds, and nobody reads them.
        let mut stdin = run.child.stdin.take().unwrap();
        let records = thread::spawn(move || {
            let _ = stdin.write_all("{}\n".repeat(100_000).as_bytes());
            stdin
        });
        let stderr = run.child.stderr.take().unwrap();
        until(|| (rustix::io::ioctl_fionread(&stderr).unwrap() > 60_000).then_some(()));
        run.signal(name);
        assert_eq!(run.status().signal(), Some(number));
        assert_eq!(unfinished(&output), [] as [PathBuf; 0]);
        drop((stderr, records.join()));
    }
}

#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    for (name, _) in SIGNALS {
        let output = folder(&format!("ignored_{name}")).join("tokens.jsonl");
        let program = command(&output);
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("trap '' {name}; exec \"$@\""), "sh"]);
        shell.arg(program.get_program()).args(program.get_args());
        let run = Run::start(shell, &output);
        run.signal(name);
        run.signal(name);
        run.finish();
    }
    let output = folder("nohup").join("tokens.jsonl");
    let program = command(&output);
    let mut nohup = Command::new("nohup");
    nohup.arg(program.get_program()).args(program.get_args()).stderr(Stdio::null());
    let mut run = Run::start(nohup, &output);
    run.signal("HUP");
    // The other signals still end it.
    run.signal("TERM");
    assert_eq!(run.status().signal(), Some(15));
    assert_eq!(unfinished(&output), [] as [PathBuf; 0]);
}

#[test]
fn what_was_written_to_stdout_stays() {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = with_default_signals(&dstok(CREATE_TOKENS));
    let mut child = command.stdin(Stdio::piped()).stdout(writer).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let records: String = (0..50_000).map(|n| format!("{{\"actor_id\":{n}}}\n")).collect();
    thread::spawn(move || {
        stdin.write_all(records.as_bytes()).unwrap();
        thread::sleep(PATIENCE);
    });
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(reader));
    assert!(lines.next().unwrap().unwrap().contains("\"dstok_"));
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-s", "INT", &id]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().signal(), Some(2));
    assert!(lines.next().unwrap().unwrap().starts_with("{\"actor_id\":1,"));
}

#[test]
fn the_next_run_removes_what_a_killed_one_left() {
    let output = folder("leftover").join("tokens.jsonl");
    let others = [
        ".tokens.jsonl.part",
        ".tokens.jsonl.abc.part",
        ".tokens.jsonl.abcdefg.part",
        ".tokens.jsonl.ab-cde.part",
        ".tokens.jsonl.x.abcdef.part",
        ".other.jsonl.abcdef.part",
        "tokens.jsonl.abcdef.part",
    ];
    let others = others.map(|name| output.with_file_name(name));
    others.iter().for_each(|path| fs::write(path, "").unwrap());
    let link = output.with_file_name(".tokens.jsonl.linked.part");
    symlink(&others[0], &link).unwrap();
    let subfolder = output.with_file_name(".tokens.jsonl.folder.part");
    fs::create_dir(&subfolder).unwrap();
    let mut killed = Run::start(command(&output), &output);
    let running = Run::start(command(&output), &output);
    killed.child.kill().unwrap();
    killed.child.wait().unwrap();
    assert!(killed.unfinished.exists(), "a killed process can't remove its file");
    create_tokens(&output).quiet_success();
    assert!(!killed.unfinished.exists());
    assert!(running.unfinished.exists(), "a file in use was removed");
    running.finish();
    for path in others.iter().chain([&link, &subfolder]) {
        assert!(fs::symlink_metadata(path).is_ok(), "{path:?} was removed");
    }
}

#[test]
fn concurrent_runs_for_one_file_keep_their_files() {
    let output = folder("concurrent").join("tokens.jsonl");
    let runs: Vec<_> = (0..8)
        .map(|_| {
            thread::spawn({
                let output = output.clone();
                move || {
                    for _ in 0..20 {
                        create_tokens(&output).quiet_success();
                    }
                }
            })
        })
        .collect();
    runs.into_iter().for_each(|run| run.join().unwrap());
    assert_eq!(unfinished(&output), [] as [PathBuf; 0]);
    assert_eq!(fs::read_to_string(&output).unwrap().lines().count(), 1);
}

#[test]
fn a_link_is_followed_even_if_nothing_is_there() {
    let folder = folder("links");
    fs::create_dir_all(folder.join("below/deeper")).unwrap();
    symlink("below/deeper", folder.join("short")).unwrap();
    let links = [
        ("relative", "new", "new"),
        ("into", "below/new", "below/new"),
        ("chain", "into2", "below/new2"),
        ("into2", "below/new2", "below/new2"),
        // From `below/deeper`, not from the folder.
        ("short/up", "../new3", "below/new3"),
    ];
    for (link, target, _) in links {
        symlink(target, folder.join(link)).unwrap();
    }
    symlink(folder.join("new4"), folder.join("absolute")).unwrap();
    for (link, _, real) in links.into_iter().chain([("absolute", "", "new4")]) {
        create_tokens(&folder.join(link)).quiet_success();
        assert!(fs::symlink_metadata(folder.join(link)).unwrap().is_symlink(), "{link}");
        let metadata = fs::symlink_metadata(folder.join(real)).unwrap();
        assert!(metadata.is_file(), "{link}");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        create_tokens(&folder.join(link)).quiet_success();
    }
    // Relative to the working folder.
    symlink("new5", folder.join("here")).unwrap();
    let mut here = command(Path::new("here"));
    run(here.current_dir(&folder), "{\"actor_id\":1}\n").quiet_success();
    assert!(folder.join("new5").is_file() && folder.join("here").is_symlink());
}

#[test]
fn a_place_where_no_file_can_be_is_an_error_at_once() {
    let folder = folder("no_place");
    for (link, target) in
        [("a", "b"), ("b", "a"), ("self", "self"), ("lost", "none/x"), ("up", "new/..")]
    {
        symlink(target, folder.join(link)).unwrap();
    }
    fs::write(folder.join("file"), "").unwrap();
    let none = format!("the folder {} does not exist", folder.join("none").display());
    let lost = format!("it points to {}", folder.join("none/x").display());
    for (name, reason) in [
        ("a", "loop of symbolic links"),
        ("self", "loop of symbolic links"),
        ("lost", &none),
        ("lost", &lost),
        ("none/x", &none),
        ("new/", "not the name of a file"),
        ("new/.", "not the name of a file"),
        ("up", "not the name of a file"),
        (".", "not a regular file"),
        ("file/x", "Not a directory"),
    ] {
        let outcome = create_tokens(&folder.join(name));
        outcome.usage_error();
        assert!(outcome.stderr.contains(reason), "{name}: {outcome:?}");
    }
    assert_eq!(unfinished(&folder.join("x")), [] as [PathBuf; 0]);
}

/// What a terminal as stderr shows, and the exit code.
fn on_a_terminal(mut command: Command, input: &str) -> (String, Option<i32>) {
    let pty = nix::pty::openpty(None, None).unwrap();
    let input = input.to_owned();
    let mut child = command
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(pty.slave)
        .spawn()
        .unwrap();
    // It has a copy of the terminal, which would never end.
    drop(command);
    let mut stdin = child.stdin.take().unwrap();
    thread::spawn(move || stdin.write_all(input.as_bytes()));
    let shown = thread::spawn(move || {
        let (mut terminal, mut bytes) = (fs::File::from(pty.master), Vec::new());
        // Linux ends the output of a terminal with an error.
        let _ = std::io::Read::read_to_end(&mut terminal, &mut bytes);
        String::from_utf8(bytes).unwrap()
    });
    let code = wait(&mut child);
    (shown.join().unwrap(), code)
}

/// Whether `text` is a number with one digit after the point.
fn is_tenths(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.')
        .is_some_and(|(whole, rest)| digits(whole) && digits(rest) && rest.len() == 1)
}

#[test]
fn a_terminal_gets_a_summary() {
    let bad = |n: u32| n == 7 || n == 1999;
    let record =
        |n: u32| if bad(n) { "{}\n".to_owned() } else { format!("{{\"actor_id\":{n}}}\n") };
    let some = (0..2000).map(record).collect::<String>();
    for (input, summary, code) in [
        (&*some, "2,000 records: 1,998 tokens, 2 failed, ", 1),
        ("{\"actor_id\":1}\n", "1 record: 1 token, 0 failed, ", 0),
        ("{}\n", "1 record: 0 tokens, 1 failed, ", 1),
    ] {
        let (shown, found) = on_a_terminal(dstok(CREATE_TOKENS), input);
        assert_eq!(found, Some(code), "{shown}");
        let last = shown.lines().last().unwrap();
        let (_, time) = last.split_once(summary).unwrap_or_else(|| panic!("{shown:?}"));
        assert!(time.strip_suffix(" s").is_some_and(is_tenths), "{time}");
        assert!(!shown.contains("records failed"), "said twice: {shown}");
    }
    // None where the run did not come to its end.
    let mut fail_fast = dstok(CREATE_TOKENS);
    fail_fast.arg("--fail-fast");
    let (shown, code) = on_a_terminal(fail_fast, "{}\n{}\n");
    assert_eq!(code, Some(1));
    assert!(!shown.contains(" tokens, ") && shown.contains("stopped at the first"), "{shown}");
}

#[test]
fn the_progress_bar_has_whole_numbers_with_rate_and_time_left() {
    let path = folder("progress").join("users.jsonl");
    let records: String = (0..300_000).map(|n| format!("{{\"actor_id\":{n}}}\n")).collect();
    fs::write(&path, records).unwrap();
    let mut command = dstok(CREATE_TOKENS);
    command.arg(&path);
    let (shown, code) = on_a_terminal(command, "");
    assert_eq!(code, Some(0), "{shown}");
    let bars: Vec<_> = shown.split('\r').filter(|part| part.contains(" records, ")).collect();
    assert!(!bars.is_empty(), "{shown:?}");
    for bar in bars {
        assert!(bar.contains("% ") && bar.contains("/s, ") && bar.contains(" left"), "{bar:?}");
        assert!(!bar.contains('.'), "{bar:?}");
    }
}
