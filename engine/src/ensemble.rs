//! Instruments on one stream, and how they share it: which sound, how much of each, and what they ask of the synth together. Audio thread; never
//! allocates after `new`.

use crate::{
    OWN_INSTRUMENT,
    effort::Effort,
    instrument::{Instrument, Slot, Sounding},
    level::{k_noise_weights, powers},
    life::Fluctuation,
    spectral_weights::{NOISE_POINTS, noise_point_hz},
    sustain::Ringing,
    tone::Tone,
};
use std::sync::Arc;
use syrinx_decoder::{Arena, MOST_PULSE, Model, RoomResponse, tilt_octaves};
use syrinx_synth::{Controls, FilteredNoise, MAX_HARMONICS, RoomParams};
use syrinx_tracker::{Features, FrameClock};

/// Instruments of the palette that can sound at once. Of those that one slot has left behind, three fade still at the most: each must have sounded for longer
/// than all that came after it, and none fades for longer than [`FADE_FRAMES`](crate::instrument::FADE_FRAMES). Two slots have six, and the two that are called.
const POOL: usize = 8;

const OWN: usize = OWN_INSTRUMENT as usize;
/// The place of none.
const NOWHERE: usize = usize::MAX;

impl Slot {
    fn place(self) -> usize {
        OWN + self as usize
    }

    /// The place of the instrument that a number calls up in this slot.
    fn place_of(self, number: u8) -> usize {
        if number >= OWN_INSTRUMENT { self.place() } else { number.into() }
    }

    fn leaving(self) -> usize {
        2 + self as usize
    }
}

/// An instrument of the palette, and which of the noises plays its bands.
struct Factory {
    place: usize,
    model: Arc<Model>,
    noise: usize,
}

/// The noise of all instruments of the palette with the same bands.
struct Noise {
    edges_hz: Vec<f32>,
    k_weights: Arc<[f32]>,
    filtered: FilteredNoise,
}

/// An instrument of the palette that sounds, or did.
struct Member {
    place: usize,
    noise: usize,
    sounding: Sounding,
}

/// All instruments that a stream can call up.
pub struct Ensemble {
    factory: Vec<Factory>,
    noises: Vec<Noise>,
    /// Those that sound are among these, by their places.
    pool: Vec<Member>,
    arena: Arena,
    fluctuation: Fluctuation,
    effort: Effort,
    /// Octaves that each harmonic lies above the fundamental, for a tilt.
    octaves: [f32; MAX_HARMONICS],
    /// The player's own two, and the two that those replaced, while they fade.
    own: [Option<Box<Instrument>>; 4],
    /// Where A and B were last found: what is missing leaves the one that sounds.
    playing: [Option<usize>; 2],
    started: bool,
}

impl Ensemble {
    /// For every instrument of `palette`, each with the number that calls it up. That of an instrument of the player's own is one of A's, as long as
    /// none is installed.
    pub fn new(sample_rate_hz: u32, seed: u64, palette: &[(u8, Arc<Model>)]) -> Self {
        let longest = FrameClock::new(sample_rate_hz).max_len();
        let mut noises: Vec<Noise> = Vec::new();
        let mut factory: Vec<Factory> = Vec::with_capacity(palette.len());
        for (number, model) in palette {
            let edges = &model.card().noise_edges_hz;
            let known = noises.iter().position(|noise| noise.edges_hz == *edges);
            let noise = known.unwrap_or_else(|| {
                let filtered = FilteredNoise::new(sample_rate_hz, edges, longest, seed);
                noises.push(Noise { edges_hz: edges.clone(), k_weights: k_noise_weights(edges).into(), filtered });
                noises.len() - 1
            });
            factory.push(Factory { place: usize::from(*number).min(OWN), model: model.clone(), noise });
        }
        let models = || factory.iter().map(|one| &*one.model);
        let member = |one: &Factory| {
            let mut sounding = Sounding::new(one.model.clone(), noises[one.noise].k_weights.clone());
            sounding.reserve(models());
            Member { place: NOWHERE, noise: one.noise, sounding }
        };
        Self {
            pool: factory.iter().take(POOL).map(member).collect(),
            arena: Arena::of(models()),
            fluctuation: Fluctuation::new(seed),
            effort: Effort::default(),
            octaves: std::array::from_fn(|k| tilt_octaves(k + 1)),
            factory,
            noises,
            own: [None, None, None, None],
            playing: [None; 2],
            started: false,
        }
    }

