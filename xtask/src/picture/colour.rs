//! The colours of the spectrograms: *inferno*, whose lightness rises evenly with the value.

/// A polynomial of degree 6 through matplotlib's inferno (van der Walt and Smith 2015, CC0), for each of red, green and blue; within 2 % of it.
const INFERNO: [[f64; 3]; 7] = [
    [0.000_218_940_4, 0.001_651_004_6, -0.019_480_898_4],
    [0.106_513_419_5, 0.563_956_436_8, 3.932_712_388_9],
    [11.602_493_082_5, -3.972_853_965_7, -15.942_394_106_3],
    [-41.703_996_131_4, 17.436_398_882_1, 44.354_145_198_7],
    [77.162_935_699_4, -33.402_358_942_1, -81.807_309_257_4],
    [-71.319_428_245_0, 32.626_064_264_0, 73.209_519_858_0],
    [25.131_126_224_8, -12.242_668_952_4, -23.070_325_002_9],
];

/// The colour of `value`, 0 (black) to 1 (pale yellow).
pub(super) fn inferno(value: f64) -> [u8; 3] {
    let x = value.clamp(0.0, 1.0);
    std::array::from_fn(|channel| {
        let level = INFERNO.iter().rev().fold(0.0, |sum, row| sum * x + row[channel]);
        (level.clamp(0.0, 1.0) * 255.0).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lightness_rises_all_the_way() {
        // CIE 1976 lightness of sRGB.
        let lightness = |rgb: [u8; 3]| {
            let linear = rgb.map(|c| {
                let c = f64::from(c) / 255.0;
                if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
            });
            let y = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
            if y > 0.008_856 { 116.0 * y.cbrt() - 16.0 } else { 903.3 * y }
        };
        let steps: Vec<f64> = (0..=20).map(|k| lightness(inferno(k as f64 / 20.0))).collect();
        assert!(steps.windows(2).all(|w| w[1] > w[0] + 1.0), "{steps:?}");
        assert!(steps[0] < 2.0 && steps[20] > 95.0);
    }

    #[test]
    fn known_points_of_the_map() {
        // matplotlib.colormaps['inferno'](0.5) and (1.0).
        for (value, expected) in [(0.5, [188, 55, 84]), (1.0, [252, 255, 164])] {
            let found = inferno(value);
            assert!(found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 8), "{found:?} for {expected:?}");
        }
    }
}
