//! A window for tests: the page as the plugin has it, with a host that writes down what it is asked for, and a voice that is sung into the
//! atomics that the audio thread writes.

use super::painter::Painter;
use egui::{Event, Modifiers, PointerButton, Pos2, Rect};
use egui_kittest::{Harness, kittest::Queryable};
use nice_plug::{
    context::{PluginApi, gui::GuiContext},
    prelude::{GuiContextInner, ParamPtr, PluginState},
};
use std::{
    path::Path,
    sync::{Arc, Mutex},
};
use syrinx_engine::{Features, MAX_HARMONICS, Monitor, NOISE_POINTS, Shift, Sides, Spectrum, noise_point_hz};
use syrinx_plugin::{
    editor::{files::Home, layout::SIZE, root_view::RootView},
    library::Library,
    monitor::Shown,
    params::SyrinxParams,
    state,
};

/// What a host is asked for, in the order in which it comes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Asked {
    Begin(ParamPtr),
    Set(ParamPtr, f32),
    End(ParamPtr),
}

/// A host that does what it is asked for at once, and remembers it.
pub struct Host {
    params: Arc<SyrinxParams>,
    pub asked: Mutex<Vec<Asked>>,
}

impl GuiContextInner for Host {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }

    unsafe fn raw_begin_set_parameter(&self, param: ParamPtr) {
        self.asked.lock().unwrap().push(Asked::Begin(param));
    }

    unsafe fn raw_set_parameter_normalized(&self, param: ParamPtr, normalized: f32) {
        self.asked.lock().unwrap().push(Asked::Set(param, normalized));
        // SAFETY: the window's parameters are those of `self`.
        unsafe { param._internal_set_normalized_value(normalized) };
    }

    unsafe fn raw_end_set_parameter(&self, param: ParamPtr) {
        self.asked.lock().unwrap().push(Asked::End(param));
    }

    fn get_state(&self) -> PluginState {
        state::capture(&self.params)
    }

    fn set_state(&self, _: PluginState) {
        panic!("hosts take states on the audio thread, where models cannot be read: the window does without");
    }

    fn request_restart(&self) {}
}

/// The window, and what is around it.
pub struct Stage {
    pub harness: Harness<'static, RootView>,
    pub params: Arc<SyrinxParams>,
    pub shown: Arc<Shown>,
    pub host: Arc<Host>,
    /// What octave fit and auto range have come to, as the audio thread tells it.
    pub fitted: Shift,
    frame: u64,
}

/// How a window is opened.
pub struct Opening {
    pub size: (f32, f32),
    pub scale: f32,
    pub dark: bool,
}

impl Default for Opening {
    fn default() -> Self {
        Self { size: SIZE, scale: 1.0, dark: true }
    }
}

impl Stage {
    /// Opens a window that keeps its things in `folder`.
    pub fn open(folder: &Path, opening: Opening) -> Self {
        Self::open_on(Arc::new(SyrinxParams::new(Arc::new(Library::new().0))), Arc::default(), folder, opening)
    }

    /// Opens a window on an instance.
    pub fn open_on(params: Arc<SyrinxParams>, shown: Arc<Shown>, folder: &Path, opening: Opening) -> Self {
        let host = Arc::new(Host { params: params.clone(), asked: Mutex::default() });
        let mut page = RootView::new(params.clone(), shown.clone(), Some(Home::in_folder(folder)));
        page.looks.dark = opening.dark;
        let context = GuiContext::new(host.clone());
        let mut opened = false;
        let harness = Harness::builder()
            .with_size(egui::vec2(opening.size.0, opening.size.1))
            .with_pixels_per_point(opening.scale)
            .with_step_dt(1.0 / 60.0)
            .with_max_steps(600)
            .with_render_cursor(false)
            .renderer(Painter::default())
            .build_ui_state(
                move |ui, page: &mut RootView| {
                    if !opened {
                        page.open(ui.ctx(), context.clone());
                        opened = true;
                        // The typeface is there from the next picture on.
                        ui.ctx().request_repaint();
                        return;
                    }
                    // All of the window, as in a host.
                    let whole = ui.ctx().content_rect();
                    ui.set_clip_rect(whole);
                    ui.scope_builder(egui::UiBuilder::new().max_rect(whole), |ui| page.draw(ui));
                },
                page,
            );
        let mut stage = Self { harness, params, shown, host, fitted: Shift::default(), frame: 0 };
        stage.shown.sample_rate_hz.set(48_000.0);
        stage.shown.latency_samples.set(341.0);
        stage.harness.run();
        stage
    }

