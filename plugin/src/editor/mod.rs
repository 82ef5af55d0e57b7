//! The window: what is heard, what answers, whether the two fit, and what to turn. The window's thread: it reads the audio thread's values
//! from atomics ([`Shown`]) and changes parameters through the host ([`edits::Edits`]); no lock and no call of it reaches the audio thread.
//!
//! What is shown and changed is kept apart from how it is drawn:
//!
//! * `edits`, `history`, `live`, `region`, `instrument_list`, `preset_list`, `lists`, `files`, `trial`: changes, their history, what moves, where instruments are at
//!   home, instruments, presets, how lists are walked, folders, a voice to try with. None of them draws.
//! * `theme`, `layout`, `paint`, `icons`, `keys`: colours and type, rectangles, brushes, glyphs, what the keyboard turns.
//! * `button`, `knob`, `number`, `value_box`, `note_box`, `field`, `bars`, `meters`, `pitch_view`, `note_panel`, `slots`, `controls`, `key_controls`, `keyboard`, `browser`, `card`, `presets`, `learn_page` (with `learn_pictures`), `header`, `status_bar`: one
//!   widget a file.
//! * `root_view`: all of them in their places.

pub mod bars;
pub mod browser;
pub mod button;
pub mod card;
mod choir_panel;
pub mod controls;
pub mod dialog;
pub mod edits;
pub mod field;
pub mod files;
pub mod handle;
pub mod header;
pub mod history;
pub mod icons;
pub mod instrument_list;
pub mod key_controls;
pub mod keyboard;
pub mod keys;
pub mod knob;
pub mod layout;
mod learn_page;
mod learn_pictures;
pub mod lists;
pub mod live;
pub mod meters;
pub mod note_box;
pub mod note_panel;
pub mod number;
pub mod paint;
pub mod pitch_view;
pub mod preset_list;
pub mod presets;
pub mod region;
pub mod root_view;
pub mod slots;
pub mod status_bar;
pub mod theme;
pub mod trial;
pub mod value_box;
pub mod window_threads;

use crate::{
    monitor::{Shown, Value},
    params::SyrinxParams,
};
use files::Home;
use handle::{SyrinxHandle, Window};
use nice_plug::{
    context::gui::GuiContext,
    editor::{
        Editor, EditorHandle, HostMethods, ParentWindowHandle, ResizeHint, SpawnedEditor,
        dpi::{LogicalSize, NativeSize},
    },
};
use nice_plug_egui::{
    EguiEditor, EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp,
    baseview::{HandlerError, WindowSize},
    create_egui_editor,
};
use root_view::RootView;
use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use window_threads::WindowThreads;

/// How soon a window at rest sees that there is something to draw; one that is not draws on its own. The first look asks for a picture whatever
/// there is, and must not come before a host has shown the window (see [`App::build`]).
const WAKES: Duration = Duration::from_millis(250);

/// The editor of one instance.
pub struct SyrinxEditor {
    inner: EguiEditor<App>,
    shown: Arc<Shown>,
    state: Arc<EguiEditorState>,
    scale: Arc<SystemScale>,
    /// That of the open window.
    threads: WindowThreads,
}

/// The scale of the system or the host, without the window's own. The framework's own note of it has both once the window was resized, and
/// sizes that are told to hosts would have the window's twice.
pub struct SystemScale(Value);

impl SystemScale {
    fn note(&self, scale: f64) {
        self.0.set(scale as f32);
    }

    /// As it is now.
    pub fn get(&self) -> f64 {
        f64::from(self.0.get())
    }
}

/// The page as the framework runs it.
pub struct App {
    page: RootView,
    state: Arc<EguiEditorState>,
    scale: Arc<SystemScale>,
    /// Closes the window once it is set: the standalone's.
    stop: Option<Arc<AtomicBool>>,
    threads: WindowThreads,
}

