//! Calls of the system that the standard library lacks. All `unsafe` for Windows is here.
#![allow(unsafe_code, reason = "the system's functions are C")]

use std::fs::File;
use std::io;
use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle};
use std::sync::OnceLock;
use std::time::Duration;

use windows_sys::Win32::Foundation::{ERROR_INVALID_PARAMETER, WAIT_TIMEOUT};
use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, GetFileInformationByHandle,
};
use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, CTRL_C_EVENT, SetConsoleCtrlHandler};
use windows_sys::Win32::System::Threading::{
    INFINITE, OpenProcess, PROCESS_SYNCHRONIZE, WaitForSingleObject,
};
use windows_sys::core::BOOL;

const FALSE: BOOL = 0;
const TRUE: BOOL = 1;

/// The volume of a file, and its index there.
pub(super) fn file_id(file: &File) -> io::Result<(u32, u32, u32)> {
    let mut found = BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the handle is open, and the call writes to that struct only.
    check(unsafe { GetFileInformationByHandle(file.as_raw_handle(), &raw mut found) })?;
    Ok((found.dwVolumeSerialNumber, found.nFileIndexHigh, found.nFileIndexLow))
}

/// Opens a process for [`has_ended`].
///
/// # Errors
/// [`NotFound`](io::ErrorKind::NotFound) if there is no such process.
pub(super) fn open_process(pid: u32) -> io::Result<OwnedHandle> {
    // SAFETY: the call takes integers only.
    let handle = unsafe { OpenProcess(PROCESS_SYNCHRONIZE, FALSE, pid) };
    if handle.is_null() {
        let error = io::Error::last_os_error();
        let is_missing = error.raw_os_error() == Some(ERROR_INVALID_PARAMETER.cast_signed());
        return Err(if is_missing { io::ErrorKind::NotFound.into() } else { error });
    }
    // SAFETY: the handle is open, and nobody else owns it.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// Waits until a process has ended, or this time is over. Returns whether it has ended.
pub(super) fn has_ended(process: &OwnedHandle, timeout: Option<Duration>) -> bool {
    let timeout = timeout.map_or(INFINITE, |it| u32::try_from(it.as_millis()).unwrap_or(INFINITE));
    // SAFETY: the handle is open during the call.
    unsafe { WaitForSingleObject(process.as_raw_handle(), timeout) != WAIT_TIMEOUT }
}

/// From now on Ctrl-C does nothing to this process.
pub(super) fn ignore_control_c() -> io::Result<()> {
    // SAFETY: without a handler, the call takes an integer only.
    check(unsafe { SetConsoleCtrlHandler(None, TRUE) })
}

/// What the console tells a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ControlEvent {
    /// Ctrl-C or Ctrl-Break.
    Interrupt,
    /// The console was closed, or the user logs off. The system ends the process soon.
    Last,
}

type Handler = Box<dyn Fn(ControlEvent) + Send + Sync>;

static HANDLER: OnceLock<Handler> = OnceLock::new();

/// Calls a function on control events, in a thread that the system starts. Can be called once.
pub(super) fn on_control_event(
    handler: impl Fn(ControlEvent) + Send + Sync + 'static,
) -> io::Result<()> {
    if HANDLER.set(Box::new(handler)).is_err() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    // SAFETY: the function stays valid, and nothing in it unwinds into the system.
    check(unsafe { SetConsoleCtrlHandler(Some(handle), TRUE) })
}

/// A panic in here ends the process, because it can't cross `extern`.
extern "system" fn handle(event: u32) -> BOOL {
    let event = match event {
        CTRL_C_EVENT | CTRL_BREAK_EVENT => ControlEvent::Interrupt,
        _ => ControlEvent::Last,
    };
    if let Some(handler) = HANDLER.get() {
        handler(event);
    }
    TRUE
}

fn check(success: BOOL) -> io::Result<()> {
    if success == FALSE { Err(io::Error::last_os_error()) } else { Ok(()) }
}
