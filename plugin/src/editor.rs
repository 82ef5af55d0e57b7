//! The window, for now one plain page: what is heard, what plays, the delay, messages, own instruments, and every parameter. The window's
//! thread; reads the audio thread's values from atomics and writes parameters through the host.

use crate::{
    library::Library,
    monitor::Shown,
    params::{HostParam, SyrinxParams},
};
use nice_plug::{context::gui::GuiContext, editor::dpi::LogicalSize};
use nice_plug_egui::{
    EguiEditor, EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp, RepaintNotifier, baseview::HandlerError,
    create_egui_editor, widgets::ParamSlider,
};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use syrinx_engine::{Calibration, Features, Model, OWN_INSTRUMENT, Slot};

/// The editor's type, as the framework wants it named.
pub type SyrinxEditor = EguiEditor<Page>;

const SIZE: LogicalSize<f32> = LogicalSize { width: 520.0, height: 760.0 };
/// How often the readouts are drawn anew.
const REFRESH: Duration = Duration::from_millis(33);
/// Nobody hears less than this, dB(A).
const SILENT_DB: f32 = -100.0;
/// All pitches that are listened for, Hz.
const PITCHES_HZ: (f32, f32) = (50.0, 2000.0);
const SLIDER_WIDTH: f32 = 180.0;

/// The page.
pub struct Page {
    params: Arc<SyrinxParams>,
    shown: Arc<Shown>,
    /// Closes the window once it is set: the standalone's.
    stop: Option<Arc<AtomicBool>>,
    /// Counts while the player glides from the lowest note to the highest.
    calibration: Option<Calibration>,
    context: Option<GuiContext>,
    path: String,
    /// Peaks as they fall back, linear: input, output.
    peaks: [f32; 2],
}

/// The editor of one instance; it closes itself once `stop` is set.
pub fn create(params: Arc<SyrinxParams>, shown: Arc<Shown>, stop: Option<Arc<AtomicBool>>) -> Option<SyrinxEditor> {
    let page = Page { params, shown, stop, calibration: None, context: None, path: String::new(), peaks: [0.0; 2] };
    let settings = EguiNiceSettings { title: "Syrinx".into(), ..EguiNiceSettings::default() };
    create_egui_editor(EguiEditorState::from_size(SIZE, 1.0), RepaintNotifier::default(), settings, page)
}

impl NiceEguiApp for Page {
    fn build(&mut self, _: egui::Context, context: GuiContext, _: &mut Frame) -> Result<(), HandlerError> {
        self.context = Some(context);
        Ok(())
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut Frame) {
        if self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed)) {
            frame.baseview_window().request_close();
        }
        ui.ctx().request_repaint_after(REFRESH);
        let Some(context) = self.context.clone() else { return };
        egui::CentralPanel::default().show(ui, |ui| {
            ui.heading("Syrinx");
            self.readout(ui);
            if let Some(message) = self.params.library().message() {
                ui.colored_label(ui.visuals().warn_fg_color, message);
            }
            self.own_instruments(ui, &context);
            self.calibrate(ui, &context);
            ui.separator();
            let setter = context.param_setter();
            egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                egui::Grid::new("parameters").num_columns(2).show(ui, |ui| {
                    let mut group = "";
                    for (row, param) in self.params.rows() {
                        if row.group != group {
                            group = row.group;
                            ui.strong(group);
                            ui.end_row();
                        }
                        ui.label(row.name).on_hover_text(row.help);
                        match param {
                            HostParam::Number(p) => ui.add(ParamSlider::for_param(p, &setter).with_width(SLIDER_WIDTH)),
                            HostParam::Index(p) => ui.add(ParamSlider::for_param(p, &setter).with_width(SLIDER_WIDTH)),
                            HostParam::Switch(p) => ui.add(ParamSlider::for_param(p, &setter).with_width(SLIDER_WIDTH)),
                        };
                        ui.end_row();
                    }
                });
            });
        });
    }
}

