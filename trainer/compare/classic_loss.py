"""Classic DDSP training beside Syrinx's own: the same network, learnt through sound.

`syrinx train` teaches its network frame by frame, on harmonics and noise measured in the recordings. The classic way (Engel et al. 2020,
"DDSP: Differentiable Digital Signal Processing") renders what the network answers and compares spectrograms at several scales. This
script does that with everything else equal: the graph of a Syrinx model file (its hearing, two hidden layers, 100 harmonics, 32 noise
bands), the decoder's voicing gate and loudness lock, the engine's glides, harmonics and minimum-phase noise at 48 kHz, the features of the
live tracker and the same recordings, less those of the pitches held out. The result is the same model file with other weights, for
`syrinx evaluate`.

Needs Python 3.11, torch, numpy, scipy, soundfile, onnx, and a built `syrinx` (for its tracker). One thread; time is CPU time.

    # the model to compare with and to start from: trained frame by frame, without the pitches held out
    syrinx train $(python classic_loss.py files RECORDINGS --part training) --id alto-sax --name "Alto saxophone" --no-envelope -o MODEL.onnx
    # does the differentiable synth say what the engine says? (compare with `syrinx evaluate MODEL FILES`)
    python classic_loss.py check RECORDINGS MODEL.onnx --syrinx target/release/syrinx
    # from random weights, for an hour of CPU; writes OUT-10.onnx, OUT-20.onnx ... (minutes) and OUT-best.onnx (least validation loss)
    python classic_loss.py train RECORDINGS MODEL.onnx -o OUT --start scratch --seconds 3600 --average 0.998
    # from the model's own weights
    python classic_loss.py train RECORDINGS MODEL.onnx -o OUT --start model --seconds 1200 --rate 3e-4 --average 0.998
    # which files are whose (then: syrinx evaluate OUT-best.onnx $(python classic_loss.py files RECORDINGS))
    python classic_loss.py files RECORDINGS --part validation
"""

import argparse
import copy
import csv
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import scipy.fft
import scipy.signal
import soundfile
import torch
from onnx import numpy_helper

RATE = 48_000
HOP = 192
# A frame describes the sound this many samples before its end: half the live loudness window of 6.25 ms.
DELAY = 150
HARMONICS = 100
BANDS = 32
HIGHEST_HARMONIC_HZ = 21_000.0
LIMIT_HZ = 22_000.0
LN_DB = math.log(10) / 20
# Silence put before and after every recording, frames, so that attacks and ends are trained on as well.
BEFORE, AFTER = 48, 48
# Frames rendered before what is compared, so that the noise of earlier frames rings in.
RUN_UP = 6
SCALES = [4096, 2048, 1024, 512, 256, 128]
OUTPUT_UNIT = 10.0
UNPITCHED_GAIN = 0.5
# Which of the network's inputs is the loudness, in units of 20 dB.
LOUDNESS_INPUT = 2


# ---- Recordings ------------------------------------------------------------------------------------------------------------------------


def a_weighting_power(hz):
    f2 = np.asarray(hz, np.float64) ** 2
    f1, f3, f4, f5 = 20.598997**2, 107.65265**2, 737.86223**2, 12194.217**2
    ra = f5 * f2 * f2 / ((f2 + f1) * np.sqrt((f2 + f3) * (f2 + f4)) * (f2 + f5))
    return ra * ra / 0.63100739


