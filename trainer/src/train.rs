//! The training run: frame by frame against measured targets. The caller's thread, for some ten seconds.
//!
//! Every instrument is trained several times, in the same way: once on all recordings, for the file, and for the scores in rounds, each
//! without some pitches and phrases, until all were held out once. A pitch that was recorded sounds much nearer to its recording when it
//! was trained on (measured: `FINDINGS.md` beside this crate's sources), and who plays wants all of them. Where there are two takes of
//! the same notes, one more training knows one of each pair, and is asked for the other. Nothing is chosen by the held-out recordings, not
//! even when to stop: more steps than [`TrainOptions::steps`] bring the recorded pitches nearer still, and the others no farther and no
//! nearer.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use syrinx_analysis::{Cancelled, HARMONICS, Take, Workers, is_limited, noise_edges_hz};
use syrinx_decoder::{Card, Decay, FORMAT_VERSION, Model, SlopeSource, with_card};
use syrinx_synth::RoomParams;
use syrinx_tracker::FRAME_RATE_HZ;

use crate::{
    batch::{BATCH_ROWS, Batch, FARTHEST_SHIFT},
    dataset::Rows,
    decay, dynamics, envelope,
    formants::envelope_share,
    input_features::{Hearing, INPUTS},
    job::JobError,
    learner::{Learner, WEIGHT_DECAY, loss_of},
    life,
    mlp::{Mlp, Shape},
    network::Network,
    output_levels::{OUTPUTS, Weighting},
    performance,
    random::Random,
    room,
    second_take::second_takes,
    split::{Part, Split},
    statistics::Statistics,
};

/// Width of the hidden layers. On held-out pitches 64 score as well; on those trained on, 96 are 0.1 dB nearer, and wider ones no more.
const HIDDEN: usize = 96;
/// dB that are 1 in the network's answer, so that its weights stay near 1.
const OUTPUT_UNIT_DB: f32 = 10.0;
/// Highest learning rate.
const RATE: f64 = 3e-3;
/// Steps in which the rate rises to that; it then falls along a half cosine to 0.
const WARM_UP_STEPS: usize = 30;
/// An instrument that is not done can be played after so many steps, and after twice, four times, ... as many.
const EARLIEST_STEPS: usize = 50;
/// Of the averaged weights, which are what is kept: how much stays of them at each step.
const AVERAGE_KEEPS: f32 = 0.99;
/// The network hears loudness this far beyond the training range (5th to 95th percentile): there is something there, if little, dB.
const LOUDNESS_MARGIN_DB: [f32; 2] = [20.0, 6.0];
/// With more weight decay than this, nothing would be learned.
const MOST_WEIGHT_DECAY: f32 = 100.0;

/// Letters of an identifier that is made of a name, at most.
const LONGEST_ID: usize = 60;

/// What to train, and how.
#[derive(Clone, Debug)]
pub struct TrainOptions {
    /// Identifier of the instrument: lower-case letters, digits and hyphens.
    pub id: String,
    /// Name shown to people.
    pub name: String,
    /// Family, as in [`Card::family`].
    pub family: String,
    /// Who trains.
    pub author: String,
    /// Licence of the model.
    pub licence: String,
    /// Who recorded what is trained on, and under which licence.
    pub credits: Vec<String>,
    /// What the instrument is bad at.
    pub caveats: Vec<String>,
    /// Seed of all randomness: the same takes, options and seed give the same file, to the byte, on the same kind of processor.
    pub seed: u64,
    /// Steps of each training.
    pub steps: usize,
    /// Whether the network answers a spectral envelope, too, that harmonics read where they lie: pitches that were never recorded come nearer
    /// by it.
    pub envelope: bool,
    /// Harmonics, from the lowest, that read none of it, 0 to 99: what a body does to the lowest is learned at its frequency without, and at the
    /// harmonic's number with them.
    pub own_harmonics: usize,
    /// Weight decay of a step, times its rate (AdamW's lambda), 0 to 100. More of it brings pitches that were never recorded nearer where
    /// recordings are few (`FINDINGS.md`).
    pub weight_decay: f32,
    /// The same of the weights that hear how the loudness rises, which are no part of the former: a violin's onsets come later with more.
    pub rise_decay: f32,
    /// Gain in dB on the loudness of each source (by its name), where levels of several are to be made to agree.
    pub source_gains_db: BTreeMap<String, f32>,
    /// Takes of other players of the instrument: they tell, with the rest, how its notes begin, join and end, and nothing else.
    pub other_players: Vec<Take>,
}

