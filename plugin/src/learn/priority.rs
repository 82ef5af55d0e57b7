//! A thread that gives way: what it does can wait for whatever else the machine has to do, sound first of all.

/// From here on, this thread and those that it makes on Linux and macOS run when nobody else wants to. Where a system refuses, nothing is lost but politeness.
pub fn give_way() {
    #[cfg(target_os = "linux")]
    // SAFETY: 0 is the calling thread, and the structure is only read.
    unsafe {
        let parameters: libc::sched_param = std::mem::zeroed();
        libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const parameters);
    }
    #[cfg(target_os = "macos")]
    // SAFETY: about the calling thread alone.
    unsafe {
        libc::pthread_set_qos_class_self_np(libc::qos_class_t::QOS_CLASS_UTILITY, 0);
    }
    #[cfg(windows)]
    {
        const LOWEST: i32 = -2;
        unsafe extern "system" {
            safe fn GetCurrentThread() -> *mut std::ffi::c_void;
            fn SetThreadPriority(thread: *mut std::ffi::c_void, priority: i32) -> i32;
        }
        // SAFETY: the handle is good for the calling thread.
        unsafe { SetThreadPriority(GetCurrentThread(), LOWEST) };
    }
}
