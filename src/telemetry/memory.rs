//! How the C library's allocator keeps memory: set once, before the first thread starts.
//!
//! Training a head and reading a corpus leave big freed blocks behind. By default glibc keeps one arena a
//! thread (up to eight times the processors) and learns to keep such blocks: 20 MB more than the box
//! uses. Two arenas, and blocks from 64 KiB straight from and back to the system, give them back.

/// At most this many arenas: the desk's thread and everything else.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const ARENAS: i32 = 2;
/// Blocks of this size (bytes) and more are mapped one by one and go back to the system when freed.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAPPED_FROM: i32 = 64 * 1024;

/// Call it first in `main`. A C library that refuses, or another one, keeps its own ways.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "mallopt only stores two numbers; no other thread runs yet")]
pub fn keep_little() {
    // SAFETY: called before any thread is started; the arguments are plain numbers.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, ARENAS);
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_FROM);
    }
}

/// Another C library: nothing to set.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn keep_little() {}