/// An identifier for an instrument of this name: lower-case letters, digits and hyphens.
pub fn id_of(name: &str) -> String {
    let mut id = String::new();
    for letter in name.chars().flat_map(char::to_lowercase) {
        if letter.is_ascii_alphanumeric() {
            id.push(letter);
        } else if !id.is_empty() && !id.ends_with('-') {
            id.push('-');
        }
    }
    id.truncate(LONGEST_ID);
    let id = id.trim_end_matches('-');
    if id.is_empty() { "my-instrument".into() } else { id.into() }
}

impl TrainOptions {
    /// Options with everything said that must be; no family, author, licence or credits, seed 1, 600 steps, with an envelope above the fifth
    /// harmonic, weight decays 0.02.
    pub fn new(id: &str, name: &str) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            family: String::new(),
            author: String::new(),
            licence: String::new(),
            credits: Vec::new(),
            caveats: Vec::new(),
            seed: 1,
            steps: 600,
            envelope: true,
            own_harmonics: envelope::OWN,
            weight_decay: WEIGHT_DECAY,
            rise_decay: WEIGHT_DECAY,
            source_gains_db: BTreeMap::new(),
            other_players: Vec::new(),
        }
    }

    /// What can be said of them before recordings are analysed.
    ///
    /// # Errors
    /// When a number is none that training can use, or an entry of the card none that players accept.
    pub fn check(&self) -> Result<(), TrainError> {
        if self.steps == 0 {
            return Err(TrainError::NoSteps);
        }
        if let Some(&bad) = [self.weight_decay, self.rise_decay].iter().find(|decay| !(0.0..=MOST_WEIGHT_DECAY).contains(*decay))
        {
            return Err(TrainError::WeightDecay(bad));
        }
        if self.own_harmonics >= HARMONICS {
            return Err(TrainError::OwnHarmonics(self.own_harmonics));
        }
        // Whatever the recordings are, these entries are the card's.
        card(self, &Statistics::of_one_note()).check().map_err(TrainError::BadCard)
    }

    /// Gain in dB on the loudness of this take: that of its source.
    pub fn gain_db(&self, take: &Take) -> f32 {
        self.source_gains_db.get(&take.source).copied().unwrap_or(0.0)
    }
}

/// Why nothing was trained.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// No single notes at enough pitches and no phrases.
    #[error(
        "too little to learn from: notes at 5 different pitches are needed, or 10 seconds of phrases; {notes} pitches and {phrases_s:.0} s of phrases were found"
    )]
    TooLittle {
        /// Distinct pitches of single notes.
        notes: usize,
        /// Seconds of other recordings.
        phrases_s: f32,
    },
    /// The recordings have no part in which anything with a pitch sounds.
    #[error("no pitched sound was found in the {0} recordings")]
    NoPitch(&'static str),
    /// A [`TrainOptions::weight_decay`] or [`TrainOptions::rise_decay`] that no training can use.
    #[error("weight decay is a number from 0 to {MOST_WEIGHT_DECAY}, not {0}")]
    WeightDecay(f32),
    /// [`TrainOptions::own_harmonics`] that leave none to read the envelope.
    #[error("of {HARMONICS} harmonics, some have to read the envelope: {0} that read none are too many")]
    OwnHarmonics(usize),
    /// [`TrainOptions::steps`] is 0.
    #[error("a training has at least one step")]
    NoSteps,
    /// The weights are no numbers any more.
    #[error("the training went astray: what it learned are no numbers; less weight decay or other recordings may help")]
    Diverged,
    /// It was cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// An entry of the card is not what players accept; the text completes the sentence.
    #[error("this instrument could not be played: {0}")]
    BadCard(String),
}

/// How far the training is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Steps done, of all trainings.
    pub step: usize,
    /// Steps in all.
    pub total: usize,
    /// Loss on the training rows, dB.
    pub loss: f32,
    /// Time to the last step.
    pub left: Duration,
}

/// A trained instrument.
#[derive(Clone, Debug)]
pub struct Trained {
    /// Its card, without scores.
    pub card: Card,
    /// Its twins, each trained without what its split holds out; together they hold out all there is to hold out.
    pub rounds: Vec<Twin>,
    /// Pairs of takes of the same note (their indices), where there are any, and a twin that knows the first of each, not the second.
    pub second_takes: Option<(Vec<(usize, usize)>, Twin)>,
    network: Network,
}

