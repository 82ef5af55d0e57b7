//! A library to preload (`LD_PRELOAD`) into a program that hosts the plugin: while a thread is armed, whatever it calls of the C library
//! that allocates, frees, locks or may wait ends the program with the name of the call and a backtrace. So the plugin is watched as it is
//! bundled, whatever allocator and locks it was built with. What it cannot see: locks that are taken without waiting by plain atomics.
//!
//! glibc only; elsewhere the library is empty and the test that preloads it is left out.

#![cfg(all(target_os = "linux", target_env = "gnu"))]

use libc::{c_int, c_long, c_void, size_t, ssize_t};
use std::{
    cell::Cell,
    ffi::CStr,
    sync::atomic::{AtomicUsize, Ordering},
};

thread_local! {
    static ARMED: Cell<bool> = const { Cell::new(false) };
}

/// Arms or disarms the calling thread.
#[unsafe(no_mangle)]
pub extern "C" fn syrinx_guard_arm(armed: bool) {
    ARMED.with(|a| a.set(armed));
}

unsafe extern "C" {
    fn __libc_malloc(size: size_t) -> *mut c_void;
    fn __libc_calloc(count: size_t, size: size_t) -> *mut c_void;
    fn __libc_realloc(old: *mut c_void, size: size_t) -> *mut c_void;
    fn __libc_memalign(alignment: size_t, size: size_t) -> *mut c_void;
    fn __libc_free(old: *mut c_void);
    fn backtrace(into: *mut *mut c_void, size: c_int) -> c_int;
    fn backtrace_symbols_fd(from: *const *mut c_void, size: c_int, to: c_int);
}

/// Ends the program if this thread is armed.
fn watch(call: &CStr) {
    if !ARMED.try_with(Cell::get).unwrap_or(false) {
        return;
    }
    syrinx_guard_arm(false);
    let say = |text: &CStr| {
        // SAFETY: the bytes are the text's own.
        unsafe { libc::syscall(libc::SYS_write, 2, text.as_ptr(), text.to_bytes().len()) };
    };
    say(c"\nthe audio thread called ");
    say(call);
    say(c"\n");
    let mut frames = [std::ptr::null_mut(); 64];
    // SAFETY: there is room for as many frames as are asked for.
    unsafe {
        let count = backtrace(frames.as_mut_ptr(), frames.len() as c_int);
        backtrace_symbols_fd(frames.as_ptr(), count, 2);
        libc::abort();
    }
}

/// The C library's own function that one of the same name here hides.
fn real(cache: &AtomicUsize, name: &CStr) -> usize {
    match cache.load(Ordering::Relaxed) {
        0 => {
            // SAFETY: the name ends in a zero.
            let found = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) } as usize;
            cache.store(found, Ordering::Relaxed);
            found
        }
        found => found,
    }
}

#[unsafe(no_mangle)]
extern "C" fn malloc(size: size_t) -> *mut c_void {
    watch(c"malloc");
    // SAFETY: as the caller's own call.
    unsafe { __libc_malloc(size) }
}

