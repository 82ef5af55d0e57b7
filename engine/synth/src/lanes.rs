//! Vector arithmetic over samples: eight or sixteen lanes that the compiler turns into SIMD. Audio thread, no state.
//!
//! Every function is `#[inline(always)]`, generic in `FMA`, and called from a function that enables the target's vector features
//! (see [`Simd`]): with `FMA` a fused multiply-add is one instruction; without, `mul_add` would be a call into libm.

use crate::glide::{Segment, fade};

/// Samples computed at once: two AVX registers, which hides the latency of the multiply-adds and halves the loads of coefficients.
pub(crate) const LANES: usize = 16;
/// One value for each of [`LANES`] successive samples.
pub(crate) type Lanes = [f32; LANES];
type Wide = [f64; LANES];

/// Which vector instructions this machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Simd {
    /// The target's baseline; fused multiply-add only where the baseline has it.
    Baseline,
    /// AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
}

impl Simd {
    /// Asks the processor. Call off the audio thread.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
            return Self::Avx2;
        }
        Self::Baseline
    }
}

/// Whether the target's baseline fuses multiply-adds.
pub(crate) const BASELINE_FMA: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));

/// `a * b + c`, fused if `FMA`.
#[inline(always)]
pub(crate) fn fma<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// `a * b + c` in f64, fused if `FMA`.
#[inline(always)]
fn fma64<const FMA: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// `x` minus the integer nearest to it: within -0.5..=0.5. For |x| < 2^51.
#[inline(always)]
pub(crate) fn wrap(x: f64) -> f64 {
    // Adding 1.5 * 2^52 leaves no bits for a fraction; unlike f64::round it vectorises on every target.
    const TO_INTEGER: f64 = 6_755_399_441_055_744.0;
    x - ((x + TO_INTEGER) - TO_INTEGER)
}

/// (sin, cos) of 2 pi `cycles`, for `cycles` within -0.5..=0.5; error below 4e-9.
#[inline(always)]
pub(crate) fn sin_cos_cycles<const FMA: bool>(cycles: f64) -> (f64, f64) {
    // Taylor series of the half angle (at most pi/2, where the first term left out is 7e-10), then the double-angle formulas:
    // no quadrants to select, so nothing but multiply-adds.
    let x = cycles * std::f64::consts::PI;
    let y = x * x;
    let mut s = 1.0 / 6_227_020_800.0;
    s = fma64::<FMA>(s, y, -1.0 / 39_916_800.0);
    s = fma64::<FMA>(s, y, 1.0 / 362_880.0);
    s = fma64::<FMA>(s, y, -1.0 / 5_040.0);
    s = fma64::<FMA>(s, y, 1.0 / 120.0);
    s = fma64::<FMA>(s, y, -1.0 / 6.0);
    s = fma64::<FMA>(s, y, 1.0) * x;
    let mut c = -1.0 / 87_178_291_200.0;
    c = fma64::<FMA>(c, y, 1.0 / 479_001_600.0);
    c = fma64::<FMA>(c, y, -1.0 / 3_628_800.0);
    c = fma64::<FMA>(c, y, 1.0 / 40_320.0);
    c = fma64::<FMA>(c, y, -1.0 / 720.0);
    c = fma64::<FMA>(c, y, 1.0 / 24.0);
    c = fma64::<FMA>(c, y, -0.5);
    c = fma64::<FMA>(c, y, 1.0);
    (2.0 * s * c, fma64::<FMA>(-2.0 * s, s, 1.0))
}

/// A complex number per lane, on the unit circle.
#[derive(Clone, Copy)]
pub(crate) struct Rotor {
    /// Imaginary part.
    pub sin: Lanes,
    /// Real part.
    pub cos: Lanes,
}

impl Rotor {
    /// Turns on by `step`.
    #[inline(always)]
    pub fn turn<const FMA: bool>(&mut self, step: &Rotor) {
        for l in 0..LANES {
            let (s, c) = (self.sin[l], self.cos[l]);
            self.sin[l] = fma::<FMA>(s, step.cos[l], c * step.sin[l]);
            self.cos[l] = fma::<FMA>(c, step.cos[l], -(s * step.sin[l]));
        }
    }
}

