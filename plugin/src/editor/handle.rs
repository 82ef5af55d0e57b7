//! The open window as the host has it: the framework's, but for the least size, which goes with the window's own scale, and for closing, which
//! waits for the window's threads.

use super::{SystemScale, layout::LEAST, window_threads::WindowThreads};
use crate::monitor::Watching;
use nice_plug::editor::{
    EditorHandle, Modifiers, ParentWindowHandle, ResizeHint, VirtualKeyCode,
    dpi::{LogicalSize, NativeSize},
};
use nice_plug_egui::{EguiEditorHandle, EguiEditorState, baseview};
use std::sync::Arc;

/// How the host may resize a window that is drawn at `scale` per cent.
pub fn resize_hint(scale: u16) -> ResizeHint {
    let share = f32::from(scale) / 100.0;
    ResizeHint::RESIZABLE.with_min_logical_size(LogicalSize { width: LEAST.0 * share, height: LEAST.1 * share })
}

/// The open window.
pub struct SyrinxHandle {
    inner: EguiEditorHandle,
    state: Arc<EguiEditorState>,
    scale: Arc<SystemScale>,
    /// The window is open as long as the host has this; the framework tells nobody that it closes.
    _watching: Watching,
}

impl SyrinxHandle {
    /// The framework's handle, and what it shares with the window.
    pub fn new(inner: EguiEditorHandle, state: Arc<EguiEditorState>, scale: Arc<SystemScale>, watching: Watching) -> Self {
        Self { inner, state, scale, _watching: watching }
    }
}

/// The window itself; it is closed when this is dropped.
pub struct Window {
    /// None once it closes.
    inner: Option<baseview::Window>,
    threads: WindowThreads,
}

impl Window {
    /// The framework's window, and its threads.
    pub fn new(inner: baseview::Window, threads: WindowThreads) -> Self {
        Self { inner: Some(inner), threads }
    }

    fn get(&self) -> &baseview::Window {
        self.inner.as_ref().expect("only dropping and running take it")
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let Some(window) = self.inner.take() else { return };
        if cfg!(target_os = "linux") {
            // The thread answers this, and once it has, it runs and cannot miss that it is told to stop. A window whose thread or whose
            // parent has gone cannot be hidden, which is as good.
            let _ = window.hide();
        }
        drop(window);
        self.threads.wait_for_their_end();
    }
}

impl EditorHandle for SyrinxHandle {
    type Window = Window;
    type Error = baseview::Error;

    fn run_until_closed(mut window: Self::Window) -> Result<(), Self::Error> {
        window.inner.take().map_or(Ok(()), EguiEditorHandle::run_until_closed)
    }

    fn set_parent(&self, parent: ParentWindowHandle, window: &Self::Window) -> Result<(), Self::Error> {
        self.inner.set_parent(parent, window.get())
    }

    fn show(&self, window: &Self::Window) -> Result<(), Self::Error> {
        self.inner.show(window.get())
    }

    fn hide(&self, window: &Self::Window) -> Result<(), Self::Error> {
        self.inner.hide(window.get())
    }

    fn set_size(&self, new_size: NativeSize<u32>, window: &Self::Window) -> Result<(), Self::Error> {
        self.inner.set_size(new_size, window.get())
    }

    fn host_main_thread_callback(&self, window: &Self::Window) {
        self.inner.host_main_thread_callback(window.get());
    }

    fn adjust_size(&self, new_size: NativeSize<u32>, window: &Self::Window) -> Option<NativeSize<u32>> {
        let now = window.get().size();
        let hint = resize_hint((100.0 * self.state.user_scale_factor()).round() as u16);
        let size = NativeSize::from_logical_or_physical(now.logical, now.physical);
        Some(hint.adjust_size(new_size, size, self.scale.get()))
    }

    fn set_fallback_scale_factor(&self, scale_factor: f64, window: &Self::Window) -> Result<(), Self::Error> {
        self.inner.set_fallback_scale_factor(scale_factor, window.get())
    }

    fn on_virtual_key_from_host(&self, key_code: VirtualKeyCode, is_down: bool, modifiers: Modifiers) -> bool {
        self.inner.on_virtual_key_from_host(key_code, is_down, modifiers)
    }

    fn state_changed(&self) {
        self.inner.state_changed();
    }

    fn param_value_changed(&self, id: &str, normalized_value: f32) {
        self.inner.param_value_changed(id, normalized_value);
    }

    fn param_modulation_changed(&self, id: &str, modulation_offset: f32) {
        self.inner.param_modulation_changed(id, modulation_offset);
    }
}
