//! Removing unfinished files when a signal ends the process.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fs, mem};

use dstok::platform::on_termination;
use tempfile::NamedTempFile;

/// Removes files on SIGHUP, SIGINT and SIGTERM, or what another system has instead.
pub(super) struct Cleanup {
    paths: Arc<Mutex<Vec<PathBuf>>>,
}

impl Cleanup {
    /// As [`on_termination`].
    ///
    /// # Errors
    /// As [`on_termination`].
    pub(super) fn start() -> io::Result<Self> {
        let paths = Arc::new(Mutex::default());
        let cleanup = Self { paths: Arc::clone(&paths) };
        on_termination(move || {
            let paths = lock(&paths);
            for path in &*paths {
                let _ = fs::remove_file(path);
            }
            // Locked until the process ends, so that no other file is created.
            mem::forget(paths);
        })?;
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