    /// All that sound or may, in the order of their places.
    fn sounding(&self) -> impl Iterator<Item = &Sounding> {
        let own = self.own.iter().flatten().map(|own| &own.sounding);
        self.pool.iter().map(|member| &member.sounding).chain(own)
    }

    fn sounding_mut(&mut self) -> impl Iterator<Item = &mut Sounding> {
        all_of(&mut self.pool, &mut self.own)
    }

    fn model(&self, place: usize) -> Option<&Arc<Model>> {
        let own = place.checked_sub(OWN).and_then(|slot| self.own.get(slot)?.as_ref());
        own.map(|own| own.model()).or_else(|| self.factory.iter().rfind(|one| one.place == place).map(|one| &one.model))
    }

    /// Forgets the stream.
    pub fn reset(&mut self) {
        self.begin_note();
        self.own.iter_mut().flatten().for_each(|own| own.noise.reset());
        self.noises.iter_mut().for_each(|noise| noise.filtered.reset());
        self.fluctuation.reset();
    }

    /// A note begins that has nothing to do with what was played before; what is drawn for it is another than for the note before.
    pub fn begin_note(&mut self) {
        self.sounding_mut().for_each(Sounding::reset);
        self.own.iter_mut().flatten().for_each(|own| own.noise.silence());
        self.noises.iter_mut().for_each(|noise| noise.filtered.silence());
        self.fluctuation.rest();
        self.effort = Effort::default();
        self.settle();
    }

    /// Who plays is decided anew at the next frame, without a fade.
    pub fn settle(&mut self) {
        self.sounding_mut().for_each(Sounding::settle);
        self.started = false;
    }

    /// Puts an instrument of the player's own, or none, into `slot`; the one before fades out, and is then to be had from `retired`.
    pub fn install(&mut self, slot: Slot, own: Option<Box<Instrument>>) -> Result<(), Option<Box<Instrument>>> {
        if self.own[slot.leaving()].is_some() {
            return Err(own);
        }
        let old = std::mem::replace(&mut self.own[slot as usize], own);
        self.own[slot.leaving()] = old;
        if self.own[slot as usize].is_none() {
            self.playing.iter_mut().filter(|p| **p == Some(slot.place())).for_each(|p| *p = None);
        }
        Ok(())
    }

    /// Whether an instrument that has been replaced in a slot has not been taken away yet.
    pub fn is_leaving(&self, slot: Slot) -> bool {
        self.own[slot.leaving()].is_some()
    }

    /// The instrument that has been replaced in a slot, if it is silent.
    pub fn retired(&mut self, slot: Slot) -> Option<Box<Instrument>> {
        self.own[slot.leaving()].take_if(|own| own.sounding.share() == 0.0)
    }

    /// The instrument that sounds most, or will.
    pub fn leader(&self, morph: f32) -> Option<&Model> {
        let [a, b] = self.playing;
        let place = if morph > 0.5 { b.or(a) } else { a.or(b) };
        self.model(place?).map(|model| &**model)
    }

    /// How those who play die away, together, at `f0_hz`.
    pub fn ringing(&self, f0_hz: f32) -> Ringing {
        let (mut all, mut ringing) = (0.0, Ringing::default());
        for instrument in self.sounding().filter(|s| s.share() > 0.0) {
            let share = instrument.share();
            all += share;
            if let Some(decay) = &instrument.model().card().decay {
                let fall = decay.at(f0_hz);
                ringing.share += share;
                ringing.fall.early_db += share * fall.early_db;
                ringing.fall.late_db_per_s += share * fall.late_db_per_s;
            }
        }
        if ringing.share > 0.0 {
            ringing.fall.early_db /= ringing.share;
            ringing.fall.late_db_per_s /= ringing.share;
            ringing.share /= all;
        }
        ringing
    }

