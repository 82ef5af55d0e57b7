//! Every number of the pitch filter that was found by listening to data rather than by derivation. Plain data, any thread.

/// Number of bands.
pub(crate) const BANDS: usize = 3;

/// One frequency band of the voice that is correlated on its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BandTuning {
    pub low_hz: f64,
    pub high_hz: f64,
    /// The band runs at the whole fraction of the base rate nearest this.
    pub rate_hz: f64,
}

impl BandTuning {
    /// The whole number by which this band divides the base rate.
    pub fn divisor(&self, base_rate_hz: f64) -> usize {
        (base_rate_hz / self.rate_hz).round().max(1.0) as usize
    }
}

/// One expert: the normalised autocorrelation of one band over a window of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExpertTuning {
    /// Index of the band.
    pub band: usize,
    /// Window length as a multiple of the lag tested, clipped to `min_s..=max_s`: short lags get short windows, which is why high
    /// notes are known sooner.
    pub periods: f64,
    pub min_s: f64,
    pub max_s: f64,
    /// Exponent of this expert's vote.
    pub weight: f32,
    /// Whether it is asked a little before the hop ends, which its long windows hardly notice: so much less is to be done then.
    pub early: bool,
    /// Correlation that speaks neither for nor against a pitch.
    pub unvoiced_level: f32,
}

/// How far the partials settle what the correlations leave open: see [`Partials`](crate::partials::Partials).
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartialsTuning {
    /// A pitch is contested by one an octave or a twelfth above, and below, that has up to this much less evidence, nepers.
    pub contested: [f32; 2],
    /// By one four to nine times as high that has up to this much less.
    pub contested_far: f32,
    /// Odds nearer to even than this say nothing, nepers.
    pub sure: f32,
    /// The most that one hop may say, nepers: windows overlap, and what they say is said again.
    pub most: f32,
    /// What is said counts from the first to the second share of the wave that repeats: for the higher pitch, and for the lower, which
    /// noise between the partials speaks for.
    pub trusted_up: [f32; 2],
    pub trusted_down: [f32; 2],
    /// Odds for the lower of two pitches, nepers, where the higher lies an octave or more above `shout_hz`; less below that.
    pub shout: f32,
    pub shout_hz: f64,
}

/// What makes a pitch of the mains a hum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HumTuning {
    /// It keeps its level within `steady_db` for `steady_s`: no voice can,
    pub steady_db: f32,
    pub steady_s: f32,
    /// and lies this far below the voice,
    pub below_db: f32,
    /// or, before anything was sung, below this level.
    pub alone_db: f32,
}

/// What the level must do for a pitch to count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GateTuning {
    /// A fall by `fall_db` within `fall_s` ends a note: what sounds on is the room...
    pub fall_db: f32,
    pub fall_s: f32,
    /// ...until the level rises by this,
    pub rise_db: f32,
    /// or has fallen by less than `still_db` in `still_s`: a sudden piano, not a room.
    pub still_db: f32,
    pub still_s: f32,
    /// The voice spans this many dB below its loudest...
    pub range_db: f32,
    /// ...which is forgotten at this pace.
    pub forget_db_per_s: f32,
    /// Levels of hum and background are averaged over this.
    pub smooth_s: f32,
    /// A hum is this near to the frequency of the mains or its octave, as a share,
    pub mains_width: f32,
    /// is at either such as this,
    pub hum: HumTuning,
    pub hum_octave: HumTuning,
    /// and covers what is less than this above it.
    pub hum_above_db: f32,
    /// A pause has ended when the level is this far above its lowest, and belongs to the one before if that began less than this ago.
    pub pause_rise_db: f32,
    pub pause_apart_s: f32,
    /// This share of the pauses, those as long as this only, must have had a pitch. What is less than `pause_above_db` above them...
    pub pause_pitched: f32,
    pub pause_long_s: f32,
    pub pause_above_db: f32,
    /// ...and this far below the voice's loudest, is in the background...
    pub pause_below_db: f32,
    /// ...which is forgotten at this pace.
    pub loud_forget_db_per_s: f32,
}