impl Trained {
    /// The bytes of the model file, with `card` (usually [`Trained::card`] with scores filled in).
    pub fn to_onnx(&self, card: &Card) -> Vec<u8> {
        self.network.to_onnx(card)
    }
}

/// The same instrument, trained without some recordings: the one to score on them.
#[derive(Clone, Debug)]
pub struct Twin {
    /// Which recordings were held out: [`crate::evaluate`] wants those of [`Part::Test`].
    pub split: Split,
    /// Weighted mean |dB| on what was held out.
    pub test_loss: f32,
    /// The same of the mean training spectrum, which ignores the voice: what there was to gain.
    pub mean_spectrum_loss: f32,
    network: Network,
}

impl Twin {
    /// The bytes of a model file with this twin and `card`.
    pub fn to_onnx(&self, card: &Card) -> Vec<u8> {
        self.network.to_onnx(card)
    }
}

/// Which twins an instrument is trained with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twins {
    /// None: the instrument alone, in a fraction of the time; nothing is known then of how it plays what it never saw.
    None,
    /// As many as it takes to hold out all there is to hold out.
    All,
}

/// [`train_on`] all cores, with all twins.
///
/// # Errors
/// When there is too little to learn from, or an option or an entry of the card is not acceptable.
pub fn train(takes: &[Take], options: &TrainOptions, progress: &mut (dyn FnMut(Progress) + Send)) -> Result<Trained, TrainError> {
    train_on(&Workers::all(), takes, options, Twins::All, None, progress)
}