/// The editor of one instance; it closes itself once `stop` is set and [`Shown::repaint`] has it drawn anew.
pub fn create(params: Arc<SyrinxParams>, shown: Arc<Shown>, stop: Option<Arc<AtomicBool>>) -> Option<SyrinxEditor> {
    let repaint = shown.repaint.clone();
    let page = RootView::new(params, shown.clone(), Home::of_player());
    let (width, height) = page.looks.size;
    let state = EguiEditorState::from_size(LogicalSize { width, height }, f32::from(page.looks.scale) / 100.0);
    let settings = EguiNiceSettings {
        title: page.source().product().into(),
        resize_hint: handle::resize_hint(page.looks.scale),
        repaint_poll_interval: WAKES,
        ..EguiNiceSettings::default()
    };
    let scale = Arc::new(SystemScale(Value::default()));
    scale.note(1.0);
    let threads = WindowThreads::default();
    let app = App { page, state: state.clone(), scale: scale.clone(), stop, threads: threads.clone() };
    let inner = create_egui_editor(state.clone(), repaint, settings, app)?;
    Some(SyrinxEditor { inner, shown, state, scale, threads })
}

impl Editor for SyrinxEditor {
    type Handle = SyrinxHandle;

    fn spawn(
        &self,
        parent: Option<ParentWindowHandle>,
        wait_for_parent: bool,
        fallback_scale_factor: Option<f64>,
        context: GuiContext,
        host: Option<HostMethods>,
    ) -> Result<SpawnedEditor<Self::Handle>, Box<dyn Error>> {
        // The host's scale comes after: a window that is opened with it takes it for its points, but not for its size.
        let SpawnedEditor { handle, window } = self.inner.spawn(parent, wait_for_parent, None, context, host)?;
        self.scale.note(window.size().scale_factor);
        if let Some(scale) = fallback_scale_factor {
            handle.set_fallback_scale_factor(scale, &window)?;
        }
        Ok(SpawnedEditor {
            handle: SyrinxHandle::new(handle, self.state.clone(), self.scale.clone(), self.shown.watch()),
            window: Window::new(window, self.threads.clone()),
        })
    }

    /// In the host's unit: pixels, or points on macOS.
    fn size(&self) -> NativeSize<u32> {
        let points: LogicalSize<f64> = self.state.size().to_logical(1.0);
        let own = f64::from(self.state.user_scale_factor());
        let size = LogicalSize { width: points.width * own, height: points.height * own };
        NativeSize::from_size(size.into(), self.scale.get())
    }

    fn resize_hint(&self) -> ResizeHint {
        handle::resize_hint((100.0 * self.state.user_scale_factor()).round() as u16)
    }
}

impl NiceEguiApp for App {
    fn build(&mut self, ctx: egui::Context, context: GuiContext, frame: &mut Frame) -> Result<(), HandlerError> {
        self.threads.begin_here();
        // The window's own scale is in force from the first pass on. Hosts set theirs before the first picture, and the framework would take
        // the size that comes of it for one without.
        // That pass would ask for a picture, and what the X server is asked before the window is mapped, baseview (0.4.2) never hears an
        // answer to, and asks no more: the window would stay black.
        ctx.set_request_repaint_callback(|_| ());
        ctx.run_ui(egui::RawInput::default(), |_| {}).textures_delta.clear();
        self.page.open(&ctx, context);
        let waker = frame.baseview_window().waker();
        ctx.set_request_repaint_callback(move |info| waker.request_redraw_after(info.delay));
        Ok(())
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut Frame) {
        if self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed)) {
            frame.baseview_window().request_close();
        }
        self.page.draw(ui);
        let scale = f32::from(self.page.looks.scale) / 100.0;
        if ui.ctx().zoom_factor() != scale {
            ui.ctx().set_zoom_factor(scale);
        }
    }

    fn resized(&mut self, size: WindowSize) {
        // The framework gives the product of the two scales.
        self.scale.note(size.scale_factor / f64::from(self.state.user_scale_factor()));
        self.page.looks.size = (size.logical.width as f32, size.logical.height as f32);
    }
}
