//! Closes inherited descriptors, and gives memory back. All `unsafe` of the program is here.
#![allow(
    unsafe_code,
    reason = "no value owns an inherited descriptor, so none can close it safely; malloc is C"
)]

use std::{ffi::OsStr, fs, io};

use rustix::fd::{AsRawFd, BorrowedFd, RawFd};
use rustix::stdio::raw_stderr;

/// Where the system lists the open descriptors of this process.
const DESCRIPTORS: &str = if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" };

/// Closes all descriptors above stderr except `owned`, which must be all that this process opened
/// itself.
///
/// # Errors
/// The system can neither close a range nor list what is open.
pub(super) fn close_all_except(owned: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut owned: Vec<_> = owned.iter().map(AsRawFd::as_raw_fd).collect();
    owned.sort_unstable();
    if ranges_between(&owned).all(|(first, last)| close_range(first, last)) {
        return Ok(());
    }
    // Entries keep the descriptor of the listing open, and their paths don't.
    let paths = fs::read_dir(DESCRIPTORS)?.map(|entry| Ok(entry?.path()));
    for path in paths.collect::<io::Result<Vec<_>>>()? {
        let name = path.file_name().and_then(OsStr::to_str);
        let Some(fd) = name.and_then(|name| name.parse().ok()) else { continue };
        let is_open = fs::symlink_metadata(&path).is_ok();
        if is_open && fd > raw_stderr() && !owned.contains(&fd) {
            // SAFETY: this descriptor is open, and nobody owns it.
            unsafe { rustix::io::close(fd) };
        }
    }
    Ok(())
}

/// The ranges of descriptors above stderr, without those that are owned. They are sorted.
fn ranges_between(owned: &[RawFd]) -> impl Iterator<Item = (RawFd, RawFd)> {
    let starts = [raw_stderr()].into_iter().chain(owned.iter().copied());
    let ends = owned.iter().copied().map(Some).chain([None]);
    let ranges = starts.zip(ends).map(|(before, after)| (before + 1, after.map(|fd| fd - 1)));
    ranges
        .map(|(first, last)| (first, last.unwrap_or(RawFd::MAX)))
        .filter(|(first, last)| first <= last)
}

/// Closes a range of descriptors that nobody owns, if the kernel has a call for that.
#[cfg(target_os = "linux")]
fn close_range(first: RawFd, last: RawFd) -> bool {
    let no_flags = 0;
    // SAFETY: the call takes integers only, and nobody owns these descriptors. libc's own function
    // is missing from the oldest glibc that dstok runs with.
    unsafe { libc::syscall(libc::SYS_close_range, first, last, no_flags) == 0 }
}

#[cfg(not(target_os = "linux"))]
fn close_range(_: RawFd, _: RawFd) -> bool {
    false
}

/// Lets large values live outside of the heaps, so that they leave no holes there. By default, glibc
/// moves the limit up to 32 MiB as values are freed. Call this before starting a thread.
pub fn keep_large_values_apart() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        const LARGE: libc::c_int = 256 << 10;
        // SAFETY: the call takes integers only.
        unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE) };
    }
}

/// Gives memory that was freed back to the system.
///
/// The malloc of glibc has several heaps and keeps up to 64 MiB at the end of each. So threads that
/// take much memory one after another would have it all at once.
pub fn release_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the call takes an integer only, and touches freed memory alone.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranges_leave_out_owned_descriptors_alone() {
        let ranges = |owned: &[RawFd]| ranges_between(owned).collect::<Vec<_>>();
        assert_eq!(ranges(&[]), [(3, RawFd::MAX)]);
        assert_eq!(ranges(&[3]), [(4, RawFd::MAX)]);
        assert_eq!(ranges(&[4, 5, 9]), [(3, 3), (6, 8), (10, RawFd::MAX)]);
    }
}
