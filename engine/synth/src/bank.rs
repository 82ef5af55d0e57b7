//! The bank of harmonics: additive synthesis without a sine per harmonic. Lives on the audio thread.
//!
//! Per sample one sine and one cosine, of the fundamental's phase. Harmonics go in groups of nine around a centre `c`: with
//! `sin((c + r)x) = sin(cx) cos(rx) + cos(cx) sin(rx)` a group is
//!
//! ```text
//! sin(cx) * sum_r (a[c+r] + a[c-r]) cos(rx)  +  cos(cx) * sum_r (a[c+r] - a[c-r]) sin(rx),     r = 0..=4
//! ```
//!
//! so a harmonic costs two multiply-adds, its amplitude's glide included, and only the centre is turned from group to group. The
//! turn is a complex rotation, whose error grows linearly however low the note (Chebyshev's recurrence, `2 cos(x) s[k] - s[k-1]`,
//! loses `1 / sin x`), and it takes a step for nine harmonics.

use crate::glide::{Glide, Segment};
use crate::lanes::{BASELINE_FMA, LANES, Lanes, Rotor, Simd, Times, WideRotor, add_faded, add_to, fma};
use crate::{Controls, HarmonicSynth, MAX_HARMONICS};

/// Harmonics on each side of a group's centre. Four: the sines and cosines of all of them stay in registers.
const SIDE: usize = 4;
/// Harmonics in a group.
const GROUP: usize = 2 * SIDE + 1;
/// Groups of the largest instrument.
const GROUPS: usize = MAX_HARMONICS.div_ceil(GROUP);

/// Sums and differences of the amplitudes around a centre, and how they change over the segment.
#[derive(Clone, Copy, Default)]
struct Group {
    /// `a[c+r] + a[c-r]` before the segment (`a[c]` at r = 0) and its change.
    even: [(f32, f32); SIDE + 1],
    /// `a[c+r] - a[c-r]` for r = 1..=SIDE before the segment and its change.
    odd: [(f32, f32); SIDE],
}

/// Additive synth: every harmonic below Nyquist, phase-continuous, by rotation (see the file's head).
pub struct HarmonicBank {
    glide: Glide,
    groups: [Group; GROUPS],
    simd: Simd,
    /// Phase, f0 and its step, of the last segment; none was silent.
    last: Option<(f64, f64, f64)>,
}

impl HarmonicBank {
    /// A silent bank for a stream of `sample_rate_hz` samples a second.
    pub fn new(sample_rate_hz: u32) -> Self {
        Self::with_simd(sample_rate_hz, Simd::detect())
    }

    fn with_simd(sample_rate_hz: u32, simd: Simd) -> Self {
        Self { glide: Glide::new(sample_rate_hz), groups: [Group::default(); GROUPS], simd, last: None }
    }

    /// The cosine of the fundamental's phase at each sample of the segment that was rendered last, which must have been as long as `out`; zeros where it
    /// was silent. Harmonics are sines: a tone with many of them has most of its power where this is near 1.
    pub fn carrier(&self, out: &mut [f32]) {
        let Some((phase, f0, step)) = self.last else {
            out.fill(0.0);
            return;
        };
        // By rotation, at the segment's mean frequency: the glide within a frame is far less than a cycle.
        let turn = |cycles: f64| {
            let (sin, cos) = (std::f64::consts::TAU * cycles).sin_cos();
            (sin as f32, cos as f32)
        };
        let mean = f0 + 0.5 * step * (out.len() + 1) as f64;
        let ((step_sin, step_cos), (mut sin, mut cos)) = (turn(mean), turn(phase + mean));
        for x in out {
            *x = cos;
            (sin, cos) = (sin * step_cos + cos * step_sin, cos * step_cos - sin * step_sin);
        }
    }
}

impl HarmonicSynth for HarmonicBank {
    fn reset(&mut self) {
        self.glide.reset();
        self.last = None;
    }

