//! The system calls that a session needs once it is started, and no other.

use std::collections::BTreeMap;

use libc::c_long;
use rustix::process::{Pid, getpid};
use seccompiler::SeccompCmpArgLen::{Dword, Qword};
use seccompiler::SeccompCmpOp::{self, Eq, MaskedEq};
use seccompiler::{
    BackendError, BpfProgram, Error, SeccompAction, SeccompCmpArgLen, SeccompCondition,
    SeccompFilter, SeccompRule, apply_filter_all_threads,
};

/// What any other call answers: as if this kernel did not have it. A library that merely tries
/// something then falls back, which it does not when a call is refused: glibc starts threads by
/// `clone` where there is no `clone3`, whose flags no filter can see. To kill the process would
/// turn such a trial into an outage.
const OTHERWISE: SeccompAction = SeccompAction::Errno(libc::ENOSYS as u32);

/// Calls that are harmless whatever they are given: they work on open descriptors, on this
/// process's memory and threads, on clocks.
const HARMLESS: &[c_long] = &[
    // stdin, stdout, stderr, the audit log; waiting for them
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
    // signals that arrive
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    // clocks and chance
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_getrandom,
];

/// What tells a thread from a process when `clone` is asked for it.
const THREAD: i32 = libc::CLONE_THREAD | libc::CLONE_VM;
/// What a thread of its own namespace would have.
const NAMESPACES: i32 = libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET;

/// Confines all threads of this process.
pub(super) fn enter(watched: Option<Pid>) -> Result<(), String> {
    let program = filter(watched).map_err(|error| error.to_string())?;
    apply_filter_all_threads(&program).map_err(|error| match error {
        Error::Seccomp(error) | Error::Prctl(error) => error.to_string(),
        error => error.to_string(),
    })
}

fn filter(watched: Option<Pid>) -> Result<BpfProgram, BackendError> {
    let mut rules: BTreeMap<c_long, Vec<SeccompRule>> =
        HARMLESS.iter().map(|&call| (call, Vec::new())).collect();
    for (call, conditions) in conditional(watched)? {
        rules.entry(call).or_default().push(SeccompRule::new(conditions)?);
    }
    let arch = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, OTHERWISE, SeccompAction::Allow, arch)?.try_into()
}

/// Calls that are harmless with some arguments only.
fn conditional(watched: Option<Pid>) -> Result<Vec<(c_long, Vec<SeccompCondition>)>, BackendError> {
    let (anonymous, exec) = (libc::MAP_ANONYMOUS as u64, libc::PROT_EXEC as u64);
    let (thread, of_clone) = (THREAD as u64, (THREAD | NAMESPACES) as u64);
    let mut calls = vec![
        // Memory that is no file and cannot be executed.
        (
            libc::SYS_mmap,
            vec![is(2, Dword, MaskedEq(exec), 0)?, is(3, Dword, MaskedEq(anonymous), anonymous)?],
        ),
        (libc::SYS_mprotect, vec![is(2, Dword, MaskedEq(exec), 0)?]),
        // A thread, but no process and no namespace.
        (libc::SYS_clone, vec![is(0, Dword, MaskedEq(of_clone), thread)?]),
        (libc::SYS_prctl, vec![is(0, Dword, Eq, libc::PR_SET_NAME as u64)?]),
        // `abort`.
        (libc::SYS_tgkill, vec![is(0, Dword, Eq, pid(getpid()))?]),
        // The size of a stack is read, no limit changed.
        (libc::SYS_prlimit64, vec![is(0, Dword, Eq, 0)?, is(2, Qword, Eq, 0)?]),
    ];
    if let Some(watched) = watched {
        calls.push((libc::SYS_kill, vec![is(0, Dword, Eq, pid(watched))?, is(1, Dword, Eq, 0)?]));
    }
    Ok(calls)
}

fn is(
    argument: u8,
    length: SeccompCmpArgLen,
    operator: SeccompCmpOp,
    value: u64,
) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, length, operator, value)
}

fn pid(pid: Pid) -> u64 {
    pid.as_raw_nonzero().get() as u64
}