def read_48k(path, semitones=0.0):
    """Mono at 48 kHz, played faster or slower by some semitones."""
    samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    samples = samples.mean(axis=1)
    if rate == RATE and semitones == 0.0:
        return samples.astype(np.float32)
    # Through one long FFT, with silence so that the ends do not meet; exact in ratio unless it is shifted anyway.
    common = math.gcd(rate, RATE)
    units = scipy.fft.next_fast_len(-(-len(samples) // (rate // common)) + 20)
    padded = np.zeros(units * (rate // common))
    padded[: len(samples)] = samples
    length = units * (RATE // common)
    if semitones != 0.0:
        length = scipy.fft.next_fast_len(round(length * 2 ** (-semitones / 12)))
    out = scipy.signal.resample(padded, length)
    return out[: math.ceil(len(samples) * length / len(padded))].astype(np.float32)


def track(syrinx, samples, folder):
    wav, out = os.path.join(folder, "in.wav"), os.path.join(folder, "out.csv")
    soundfile.write(wav, samples, RATE, subtype="FLOAT")
    subprocess.run([syrinx, "track", wav, "-o", out], check=True, stderr=subprocess.DEVNULL)
    with open(out) as file:
        rows = list(csv.DictReader(file))
    return tuple(np.array([float(r[c]) for r in rows]) for c in ("f0_hz", "confidence", "loudness_db"))


def note_of(f0, confidence, loudness):
    """The MIDI note of a recording of one."""
    voiced = (confidence >= 0.5) & (loudness > loudness.max() - 30)
    hz = np.median(f0[voiced]) if voiced.any() else 0.0
    return round(69 + 12 * math.log2(hz / 440)) if hz > 0 else None


def part_of(args, note):
    return "test" if note in args.test else "validation" if note in args.validation else "training"


def recordings(args):
    return sorted(p for p in Path(args.recordings).iterdir() if p.suffix.lower() in (".wav", ".flac", ".ogg", ".mp3"))


class Take:
    """One recording with what the decoder derives from the tracker's features, frame by frame: all that does not depend on weights."""

    def __init__(self, path, syrinx, model, folder, semitones=0.0):
        self.path, self.name = path, Path(path).name
        samples = read_48k(path, semitones)
        # A recording at 44.1 kHz that is played slower ends lower.
        self.limit_hz = LIMIT_HZ * min(1.0, 2 ** (semitones / 12))
        f0, confidence, loudness = track(syrinx, samples, folder)
        card, w = model.card, model.constants
        low, high = card["pitch_range_hz"]
        soft, loud = card["loudness_range_db"]

        # Pitch is held where it is only guessed (HeldPitch), and before the first.
        last, held = math.sqrt(low * high), []
        for hz, sure in zip(f0, confidence):
            if sure >= 0.05 and hz > 0:
                last = hz
            held.append(last)
        pad = lambda x, before, after: np.concatenate([np.full(BEFORE, before), x, np.full(AFTER, after)])
        f0 = pad(np.array(held), held[0], held[-1])
        confidence, loudness = pad(confidence, 0.0, 0.0), pad(loudness, -120.0, -120.0)
        self.frames = len(f0)

        self.note = note_of(f0, confidence, loudness)

        # What the network hears: clamps, memory and map of the model file.
        heard_f0 = np.clip(f0, low / 1.122462, high * 1.122462)
        heard_db = np.where(loudness < soft, loudness, np.minimum(loudness, loud + 3.0))
        features = np.clip(np.stack([heard_f0, confidence, heard_db], 1), w["feature_low"], w["feature_high"])
        features[:, 0] = np.log(features[:, 0])
        state, rows = np.zeros(len(w["state_offset"])), []
        for x in features:
            both = np.concatenate([state, x])
            rows.append(both @ w["to_input"] + w["input_offset"])
            state = both @ w["to_state"] + w["state_offset"]
        heard = np.clip(np.array(rows), w["input_low"], w["input_high"])
        self.inputs = torch.tensor(heard[:, :-1], dtype=torch.float32)
        self.gate_db = torch.tensor(heard[:, -1:], dtype=torch.float32)

        # Outside the network: voicing, what sounds, the loudness asked for.
        t = np.clip((confidence - 0.35) / 0.25, 0, 1)
        voicing = t * t * (3 - 2 * t)
        hz = f0[:, None] * np.arange(1, HARMONICS + 1)
        sounds = (hz <= HIGHEST_HARMONIC_HZ) & (voicing > 0)[:, None] & (loudness > -96)[:, None]
        # What has no pitch is softer by half.
        fade = np.clip((loudness + 96) / 12, 0, 1) * (voicing + (1 - voicing) * UNPITCHED_GAIN)
        tensor = lambda x: torch.tensor(x, dtype=torch.float32)
        self.voicing = tensor(sounds * voicing[:, None])
        self.weights = tensor(a_weighting_power(hz) * sounds)
        self.loudness = tensor(loudness)[:, None]
        self.fade = tensor(fade)[:, None]

        # The fundamental's phase at every sample, in cycles: f0 glides, starts where a note starts and stays where it ends.
        on = sounds.any(axis=1)
        phase, at, now = np.zeros((self.frames, HOP)), 0.0, f0[0] / RATE
        m = np.arange(1, HOP + 1)
        for n in range(1, self.frames):
            before = now if on[n - 1] else f0[n] / RATE
            now = f0[n] / RATE if on[n] else before
            cycles = at + m * (before + (now - before) / HOP * 0.5 * (m + 1))
            phase[n] = cycles - np.round(cycles)
            at = phase[n, -1]
        self.phase = tensor(phase)
        # Harmonics to compute at each frame.
        self.counts = np.maximum(sounds.sum(axis=1), np.concatenate([[0], sounds.sum(axis=1)[:-1]]))

        # Segment n of the sound lies between the controls n - 1 and n.
        sound = np.zeros(self.frames * HOP, np.float32)
        shift = BEFORE * HOP + DELAY
        fits = min(len(samples), len(sound) - shift)
        sound[shift : shift + fits] = samples[:fits]
        self.samples, self.shift, self.length = samples, shift, fits
        self.sound = torch.from_numpy(sound)
        # The floor of the log spectra: 80 dB under the loudest bin.
        self.floors = {n: 1e-4 * float(power_spectrum(self.sound[None], n).max()) ** 0.5 for n in SCALES}
        self.seconds = len(samples) / RATE


def load(args, model, shifts=()):
    """All recordings by what they are for; those for training also as they sound when played faster or slower."""
    parts = {"training": [], "validation": [], "test": []}
    with tempfile.TemporaryDirectory() as folder:
        for path in recordings(args):
            take = Take(path, args.syrinx, model, folder)
            part = part_of(args, take.note)
            parts[part].append(take)
            if part == "training":
                shifted = (Take(path, args.syrinx, model, folder, semitones) for semitones in shifts)
                parts[part] += [t for t in shifted if t.note is not None]
    return parts


# ---- The model file --------------------------------------------------------------------------------------------------------------------


class ModelFile:
    def __init__(self, path):
        self.proto = onnx.load(path)
        self.constants = {t.name: numpy_helper.to_array(t).copy() for t in self.proto.graph.initializer}
        if "w_envelope" in self.constants:
            sys.exit(f"{path} answers a spectral envelope, which this script does not know: train it with --no-envelope")
        self.card = json.loads(next(p.value for p in self.proto.metadata_props if p.key == "syrinx.card"))

    def save(self, path, net):
        proto = copy.deepcopy(self.proto)
        weights = net.exported()
        for tensor in proto.graph.initializer:
            if tensor.name in weights:
                array = weights[tensor.name].astype(np.float32)
                assert array.shape == tuple(tensor.dims), tensor.name
                tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
        onnx.save(proto, path)


class Net(torch.nn.Module):
    """The trained part of the graph. The last layer answers in units of 10 dB around `middle`, as in the Rust trainer."""

    NAMES = ["w1", "b1", "scale1", "shift1", "w2", "b2", "scale2", "shift2"]

    def __init__(self, constants, start):
        super().__init__()
        c = {k: torch.tensor(np.array(v, np.float32)) for k, v in constants.items() if v.dtype == np.float32}
        self.inputs, self.width = c["w1"].shape[0] - 1, c["w1"].shape[1]
        c["w1"] = c["w1"][: self.inputs]
        c["w3"] = torch.cat([c["w_harmonics"], c["w_noise"]], 1) / OUTPUT_UNIT
        middle = torch.cat([c["b_harmonics"], c["b_noise"]])
        c["b3"] = torch.zeros_like(middle)
        if start == "scratch":
            for n, size in (("1", self.inputs), ("2", self.width), ("3", self.width)):
                bound = size**-0.5
                c["w" + n].uniform_(-bound, bound)
                c["b" + n].uniform_(-bound, bound)
            for n in "12":
                c["scale" + n].fill_(1.0)
                c["shift" + n].fill_(0.0)
            # Nothing measured is known: a plain falling spectrum and soft noise to start from.
            k = torch.arange(1, HARMONICS + 1).float()
            middle = torch.cat([-40 * torch.log10(k), torch.full((BANDS,), -50.0)]).clamp_min(-70.0)
        self.middle = middle
        for name in self.NAMES + ["w3", "b3"]:
            setattr(self, name, torch.nn.Parameter(c[name].clone()))

    def forward(self, x):
        for n in "12":
            w, b, scale, shift = (getattr(self, k + n) for k in ("w", "b", "scale", "shift"))
            x = torch.nn.functional.layer_norm(x @ w + b, (self.width,), scale, shift, 1e-5)
            x = torch.nn.functional.leaky_relu(x, 0.01)
        answer = (x @ self.w3 + self.b3) * OUTPUT_UNIT + self.middle
        return answer[..., :HARMONICS], answer[..., HARMONICS:]

    def exported(self):
        w = {name: getattr(self, name).detach().numpy() for name in self.NAMES + ["w3", "b3"]}
        w3, b3 = w.pop("w3") * OUTPUT_UNIT, w.pop("b3") * OUTPUT_UNIT + self.middle.numpy()
        w["w1"] = np.concatenate([w["w1"], np.zeros((1, self.width), np.float32)])
        for name, columns in (("harmonics", slice(HARMONICS)), ("noise", slice(HARMONICS, None))):
            w["w_" + name], w["b_" + name] = w3[:, columns], b3[columns]
        return w


# ---- The synth, differentiable ---------------------------------------------------------------------------------------------------------


class Noise:
    """The engine's filtered noise: minimum-phase filters, linear in the bands' log levels, cross-faded over each segment."""

    FFT, TAPS, DAMPING, OVERSAMPLING = 1024, 1024 + 1 - HOP, 0.01, 4

    def __init__(self, edges):
        edges = np.array(edges, np.float64)
        erb = lambda hz: 21.4 * np.log10(1 + 0.00437 * hz)
        hz_of = lambda number: (10 ** (number / 21.4) - 1) / 0.00437
        centres = 0.5 * (erb(edges[:-1]) + erb(edges[1:]))
        width = np.diff(edges)
        self.a_weights = torch.tensor(a_weighting_power(0.5 * (edges[:-1] + edges[1:])), dtype=torch.float32)
        sos = scipy.signal.butter(2, max(0.6 * edges[0], 8.0), "highpass", fs=RATE, output="sos")
        points = edges[:-1, None] + width[:, None] * (np.arange(64) + 0.5) / 64
        passed = np.abs(scipy.signal.sosfreqz(sos, points.ravel(), fs=RATE)[1]) ** 2
        passed = passed.reshape(points.shape).mean(axis=1)
        tensor = lambda x: torch.tensor(x, dtype=torch.float32)
        self.unit = tensor(0.5 * np.log(0.5 * RATE / (width * passed)))
        self.lower_share = tensor((hz_of(centres) - edges[:-1]) / width)
        self.meeting = tensor((erb(edges[1:-1]) - centres[:-1]) / np.diff(centres))
        steepest = np.minimum(15.0 * np.diff(hz_of(centres)) / (RATE / self.TAPS), 30.0) * LN_DB
        along = np.concatenate([[0], np.cumsum(steepest)])
        self.falls = tensor(np.abs(along[:, None] - along[None, :]))

        fine = self.FFT * self.OVERSAMPLING
        hz = np.arange(fine // 2 + 1) * RATE / fine
        rows = [-np.minimum(120.0 * np.log2(np.maximum(hz / edges[-1], 1.0)), 100.0) * LN_DB]
        rows += [np.interp(erb(hz), centres, np.eye(BANDS)[b]) for b in range(BANDS)]
        cepstra = np.fft.irfft(np.array(rows), fine, axis=1)
        n = np.arange(fine)
        cepstra *= np.where(n == 0, 1.0, np.where(n < fine // 2, 2.0, 0.0)) * self.DAMPING ** (n / self.FFT)
        curves = np.fft.rfft(cepstra, axis=1)[:, :: self.OVERSAMPLING]
        curves[:, [0, -1]] = curves[:, [0, -1]].real
        self.base = [tensor(curves[0].real), tensor(curves[0].imag)]
        self.curves = [tensor(curves[1:].real), tensor(curves[1:].imag)]
        taps = np.arange(self.TAPS)
        into = np.maximum(taps + self.TAPS // 4 - self.TAPS, 0) / (self.TAPS // 4)
        self.window = tensor(self.DAMPING ** (-taps / self.FFT) * (0.5 + 0.5 * np.cos(np.pi * into)))

        white = np.random.default_rng(1).uniform(-math.sqrt(3), math.sqrt(3), RATE * 60)
        self.white = tensor(scipy.signal.sosfilt(sos, white))
        self.ramp = torch.arange(1, HOP + 1).float() / HOP

    def held(self, asked):
        """Levels at the centres that give each band the power asked for, slopes included."""

        def mean(to):
            small = to.abs() < 1e-3
            safe = torch.where(small, torch.ones_like(to), to)
            return torch.where(small, 1 + to, torch.expm1(2 * safe) / (2 * safe))

        level, zero = asked, torch.zeros_like(asked[..., :1])
        for _ in range(2):
            rise = level[..., 1:] - level[..., :-1]
            above = torch.cat([rise * self.meeting, zero], -1)
            below = torch.cat([zero, -rise * (1 - self.meeting)], -1)
            power = self.lower_share * mean(below) + (1 - self.lower_share) * mean(above)
            level = asked - (0.5 * power.log()).clamp(-0.69, 0.69)
        return level

    def render(self, ln_rms, start):
        """`ln_rms` is [batch, frames + 1, bands]; frames * HOP samples of noise from `start` (one a batch item) of the white noise."""
        floor = math.log(1e-7)
        sounds = (ln_rms > floor).any(-1, keepdim=True)
        level = ln_rms.clamp(floor, math.log(64.0)) + self.unit
        level = (level[..., None, :] - self.falls).amax(-1)
        level = self.held(level)
        spectrum = torch.polar((level @ self.curves[0] + self.base[0]).exp(), level @ self.curves[1] + self.base[1])
        response = torch.fft.irfft(spectrum, self.FFT)[..., : self.TAPS] * (self.window * sounds)
        filters = torch.fft.rfft(response, self.FFT)
        frames = ln_rms.shape[1] - 1
        x = torch.stack([self.white[s : s + frames * HOP] for s in start]).view(len(start), frames, HOP)
        before, now = torch.fft.rfft(x * (1 - self.ramp), self.FFT), torch.fft.rfft(x * self.ramp, self.FFT)
        y = torch.fft.irfft(before * filters[:, :-1] + now * filters[:, 1:], self.FFT)
        y = torch.nn.functional.pad(y, (0, -self.FFT % HOP)).view(len(start), frames, -1, HOP)
        out = y[:, :, 0]
        for n in range(1, y.shape[2]):
            out = out + torch.nn.functional.pad(y[:, :-n, n], (0, 0, n, 0))
        return out.flatten(1)


def harmonics(amplitudes, phase, count):
    """`amplitudes` [frames + 1, HARMONICS] at the ends of segments whose phases are `phase` [frames, HOP]."""
    frames = phase.shape[0]
    if count == 0:
        return torch.zeros(frames * HOP)
    k = torch.arange(1, count + 1).float()
    cycles = phase[:, None, :] * k[:, None]
    basis = torch.sin((cycles - cycles.round()).mul_(2 * math.pi))
    a = amplitudes[:, :count]
    both = torch.stack([a[:-1], a[1:] - a[:-1]], 1)
    from_, change = torch.bmm(both, basis).unbind(1)
    return (from_ + change * (torch.arange(1, HOP + 1) / HOP)).flatten()


class Synth:
    def __init__(self, card):
        self.noise = Noise(card["noise_edges_hz"])

    def render(self, net, takes, starts, frames, noise_starts, misheard_db=None):
        """Segments `start + 1 ..= start + frames` of each take; [batch, frames * HOP]. `misheard_db`: how wrong the network hears the
        loudness (the lock has it right)."""
        cut = lambda name: torch.stack([getattr(t, name)[s : s + frames + 1] for t, s in zip(takes, starts)])
        inputs = cut("inputs")
        if misheard_db is not None:
            loudness = torch.zeros(inputs.shape[-1])
            loudness[LOUDNESS_INPUT] = 1 / 20
            inputs = inputs + torch.tensor(misheard_db, dtype=torch.float32)[:, None, None] * loudness
        harmonics_db, noise_db = net(inputs)
        harmonics_db = (harmonics_db + cut("gate_db")).clamp(-200, 100)
        noise_db = noise_db.clamp(-200, 100)
        voicing, weights, loudness, fade = cut("voicing"), cut("weights"), cut("loudness"), cut("fade")
        # The loudness lock.
        power = ((2 * LN_DB * harmonics_db).exp() * voicing * voicing * weights).sum(-1, keepdim=True)
        power = power + ((2 * LN_DB * noise_db).exp() * self.noise.a_weights).sum(-1, keepdim=True)
        ln_lock = LN_DB * loudness - 0.5 * power.clamp_min(1e-38).log() + fade.clamp_min(1e-9).log()
        amplitudes = (LN_DB * harmonics_db + ln_lock + 0.5 * math.log(2)).exp() * voicing
        out = self.noise.render(LN_DB * noise_db + ln_lock, noise_starts)
        tones = []
        for n, (take, start) in enumerate(zip(takes, starts)):
            count = int(take.counts[start + 1 : start + frames + 1].max())
            tones.append(harmonics(amplitudes[n], take.phase[start + 1 : start + frames + 1], count))
        return out + torch.stack(tones)

    def whole(self, net, take):
        """The whole take, aligned with its samples."""
        with torch.no_grad():
            parts, step, over = [], 1000, RUN_UP
            for start in range(0, take.frames - 1, step):
                first = max(start - over, 0)
                frames = min(step + start - first, take.frames - 1 - first)
                parts.append(self.render(net, [take], [first], frames, [first * HOP])[0, (start - first) * HOP :])
            # Segment n + 1 comes first.
            out = torch.cat([torch.zeros(HOP)] + parts).numpy()
        return out[take.shift : take.shift + take.length]


# ---- Loss and scores -------------------------------------------------------------------------------------------------------------------


WINDOWS = {}


def power_spectrum(x, n):
    window = WINDOWS.setdefault(n, torch.hann_window(n))
    spectrum = torch.view_as_real(torch.stft(x, n, n // 4, window=window, center=False, return_complex=True))
    return spectrum[:, : math.ceil(LIMIT_HZ / RATE * n)].square().sum(-1)


def spectral_loss(x, y, takes, kind):
    """Mean over scales of the distances of magnitudes and of log magnitudes."""
    loss = 0.0
    for scale in SCALES:
        a = power_spectrum(x, scale)
        b = power_spectrum(y, scale)
        # Above a recording's own band nothing is compared.
        ends = torch.tensor([math.ceil(t.limit_hz / RATE * scale) for t in takes])
        inside = torch.arange(a.shape[1]) < ends[:, None]
        inside = (inside / inside.float().mean())[:, :, None]
        if kind == "ddsp":
            # As published: |difference| of magnitudes as they are, and of their logarithms over a fixed tiny floor.
            a, b = (a + 1e-12).sqrt(), (b + 1e-12).sqrt()
            loss = loss + ((a - b).abs() * inside).mean() + (((a + 1e-5).log() - (b + 1e-5).log()).abs() * inside).mean()
        else:
            # The same two terms; magnitudes relative to their mean, logarithms over a floor 80 dB under the recording's loudest bin.
            floor = torch.tensor([t.floors[scale] for t in takes])[:, None, None] ** 2
            log = 0.5 * (((a + floor).log() - (b + floor).log()).abs() * inside).mean()
            loss = loss + log
            if kind == "both":
                a, b = (a + floor * 1e-4).sqrt(), (b + floor * 1e-4).sqrt()
                loss = loss + (((a - b).abs() * inside).mean((1, 2)) / a.mean((1, 2))).mean()
    return loss / len(SCALES)


def stft_power(x, n):
    hop = n // 4
    frames = -(-max(len(x) - n, 0) // hop) + 1
    padded = np.zeros((frames - 1) * hop + n)
    padded[: min(len(x), len(padded))] = x[: len(padded)]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    pieces = np.lib.stride_tricks.sliding_window_view(padded, n)[::hop] * window
    return np.abs(np.fft.rfft(pieces, axis=1))[:, : math.ceil(LIMIT_HZ / RATE * n)] ** 2


def lsd(x, y, n):
    """Frame by frame, as `syrinx evaluate` counts it."""
    a, b = stft_power(x, n), stft_power(y, n)
    floor = 1e-8 * a.max()
    level = a.sum(axis=1)
    loud = level >= 1e-5 * level.max()
    return np.abs(10 * np.log10(np.maximum(a, floor) / np.maximum(b, floor)))[loud].mean(axis=1)


def scores(synth, net, takes):
    rows = []
    for take in takes:
        out = synth.whole(net, take)
        x, y = np.zeros(len(take.samples)), np.zeros(len(take.samples))
        x[:], y[: len(out)] = take.samples, out
        by_scale = {n: lsd(x, y, n) for n in SCALES if n >= 256}
        rows.append((take.seconds, np.mean([d.mean() for d in by_scale.values()]), by_scale[512][: round(0.06 * RATE / 128)].mean()))
    rows = np.array(rows)
    return (rows[:, 0] * rows[:, 1]).sum() / rows[:, 0].sum(), rows[:, 2].mean()


def validation_loss(synth, net, takes, kind):
    total = 0.0
    for take in takes:
        out = torch.zeros_like(take.sound)
        whole = torch.from_numpy(synth.whole(net, take))
        out[take.shift : take.shift + len(whole)] = whole
        with torch.no_grad():
            total += float(spectral_loss(take.sound[None], out[None], [take], kind)) * take.seconds
    return total / sum(t.seconds for t in takes)


# ---- Commands --------------------------------------------------------------------------------------------------------------------------


def check(args):
    model = ModelFile(args.model)
    parts, net, synth = load(args, model), Net(model.constants, "model"), Synth(model.card)
    for part, takes in parts.items():
        if part != "training":
            print(part, "lsd %.2f attack %.2f" % scores(synth, net, takes), [(t.name, t.note) for t in takes])


def files(args):
    with tempfile.TemporaryDirectory() as folder:
        for path in recordings(args):
            if part_of(args, note_of(*track(args.syrinx, read_48k(path), folder))) == args.part:
                print(path)


def train(args):
    torch.manual_seed(args.seed)
    random = np.random.default_rng(args.seed)
    model = ModelFile(args.model)
    shifts = np.linspace(-2.5, 2.5, args.shifts) if args.shifts else []
    parts, net, synth = load(args, model, shifts), Net(model.constants, args.start), Synth(model.card)
    takes = parts["training"]
    print(f"{len(takes)} recordings, {sum(t.seconds for t in takes):.1f} s, notes {sorted({t.note for t in takes})}")
    seconds = np.array([t.seconds for t in takes])
    of_note = {n: sum(t.note == n for t in takes) for n in {t.note for t in takes}}
    balanced = np.array([1 / of_note[t.note] for t in takes])
    chances = 0.5 * seconds / seconds.sum() + 0.5 * balanced / balanced.sum()
    optimiser = torch.optim.AdamW(net.parameters(), lr=args.rate, betas=(0.9, 0.98), weight_decay=args.decay)
    average, best = copy.deepcopy(net), math.inf
    frames = args.frames + RUN_UP
    spent, step, losses, marks, next_look = 0.0, 0, [], list(args.mark), 0.0
    begun = time.time()
    while True:
        done = spent >= args.seconds or time.time() - begun >= args.wall
        if spent >= next_look or done:
            loss = validation_loss(synth, average, parts["validation"], args.loss)
            line = "%6.0f CPU-s %6.0f s step %5d loss %.4f validation %.4f lsd %.3f attack %.3f" % (
                (spent, time.time() - begun, step, np.mean(losses[-100:]) if losses else math.nan, loss)
                + scores(synth, average, parts["validation"])
            )
            if loss < best:
                best, line = loss, line + " *"
                model.save(f"{args.output}-best.onnx", average)
            print(line, flush=True)
            next_look = spent + args.look
            while marks and spent >= marks[0] * 60:
                model.save(f"{args.output}-{marks.pop(0):g}.onnx", average)
            if done:
                model.save(f"{args.output}-last.onnx", average)
                break
        start_time = time.process_time()
        along = min(1.0, max(spent / args.seconds, (time.time() - begun) / args.wall))
        rate = args.rate * min(1.0, (step + 1) / 30) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * along)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        chosen = [takes[i] for i in random.choice(len(takes), args.batch, p=chances)]
        starts = [int(random.integers(0, max(t.frames - frames - 1, 0) + 1)) for t in chosen]
        length = min([frames] + [t.frames - 1 - s for t, s in zip(chosen, starts)])
        noise = [int(random.integers(0, len(synth.noise.white) - length * HOP)) for _ in chosen]
        misheard = random.uniform(-args.jitter, args.jitter, args.batch) * (random.random(args.batch) < 0.5)
        rendered = synth.render(net, chosen, starts, length, noise, misheard)[:, RUN_UP * HOP :]
        wanted = torch.stack([t.sound[(s + 1 + RUN_UP) * HOP : (s + 1 + length) * HOP] for t, s in zip(chosen, starts)])
        loss = spectral_loss(wanted, rendered, chosen, args.loss)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        step += 1
        keeps = min(args.average, step / (step + 10))
        with torch.no_grad():
            for a, w in zip(average.parameters(), net.parameters()):
                a.lerp_(w, 1 - keeps)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            sys.exit("the loss is not a number")
        spent += time.process_time() - start_time


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(required=True)
    for name, function in (("check", check), ("files", files), ("train", train)):
        command = commands.add_parser(name)
        command.set_defaults(function=function)
        command.add_argument("recordings", help="folder of recordings")
        if name != "files":
            command.add_argument("model", help="model file trained by `syrinx train` on those for training")
        notes = dict(type=int, nargs="*", metavar="NOTE")
        command.add_argument("--test", default=[51, 62, 71], help="MIDI notes to hold out (default: of the alto saxophone)", **notes)
        command.add_argument("--validation", default=[57, 66, 78], help="MIDI notes to choose by (default: as well)", **notes)
        command.add_argument("--syrinx", default="syrinx", help="the syrinx command")
        if name == "files":
            command.add_argument("--part", choices=["training", "validation", "test"], default="test")
        if name == "train":
            command.add_argument("-o", "--output", required=True, help="beginning of the names of the files to write")
            command.add_argument("--start", choices=["scratch", "model"], default="scratch")
            command.add_argument("--seconds", type=float, default=3600.0, help="CPU seconds of training, validation not counted")
            command.add_argument("--rate", type=float, default=3e-3, help="highest learning rate")
            command.add_argument("--loss", choices=["ddsp", "both", "log"], default="both")
            command.add_argument("--batch", type=int, default=4)
            command.add_argument("--frames", type=int, default=250, help="frames of 4 ms of each sequence")
            command.add_argument("--decay", type=float, default=0.02)
            command.add_argument("--average", type=float, default=0.99)
            command.add_argument("--look", type=float, default=120.0, help="CPU seconds between looks at the validation notes")
            command.add_argument("--mark", type=float, nargs="*", default=[10, 20, 40], help="CPU minutes to save after")
            command.add_argument("--shifts", type=int, default=6, help="versions played 2.5 semitones slower to faster; 0: none")
            command.add_argument("--jitter", type=float, default=2.0, help="dB by which loudness is misheard at most")
            command.add_argument("--wall", type=float, default=math.inf, help="seconds by the clock after which training ends anyway")
            command.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.function(args)


if __name__ == "__main__":
    main()