    pub fn failed_frames(&self) -> u64 {
        self.sounding().map(Sounding::failed_frames).sum()
    }

    /// Says who is to play: the numbers of instruments A and B, and how far the morph from A to B has gone, 0 to 1.
    pub fn call(&mut self, a: u8, b: u8, morph: f32) {
        for (slot, number) in [(Slot::A, a), (Slot::B, b)] {
            let place = slot.place_of(number);
            if self.model(place).is_some() {
                self.playing[slot as usize] = Some(place);
            }
        }
        self.sounding_mut().for_each(Sounding::dismiss);
        for (place, share) in self.playing.into_iter().zip([1.0 - morph, morph]) {
            if let Some(place) = place.filter(|_| share > 0.0)
                && let Some(instrument) = self.at(place)
            {
                instrument.call(share);
            }
        }
        let started = std::mem::replace(&mut self.started, true);
        self.sounding_mut().for_each(|instrument| instrument.fade(started));
    }

    /// The instrument of a place; one of the palette's gets room in the pool where it has none yet.
    fn at(&mut self, place: usize) -> Option<&mut Sounding> {
        if let Some(slot) = place.checked_sub(OWN).filter(|slot| self.own.get(*slot).is_some_and(Option::is_some)) {
            return self.own[slot].as_mut().map(|own| &mut own.sounding);
        }
        if !self.pool.iter().any(|member| member.place == place) {
            let one = self.factory.iter().rfind(|one| one.place == place)?;
            // Room that was never used, or else that of whoever sounds least: there is always one that is silent.
            let room = |member: &Member| (member.sounding.share(), member.place != NOWHERE);
            let free = self.pool.iter_mut().filter(|member| !member.sounding.is_called());
            let member = free.min_by(|a, b| room(a).partial_cmp(&room(b)).unwrap_or(std::cmp::Ordering::Equal))?;
            (member.place, member.noise) = (place, one.noise);
            member.sounding.become_of(&one.model, &self.noises[one.noise].k_weights);
            // Sums of floating-point numbers depend on the order.
            self.pool.sort_unstable_by_key(|member| member.place);
        }
        self.pool.iter_mut().find(|member| member.place == place).map(|member| &mut member.sounding)
    }

