//! The plugin's window without a host around it. Main thread.

use nice_plug::{
    context::{PluginApi, gui::GuiContext},
    editor::EditorHandle,
    prelude::{Editor, GuiContextInner, ParamPtr, PluginState},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};
use syrinx_plugin::{editor, monitor::Shown, params::SyrinxParams, state};

/// How long the window may go on after the program is to end.
const LOOK: Duration = Duration::from_millis(100);

/// The host that there is not.
struct Host(Arc<SyrinxParams>);

impl GuiContextInner for Host {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Standalone
    }

    unsafe fn raw_begin_set_parameter(&self, _: ParamPtr) {}

    unsafe fn raw_set_parameter_normalized(&self, param: ParamPtr, normalized: f32) {
        // SAFETY: the window's parameters are those of `self`, which lives as long as they are asked for; their values are atomics.
        unsafe { param._internal_set_normalized_value(normalized) };
    }

    unsafe fn raw_end_set_parameter(&self, _: ParamPtr) {}

    fn get_state(&self) -> PluginState {
        state::capture(&self.0)
    }

    fn set_state(&self, state: PluginState) {
        if let Err(why) = state::apply(state, &self.0) {
            self.0.notices().say(format!("The state was not loaded: {why}. Everything stays as it was."));
        }
    }

    fn request_restart(&self) {}
}

/// Opens the window, until the player closes it or `stop` is set.
///
/// # Errors
/// Where there is no screen.
pub fn run(params: &Arc<SyrinxParams>, shown: &Arc<Shown>, stop: &Arc<AtomicBool>) -> Result<(), String> {
    let editor = editor::create(params.clone(), shown.clone(), Some(stop.clone())).ok_or("there is no editor")?;
    let context = GuiContext::new(Arc::new(Host(params.clone())));
    let spawned = editor.spawn(None, false, None, context, None).map_err(|e| e.to_string())?;
    let _handle = spawned.handle;
    // A window at rest draws nothing, and so would not see that it is to close.
    let closed = Arc::new(AtomicBool::new(false));
    let watch = {
        let (stop, closed, repaint) = (stop.clone(), closed.clone(), shown.repaint.clone());
        thread::spawn(move || {
            while !closed.load(Ordering::Relaxed) {
                if stop.load(Ordering::Relaxed) {
                    repaint.request_repaint();
                }
                thread::sleep(LOOK);
            }
        })
    };
    let ended =
        <<editor::SyrinxEditor as Editor>::Handle as EditorHandle>::run_until_closed(spawned.window).map_err(|e| e.to_string());
    closed.store(true, Ordering::Relaxed);
    let _ = watch.join();
    ended
}