/// Trains an instrument on analysed recordings, in seconds; each of its trainings is one thread's. `progress` is called after every step, from any
/// of them; `early` with the model file of the instrument after some, as far as it is learned.
///
/// # Errors
/// When there is too little to learn from, an option or an entry of the card is not acceptable, or it was cancelled.
pub fn train_on(
    workers: &Workers,
    takes: &[Take],
    options: &TrainOptions,
    twins: Twins,
    early: Option<&(dyn Fn(Vec<u8>) + Sync)>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Trained, TrainError> {
    options.check()?;
    let mut splits = Split::rounds(takes);
    if splits.is_empty() {
        return Err(TrainError::TooLittle {
            notes: takes.iter().filter_map(|t| t.note).collect::<BTreeSet<_>>().len(),
            phrases_s: takes.iter().filter(|t| t.note.is_none()).map(|t| t.frames.len()).sum::<usize>() as f32
                / FRAME_RATE_HZ as f32,
        });
    }
    if twins == Twins::None {
        splits.clear();
    }
    let rounds = splits.len();
    let pairs = if twins == Twins::None { Vec::new() } else { second_takes(takes) };
    if !pairs.is_empty() {
        splits.push(Split::without(takes, &pairs.iter().map(|&(_, second)| second).collect::<Vec<_>>()));
    }
    let gains: Vec<f32> = takes.iter().map(|t| options.gain_db(t)).collect();
    let everything = Split::everything(takes);
    let statistics = Statistics::new(takes, &gains, &everything).ok_or(TrainError::NoPitch("training"))?;
    let mut card = card(options, &statistics);
    card.decay = decay::measure(takes, &gains, &everything);
    let limit_hz = limit_of(takes);
    card.caveats.extend(limit_caveat(limit_hz));
    card.check().map_err(TrainError::BadCard)?;

    let trainings: Vec<Split> = std::iter::once(everything).chain(splits).collect();
    let total = trainings.len() * options.steps;
    let steps = Mutex::new(Steps { start: Instant::now(), done: 0, total, progress });
    let trained = workers.map(
        &trainings,
        |_| (),
        |split| {
            let statistics = Statistics::new(takes, &gains, split).ok_or(TrainError::NoPitch("training"))?;
            let hearing = hearing(&statistics, card.decay.as_ref());
            let rows = Rows::new(takes, &gains, split, Part::Training, &hearing);
            if rows.iter().all(|r| !r.voiced) {
                return Err(TrainError::NoPitch("training"));
            }
            // The first is the instrument, the others are its twins.
            let early = early.filter(|_| std::ptr::eq(split, &raw const trainings[0]));
            let network = learn(workers, hearing, &rows, options, &steps, |network| {
                if let Some(early) = early {
                    early(network.to_onnx(&card));
                }
            })?;
            if !network.mlp.weights.iter().all(|weight| weight.is_finite()) {
                return Err(TrainError::Diverged);
            }
            let held_out = Rows::new(takes, &gains, split, Part::Test, &network.hearing);
            // A round may hold out nothing but what no tracker finds a pitch in, and the instrument holds out nothing: no loss to speak of.
            let (test_loss, mean_spectrum_loss) =
                if held_out.is_empty() { (f32::NAN, f32::NAN) } else { judge(&network, &held_out) };
            Ok(Twin { split: split.clone(), test_loss, mean_spectrum_loss, network })
        },
    )?;
    let mut twins: Vec<Twin> = trained.into_iter().collect::<Result<_, TrainError>>()?;
    let network = twins.remove(0).network;
    let second_takes = (twins.len() > rounds).then(|| (pairs, twins.pop().expect("it was trained last")));
    let mean = |loss: fn(&Twin) -> f32| {
        let losses: Vec<f32> = twins.iter().map(loss).filter(|loss| loss.is_finite()).collect();
        losses.iter().sum::<f32>() / losses.len() as f32
    };
    let (test_loss, mean_spectrum_loss) = (mean(|t| t.test_loss), mean(|t| t.mean_spectrum_loss));
    let mut facts = vec![
        ("seconds", format!("{:.1}", statistics.seconds)),
        ("recordings", takes.len().to_string()),
        ("steps", options.steps.to_string()),
        ("seed", options.seed.to_string()),
        ("weights", network.mlp.weights.len().to_string()),
    ];
    if rounds > 0 {
        if !test_loss.is_finite() {
            return Err(TrainError::NoPitch("held-out"));
        }
        let scores = format!(
            "of {rounds} twins, each trained without some pitches or phrases and asked for those; the instrument itself knows them all"
        );
        facts.extend([
            ("held_out_pitches", list(twins.iter().flat_map(|t| &t.split.test_notes))),
            ("scores", scores),
            ("test_loss_db", format!("{test_loss:.3}")),
            ("mean_spectrum_test_loss_db", format!("{mean_spectrum_loss:.3}")),
        ]);
    }
    card.training = facts.into_iter().map(|(k, v)| (k.to_string(), v)).collect();
    if options.envelope {
        card.training.insert("envelope_points".into(), envelope::POINTS.to_string());
        if options.own_harmonics != envelope::OWN {
            card.training.insert("own_harmonics".into(), options.own_harmonics.to_string());
        }
    }
    for (name, decay) in [("weight_decay", options.weight_decay), ("rise_decay", options.rise_decay)] {
        if decay != WEIGHT_DECAY {
            card.training.insert(name.into(), decay.to_string());
        }
    }
    // What the network lacks is known when it is there.
    let model = Model::read(&network.to_onnx(&card)).map_err(|e| TrainError::BadCard(e.to_string()))?;
    put_measures(workers, &mut card, takes, (&gains, &options.other_players), &trainings[0], &model)?;
    if is_limited(limit_hz) {
        card.training.insert("band_limit_hz".into(), format!("{limit_hz:.0}"));
    }
    Ok(Trained { card, rounds: twins, second_takes, network })
}

/// The highest frequency that all of the recordings can hold, Hz.
fn limit_of(takes: &[Take]) -> f32 {
    takes.iter().map(|t| t.band_limit_hz).fold(f32::INFINITY, f32::min)
}

/// What is said of recordings that cannot hold all that is heard.
fn limit_caveat(limit_hz: f32) -> Option<String> {
    let khz = limit_hz / 1000.0;
    let said = || format!("Recordings with nothing above {khz:.1} kHz: what is higher is guessed, and was not scored.");
    is_limited(limit_hz).then(said)
}

/// What is said where nobody could measure how the tone lives, ...
const STILL: &str = "Too few held notes to measure how its tone lives: it is still.";
/// ... or the room, ...
const DRY: &str = "No room is heard where its notes end: it is dry.";
/// ... or how notes begin.
const UNPLAYED: &str = "Too few notes are heard to begin: keys are played as is usual in its family.";
/// What is said where loud and soft were not both recorded: how it goes on depends on whether other instruments of the family help.
const ONE_LOUDNESS: &str = "Loud and soft notes of one pitch are missing: ";

/// The family of synthesisers.
pub(crate) const SYNTHESISER: &str = "synth_lead";

/// Measures what is beside the network and puts it on the card, in place of what was there: the room, how the tone lives, how notes are played.
fn put_measures(
    workers: &Workers,
    card: &mut Card,
    takes: &[Take],
    (gains_db, others): (&[f32], &[Take]),
    split: &Split,
    model: &Arc<Model>,
) -> Result<(), Cancelled> {
    // What is plucked or struck rings on by itself, and a synthesiser stands in no room.
    let has_room = card.decay.is_none() && card.family != SYNTHESISER;
    card.room = if has_room { room::measure(takes, split) } else { None };
    let around = card.room.map_or(RoomParams::NONE, |room| room.params());
    card.life = life::measure(workers, takes, gains_db, split, model, around)?;
    // What is plucked or struck gets darker as it dies away, and its network has learnt that; loudness says nothing else of it.
    let has_dynamics = card.decay.is_none() && card.family != SYNTHESISER;
    card.dynamics = if has_dynamics { dynamics::measure(takes, gains_db, split, model) } else { None };
    card.performance = performance::measure(takes, gains_db, split, card, others);
    card.caveats.retain(|caveat| ![STILL, DRY, UNPLAYED].contains(&caveat.as_str()) && !caveat.starts_with(ONE_LOUDNESS));
    match &card.dynamics {
        Some(dynamics) if dynamics.source == SlopeSource::Family && dynamics.slope_st_db > 0.0 => {
            let slope = dynamics.slope_st_db;
            card.caveats
                .push(format!("{ONE_LOUDNESS}loud is brighter by {slope} semitones a decibel, as is usual in its family."));
        }
        None if has_dynamics => {
            card.caveats.push(format!("{ONE_LOUDNESS}whether loud is brighter is known only from how notes begin and end."))
        }
        _ => {}
    }
    if card.life.is_none() {
        card.caveats.push(STILL.into());
    }
    if card.room.is_none() && has_room {
        card.caveats.push(DRY.into());
    }
    if card.performance.is_none() {
        card.caveats.push(UNPLAYED.into());
    }
    card.format_version = FORMAT_VERSION;
    Ok(())
}

/// The model file `bytes`, its network as it is, with what is measured beside the network measured anew from `takes`: its room, how its tone lives, how
/// much brighter loud is, and how its notes are played. Caveats among the options take the place of those that it has.
///
/// # Errors
/// When it is no instrument, or the measuring is cancelled.
pub fn measure_on(workers: &Workers, takes: &[Take], options: &TrainOptions, bytes: &[u8]) -> Result<(Card, Vec<u8>), JobError> {
    let model = Model::read(bytes)?;
    let mut card = model.card().clone();
    if !options.credits.is_empty() {
        (card.credits, card.licence) = (options.credits.clone(), options.licence.clone());
    }
    if !options.caveats.is_empty() {
        card.caveats = options.caveats.iter().cloned().chain(limit_caveat(limit_of(takes))).collect();
    }
    let gains: Vec<f32> = takes.iter().map(|t| options.gain_db(t)).collect();
    put_measures(workers, &mut card, takes, (&gains, &options.other_players), &Split::everything(takes), &model)?;
    let bytes = with_card(bytes, &card)?;
    Ok((card, bytes))
}

/// What a network hears that is trained on recordings of these `statistics`, which die away like this, if they do.
fn hearing(statistics: &Statistics, decay: Option<&Decay>) -> Hearing {
    let margin = 2f32.powf(FARTHEST_SHIFT / 12.0);
    let [low, high] = statistics.pitch_range_hz;
    let [soft, loud] = statistics.loudness_range_db;
    let loud = Decay::loudest_db(decay, loud);
    Hearing::new([low / margin, high * margin], [soft - LOUDNESS_MARGIN_DB[0], loud + LOUDNESS_MARGIN_DB[1]])
}

/// Counts the steps of all trainings for whoever watches.
struct Steps<'a> {
    start: Instant,
    done: usize,
    total: usize,
    progress: &'a mut (dyn FnMut(Progress) + Send),
}

