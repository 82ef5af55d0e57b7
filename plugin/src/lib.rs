//! Syrinx as a VST3 and CLAP plugin and as a standalone application: the engine behind the host's parameters, state and blocks.
//!
//! **The real-time contract** is the engine's: nothing reachable from `process` allocates, frees, locks or waits. Models are read and
//! freed by the thread that asks for them (`library.rs`); they reach and leave the audio thread through rings.
//!
//! * `params`: the engine's table of parameters as the host's.
//! * `state`: what a session keeps, and what is made of old, broken and future ones.
//! * `presets`: the factory's sounds, and files of the player's own.
//! * `library`: instruments of the player's own.
//! * `clap_entry`: what hosts find in the CLAP, presets among it.
//! * `player`: the engine behind whatever face.
//! * `monitor`: what the audio thread tells the window.
//! * `weighting`: weights of single harmonics and of the noise, from the window to the audio thread.
//! * `editor`: the window.

pub mod clap_entry;
#[cfg(feature = "editor")]
pub mod editor;
pub mod library;
pub mod monitor;
pub mod params;
pub mod player;
pub mod presets;
pub mod state;
pub mod weighting;
pub mod whole_file;

use nice_plug::prelude::*;
use player::{NotActivated, Player};
use std::{num::NonZeroU32, sync::Arc};

/// One instance of the plugin.
#[derive(Default)]
pub struct Syrinx(Player);

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
    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[layout(2, 2), layout(1, 1), layout(1, 2)];
    // MIDI controllers would add 2080 hidden parameters in VST3.
    const MIDI_INPUT: MidiConfig = MidiConfig::Basic;
    const SAMPLE_ACCURATE_AUTOMATION: bool = true;
    #[cfg(feature = "editor")]
    type Editor = editor::SyrinxEditor;
    #[cfg(not(feature = "editor"))]
    type Editor = ();
    type SysExMessage = ();
    type BackgroundTask = ();

    fn params(&self) -> Arc<dyn Params> {
        self.0.params().clone()
    }

    #[cfg(feature = "editor")]
    fn editor(&mut self, _: AsyncExecutor<Self>) -> Option<Self::Editor> {
        editor::create(self.0.params().clone(), self.0.shown().clone(), None)
    }

    fn filter_state(state: &mut PluginState) {
        state::filter(state);
    }

    fn activate(&mut self, layout: &AudioIOLayout, buffers: &BufferConfig, context: &mut impl ActivateContext<Self>) -> bool {
        let channels = |number: Option<NonZeroU32>| number.map_or(0, |n| n.get() as usize);
        let (inputs, outputs) = (channels(layout.main_input_channels), channels(layout.main_output_channels));
        let Ok(latency) = self.0.activate(buffers.sample_rate.round() as u32, inputs, outputs) else { return false };
        context.set_latency_samples(latency as u32);
        true
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn process(
        &mut self,
        buffer: &mut Buffer<'_>,
        _: &mut AuxiliaryBuffers<'_>,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        // Notes are taken and not played yet.
        while context.next_event().is_some() {}
        match self.0.process(buffer.as_slice()) {
            Ok(latency) => {
                if let Some(latency) = latency {
                    context.set_latency_samples(latency as u32);
                }
                ProcessStatus::Tail(self.0.tail_samples() as u32)
            }
            Err(NotActivated) => ProcessStatus::Error("Syrinx was not activated"),
        }
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

nice_export_vst3!(Syrinx);