    /// Sings one sixtieth of a second: what the audio thread tells of a voice, and of an instrument `shift_st` above it.
    pub fn sing(&mut self, note: f32, loudness_db: f32, confidence: f32, shift_st: f32) {
        let hz = |note: f32| 440.0 * ((note - 69.0) / 12.0).exp2();
        let voice = Features { frame: self.frame, f0_hz: hz(note), confidence, loudness_db };
        let played = Features { f0_hz: hz(note + shift_st), loudness_db: loudness_db + 4.0, ..voice };
        let strength = 10f32.powf((loudness_db + 14.0) / 20.0);
        let peak = strength * 0.5;
        let harmonics = std::array::from_fn(|k| {
            let k = k as f32 + 1.0;
            let formant = 1.0 + 1.6 * (-((k - 6.0) / 3.0).powi(2)).exp();
            if k < MAX_HARMONICS as f32 { 0.35 * strength * confidence * formant / k.powf(1.3) } else { 0.0 }
        });
        let noise: [f32; NOISE_POINTS] = std::array::from_fn(|n| {
            let octaves = (noise_point_hz(n) / 2400.0).log2();
            0.02 * strength * (-0.12 * octaves * octaves).exp()
        });
        let monitor =
            Monitor { voice, played, fitted: self.fitted, input_peak: peak, output_peak: 0.8 * peak, sides: Sides::Mean };
        self.shown.update(&monitor, Some(&Spectrum { harmonics, noise }), 0.31e-3, 5.3e-3);
        self.frame += 1;
        self.harness.step();
    }

    /// Sings a phrase with slides, vibrato and a breath, and stays on its last note.
    pub fn sing_phrase(&mut self, lowest: f32, shift_st: f32) {
        let notes = [0.0, 4.0, 7.0, 5.0, 9.0];
        for (n, note) in notes.iter().enumerate() {
            for step in 0..56 {
                let t = step as f32 / 60.0;
                let before = notes[n.saturating_sub(1)];
                let slide = before + (note - before) * (t / 0.12).min(1.0);
                let vibrato = 0.35 * (t * 5.5 * std::f32::consts::TAU).sin() * (t * 2.0).min(1.0);
                let loudness = -33.0 + 3.0 * n as f32 + 7.0 * (t * 3.2).sin();
                self.sing(lowest + slide + vibrato, loudness, (0.3 + 3.0 * t).min(0.95), shift_st);
            }
            if n == 2 {
                for _ in 0..14 {
                    self.sing(lowest + 5.0, -52.0, 0.1, shift_st);
                }
            }
        }
    }

    /// Frames in which nothing is sung.
    pub fn wait(&mut self, frames: usize) {
        for _ in 0..frames {
            self.harness.step();
        }
    }

    /// Where something is.
    pub fn rect(&self, label: &str) -> Rect {
        self.harness.get_by_label(label).rect()
    }

    /// Presses what is called so.
    pub fn click(&mut self, label: &str) {
        let place = self.rect(label).center();
        self.press(place);
    }

    /// Presses at a place.
    pub fn press(&mut self, place: Pos2) {
        self.button(place, PointerButton::Primary);
    }

    /// The same with any button.
    pub fn button(&mut self, place: Pos2, button: PointerButton) {
        self.harness.event(Event::PointerMoved(place));
        self.harness.step();
        for pressed in [true, false] {
            self.harness.event(Event::PointerButton { pos: place, button, pressed, modifiers: Modifiers::NONE });
            self.harness.step();
        }
        self.wait(2);
    }

    /// Compares what is seen with the picture of this name in `tests/pictures`.
    pub fn photograph(&mut self, name: &str) {
        self.compare(name, 60);
    }

    /// The same where what is seen was trained: another kind of processor sums up otherwise.
    pub fn photograph_trained(&mut self, name: &str) {
        self.compare(name, 6000);
    }

    fn compare(&mut self, name: &str, most_pixels: usize) {
        // Glyphs lie a hair differently with another version of the typeface's renderer; a shape out of place is hundreds of pixels.
        let options = egui_kittest::SnapshotOptions::new()
            .output_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/pictures"))
            .threshold(1.5)
            .max_failed_pixels(most_pixels);
        if let Err(difference) = self.harness.try_snapshot_options(name, &options) {
            panic!("{difference}");
        }
    }

    /// What the host was asked for since the last call.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.host.asked.lock().unwrap())
    }
}
