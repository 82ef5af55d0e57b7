//! What the window's library, baseview, asks of libxkbcommon: which letter a key stands for. The library is looked for when a window opens,
//! and windows do without where there is none. The window's thread, on Linux.
//!
//! This crate stands in for the published one of the same name, and has no more than baseview uses. Reason: baseview 0.4.2 makes a map of the
//! keyboard for every window (54 kB), makes a state from it, and never gives the map back, so each opening of the window left 0.1 MB in the
//! host for good. Here [`x11`] gives it back as soon as the state, which holds the map itself, is made. When a baseview does so, this crate and
//! its line in the workspace's `[patch.crates-io]` can go.
//!
//! Names are those of [libxkbcommon](https://xkbcommon.org/doc/current/), which documents them.

#![allow(non_camel_case_types)]

use libloading::Library;
use std::{
    ffi::{c_char, c_int, c_void},
    sync::OnceLock,
};

/// A key's number.
pub type xkb_keycode_t = u32;

/// Where maps are made; opaque.
#[repr(C)]
pub struct xkb_context {
    _private: [u8; 0],
}

/// What each key stands for; opaque.
#[repr(C)]
pub struct xkb_keymap {
    _private: [u8; 0],
}

/// Which keys are down; opaque. Holds a reference to its map.
#[repr(C)]
pub struct xkb_state {
    _private: [u8; 0],
}

/// How a context is made.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum xkb_context_flags {
    /// As usual.
    XKB_CONTEXT_NO_FLAGS = 0,
}

/// How a map is made.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum xkb_keymap_compile_flags {
    /// As usual.
    XKB_KEYMAP_COMPILE_NO_FLAGS = 0,
}

/// Which way a key went.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum xkb_key_direction {
    /// It was let go.
    XKB_KEY_UP = 0,
    /// It was pressed.
    XKB_KEY_DOWN = 1,
}

/// Functions of libxkbcommon. They stay valid, as the library is never unloaded.
pub struct XkbCommon {
    /// Makes a context.
    pub xkb_context_new: unsafe extern "C" fn(xkb_context_flags) -> *mut xkb_context,
    /// Gives a context back.
    pub xkb_context_unref: unsafe extern "C" fn(*mut xkb_context),
    /// Gives a map back.
    pub xkb_keymap_unref: unsafe extern "C" fn(*mut xkb_keymap),
    /// Gives a state back, and its map.
    pub xkb_state_unref: unsafe extern "C" fn(*mut xkb_state),
    /// Notes that a key went down or up. The answer says what changed by it, as bits.
    pub xkb_state_update_key: unsafe extern "C" fn(*mut xkb_state, xkb_keycode_t, xkb_key_direction) -> c_int,
    /// Writes what a key stands for, in UTF-8 with a zero at its end, into so many bytes; the answer is the length without the zero.
    pub xkb_state_key_get_utf8: unsafe extern "C" fn(*mut xkb_state, xkb_keycode_t, *mut c_char, usize) -> c_int,
}

/// The functions of libxkbcommon, where it is installed.
pub fn xkbcommon_option() -> Option<&'static XkbCommon> {
    static FUNCTIONS: OnceLock<Option<XkbCommon>> = OnceLock::new();
    let find = || {
        let library = open(["libxkbcommon.so.0", "libxkbcommon.so"])?;
        // SAFETY: the types are those of the library's headers.
        unsafe {
            Some(XkbCommon {
                xkb_context_new: function(library, "xkb_context_new")?,
                xkb_context_unref: function(library, "xkb_context_unref")?,
                xkb_keymap_unref: function(library, "xkb_keymap_unref")?,
                xkb_state_unref: function(library, "xkb_state_unref")?,
                xkb_state_update_key: function(library, "xkb_state_update_key")?,
                xkb_state_key_get_utf8: function(library, "xkb_state_key_get_utf8")?,
            })
        }
    };
    FUNCTIONS.get_or_init(find).as_ref()
}

/// The keyboard of an X11 display.
pub mod x11 {
    use super::*;

    /// A connection to the display; opaque.
    pub type xcb_connection_t = c_void;

    type KeymapNew =
        unsafe extern "C" fn(*mut xkb_context, *mut xcb_connection_t, i32, xkb_keymap_compile_flags) -> *mut xkb_keymap;
    type StateNew = unsafe extern "C" fn(*mut xkb_keymap, *mut xcb_connection_t, i32) -> *mut xkb_state;

    /// Functions of libxkbcommon-x11. They stay valid, as the library is never unloaded.
    pub struct XkbCommonX11 {
        /// The number of the keyboard, or -1.
        pub xkb_x11_get_core_keyboard_device_id: unsafe extern "C" fn(*mut xcb_connection_t) -> i32,
        /// Makes a map of that keyboard.
        pub xkb_x11_keymap_new_from_device: KeymapNew,
        /// Makes a state of that keyboard. Unlike the library's own, it takes the map over: who made it needs not, and must not, give it back.
        pub xkb_x11_state_new_from_device: StateNew,
    }

    /// The library's own function and what gives a map back, for [`state_with_its_map`].
    static STATE_NEW: OnceLock<(StateNew, unsafe extern "C" fn(*mut xkb_keymap))> = OnceLock::new();

    /// The functions of libxkbcommon-x11, where it is installed.
    pub fn xkbcommon_x11_option() -> Option<&'static XkbCommonX11> {
        static FUNCTIONS: OnceLock<Option<XkbCommonX11>> = OnceLock::new();
        let find = || {
            let library = open(["libxkbcommon-x11.so.0", "libxkbcommon-x11.so"])?;
            let unref = xkbcommon_option()?.xkb_keymap_unref;
            // SAFETY: the types are those of the library's headers.
            unsafe {
                let state_new = function(library, "xkb_x11_state_new_from_device")?;
                STATE_NEW.get_or_init(|| (state_new, unref));
                Some(XkbCommonX11 {
                    xkb_x11_get_core_keyboard_device_id: function(library, "xkb_x11_get_core_keyboard_device_id")?,
                    xkb_x11_keymap_new_from_device: function(library, "xkb_x11_keymap_new_from_device")?,
                    xkb_x11_state_new_from_device: state_with_its_map,
                })
            }
        };
        FUNCTIONS.get_or_init(find).as_ref()
    }

    /// See [`XkbCommonX11::xkb_x11_state_new_from_device`].
    unsafe extern "C" fn state_with_its_map(
        keymap: *mut xkb_keymap,
        display: *mut xcb_connection_t,
        device: i32,
    ) -> *mut xkb_state {
        let Some(&(state_new, keymap_unref)) = STATE_NEW.get() else { return std::ptr::null_mut() };
        // SAFETY: the caller keeps to the library's contract; the state has taken a reference of its own to the map, and nothing is what is
        // given back where there is no map.
        unsafe {
            let state = state_new(keymap, display, device);
            keymap_unref(keymap);
            state
        }
    }
}

/// Opens the first of these libraries that there is, for good.
fn open(names: [&str; 2]) -> Option<&'static Library> {
    // SAFETY: they are libxkbcommon's, whose loading runs nothing of its own.
    let library = names.iter().find_map(|name| unsafe { Library::new(name) }.ok())?;
    Some(Box::leak(Box::new(library)))
}

/// The function called `name`.
///
/// # Safety
/// `T` must be the type of a pointer to that function.
unsafe fn function<T: Copy>(library: &'static Library, name: &str) -> Option<T> {
    // SAFETY: as the caller promises.
    unsafe { library.get::<T>(name.as_bytes()) }.ok().map(|symbol| *symbol)
}
