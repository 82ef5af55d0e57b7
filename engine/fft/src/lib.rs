//! Fourier transforms of real signals: `realfft`, planned here for `f32` and `f64`. The transforms are generic code, some 25 seconds of
//! compiling for each crate that plans one; planned here, they are compiled once. Plans allocate; what they plan does not.

pub use realfft::{ComplexToReal, RealToComplex, num_complex::Complex};

use realfft::RealFftPlanner;
use std::sync::Arc;

/// Plans transforms, and remembers those that it has planned.
pub struct Planner<T: realfft::FftNum>(RealFftPlanner<T>);

macro_rules! planner {
    ($number:ty) => {
        impl Planner<$number> {
            /// A planner that has planned nothing yet.
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self {
                Self(RealFftPlanner::new())
            }

            /// A transform of `len` numbers into `len / 2 + 1` complex ones.
            pub fn plan_fft_forward(&mut self, len: usize) -> Arc<dyn RealToComplex<$number>> {
                self.0.plan_fft_forward(len)
            }

            /// The way back, without a factor: forth and back is `len` times the signal.
            pub fn plan_fft_inverse(&mut self, len: usize) -> Arc<dyn ComplexToReal<$number>> {
                self.0.plan_fft_inverse(len)
            }
        }
    };
}

planner!(f32);
planner!(f64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forth_and_back_is_the_signal() {
        let mut planner = Planner::<f64>::new();
        let (forward, inverse) = (planner.plan_fft_forward(30), planner.plan_fft_inverse(30));
        let signal: Vec<f64> = (0..30).map(|n| f64::from(n * n % 7)).collect();
        let (mut spectrum, mut back) = (forward.make_output_vec(), inverse.make_output_vec());
        forward.process(&mut signal.clone(), &mut spectrum).unwrap();
        inverse.process(&mut spectrum, &mut back).unwrap();
        assert!(back.iter().zip(&signal).all(|(a, b)| (a / 30.0 - b).abs() < 1e-12));
    }
}
