//! Removing unfinished files when a signal ends the process.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fs, thread};

use dstok::signals::is_ignored;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use tempfile::NamedTempFile;

/// Removes files on SIGHUP, SIGINT and SIGTERM, and then ends the process by the same signal. A
/// signal that was ignored at the start stays ignored, as `nohup` and background jobs expect.
pub(super) struct Cleanup {
    paths: Arc<Mutex<Vec<PathBuf>>>,
}

impl Cleanup {
    /// Starts a thread that waits for the signals. A blocked read or write doesn't delay it.
    ///
    /// # Errors
    /// The handlers can't be set, or the thread can't be started.
    pub(super) fn start() -> io::Result<Self> {
        let paths = Arc::new(Mutex::default());
        let handled = [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal));
        let mut signals = Signals::new(handled)?;
        let cleanup = Self { paths: Arc::clone(&paths) };
        let end = move || {
            if let Some(signal) = signals.forever().next() {
                // The lock is kept until the end, so that no other file is created.
                let paths = lock(&paths);
                for path in &*paths {
                    let _ = fs::remove_file(path);
                }
                let _ = emulate_default_handler(signal);
            }
        };
        thread::Builder::new().name("signals".to_owned()).spawn(end)?;
        Ok(cleanup)
    }

    /// Creates a file that a signal removes. No signal can end the process in between.
    pub(super) fn create(
        &self,
        create: impl FnOnce() -> io::Result<NamedTempFile>,
    ) -> io::Result<NamedTempFile> {
        let mut paths = lock(&self.paths);
        let file = create()?;
        paths.push(file.path().to_owned());
        Ok(file)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
