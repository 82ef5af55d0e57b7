//! The window: what is heard, what answers, whether the two fit, and what to turn. The window's thread: it reads the audio thread's values
//! from atomics ([`Shown`]) and changes parameters through the host ([`desk::Desk`]); no lock and no call of it reaches the audio thread.
//!
//! What is shown and changed is kept apart from how it is drawn:
//!
//! * `desk`, `history`, `live`, `region`, `shelf`, `bank`, `files`: changes, their history, what moves, where instruments are at home,
//!   instruments, presets, folders. None of them draws.
//! * `theme`, `layout`, `paint`, `icons`: colours and type, rectangles, brushes, glyphs.
//! * `button`, `knob`, `field`, `bars`, `meters`, `pitch_view`, `slots`, `controls`, `browser`, `card`, `presets`, `header`, `honesty`: one
//!   widget a file.
//! * `page`: all of them in their places.

pub mod bank;
pub mod bars;
pub mod browser;
pub mod button;
pub mod card;
pub mod controls;
pub mod desk;
pub mod dialog;
pub mod field;
pub mod files;
pub mod handle;
pub mod header;
pub mod history;
pub mod honesty;
pub mod icons;
pub mod knob;
pub mod layout;
pub mod live;
pub mod meters;
pub mod page;
pub mod paint;
pub mod pitch_view;
pub mod presets;
pub mod region;
pub mod shelf;
pub mod slots;
pub mod theme;

use crate::{monitor::Shown, params::SyrinxParams};
use files::Home;
use handle::SyrinxHandle;
use nice_plug::{
    context::gui::GuiContext,
    editor::{
        Editor, HostMethods, ParentWindowHandle, ResizeHint, SpawnedEditor,
        dpi::{LogicalSize, NativeSize},
    },
};
use nice_plug_egui::{
    EguiEditor, EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp,
    baseview::{HandlerError, WindowSize},
    create_egui_editor,
};
use page::Page;
use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// The editor of one instance.
pub struct SyrinxEditor {
    inner: EguiEditor<App>,
    state: Arc<EguiEditorState>,
}

/// The page as the framework runs it.
pub struct App {
    page: Page,
    /// Closes the window once it is set: the standalone's.
    stop: Option<Arc<AtomicBool>>,
}

/// The editor of one instance; it closes itself once `stop` is set and [`Shown::repaint`] has it drawn anew.
pub fn create(params: Arc<SyrinxParams>, shown: Arc<Shown>, stop: Option<Arc<AtomicBool>>) -> Option<SyrinxEditor> {
    let repaint = shown.repaint.clone();
    let page = Page::new(params, shown, Home::of_player());
    let (width, height) = page.looks.size;
    let state = EguiEditorState::from_size(LogicalSize { width, height }, f32::from(page.looks.scale) / 100.0);
    let settings = EguiNiceSettings {
        title: "Syrinx".into(),
        resize_hint: handle::resize_hint(page.looks.scale),
        ..EguiNiceSettings::default()
    };
    let inner = create_egui_editor(state.clone(), repaint, settings, App { page, stop })?;
    Some(SyrinxEditor { inner, state })
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
        let SpawnedEditor { handle, window } = self.inner.spawn(parent, wait_for_parent, fallback_scale_factor, context, host)?;
        Ok(SpawnedEditor { handle: SyrinxHandle::new(handle, self.state.clone()), window })
    }

    /// The window's own scale counts too: the framework leaves it out, and hosts would cut the window.
    fn size(&self) -> NativeSize<u32> {
        let size = self.inner.size();
        let scaled = |side: u32| (side as f32 * self.state.user_scale_factor()).round() as u32;
        NativeSize { width: scaled(size.width), height: scaled(size.height) }
    }

    fn resize_hint(&self) -> ResizeHint {
        handle::resize_hint((100.0 * self.state.user_scale_factor()).round() as u16)
    }
}

impl NiceEguiApp for App {
    fn build(&mut self, ctx: egui::Context, context: GuiContext, _: &mut Frame) -> Result<(), HandlerError> {
        self.page.open(&ctx, context);
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
        self.page.looks.size = (size.logical.width as f32, size.logical.height as f32);
    }
}
