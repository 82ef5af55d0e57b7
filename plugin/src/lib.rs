//! Syrinx as a VST3 and CLAP plugin and as a standalone application: the engine behind the host's parameters, state and blocks.
//!
//! **The real-time contract** is the engine's: nothing reachable from `process` allocates, frees, locks or waits. Models are read and
//! freed by the thread that asks for them (`library.rs`); they reach and leave the audio thread through rings.
//!
//! * `params`: the engine's table of parameters as the host's.
//! * `state`: what a session keeps, and what is made of old, broken and future ones.
//! * `presets`: the factory's sounds, and files of the player's own.
//! * `library`: instruments of the player's own; `judged`: those of a process, shared; `reading`: how files are read.
//! * `notices`: what the player is to be told in words.
//! * `hosted`: one instance inside a host's process; `clap_entry` and `clap_instance`, `vst3_instance`: what hosts of either format have of it.
//! * `main_thread`: the way from the audio thread to the host's main thread.
//! * `changes`: changes of parameters inside a block.
//! * `player`: the engine behind whatever face, as the audio thread has it; its owner, as the others have it.
//! * `monitor`: what the audio thread tells the window.
//! * `spectral_weights`: weights of single harmonics and of the noise, from the window to the audio thread.
//! * `editor`: the window.

pub mod changes;
pub mod clap_entry;
mod clap_instance;
#[cfg(feature = "editor")]
pub mod editor;
pub mod hosted;
pub mod judged;
pub mod library;
pub mod main_thread;
pub mod monitor;
pub mod notices;
pub mod params;
pub mod player;
pub mod presets;
pub mod reading;
pub mod spectral_weights;
pub mod state;
pub mod vst3_instance;
pub mod whole_file;

use hosted::Face;
use nice_plug::prelude::*;
use std::{num::NonZeroU32, sync::Arc};

/// One instance as the framework has it: parameters and the window. Sound, times and states go by [`hosted::Hosted`].
pub struct Syrinx(Face);

impl Default for Syrinx {
    fn default() -> Self {
        Self(Face::of_new_instance())
    }
}

/// What the framework runs on a host's main thread: see [`main_thread::MainThread`].
pub struct Errand;

const fn layout(input: u32, output: u32) -> AudioIOLayout {
    AudioIOLayout {
        main_input_channels: NonZeroU32::new(input),
        main_output_channels: NonZeroU32::new(output),
        ..AudioIOLayout::const_default()
    }
}

impl Plugin for Syrinx {
    const NAME: &'static str = "Syrinx";
    const VENDOR: &'static str = "Syrinx";
    const URL: &'static str = "";
    const EMAIL: &'static str = "";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[layout(2, 2), layout(1, 1), layout(1, 2), layout(2, 1)];
    // No notes are played yet, and none are asked for.
    const MIDI_INPUT: MidiConfig = MidiConfig::None;
    #[cfg(feature = "editor")]
    type Editor = editor::SyrinxEditor;
    #[cfg(not(feature = "editor"))]
    type Editor = ();
    type SysExMessage = ();
    type BackgroundTask = Errand;

    fn params(&self) -> Arc<dyn Params> {
        self.0.owner.params().clone()
    }

    fn task_executor(&mut self) -> TaskExecutor<Self> {
        let main_thread = self.0.main_thread.clone();
        Box::new(move |Errand| main_thread.run_errand())
    }

    #[cfg(feature = "editor")]
    fn editor(&mut self, executor: AsyncExecutor<Self>) -> Option<Self::Editor> {
        self.0.main_thread.set_way(move || executor.execute_gui(Errand));
        editor::create(self.0.owner.params().clone(), self.0.owner.shown().clone(), None)
    }

    /// No host gets here: both formats play by [`hosted::Hosted`].
    fn process(&mut self, _: &mut Buffer<'_>, _: &mut AuxiliaryBuffers<'_>, _: &mut impl ProcessContext<Self>) -> ProcessStatus {
        ProcessStatus::Error("Syrinx does not play by the framework")
    }
}

impl ClapPlugin for Syrinx {
    const CLAP_ID: &'static str = "org.syrinx.syrinx";
    const CLAP_DESCRIPTION: Option<&'static str> = Some("The instrument you play with your voice");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] =
        &[ClapFeature::AudioEffect, ClapFeature::Synthesizer, ClapFeature::Stereo, ClapFeature::Mono];
}

impl Vst3Plugin for Syrinx {
    const VST3_CLASS_ID: [u8; 16] = *b"SyrinxInstrument";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] = &[Vst3SubCategory::Fx, Vst3SubCategory::Synth];
}