/// The whole set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tuning {
    pub bands: [BandTuning; BANDS],
    pub experts: [ExpertTuning; 6],
    /// Evidence for a state is `-weight * ln(1 - rho + softness)`: a period and its double are told apart by how much is left
    /// unexplained, without a threshold.
    pub softness: f32,
    /// Prior for short lags, nepers per octave: of two lags that explain the wave equally well, the shorter is the pitch.
    pub octave_tilt: f32,
    /// Chance per hop that the pitch jumps anywhere.
    pub jump: f32,
    /// Chance per hop that voicing stops.
    pub stop: f32,
    /// Chance per hop that voicing starts.
    pub start: f32,
    /// Mean square added to every window, so that correlation means nothing near silence (1e-8: -80 dB full scale).
    pub floor: f32,
    /// Voicing is judged at the multiple of the period nearest this, s: noise through a formant resembles itself one period of
    /// the formant later, a voice still does many periods later.
    pub voicing_s: f64,
    /// The f0 is read at the multiple of the period nearest below this, s: a longer lag divides the error of its peak.
    pub refine_s: f64,
    /// How strongly a band's share of the energy counts, as an exponent.
    pub energy_exponent: f32,
    /// Log-odds added to "unvoiced".
    pub unvoiced_bias: f32,
    /// Log-odds added to "unvoiced" while the best explanation is a pitch higher than is sung.
    pub whistle_doubt: f32,
    /// The lobe around lag 0 ends at the first minimum that is followed by this rise.
    pub lobe_rise: f32,
    /// Standard deviation of the pitch's walk per hop, cents.
    pub walk_cents: f64,
    /// Share and decay (cents) of the tail of that walk.
    pub tail: f64,
    pub tail_cents: f64,
    pub partials: PartialsTuning,
    pub gate: GateTuning,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            bands: [
                BandTuning { low_hz: 45.0, high_hz: 900.0, rate_hz: 12_000.0 },
                BandTuning { low_hz: 600.0, high_hz: 4000.0, rate_hz: 24_000.0 },
                BandTuning { low_hz: 300.0, high_hz: 1500.0, rate_hz: 12_000.0 },
            ],
            experts: [
                ExpertTuning {
                    band: 0,
                    periods: 1.0,
                    min_s: 0.006,
                    max_s: 0.022,
                    weight: 2.2,
                    early: false,
                    unvoiced_level: 0.58,
                },
                ExpertTuning {
                    band: 1,
                    periods: 1.0,
                    min_s: 0.006,
                    max_s: 0.022,
                    weight: 3.0,
                    early: false,
                    unvoiced_level: 0.48,
                },
                ExpertTuning { band: 0, periods: 2.0, min_s: 0.02, max_s: 0.045, weight: 1.5, early: true, unvoiced_level: 0.5 },
                ExpertTuning { band: 1, periods: 2.0, min_s: 0.02, max_s: 0.045, weight: 0.26, early: true, unvoiced_level: 0.5 },
                ExpertTuning {
                    band: 2,
                    periods: 1.0,
                    min_s: 0.006,
                    max_s: 0.022,
                    weight: 1.6,
                    early: false,
                    unvoiced_level: 0.45,
                },
                ExpertTuning { band: 2, periods: 2.0, min_s: 0.02, max_s: 0.045, weight: 0.6, early: true, unvoiced_level: 0.5 },
            ],
            softness: 0.058,
            octave_tilt: 1.1,
            jump: 3e-5,
            stop: 0.009,
            start: 0.15,
            floor: 1e-8,
            voicing_s: 0.0052,
            refine_s: 0.006,
            energy_exponent: 0.18,
            unvoiced_bias: -4.2,
            whistle_doubt: 2.0,
            lobe_rise: 0.15,
            walk_cents: 17.0,
            tail: 0.0025,
            tail_cents: 60.0,
            partials: PartialsTuning {
                contested: [20.0, 3.0],
                contested_far: 6.0,
                sure: 0.5,
                most: 3.0,
                trusted_up: [0.6, 0.8],
                trusted_down: [0.9, 0.97],
                shout: 5.0,
                shout_hz: 350.0,
            },
            gate: GateTuning {
                fall_db: 18.0,
                fall_s: 0.1,
                rise_db: 3.0,
                still_db: 2.0,
                still_s: 0.048,
                range_db: 40.0,
                forget_db_per_s: 6.0,
                smooth_s: 0.1,
                mains_width: 0.008,
                hum: HumTuning { steady_db: 0.7, steady_s: 0.1, below_db: 8.0, alone_db: -26.0 },
                hum_octave: HumTuning { steady_db: 0.5, steady_s: 0.25, below_db: 15.0, alone_db: -40.0 },
                hum_above_db: 3.0,
                pause_rise_db: 12.0,
                pause_apart_s: 1.0,
                pause_pitched: 0.6,
                pause_long_s: 0.16,
                pause_above_db: 8.0,
                pause_below_db: 15.0,
                loud_forget_db_per_s: 1.0,
            },
        }
    }
}
