//! Logarithm and exponential fast enough for every state of the filter at every hop. Any thread.
//!
//! Branch-free, so that loops over slices vectorise, and made of plain multiplications and additions, so that the results are
//! the same bits whichever vector width the processor has.

/// Natural logarithm of a positive, normal `x`; relative error below 4e-6 (atanh series after reduction to sqrt(1/2)..sqrt(2)).
#[inline(always)]
pub(crate) fn ln(x: f32) -> f32 {
    // Subtracting the bits of sqrt(1/2) makes the exponent field count from there.
    const SQRT_HALF: i32 = 0x3f35_04f3;
    let bits = x.to_bits() as i32;
    let e = (bits - SQRT_HALF) >> 23;
    let m = f32::from_bits((bits - (e << 23)) as u32);
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    let series = 2.0 + s2 * (0.666_666_7 + s2 * (0.4 + s2 * 0.285_714_3));
    e as f32 * std::f32::consts::LN_2 + s * series
}

/// Level of a positive, normal mean square, dB.
#[inline(always)]
pub(crate) fn decibels(power: f32) -> f32 {
    4.342_945 * ln(power)
}

/// e to the `x`, relative error below 1e-5; 0 from about -87 down. `x` must not exceed 80.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // Adding and subtracting 1.5 * 2^23 rounds to the nearest whole number without a call to the maths library.
    const ROUND: f32 = 12_582_912.0;
    let y = if x > -87.0 { x } else { -87.0 } * std::f32::consts::LOG2_E;
    let whole = (y + ROUND) - ROUND;
    let r = (y - whole) * std::f32::consts::LN_2;
    let p = 1.0 + r * (1.0 + r * (0.5 + r * (0.166_666_67 + r * (0.041_666_668 + r * 0.008_333_334))));
    let scale = f32::from_bits(((whole as i32 + 127) << 23) as u32);
    if x > -87.0 { p * scale } else { 0.0 }
}

#[cfg(test)]
mod tests {
    #[test]
    fn ln_and_exp_are_close_to_the_library() {
        for i in 1..20_000 {
            let x = i as f32 * 1e-3;
            assert!((super::ln(x) - x.ln()).abs() < 4e-6 * x.ln().abs().max(1.0), "ln {x}");
            let y = -i as f32 * 4e-3;
            assert!((super::exp(y) / y.exp() - 1.0).abs() < 1e-5, "exp {y}");
        }
        assert_eq!(super::exp(-200.0), 0.0);
    }
}