impl Page {
    fn readout(&mut self, ui: &mut egui::Ui) {
        let shown = &self.shown;
        let rate = shown.sample_rate_hz.get();
        let voiced = shown.confidence.get() >= 0.5;
        let pitch = |hz: f32| if voiced && hz > 0.0 { note_name(hz) } else { "–".into() };
        for (peak, latest) in self.peaks.iter_mut().zip([shown.input_peak.take(), shown.output_peak.take()]) {
            *peak = latest.max(*peak * 0.9);
        }
        let level = |db: f32| if db > SILENT_DB { format!("{db:.1} dB(A)") } else { "silent".into() };
        let db = |peak: f32| if peak > 1e-5 { format!("{:.1} dB", 20.0 * peak.log10()) } else { "silent".into() };
        egui::Grid::new("readout").num_columns(4).show(ui, |ui| {
            ui.label("Voice");
            ui.monospace(pitch(shown.voice_hz.get()));
            ui.monospace(level(shown.voice_db.get()));
            ui.monospace(format!("peak {}", db(self.peaks[0])));
            ui.end_row();
            ui.label("Instrument");
            ui.monospace(pitch(shown.played_hz.get()));
            ui.monospace(level(shown.played_db.get()));
            ui.monospace(format!("peak {}", db(self.peaks[1])));
            ui.end_row();
            ui.label("Delay");
            let samples = shown.latency_samples.get();
            ui.monospace(if rate > 0.0 {
                format!("{:.1} ms, {samples} samples at {rate} Hz", 1e3 * samples / rate)
            } else {
                "–".into()
            });
            ui.end_row();
            let card = shown.card_samples.get();
            if card > 0.0 && rate > 0.0 {
                ui.label("Round trip");
                ui.monospace(format!("{:.1} ms with the sound card", 1e3 * (samples + card) / rate));
                if shown.dropouts.get() > 0.0 {
                    ui.colored_label(ui.visuals().warn_fg_color, format!("{} gaps", shown.dropouts.get()));
                }
                ui.end_row();
            }
        });
    }

    /// Learns the voice's range from one glide.
    fn calibrate(&mut self, ui: &mut egui::Ui, context: &GuiContext) {
        let heard = Features {
            frame: 0,
            f0_hz: self.shown.voice_hz.get(),
            confidence: self.shown.confidence.get(),
            loudness_db: self.shown.voice_db.get(),
        };
        let mut whole = None;
        ui.horizontal(|ui| match &mut self.calibration {
            None => {
                if ui
                    .button("Learn my range")
                    .on_hover_text("Spares the tracker what you do not sing: sooner and surer")
                    .clicked()
                {
                    // What is listened for now must not limit what is learnt.
                    whole = Some((PITCHES_HZ, Some(Calibration::default())));
                }
            }
            Some(calibration) => {
                calibration.hear(&heard);
                ui.label("Glide from your lowest note to your highest, slowly.");
                let range = calibration.range_hz();
                if ui.add_enabled(range.is_some(), egui::Button::new("Done")).clicked()
                    && let Some(range) = range
                {
                    whole = Some((range, None));
                }
                if ui.button("Every pitch").clicked() {
                    whole = Some((PITCHES_HZ, None));
                }
            }
        });
        if let Some(((low, high), next)) = whole {
            self.calibration = next;
            let setter = context.param_setter();
            for (id, hz) in [("voice_low", low), ("voice_high", high)] {
                let param = self.params.number(id);
                setter.begin_set_parameter(param);
                setter.set_parameter(param, hz.clamp(PITCHES_HZ.0, PITCHES_HZ.1));
                setter.end_set_parameter(param);
            }
        }
    }

    fn own_instruments(&mut self, ui: &mut egui::Ui, context: &GuiContext) {
        ui.horizontal(|ui| {
            ui.label("Own instrument");
            ui.add(egui::TextEdit::singleline(&mut self.path).hint_text("path of an .onnx file").desired_width(220.0));
            for (slot, label, id) in [(Slot::A, "Load as A", "instrument_a"), (Slot::B, "Load as B", "instrument_b")] {
                if ui.button(label).clicked() && load(self.path.trim(), slot, self.params.library()) {
                    let setter = context.param_setter();
                    let param = self.params.index_param(id);
                    setter.begin_set_parameter(param);
                    setter.set_parameter(param, i32::from(OWN_INSTRUMENT));
                    setter.end_set_parameter(param);
                }
            }
        });
    }
}

/// Reads a model file for `slot`, or says what is wrong with it.
fn load(path: &str, slot: Slot, library: &Library) -> bool {
    match Model::from_file(Path::new(path)) {
        Ok(model) => {
            library.put(slot, model);
            library.hush();
            true
        }
        Err(error) => {
            library.say(error.to_string());
            false
        }
    }
}

/// The nearest note and how far off it is: `A4 +12`.
fn note_name(hz: f32) -> String {
    let note = 69.0 + 12.0 * (hz / 440.0).log2();
    let nearest = note.round();
    let class = syrinx_engine::KEYS[(nearest as i32).rem_euclid(12) as usize];
    format!("{class}{} {:+03.0}", (nearest as i32).div_euclid(12) - 1, 100.0 * (note - nearest))
}
