//! Keeping secrets out of swap space.

/// Asks the system to keep the pages of these values in memory. Reaching the system's limit is no
/// reason to fail.
///
/// The pages are never unlocked. A page may hold several secrets, and the allocator reuses it.
#[cfg(feature = "mlock")]
pub(crate) fn lock_pages<T>(values: &[T]) {
    if let Ok(guard) = region::lock(values.as_ptr(), size_of_val(values)) {
        std::mem::forget(guard);
    }
}

/// Does nothing: the feature `mlock` is off.
#[cfg(not(feature = "mlock"))]
pub(crate) fn lock_pages<T>(_: &[T]) {}