impl Steps<'_> {
    fn one_more(&mut self, loss: f32) {
        self.done += 1;
        let (done, total) = (self.done as f64, self.total as f64);
        let left = Duration::from_secs_f64(self.start.elapsed().as_secs_f64() / done * (total - done).max(0.0));
        (self.progress)(Progress { step: self.done, total: self.total, loss, left });
    }
}

fn list<'a>(notes: impl Iterator<Item = &'a u8>) -> String {
    notes.collect::<BTreeSet<_>>().into_iter().map(u8::to_string).collect::<Vec<_>>().join(" ")
}

fn card(options: &TrainOptions, statistics: &Statistics) -> Card {
    Card {
        format_version: FORMAT_VERSION,
        id: options.id.clone(),
        name: options.name.clone(),
        family: options.family.clone(),
        author: options.author.clone(),
        licence: options.licence.clone(),
        credits: options.credits.clone(),
        caveats: options.caveats.clone(),
        frame_rate_hz: FRAME_RATE_HZ,
        harmonics: HARMONICS,
        noise_edges_hz: noise_edges_hz().to_vec(),
        pitch_range_hz: statistics.pitch_range_hz,
        loudness_range_db: statistics.loudness_range_db,
        pitch_histogram_s: statistics.pitch_histogram_s.clone(),
        loudness_histogram_s: statistics.loudness_histogram_s.clone(),
        decay: None,
        life: None,
        room: None,
        dynamics: None,
        performance: None,
        scores: BTreeMap::new(),
        training: BTreeMap::new(),
    }
}