    /// Answers one frame: `controls` gets the harmonics of all who play, and the noise is left with them. The network hears `features` with
    /// the A-weighted loudness that it was trained on; what sounds has that level, and `level_db` more, by K-weighting: at equal numbers all
    /// instruments are equally loud, whatever their spectrum. Their harmonics wander, and get brighter with loudness, `life` times as far as was measured; 0 is not
    /// at all.
    pub fn decode(&mut self, features: &Features, level_db: f32, life: f32, controls: &mut Controls) {
        let level = 10f32.powf(0.1 * level_db);
        *controls = Controls::silent(features.frame);
        controls.f0_hz = features.f0_hz;
        for member in &mut self.pool {
            if member.sounding.answer(&mut self.arena, features) {
                controls.f0_hz = member.sounding.controls.f0_hz;
            }
        }
        for own in self.own.iter_mut().flatten() {
            if own.sounding.answer(&mut own.arena, features) {
                controls.f0_hz = own.sounding.controls.f0_hz;
            }
        }
        let (mut playing, mut shares) = (0, 0.0);
        let (mut wanted_power, mut got_power) = (0.0, 0.0);
        let wanders = |s: &Sounding| life > 0.0 && s.life().is_some() && s.controls.amplitude > 0.0;
        if self.sounding().any(wanders) {
            self.fluctuation.step(features.f0_hz);
        } else {
            self.fluctuation.rest();
        }
        let effort_db = self.effort.step(features.loudness_db);
        let Self { pool, own, fluctuation, octaves, .. } = self;
        for instrument in all_of(pool, own).filter(|s| s.share() > 0.0) {
            let share = instrument.share();
            playing += 1;
            shares += share;
            let mut moves = instrument.life().filter(|_| wanders(instrument)).map(|table| fluctuation.gains(table, life));
            let tilt_db = life * instrument.tilt_db(effort_db);
            if tilt_db != 0.0 {
                let gains = moves.get_or_insert([1.0; MAX_HARMONICS]);
                for (gain, octaves) in gains.iter_mut().zip(&*octaves) {
                    *gain *= (std::f32::consts::LN_10 / 20.0 * tilt_db * octaves).exp();
                }
            }
            wanted_power += share * level * instrument.lift(level, moves.as_ref());
            // Phases are one and the same, so amplitudes add.
            let own = &mut instrument.controls;
            for (sum, k) in controls.harmonics.iter_mut().zip(&own.harmonics) {
                *sum += share * own.amplitude * k;
            }
            own.noise.iter_mut().for_each(|rms| *rms *= share);
            got_power += instrument.noise_power();
        }
        controls.amplitude = controls.harmonics.iter().sum();
        if controls.amplitude > 0.0 {
            let sum = controls.amplitude;
            controls.harmonics.iter_mut().for_each(|k| *k /= sum);
        }
        if playing > 1 {
            // Two spectra that complement each other would be softer together than either: hold the loudness.
            got_power += powers(controls, &[], &[])[1];
            if got_power > f32::MIN_POSITIVE {
                let gain = (wanted_power / shares.max(f32::MIN_POSITIVE) * shares.min(1.0) / got_power).sqrt();
                controls.amplitude *= gain;
                for instrument in self.sounding_mut().filter(|s| s.share() > 0.0) {
                    instrument.controls.noise.iter_mut().for_each(|rms| *rms *= gain);
                }
            }
        }
    }

    /// Shapes the noise of all who play.
    pub fn shape_noise(&mut self, tone: &Tone<'_>) {
        self.sounding_mut().filter(|s| s.share() > 0.0).for_each(|instrument| instrument.shape_noise(tone));
    }

    /// How the noise of those who play pulses with the pitch, `life` times as strongly as was measured.
    pub fn pulse(&self, life: f32) -> f32 {
        let (mut shares, mut pulse) = (0.0, 0.0);
        for instrument in self.sounding().filter(|s| s.share() > 0.0) {
            shares += instrument.share();
            pulse += instrument.share() * instrument.life().map_or(0.0, |table| table.pulse);
        }
        if shares > 0.0 { (life * pulse / shares).min(MOST_PULSE) } else { 0.0 }
    }

    /// The room around those who play, each as much as it sounds.
    pub fn room(&self) -> RoomParams {
        room_around(self.sounding().filter(|s| s.share() > 0.0).map(|s| (s.share(), s.model().card().room)))
    }

    /// The room around instruments A and B, each as much as the morph asks for it.
    pub fn room_of(&self, a: u8, b: u8, morph: f32) -> RoomParams {
        let asked_for = [(Slot::A, a, 1.0 - morph), (Slot::B, b, morph)].into_iter().filter(|(_, _, share)| *share > 0.0);
        room_around(asked_for.filter_map(|(slot, number, share)| Some((share, self.model(slot.place_of(number))?.card().room))))
    }

    /// Seconds for which the rooms of instruments A and B, as far as they play, sound on.
    pub fn tail_s(&self, a: u8, b: u8, morph: f32) -> f32 {
        let places = [(Slot::A, a, 1.0 - morph), (Slot::B, b, morph)].into_iter().filter(|(_, _, share)| *share > 0.0);
        let models = places.filter_map(|(slot, number, _)| self.model(slot.place_of(number)));
        models.filter_map(|model| model.card().room).map(|room| room.params().tail_s()).fold(0.0, f32::max)
    }

