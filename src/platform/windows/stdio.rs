//! Stdin, stdout and stderr.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use super::parent::Parent;
use super::sys::{self, ControlEvent};

/// Bytes to ask of one read.
const BLOCK: usize = 64 << 10;

/// How long stderr may take for a message.
const PATIENCE: Duration = Duration::from_secs(1);

/// The keys that end stdin on a console.
pub const END_OF_INPUT: &str = "Ctrl-Z and Enter";

/// Stdin, which also ends on Ctrl-Break, when the console is closed, and when the parent is gone;
/// on Ctrl-C if that isn't ignored.
///
/// A read of a pipe can't wait for something else too. So a thread reads, and is left behind when
/// the input ends early.
pub struct Input {
    shared: Arc<Shared>,
    /// The block that is being handed out, and how much of it was.
    block: Zeroizing<Vec<u8>>,
    at: usize,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_ended: bool,
    /// What the thread has read. It may hold a secret.
    block: Option<io::Result<Zeroizing<Vec<u8>>>>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        self.lock().is_ended = true;
        self.changed.notify_all();
    }

    fn wait_while(&self, condition: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let waited = self.changed.wait_while(self.lock(), |state| condition(state));
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads stdin until it ends.
    fn read_all(&self) {
        loop {
            let block = read_block();
            let is_last = !matches!(&block, Ok(block) if !block.is_empty());
            self.wait_while(|state| state.block.is_some()).block = Some(block);
            self.changed.notify_all();
            if is_last {
                return;
            }
        }
    }
}

/// Reads what is there, after waiting for it. Nothing is the end.
fn read_block() -> io::Result<Zeroizing<Vec<u8>>> {
    let mut block = Zeroizing::new(vec![0; BLOCK]);
    loop {
        // So large a read goes past the buffer of the standard library.
        match io::stdin().lock().read(&mut block) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            read => {
                block.truncate(read?);
                return Ok(block);
            }
        }
    }
}

impl Input {
    /// Starts to read, handles control events from now on, and watches the parent, if one is given.
    ///
    /// # Errors
    /// If the handler can't be set, or a thread can't be started.
    pub fn new(parent: Option<Arc<Parent>>) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let end = Arc::clone(&shared);
        sys::on_control_event(move |event| {
            end.end();
            if event == ControlEvent::Last {
                // The system ends the process when this returns. It waits for some seconds.
                loop {
                    thread::park();
                }
            }
        })?;
        if let Some(parent) = parent {
            let end = Arc::clone(&shared);
            let watch = move || {
                parent.wait();
                end.end();
            };
            thread::Builder::new().name("parent".to_owned()).spawn(watch)?;
        }
        let reading = Arc::clone(&shared);
        thread::Builder::new().name("stdin".to_owned()).spawn(move || reading.read_all())?;
        Ok(Self { shared, block: Zeroizing::default(), at: 0 })
    }

    /// What ends the input from another thread: a `read` that waits, and any later one, returns
    /// `None`.
    ///
    /// # Errors
    /// None.
    pub fn end(&self) -> io::Result<impl Fn() + Sync + use<>> {
        let shared = Arc::clone(&self.shared);
        Ok(move || shared.end())
    }

    /// Waits for input and reads some. 0 is the end of stdin; `None` means that a control event,
    /// the parent or another thread has ended the input.
    ///
    /// # Errors
    /// Those of reading.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        if self.at == self.block.len() {
            let mut state = self.shared.wait_while(|it| !it.is_ended && it.block.is_none());
            if state.is_ended {
                return Ok(None);
            }
            let Some(block) = state.block.take() else { return Ok(None) };
            drop(state);
            self.shared.changed.notify_all();
            (self.block, self.at) = (block?, 0);
        } else if self.shared.lock().is_ended {
            return Ok(None);
        }
        let rest = &self.block[self.at..];
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.at += length;
        Ok(Some(length))
    }
}

/// Writes bytes to stdout, and returns how many.
///
/// # Errors
/// Those of writing.
pub fn write_stdout(bytes: &[u8]) -> io::Result<usize> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()?;
    Ok(bytes.len())
}

/// Writes a message to stderr, or drops it if stderr doesn't take it soon, as well as all later
/// ones. The pipe can't tell whether it has room.
pub fn write_stderr_at_once(message: &[u8]) {
    static IS_STUCK: AtomicBool = AtomicBool::new(false);
    if IS_STUCK.load(Ordering::Relaxed) {
        return;
    }
    let (done, is_done) = sync_channel(1);
    let message = message.to_owned();
    let write = move || {
        let _ = io::stderr().write_all(&message);
        let _ = done.send(());
    };
    let started = thread::Builder::new().name("stderr".to_owned()).spawn(write);
    if started.is_err() || is_done.recv_timeout(PATIENCE).is_err() {
        IS_STUCK.store(true, Ordering::Relaxed);
    }
}