/// [`Rotor`] in f64, from which powers are taken before they are rounded.
#[derive(Clone, Copy)]
pub(crate) struct WideRotor {
    sin: Wide,
    cos: Wide,
}

impl WideRotor {
    /// The unit circle at the given phases in cycles, each within -0.5..=0.5.
    #[inline(always)]
    pub fn at<const FMA: bool>(cycles: &Wide) -> Self {
        let (mut sin, mut cos) = ([0.0; LANES], [0.0; LANES]);
        for l in 0..LANES {
            (sin[l], cos[l]) = sin_cos_cycles::<FMA>(cycles[l]);
        }
        Self { sin, cos }
    }

    /// The product: phases add.
    #[inline(always)]
    pub fn times<const FMA: bool>(&self, other: &Self) -> Self {
        let (mut sin, mut cos) = ([0.0; LANES], [0.0; LANES]);
        for l in 0..LANES {
            sin[l] = fma64::<FMA>(self.sin[l], other.cos[l], self.cos[l] * other.sin[l]);
            cos[l] = fma64::<FMA>(self.cos[l], other.cos[l], -(self.sin[l] * other.sin[l]));
        }
        Self { sin, cos }
    }

    /// Rounded to f32.
    #[inline(always)]
    pub fn rounded(&self) -> Rotor {
        Rotor { sin: self.sin.map(|x| x as f32), cos: self.cos.map(|x| x as f32) }
    }
}

/// Where [`LANES`] successive samples of a segment lie.
pub(crate) struct Times {
    /// Phase of the fundamental in cycles, wrapped to -0.5..=0.5.
    pub phase: Wide,
    /// Share of the segment that has passed, 0..=1 (beyond 1 in lanes past its end, whose results are dropped).
    pub t: Lanes,
    /// f0 in cycles per sample.
    pub f0: Lanes,
}

impl Times {
    /// Of samples `start..start + LANES` of `segment`.
    #[inline(always)]
    pub fn of(segment: &Segment, start: usize) -> Self {
        let per_len = 1.0 / segment.len as f64;
        let (mut phase, mut t, mut f0) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        for l in 0..LANES {
            let m = (start + l + 1) as f64;
            phase[l] = wrap(segment.phase_at(m));
            t[l] = (m * per_len) as f32;
            f0[l] = segment.f0_at(m) as f32;
        }
        Self { phase, t, f0 }
    }
}

/// Adds the harmonics from index `first` (harmonic `first + 1`) up to the segment's count, each faded near Nyquist sample by sample
/// by its own instantaneous frequency. For the few harmonics that are or come near there; the rest has faster ways.
#[inline(always)]
pub(crate) fn add_faded<const FMA: bool>(segment: &Segment, first: usize, times: &Times, sum: &mut Lanes) {
    if first >= segment.count {
        return;
    }
    let lowest = times.f0[0].min(times.f0[LANES - 1]);
    // Harmonics from Nyquist up in every lane are silent. (f0 is linear, so its extremes are at the ends.)
    let last = if lowest > 0.0 { segment.count.min((crate::glide::FADE_END / lowest) as usize + 1) } else { segment.count };
    let mut start = [0.0; LANES];
    for l in 0..LANES {
        start[l] = wrap(times.phase[l] * (first + 1) as f64);
    }
    let mut rotor = WideRotor::at::<FMA>(&start).rounded();
    let step = WideRotor::at::<FMA>(&times.phase).rounded();
    for k in first..last {
        let (from, change, harmonic) = (segment.from[k], segment.change[k], (k + 1) as f32);
        for l in 0..LANES {
            let amplitude = fma::<FMA>(change, times.t[l], from) * fade(harmonic * times.f0[l]);
            sum[l] = fma::<FMA>(amplitude, rotor.sin[l], sum[l]);
        }
        rotor.turn::<FMA>(&step);
    }
}

/// Adds the lanes that lie within `out` to it.
#[inline(always)]
pub(crate) fn add_to(out: &mut [f32], sum: &Lanes) {
    for (o, s) in out.iter_mut().zip(sum) {
        *o += s;
    }
}

