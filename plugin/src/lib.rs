//! Syrinx as a VST3 and CLAP plugin and as a standalone application: the engine behind the host's parameters, state and blocks.
//!
//! **The real-time contract** is the engine's: nothing reachable from `process` allocates, frees, locks or waits. Models are read and
//! freed by the thread that asks for them (`library.rs`); they reach and leave the audio thread through rings.
//!
//! * `source`: what an instance is played from, a voice or keys, and the table of what is set of either.
//! * `params`: the table of parameters as the host's.
//! * `state`: what a session keeps, and what is made of old, broken and future ones.
//! * `presets`: the factory's sounds, and files of the player's own.
//! * `tuning_files`: which pitch each key has.
//! * `library`: instruments of the player's own; `judged`: those of a process, shared; `reading`: how files are read.
//! * `learn`: instruments learned where they are played; `tape`: sound between the audio thread and memory or disk.
//! * `notices`: what the player is to be told in words.
//! * `hosted`: one instance inside a host's process; `clap_entry`, `clap_instance` and `clap_notes`, `vst3_instance` and `vst3_midi`: what hosts of either format
//!   have of it.
//! * `main_thread`: the way from the audio thread to the host's main thread.
//! * `changes`: what happens inside a block: changes of parameters, notes.
//! * `captured`: the notes of a voice in the last minutes.
//! * `sent`: the notes of a voice in a block.
//! * `note_ids`: which keys a host's notes are.
//! * `playing`: the engine of either source, behind one face.
//! * `player`: the engine behind whatever face, as the audio thread has it; its owner, as the others have it.
//! * `midi_inputs`: the system's MIDI inputs, for the standalone.
//! * `monitor`: what the audio thread tells the window.
//! * `spectral_weights`: weights of single harmonics and of the noise, from the window to the audio thread.
//! * `editor`: the window.

pub mod captured;
pub mod changes;
pub mod clap_entry;
mod clap_instance;
mod clap_notes;
#[cfg(feature = "editor")]
pub mod editor;
pub mod hosted;
pub mod judged;
#[cfg(feature = "editor")]
pub mod learn;
pub mod library;
pub mod main_thread;
pub mod midi_inputs;
pub mod monitor;
pub mod note_ids;
pub mod notices;
pub mod params;
pub mod player;
pub mod playing;
pub mod presets;
pub mod reading;
mod sent;
pub mod source;
pub mod spectral_weights;
pub mod state;
pub mod tape;
pub mod tuning_files;
pub mod vst3_instance;
mod vst3_midi;
pub mod whole_file;

use hosted::Face;
use nice_plug::prelude::*;
use source::Source;
use std::{marker::PhantomData, num::NonZeroU32, sync::Arc};

/// One of the plugins that the library holds, as hosts tell them apart.
pub trait Product: Send + 'static {
    /// What it is played from.
    const SOURCE: Source;
    /// What it is, in a sentence.
    const ABOUT: &'static str;
    /// Its channels, the best first.
    const LAYOUTS: &'static [AudioIOLayout];
    /// Whether it hears notes.
    const MIDI: MidiConfig;
    /// Whether it gives notes.
    const MIDI_OUT: MidiConfig;
    /// Its name in CLAP.
    const CLAP_ID: &'static str;
    /// What CLAP hosts sort it by.
    const CLAP_FEATURES: &'static [ClapFeature];
    /// Its number in VST3.
    const VST3_CLASS_ID: [u8; 16];
    /// What VST3 hosts sort it by.
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory];
}

/// Syrinx: voice in, instrument out.
pub struct FromVoice;
/// Syrinx Keys: notes in, instrument out.
pub struct FromKeys;

/// One instance as the framework has it: parameters and the window. Sound, times and states go by [`hosted::Hosted`].
pub struct Plug<P>(Face, PhantomData<fn() -> P>);

/// The effect.
pub type Syrinx = Plug<FromVoice>;
/// The instrument.
pub type SyrinxKeys = Plug<FromKeys>;

impl<P: Product> Default for Plug<P> {
    fn default() -> Self {
        Self(Face::of_new_instance(P::SOURCE), PhantomData)
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

impl Product for FromVoice {
    const SOURCE: Source = Source::Voice;
    const ABOUT: &'static str = "The instrument you play with your voice";
    const LAYOUTS: &'static [AudioIOLayout] = &[layout(2, 2), layout(1, 1), layout(1, 2), layout(2, 1)];
    // Keys may give the pitch.
    const MIDI: MidiConfig = MidiConfig::Basic;
    // Those that are sung.
    const MIDI_OUT: MidiConfig = MidiConfig::Basic;
    const CLAP_ID: &'static str = "org.syrinx.syrinx";
    const CLAP_FEATURES: &'static [ClapFeature] =
        &[ClapFeature::AudioEffect, ClapFeature::Synthesizer, ClapFeature::NoteDetector, ClapFeature::Stereo, ClapFeature::Mono];
    const VST3_CLASS_ID: [u8; 16] = *b"SyrinxInstrument";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] = &[Vst3SubCategory::Fx, Vst3SubCategory::Synth];
}

impl Product for FromKeys {
    const SOURCE: Source = Source::Keys;
    const ABOUT: &'static str = "The same instruments, played from notes";
    const LAYOUTS: &'static [AudioIOLayout] = &[layout(0, 2), layout(0, 1)];
    // Bend and controllers come by ways of our own: see `vst3_midi`.
    const MIDI: MidiConfig = MidiConfig::Basic;
    const MIDI_OUT: MidiConfig = MidiConfig::None;
    const CLAP_ID: &'static str = "org.syrinx.keys";
    const CLAP_FEATURES: &'static [ClapFeature] =
        &[ClapFeature::Instrument, ClapFeature::Synthesizer, ClapFeature::Stereo, ClapFeature::Mono];
    const VST3_CLASS_ID: [u8; 16] = *b"SyrinxPlayedKeys";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] = &[Vst3SubCategory::Instrument, Vst3SubCategory::Synth];
}

impl<P: Product> Plugin for Plug<P> {
    const NAME: &'static str = P::SOURCE.product();
    const VENDOR: &'static str = "Syrinx";
    const URL: &'static str = "";
    const EMAIL: &'static str = "";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = P::LAYOUTS;
    const MIDI_INPUT: MidiConfig = P::MIDI;
    const MIDI_OUTPUT: MidiConfig = P::MIDI_OUT;
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

impl<P: Product> ClapPlugin for Plug<P> {
    const CLAP_ID: &'static str = P::CLAP_ID;
    const CLAP_DESCRIPTION: Option<&'static str> = Some(P::ABOUT);
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] = P::CLAP_FEATURES;
}

impl<P: Product> Vst3Plugin for Plug<P> {
    const VST3_CLASS_ID: [u8; 16] = P::VST3_CLASS_ID;
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] = P::VST3_SUBCATEGORIES;
}