    fn render(&mut self, target: &Controls, out: &mut [f32]) {
        let segment = self.glide.advance(target, out.len());
        self.last = segment.as_ref().map(|segment| (segment.phase, segment.f0, segment.f0_step));
        let Some(segment) = segment else { return };
        let used = segment.untouched.div_ceil(GROUP);
        for (g, group) in self.groups[..used].iter_mut().enumerate() {
            *group = Group::of(&segment, g * GROUP + SIDE);
        }
        let groups = &self.groups[..used];
        match self.simd {
            Simd::Baseline => kernel::<BASELINE_FMA>(&segment, groups, out),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Simd::detect` found AVX2 and FMA on this processor.
            Simd::Avx2 => unsafe { kernel_avx2(&segment, groups, out) },
        }
    }
}

impl Group {
    /// Of the harmonics around index `centre`; those that may fade near Nyquist are left out.
    fn of(segment: &Segment, centre: usize) -> Self {
        let at = |k: usize| if k < segment.untouched { (segment.from[k], segment.change[k]) } else { (0.0, 0.0) };
        let mut group = Self::default();
        group.even[0] = at(centre);
        for r in 1..=SIDE {
            let ((above, above_change), (below, below_change)) = (at(centre + r), at(centre - r));
            group.even[r] = (above + below, above_change + below_change);
            group.odd[r - 1] = (above - below, above_change - below_change);
        }
        group
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn kernel_avx2(segment: &Segment, groups: &[Group], out: &mut [f32]) {
    kernel::<true>(segment, groups, out);
}

#[inline(always)]
fn kernel<const FMA: bool>(segment: &Segment, groups: &[Group], out: &mut [f32]) {
    for (block, out) in out.chunks_mut(LANES).enumerate() {
        let times = Times::of(segment, block * LANES);
        let mut sum = [0.0; LANES];
        add_groups::<FMA>(groups, &times, &mut sum);
        add_faded::<FMA>(segment, segment.untouched, &times, &mut sum);
        add_to(out, &sum);
    }
}

#[inline(always)]
fn add_groups<const FMA: bool>(groups: &[Group], times: &Times, sum: &mut Lanes) {
    // Powers are taken in f64: what is left is one rounding each, which the turns then multiply by the number of groups only.
    let one = WideRotor::at::<FMA>(&times.phase);
    let two = one.times::<FMA>(&one);
    let three = two.times::<FMA>(&one);
    let four = two.times::<FMA>(&two);
    let five = four.times::<FMA>(&one);
    let nine = five.times::<FMA>(&four);
    let side: [Rotor; SIDE] = [one.rounded(), two.rounded(), three.rounded(), four.rounded()];
    let mut centre = five.rounded();
    let step = nine.rounded();
    for group in groups {
        let (mut even, mut odd) = ([0.0; LANES], [0.0; LANES]);
        for l in 0..LANES {
            even[l] = fma::<FMA>(group.even[0].1, times.t[l], group.even[0].0);
        }
        for r in 0..SIDE {
            let ((e, e_change), (o, o_change)) = (group.even[r + 1], group.odd[r]);
            for l in 0..LANES {
                even[l] = fma::<FMA>(fma::<FMA>(e_change, times.t[l], e), side[r].cos[l], even[l]);
                odd[l] = fma::<FMA>(fma::<FMA>(o_change, times.t[l], o), side[r].sin[l], odd[l]);
            }
        }
        for l in 0..LANES {
            sum[l] = fma::<FMA>(centre.sin[l], even[l], fma::<FMA>(centre.cos[l], odd[l], sum[l]));
        }
        centre.turn::<FMA>(&step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_carrier_is_in_phase_with_the_fundamental() {
        let mut bank = HarmonicBank::new(48_000);
        let mut carrier = [1.0; 192];
        bank.carrier(&mut carrier);
        assert_eq!(carrier, [0.0; 192]);
        for n in 0..100_u64 {
            let mut target = Controls::silent(n);
            (target.f0_hz, target.amplitude) = (200.0 * 1.003_f32.powi(n as i32), 1.0);
            target.harmonics[0] = 1.0;
            let mut sine = [0.0; 192];
            bank.render(&target, &mut sine);
            bank.carrier(&mut carrier);
            if n > 0 {
                for (sin, cos) in sine.iter().zip(&carrier) {
                    assert!((sin * sin + cos * cos - 1.0).abs() < 5e-3, "segment {n}: {sin} and {cos}");
                }
            }
        }
    }

    /// With and without the vector instructions of this machine, through everything that a note does.
    #[test]
    fn sounds_alike_on_every_machine() {
        for rate in [44_100, 192_000] {
            let mut fast = HarmonicBank::new(rate);
            let mut plain = HarmonicBank::with_simd(rate, Simd::Baseline);
            for n in 0..200_u64 {
                let mut target = Controls::silent(n);
                target.f0_hz = 200.0 * (1.0 + 0.5 * (n as f32 * 0.1).sin());
                target.amplitude = if n % 50 < 40 { 0.5 } else { 0.0 };
                target.harmonics = std::array::from_fn(|k| ((n as usize + k) % 5) as f32 / 256.0);
                let (mut a, mut b) = ([0.0; 177], [0.0; 177]);
                fast.render(&target, &mut a);
                plain.render(&target, &mut b);
                for (a, b) in a.iter().zip(&b) {
                    assert!((a - b).abs() < 2e-6, "{a} and {b} in segment {n}");
                }
            }
        }
    }
}