#[unsafe(no_mangle)]
extern "C" fn calloc(count: size_t, size: size_t) -> *mut c_void {
    watch(c"calloc");
    // SAFETY: as the caller's own call.
    unsafe { __libc_calloc(count, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(old: *mut c_void, size: size_t) -> *mut c_void {
    watch(c"realloc");
    // SAFETY: as the caller's own call.
    unsafe { __libc_realloc(old, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn free(old: *mut c_void) {
    // Freeing nothing does nothing.
    if !old.is_null() {
        watch(c"free");
    }
    // SAFETY: as the caller's own call.
    unsafe { __libc_free(old) }
}

#[unsafe(no_mangle)]
extern "C" fn aligned_alloc(alignment: size_t, size: size_t) -> *mut c_void {
    watch(c"aligned_alloc");
    // SAFETY: as the caller's own call.
    unsafe { __libc_memalign(alignment, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn posix_memalign(into: *mut *mut c_void, alignment: size_t, size: size_t) -> c_int {
    watch(c"posix_memalign");
    // SAFETY: as the caller's own call.
    let got = unsafe { __libc_memalign(alignment, size) };
    if got.is_null() {
        return libc::ENOMEM;
    }
    // SAFETY: the caller gives a place for one pointer.
    unsafe { *into = got };
    0
}

/// Passes calls on to the C library, watched: `name(argument: type, ...) -> type`.
macro_rules! watched {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)+) => {$(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($argument: $type),*) -> $result {
            static REAL: AtomicUsize = AtomicUsize::new(0);
            let name = const {
                match CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                    Ok(name) => name,
                    Err(_) => unreachable!(),
                }
            };
            watch(name);
            // SAFETY: the C library's function of this name has this signature; the call is the caller's own.
            unsafe {
                let real: unsafe extern "C" fn($($type),*) -> $result = std::mem::transmute(real(&REAL, name));
                real($($argument),*)
            }
        }
    )+};
}

watched! {
    pthread_mutex_lock(mutex: *mut c_void) -> c_int;
    pthread_rwlock_rdlock(lock: *mut c_void) -> c_int;
    pthread_rwlock_wrlock(lock: *mut c_void) -> c_int;
    pthread_cond_wait(condition: *mut c_void, mutex: *mut c_void) -> c_int;
    pthread_cond_timedwait(condition: *mut c_void, mutex: *mut c_void, until: *const c_void) -> c_int;
    pthread_create(thread: *mut c_void, attributes: *const c_void, start: *mut c_void, argument: *mut c_void) -> c_int;
    pthread_join(thread: usize, result: *mut *mut c_void) -> c_int;
    sem_wait(semaphore: *mut c_void) -> c_int;
    nanosleep(time: *const c_void, left: *mut c_void) -> c_int;
    clock_nanosleep(clock: c_int, flags: c_int, time: *const c_void, left: *mut c_void) -> c_int;
    usleep(time: c_int) -> c_int;
    sched_yield() -> c_int;
    read(file: c_int, into: *mut c_void, count: size_t) -> ssize_t;
    write(file: c_int, from: *const c_void, count: size_t) -> ssize_t;
    writev(file: c_int, from: *const c_void, count: c_int) -> ssize_t;
    close(file: c_int) -> c_int;
    poll(files: *mut c_void, count: usize, time: c_int) -> c_int;
    mmap(at: *mut c_void, len: size_t, protection: c_int, flags: c_int, file: c_int, offset: i64) -> *mut c_void;
    munmap(at: *mut c_void, len: size_t) -> c_int;
    dlopen(name: *const c_void, flags: c_int) -> *mut c_void;
    // Variadic in C; on the systems watched here, arguments that are not there are not looked at.
    open(path: *const c_void, flags: c_int, mode: c_int) -> c_int;
    open64(path: *const c_void, flags: c_int, mode: c_int) -> c_int;
    openat(at: c_int, path: *const c_void, flags: c_int, mode: c_int) -> c_int;
    ioctl(file: c_int, request: usize, argument: usize) -> c_int;
}

/// Locks of Rust wait by this when somebody else holds them; waking others is no wait.
#[unsafe(no_mangle)]
unsafe extern "C" fn syscall(number: c_long, a: usize, b: usize, c: usize, d: usize, e: usize, f: usize) -> c_long {
    static REAL: AtomicUsize = AtomicUsize::new(0);
    if number == libc::SYS_futex && matches!(b as c_int & libc::FUTEX_CMD_MASK, libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET) {
        watch(c"futex, to wait");
    }
    // SAFETY: as above; `syscall` takes up to six arguments whatever the number.
    unsafe {
        let real: unsafe extern "C" fn(c_long, usize, usize, usize, usize, usize, usize) -> c_long =
            std::mem::transmute(real(&REAL, c"syscall"));
        real(number, a, b, c, d, e, f)
    }
}