/// One training, from random weights: the weights averaged over its last steps.
fn learn(
    workers: &Workers,
    hearing: Hearing,
    rows: &Rows<'_>,
    options: &TrainOptions,
    steps: &Mutex<Steps<'_>>,
    early: impl Fn(&Network),
) -> Result<Network, Cancelled> {
    let mut random = Random::new(options.seed);
    let mlp = Mlp::new(Shape { inputs: INPUTS, hidden: HIDDEN, outputs: envelope::width(options.envelope) }, || random.uniform());
    let weighting = Weighting::new();
    let mut network = Network {
        hearing,
        mlp,
        own_harmonics: options.own_harmonics,
        output_middle: middle(rows, &weighting),
        output_unit: OUTPUT_UNIT_DB,
    };
    let mut learner = Learner::new(&network, options.weight_decay, options.rise_decay);
    let envelope_share = envelope_share(rows);
    let mut batch = Batch::default();
    let total = options.steps;
    for step in 0..total {
        workers.check()?;
        batch.draw(rows, envelope_share, &network.hearing, &weighting, &mut random);
        let loss = learner.step(&batch, rate(step, total));
        // At the start the average would remember little but the random beginning: it then averages what there is.
        let keeps = AVERAGE_KEEPS.min(step as f32 / (step + 10) as f32);
        for (average, w) in network.mlp.weights.iter_mut().zip(learner.weights()) {
            *average = keeps * *average + (1.0 - keeps) * w;
        }
        steps.lock().unwrap_or_else(PoisonError::into_inner).one_more(loss);
        let done = step + 1;
        if done >= EARLIEST_STEPS && (done == total || (done / EARLIEST_STEPS).is_power_of_two() && done % EARLIEST_STEPS == 0) {
            early(&network);
        }
    }
    Ok(network)
}

fn rate(step: usize, total: usize) -> f64 {
    let warm = ((step + 1) as f64 / WARM_UP_STEPS as f64).min(1.0);
    let along = step as f64 / total as f64;
    RATE * warm * 0.5 * (1.0 + (std::f64::consts::PI * along).cos())
}

/// The weighted mean target: where the network starts from.
fn middle(rows: &Rows<'_>, weighting: &Weighting) -> Vec<f32> {
    let mut batch = Batch::default();
    batch.take(rows.iter().step_by(rows.len().div_ceil(16 * BATCH_ROWS).max(1)), weighting, 1.0);
    let (mut sums, mut weights) = (vec![0f64; OUTPUTS], vec![0f64; OUTPUTS]);
    for (targets, w) in batch.targets.chunks_exact(OUTPUTS).zip(batch.weights.chunks_exact(OUTPUTS)) {
        for i in 0..OUTPUTS {
            sums[i] += f64::from(w[i] * targets[i]);
            weights[i] += f64::from(w[i]);
        }
    }
    // Harmonics that no recording has (the highest, of a high instrument) start at the floor.
    sums.iter().zip(&weights).map(|(s, w)| if *w > 0.0 { (s / w) as f32 } else { crate::output_levels::FLOOR_DB }).collect()
}

