//! The seccomp filter: an allowlist of the system calls that a running session needs.

use std::{collections::BTreeMap, io};

use libc::c_long;
use rustix::process::getpid;
use seccompiler::SeccompCmpArgLen::{Dword, Qword};
use seccompiler::SeccompCmpOp::{Eq, MaskedEq};
use seccompiler::{
    BackendError, BpfProgram, Error, SeccompAction, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter_all_threads,
};

/// Any other call fails as if the kernel didn't have it.
///
/// `ENOSYS` makes libraries fall back, and `EPERM` doesn't. glibc tries `clone3` first, whose
/// flags are behind a pointer that no filter can follow, and uses `clone` if the kernel lacks it.
/// Killing the process would turn such an attempt into an outage.
const DENY: SeccompAction = SeccompAction::Errno(libc::ENOSYS as u32);

/// Calls that are harmless with any arguments: they work on open descriptors, on clocks, and on
/// this process's own memory and threads.
const ALLOWED: &[c_long] = &[
    // reading, writing and polling stdio and the audit log
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_ppoll,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    // memory
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_mlock,
    libc::SYS_munlock,
    // threads
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // signal handlers
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    // clocks and random numbers
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_getrandom,
];

/// The flags of `clone` that make a thread rather than a process.
const THREAD: i32 = libc::CLONE_THREAD | libc::CLONE_VM;
/// The flags of `clone` that create a namespace.
const NAMESPACES: i32 = libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET;

/// Installs the filter for all threads of this process.
pub(super) fn enter(watched: Option<i32>) -> io::Result<()> {
    let program = filter(watched).map_err(io::Error::other)?;
    apply_filter_all_threads(&program).map_err(|error| match error {
        Error::Seccomp(error) | Error::Prctl(error) => error,
        error => io::Error::other(error),
    })
}

fn filter(watched: Option<i32>) -> Result<BpfProgram, BackendError> {
    // The argument's index, its width, the operator and the value.
    let is = SeccompCondition::new;
    let this = getpid().as_raw_nonzero().get();
    let (anonymous, exec) = (libc::MAP_ANONYMOUS as u64, libc::PROT_EXEC as u64);
    let (thread, clone_flags) = (THREAD as u64, (THREAD | NAMESPACES) as u64);
    let no_exec = is(2, Dword, MaskedEq(exec), 0)?;
    let is_anonymous = is(3, Dword, MaskedEq(anonymous), anonymous)?;
    // Calls that are allowed with certain arguments only.
    let mut calls = vec![
        // Anonymous memory that isn't executable: no mapped file, no new code.
        (libc::SYS_mmap, vec![no_exec.clone(), is_anonymous]),
        (libc::SYS_mprotect, vec![no_exec]),
        // A thread, and neither a process nor a namespace.
        (libc::SYS_clone, vec![is(0, Dword, MaskedEq(clone_flags), thread)?]),
        // Naming a thread.
        (libc::SYS_prctl, vec![is(0, Dword, Eq, libc::PR_SET_NAME as u64)?]),
        // A signal to a thread of this process, as `abort` sends it.
        (libc::SYS_tgkill, vec![is(0, Dword, Eq, this as u64)?]),
        // Reading a limit, such as the stack's size, and not setting one.
        (libc::SYS_prlimit64, vec![is(0, Dword, Eq, 0)?, is(2, Qword, Eq, 0)?]),
    ];
    if let Some(watched) = watched {
        // Signal 0: asking whether the process exists.
        calls.push((libc::SYS_kill, vec![is(0, Dword, Eq, watched as u64)?, is(1, Dword, Eq, 0)?]));
    }
    let mut rules: BTreeMap<_, _> = ALLOWED.iter().map(|&call| (call, Vec::new())).collect();
    for (call, conditions) in calls {
        rules.insert(call, vec![SeccompRule::new(conditions)?]);
    }
    let arch = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, DENY, SeccompAction::Allow, arch)?.try_into()
}