/// (real, imaginary) part of `exp(x + 2 pi i turns)`, relative error below 1e-6, for |turns| < 2^21. `x` is bounded to ±80.
#[inline(always)]
pub(crate) fn exp_turns<const FMA: bool>(x: f32, turns: f32) -> (f32, f32) {
    /// 1.5 * 2^23: leaves no bits for a fraction, as in [`wrap`]; the low bits then are the integer.
    const TO_INTEGER: f32 = 12_582_912.0;
    let x = if x > 80.0 { 80.0 } else { x };
    let x = if x > -80.0 { x } else { -80.0 };
    // 2^n by the exponent's bits, the rest, within ±ln 2 / 2, by its Taylor series.
    let shifted = fma::<FMA>(x, std::f32::consts::LOG2_E, TO_INTEGER);
    let n = shifted - TO_INTEGER;
    let power = f32::from_bits(((shifted.to_bits() & 0x1ff).wrapping_add(127) & 0xff) << 23);
    let r = fma::<FMA>(n, -0.693_145_75, x);
    let r = fma::<FMA>(n, -1.428_606_8e-6, r);
    let mut e = 1.0 / 720.0;
    e = fma::<FMA>(e, r, 1.0 / 120.0);
    e = fma::<FMA>(e, r, 1.0 / 24.0);
    e = fma::<FMA>(e, r, 1.0 / 6.0);
    e = fma::<FMA>(e, r, 0.5);
    e = fma::<FMA>(e, r, 1.0);
    e = fma::<FMA>(e, r, 1.0) * power;
    // Sine and cosine as in `sin_cos_cycles`, with as many terms as f32 can hold.
    let a = (turns - ((turns + TO_INTEGER) - TO_INTEGER)) * std::f32::consts::PI;
    let y = a * a;
    let mut s = -1.0 / 39_916_800.0;
    s = fma::<FMA>(s, y, 1.0 / 362_880.0);
    s = fma::<FMA>(s, y, -1.0 / 5_040.0);
    s = fma::<FMA>(s, y, 1.0 / 120.0);
    s = fma::<FMA>(s, y, -1.0 / 6.0);
    s = fma::<FMA>(s, y, 1.0) * a;
    let mut c = 1.0 / 479_001_600.0;
    c = fma::<FMA>(c, y, -1.0 / 3_628_800.0);
    c = fma::<FMA>(c, y, 1.0 / 40_320.0);
    c = fma::<FMA>(c, y, -1.0 / 720.0);
    c = fma::<FMA>(c, y, 1.0 / 24.0);
    c = fma::<FMA>(c, y, -0.5);
    c = fma::<FMA>(c, y, 1.0);
    (e * fma::<FMA>(-2.0 * s, s, 1.0), e * 2.0 * s * c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_to_the_nearest_integer() {
        for x in [-3.7, -0.5, -0.2, 0.0, 0.49, 0.75, 12_345.678] {
            assert!((wrap(x) - (x - f64::round(x))).abs() < 1e-11 || (wrap(x).abs() - 0.5).abs() < 1e-12, "{x}");
        }
    }

    #[test]
    fn sines_and_exponentials_are_as_exact_as_promised() {
        for i in -1000..=1000 {
            let cycles = f64::from(i) / 2000.0;
            let (s, c) = (std::f64::consts::TAU * cycles).sin_cos();
            for (got_s, got_c) in [sin_cos_cycles::<false>(cycles), sin_cos_cycles::<true>(cycles)] {
                assert!((got_s - s).abs() < 4e-9 && (got_c - c).abs() < 4e-9, "{cycles} cycles");
            }
            let x = i as f32 / 15.0;
            let e = f64::from(x).exp();
            // 40 cycles away: the phases of steep filters turn often.
            let (re, im) = exp_turns::<false>(x, cycles as f32 + 40.0);
            let turned = f64::from(cycles as f32 + 40.0) * std::f64::consts::TAU;
            assert!((f64::from(re) / e - turned.cos()).abs() < 2e-6, "exp of {x}, {cycles} cycles: {re}");
            assert!((f64::from(im) / e - turned.sin()).abs() < 2e-6, "exp of {x}, {cycles} cycles: {im}");
        }
        // Bounded, whatever comes in.
        for x in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -1e30] {
            assert!(exp_turns::<false>(x, 0.0).0.is_finite());
        }
    }
}