    /// Adds one segment of all instruments' noise to `out`. Must be called once a frame.
    pub fn render_noise(&mut self, out: &mut [f32]) {
        for (at, noise) in self.noises.iter_mut().enumerate() {
            let mut bands = Controls::silent(0).noise;
            for member in self.pool.iter().filter(|member| member.noise == at && member.sounding.share() > 0.0) {
                bands.iter_mut().zip(&member.sounding.controls.noise).for_each(|(sum, rms)| *sum += rms);
            }
            noise.filtered.render(&bands, out);
        }
        for own in self.own.iter_mut().flatten() {
            own.noise.render(&own.sounding.controls.noise, out);
        }
    }

    /// RMS amplitude of the noise that was rendered last, per octave, at each [`noise_point_hz`].
    pub fn noise_shown(&self) -> [f32; NOISE_POINTS] {
        let mut power = [0.0_f32; NOISE_POINTS];
        let leaving = self.own[2..].iter().flatten().count();
        let there = self.sounding().count() - leaving;
        for instrument in self.sounding().take(there).filter(|s| s.share() > 0.0) {
            let edges = &instrument.model().card().noise_edges_hz;
            for (point, sum) in power.iter_mut().enumerate() {
                let hz = noise_point_hz(point);
                let band = edges.partition_point(|edge| *edge <= hz);
                if (1..edges.len()).contains(&band) {
                    let octaves = (edges[band] / edges[band - 1]).log2();
                    let rms = instrument.controls.noise[band - 1];
                    *sum += rms * rms / octaves;
                }
            }
        }
        power.map(f32::sqrt)
    }
}

/// The room of rooms by shares of the sound, which the shares without one leave dry.
fn room_around(rooms: impl Iterator<Item = (f32, Option<RoomResponse>)>) -> RoomParams {
    let (mut shares, mut with_room, mut room) = (0.0, 0.0, RoomParams { rt60_s: [0.0; 2], level: [0.0; 2] });
    for (share, recorded) in rooms {
        shares += share;
        if let Some(recorded) = recorded.map(|room| room.params()) {
            with_room += share;
            for band in 0..2 {
                room.rt60_s[band] += share * recorded.rt60_s[band];
                room.level[band] += share * recorded.level[band];
            }
        }
    }
    if with_room == 0.0 {
        return RoomParams::NONE;
    }
    RoomParams { rt60_s: room.rt60_s.map(|s| s / with_room), level: room.level.map(|level| level / shares) }
}