/// Losses on all `rows`: the network's, and that of its unchanging middle. Some rows at a time: what is computed of each is many times its size.
fn judge(network: &Network, rows: &Rows<'_>) -> (f32, f32) {
    let (weighting, mut batch) = (Weighting::new(), Batch::default());
    let (mut total, mut sums) = (0.0, [0.0; 2]);
    for from in (0..rows.len()).step_by(BATCH_ROWS) {
        let to = rows.len().min(from + BATCH_ROWS);
        batch.take((from..to).map(|number| rows.row(number)), &weighting, 0.0);
        let unchanging: Vec<f32> = batch.heard.iter().flat_map(|_| network.output_middle.iter().copied()).collect();
        let weight: f64 = batch.weights.iter().map(|weight| f64::from(*weight)).sum();
        total += weight;
        for (sum, answers) in sums.iter_mut().zip([network.answers(&batch.inputs), unchanging]) {
            *sum += weight * f64::from(loss_of(&answers, &batch));
        }
    }
    let [answered, unchanging] = sums.map(|sum| (sum / total) as f32);
    (answered, unchanging)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{STEPS, learned, note, phrase};

    fn options() -> TrainOptions {
        TrainOptions { steps: 60, ..TrainOptions::new("test", "Test") }
    }

    #[test]
    fn an_instrument_is_learned_and_plays() {
        let (trained, progress) = (&learned().trained, &learned().progress);
        assert_eq!((trained.rounds.len(), progress.len()), (6, 7 * STEPS));
        for (n, p) in progress.iter().enumerate() {
            assert!(p.step == n + 1 && p.total == progress.len() && p.loss.is_finite(), "{p:?}");
        }
        for twin in &trained.rounds {
            assert!(twin.test_loss < 0.6 * twin.mean_spectrum_loss, "{} {}", twin.test_loss, twin.mean_spectrum_loss);
        }
        let model = syrinx_judge::from_bytes(&trained.to_onnx(&trained.card)).unwrap();
        assert_eq!(model.card().harmonics, HARMONICS);
        assert!((model.card().pitch_range_hz[0] - 146.8).abs() < 1.0);
    }

    /// What recordings cannot hold is neither learnt as silence nor scored, and the card says so.
    #[test]
    fn recordings_of_a_low_rate_do_not_teach_silence_above_it() {
        let limit_hz = 7_520.0;
        let at = |cut: bool| {
            let mut takes: Vec<Take> = (50..66).step_by(3).map(|n| note(n, "one", 250)).collect();
            if cut {
                takes.iter_mut().for_each(|t| t.band_limit_hz = limit_hz);
            }
            takes
        };
        let trained = train(&at(true), &options(), &mut |_| ()).unwrap();
        assert!(trained.card.caveats.iter().any(|c| c.contains("7.5 kHz")), "{:?}", trained.card.caveats);
        assert_eq!(trained.card.training["band_limit_hz"], "7520");
        let whole = train(&at(false), &TrainOptions { steps: 1, ..options() }, &mut |_| ()).unwrap();
        assert!(whole.card.caveats == [STILL] && !whole.card.training.contains_key("band_limit_hz"));
        // Garbage up there changes nothing that is judged.
        let mut garbage = at(true);
        for target in garbage.iter_mut().flat_map(|t| &mut t.frames).map(|f| &mut f.target) {
            for (k, db) in target.harmonics_db.iter_mut().enumerate() {
                if target.f0_hz * (k + 1) as f32 > limit_hz * 1.2 {
                    *db = target.loudness_db - 60.0;
                }
            }
        }
        let other = train(&garbage, &options(), &mut |_| ()).unwrap();
        for (other, twin) in other.rounds.iter().zip(&trained.rounds) {
            assert!((other.test_loss - twin.test_loss).abs() < 0.1 * twin.test_loss, "{} {}", other.test_loss, twin.test_loss);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
        let mut takes: Vec<Take> = (55..61).map(|n| note(n, "one", 80)).collect();
        takes.push(phrase(3000));
        let bytes = |seed| {
            let trained = train(&takes, &TrainOptions { seed, steps: 5, ..options() }, &mut |_| ()).unwrap();
            trained.to_onnx(&trained.card)
        };
        let first = bytes(7);
        assert!(first == bytes(7));
        assert!(first != bytes(8));
    }

    #[test]
    fn where_there_are_second_takes_a_twin_knows_the_first_ones() {
        let takes: Vec<Take> = (55..61).flat_map(|n| [note(n, "one", 80), note(n, "one", 80)]).collect();
        let options = TrainOptions { steps: 5, ..options() };
        let trained = train(&takes, &options, &mut |_| ()).unwrap();
        let (pairs, twin) = trained.second_takes.unwrap();
        assert_eq!(pairs.len(), 6);
        let held: Vec<usize> = twin.split.of(Part::Test).map(|s| s.take).collect();
        assert_eq!(held, [1, 3, 5, 7, 9, 11]);
        let single: Vec<Take> = (55..61).map(|n| note(n, "one", 80)).collect();
        assert!(train(&single, &options, &mut |_| ()).unwrap().second_takes.is_none());
    }

    #[test]
    fn what_cannot_be_trained_is_refused_in_one_sentence() {
        let few: Vec<Take> = (60..63).map(|n| note(n, "one", 80)).collect();
        assert!(matches!(train(&few, &options(), &mut |_| ()), Err(TrainError::TooLittle { notes: 3, .. })));
        let takes: Vec<Take> = (60..68).map(|n| note(n, "one", 80)).collect();
        for weight_decay in [-0.1, 101.0, f32::NAN] {
            for bad in [TrainOptions { weight_decay, ..options() }, TrainOptions { rise_decay: weight_decay, ..options() }] {
                assert!(matches!(train(&takes, &bad, &mut |_| ()), Err(TrainError::WeightDecay(_))));
            }
        }
        let bad = TrainOptions { own_harmonics: HARMONICS, ..options() };
        assert!(matches!(train(&takes, &bad, &mut |_| ()), Err(TrainError::OwnHarmonics(HARMONICS))));
        assert!(matches!(train(&takes, &TrainOptions { steps: 0, ..options() }, &mut |_| ()), Err(TrainError::NoSteps)));
        for (id, name) in [("Not An Id", "Test"), ("", "Test"), ("test", " "), ("test", "")] {
            assert!(matches!(TrainOptions::new(id, name).check(), Err(TrainError::BadCard(_))), "{id:?}, {name:?}");
        }
        let mut mute = takes;
        mute.iter_mut().flat_map(|t| &mut t.frames).for_each(|f| f.target.f0_hz = 0.0);
        assert!(matches!(train(&mute, &options(), &mut |_| ()), Err(TrainError::NoPitch(_))));
    }

    #[test]
    fn names_become_identifiers() {
        for (name, id) in [
            ("My violin", "my-violin"),
            ("  Größe Nº 3! ", "gr-e-n-3"),
            ("漢字", "my-instrument"),
            ("a--b", "a-b"),
            ("", "my-instrument"),
        ] {
            assert_eq!(id_of(name), id, "{name:?}");
        }
        assert!(id_of(&"x".repeat(500)).len() <= LONGEST_ID);
    }

    #[test]
    fn the_instrument_is_the_same_without_its_twins() {
        let takes: Vec<Take> = (50..66).step_by(2).map(|n| note(n, "one", 100)).collect();
        let options = TrainOptions { steps: 5, ..options() };
        let with = train(&takes, &options, &mut |_| ()).unwrap();
        let mut steps = 0;
        let one = Workers::at_most(std::num::NonZeroUsize::MIN);
        let alone = train_on(&one, &takes, &options, Twins::None, None, &mut |_| steps += 1).unwrap();
        assert_eq!((steps, alone.rounds.len()), (5, 0));
        assert!(alone.to_onnx(&with.card) == with.to_onnx(&with.card));
    }

    #[test]
    fn a_training_that_is_cancelled_ends_within_a_step() {
        let takes: Vec<Take> = (50..66).step_by(2).map(|n| note(n, "one", 100)).collect();
        let workers = Workers::at_most(std::num::NonZeroUsize::MIN);
        let mut steps = 0;
        let trained = train_on(&workers, &takes, &options(), Twins::All, None, &mut |progress| {
            steps = progress.step;
            if steps == 3 {
                workers.cancel();
            }
        });
        assert!(matches!(trained, Err(TrainError::Cancelled(_))));
        assert_eq!(steps, 3);
    }
}