/// All that sound or may, in the order of their places.
fn all_of<'a>(pool: &'a mut [Member], own: &'a mut [Option<Box<Instrument>>]) -> impl Iterator<Item = &'a mut Sounding> {
    pool.iter_mut().map(|member| &mut member.sounding).chain(own.iter_mut().flatten().map(|own| &mut own.sounding))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(id: &str) -> Arc<Model> {
        syrinx_models::load(id).unwrap()
    }

    fn note(frame: u64) -> Features {
        Features { frame, f0_hz: 440.0, confidence: 1.0, loudness_db: -20.0 }
    }

    /// K-weighted.
    fn power(ensemble: &Ensemble, controls: &Controls) -> f32 {
        let noise: f32 = ensemble.sounding().map(Sounding::noise_power).sum();
        powers(controls, &[], &[])[1] + noise
    }

    #[test]
    fn a_morph_holds_the_loudness_all_the_way() {
        let mut ensemble = Ensemble::new(48_000, 0, &[(0, load("violin")), (1, load("flute"))]);
        let mut controls = Controls::silent(0);
        for n in 0..500 {
            ensemble.call(0, 1, n as f32 / 499.0);
            ensemble.decode(&note(n), 0.0, 0.0, &mut controls);
            let db = 10.0 * power(&ensemble, &controls).log10();
            assert!((db + 20.0).abs() < 0.1, "frame {n}: {db} dB");
        }
    }

    #[test]
    fn loud_is_brighter_and_exactly_as_loud() {
        for id in ["violin", "flute", "french-horn"] {
            // Semitones of the centroid above the fundamental: without life and, in the mean of what wanders, with it.
            let bright = |loudness_db: f32, life: f32| {
                let mut ensemble = Ensemble::new(48_000, 0, &[(0, load(id))]);
                let mut controls = Controls::silent(0);
                let centroids = (0..500).map(|n| {
                    ensemble.call(0, 0, 0.0);
                    ensemble.decode(&Features { loudness_db, ..note(n) }, 0.0, life, &mut controls);
                    let db = 10.0 * power(&ensemble, &controls).log10();
                    assert!((db - loudness_db).abs() < 0.1, "{id}, frame {n}: {db} dB for {loudness_db}");
                    controls.harmonics.iter().zip(1..).map(|(share, k)| share * k as f32).sum::<f32>()
                });
                12.0 * (centroids.skip(100).sum::<f32>() / 400.0).log2()
            };
            let usual_db = load(id).card().dynamics.as_ref().unwrap().usual_at(440.0);
            let [still, alive] = [0.0, 1.0].map(|life| bright(usual_db + 4.0, life) - bright(usual_db - 4.0, life));
            assert!(alive > still + 1.0 && alive > 0.5, "{id}: {alive} semitones for 8 dB, {still} without life");
        }
    }

    #[test]
    fn a_missing_instrument_leaves_the_one_that_sounds() {
        let mut ensemble = Ensemble::new(48_000, 0, &[(0, load("violin")), (1, load("flute"))]);
        let mut controls = Controls::silent(0);
        ensemble.call(1, 1, 0.0);
        ensemble.decode(&note(0), 0.0, 0.0, &mut controls);
        let flute = controls;
        let mut reference = Ensemble::new(48_000, 0, &[(1, load("flute"))]);
        reference.call(1, 1, 0.0);
        reference.decode(&note(0), 0.0, 0.0, &mut Controls::silent(0));
        ensemble.call(77, 1, 0.0);
        ensemble.decode(&note(1), 0.0, 0.0, &mut controls);
        reference.call(1, 1, 0.0);
        let mut expected = Controls::silent(0);
        reference.decode(&note(1), 0.0, 0.0, &mut expected);
        assert!(flute.amplitude > 0.0);
        assert_eq!(controls, expected);
    }

    #[test]
    fn a_consonant_is_breath_under_the_notes_and_a_doubt_makes_no_burst() {
        for id in ["violin", "flute", "alto-sax", "clarinet", "guitar"] {
            let mut ensemble = Ensemble::new(48_000, 0, &[(0, load(id))]);
            let mut controls = Controls::silent(0);
            let mut frame = 0;
            // Levels of the noise and of all, dB, of a frame of so much confidence and level.
            let mut play = |confidence: f32, loudness_db: f32| {
                frame += 1;
                ensemble.call(0, 0, 0.0);
                ensemble.decode(&Features { confidence, loudness_db, ..note(frame) }, 0.0, 0.0, &mut controls);
                let noise = power(&ensemble, &Controls { amplitude: 0.0, ..controls });
                [noise, power(&ensemble, &controls)].map(|power| 10.0 * power.log10())
            };
            let sung: Vec<[f32; 2]> = (0..100).map(|_| play(1.0, -20.0)).collect();
            let [usual, _] = sung[99];
            let most = [0.55, 0.45, 0.5].into_iter().map(|doubt| play(doubt, -20.0)[0]).fold(f32::MIN, f32::max);
            assert!(
                most < (usual + 6.0).max(-20.0 - 10.0),
                "{id}: noise at {most} dB where the pitch is in doubt, {usual} dB before"
            );
            play(1.0, -20.0);
            // An s, 8 dB louder than the note.
            let hiss: Vec<[f32; 2]> = (0..50).map(|_| play(0.05, -12.0)).collect();
            assert!(hiss.iter().all(|[_, all]| *all < -20.0 - 10.0), "{id}: {hiss:?}");
            assert!(hiss[3..].iter().all(|[noise, all]| *noise > -40.0 && noise == all), "{id}: {hiss:?}");
            let [noise, all] = (0..5).map(|_| play(1.0, -20.0)).last().unwrap();
            assert!(noise < usual + 6.0 && (all + 20.0).abs() < 0.1, "{id}: {noise} and {all} dB when the note goes on");
        }
    }

    #[test]
    fn however_quickly_instruments_follow_one_another_they_fade() {
        let models = syrinx_models::factory();
        let mut ensemble = Ensemble::new(48_000, 0, models);
        let mut controls = Controls::silent(0);
        let mut most = 0;
        let mut before = vec![0.0_f32; OWN];
        // The most that can sound at once: each is left after half as many frames as the one before.
        let begins = [0, 12, 20, 24, 26, 27];
        for n in 0..560_u64 {
            let choice = begins.len() as u64 * (n / 28) + begins.iter().filter(|frame| **frame <= n % 28).count() as u64;
            let number = |of: u64| models[of as usize % models.len()].0;
            ensemble.call(number(2 * choice), number(2 * choice + 1), 0.5);
            let mut now = vec![0.0; OWN];
            for member in ensemble.pool.iter().filter(|member| member.sounding.share() > 0.0) {
                now[member.place] = member.sounding.share();
            }
            most = most.max(now.iter().filter(|share| **share > 0.0).count());
            let furthest = before.iter().zip(&now).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(n == 0 || furthest < 0.084, "frame {n}: a share leaps by {furthest}");
            before = now;
            ensemble.decode(&note(n), 0.0, 0.0, &mut controls);
            assert!(10.0 * power(&ensemble, &controls).log10() < -19.9, "frame {n}");
        }
        assert!((6..=POOL).contains(&most), "{most} at once");
    }

    #[test]
    fn a_palette_may_have_the_players_own_instrument() {
        let mut ensemble = Ensemble::new(48_000, 0, &[(OWN_INSTRUMENT, load("flute"))]);
        let mut controls = Controls::silent(0);
        ensemble.call(OWN_INSTRUMENT, 0, 0.0);
        ensemble.decode(&note(0), 0.0, 0.0, &mut controls);
        assert!(controls.amplitude > 0.0);
    }

    #[test]
    fn nobody_there_is_silence() {
        let mut ensemble = Ensemble::new(48_000, 0, &[]);
        let mut controls = Controls::silent(0);
        ensemble.call(3, 4, 0.5);
        ensemble.decode(&note(0), 0.0, 0.0, &mut controls);
        assert_eq!(controls.amplitude, 0.0);
    }

    #[test]
    fn an_own_instrument_replaces_the_one_before_and_hands_it_back_silent() {
        let mut ensemble = Ensemble::new(48_000, 0, &[(0, load("violin"))]);
        let own = |id| Some(Box::new(Instrument::new(48_000, load(id))));
        let mut controls = Controls::silent(0);
        ensemble.call(127, 0, 0.0);
        assert_eq!(controls.amplitude, 0.0, "there is none yet");
        ensemble.install(Slot::A, own("flute")).ok().unwrap();
        for n in 0..20 {
            ensemble.call(127, 0, 0.0);
            ensemble.decode(&note(n), 0.0, 0.0, &mut controls);
        }
        assert!(ensemble.retired(Slot::A).is_none() && controls.amplitude > 0.0);
        ensemble.install(Slot::A, own("trumpet")).ok().unwrap();
        assert!(ensemble.install(Slot::A, own("violin")).is_err(), "the flute still fades");
        let mut fading = 0;
        let retired = loop {
            ensemble.call(127, 0, 0.0);
            ensemble.decode(&note(20 + fading), 0.0, 0.0, &mut controls);
            assert!((10.0 * power(&ensemble, &controls).log10() + 20.0).abs() < 0.1);
            fading += 1;
            if let Some(retired) = ensemble.retired(Slot::A) {
                break retired;
            }
        };
        assert_eq!(retired.model().card().id, "flute");
        assert!((12..=13).contains(&fading), "{fading} frames");
    }
}
