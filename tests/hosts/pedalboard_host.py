"""Hosts a VST3 plugin in pedalboard; `steps.py` says how it is told what to do."""

import json
import re

import numpy
import pedalboard

from steps import follow, read


class Host:
    def __init__(self):
        self.instances = {}

    def plugin(self, step):
        return self.instances[step["id"]]

    def named(self, step, name):
        return next(p for p in self.plugin(step).parameters.values() if p.name == name)

    def load(self, step):
        self.instances[step["id"]] = pedalboard.load_plugin(step["plugin"], plugin_name=step.get("name", "Syrinx"))
        return {"name": self.plugin(step).name}

    def unload(self, step):
        del self.instances[step["id"]]

    def parameters(self, step):
        def text(parameter, value):
            return parameter.get_text_for_raw_value(value).strip()

        return [
            {"name": p.name, "unit": (p.label or "").strip(), "least": text(p, 0), "most": text(p, 1), "default": text(p, p.default_raw_value)}
            for p in self.plugin(step).parameters.values()
        ]

    def set(self, step):
        for name, value in step["values"].items():
            self.named(step, name).raw_value = value

    def render(self, step):
        out = self.plugin(step).process(read(step), step["rate"], buffer_size=step["block"], reset=True)
        out.astype("<f4").tofile(step["output"])
        # Pedalboard takes the latency off itself.
        return {"latency": self.plugin(step).reported_latency_samples, "delay": 0, "channels": len(out)}

    def play(self, step):
        """Plays notes: bytes of MIDI, each at its time in seconds."""
        messages = [(bytes(data), at) for at, data in step["messages"]]
        out = self.plugin(step).process(messages, step["seconds"], step["rate"], num_channels=2, buffer_size=step["block"], reset=True)
        out.astype("<f4").tofile(step["output"])
        return {"latency": self.plugin(step).reported_latency_samples, "delay": 0, "channels": len(out)}

    def automate(self, step):
        """Plays in blocks, with a value for every block; pedalboard automates no finer."""
        plugin, sound, block = self.plugin(step), read(step), step["block"]
        lanes = {name: numpy.fromfile(path, dtype="<f4") for name, path in step["lanes"].items()}
        plugin.reset()
        # A second for the latency, which pedalboard takes off itself, from the first calls on.
        padded = numpy.pad(sound, ((0, 0), (0, step["rate"])))
        out = []
        for start in range(0, padded.shape[1], block):
            for name, lane in lanes.items():
                self.named(step, name).raw_value = float(lane[min(start, len(lane) - 1)])
            out.append(plugin.process(padded[:, start : start + block], step["rate"], buffer_size=block, reset=False))
        out = numpy.concatenate(out, axis=1)
        out.astype("<f4").tofile(step["output"])
        latency = plugin.reported_latency_samples
        return {"latency": latency, "delay": latency - (padded.shape[1] - out.shape[1]), "channels": len(out)}

    def save(self, step):
        with open(step["path"], "wb") as file:
            file.write(self.plugin(step).raw_state)

    def restore(self, step):
        with open(step["path"], "rb") as file:
            self.plugin(step).raw_state = file.read()

    def preset(self, step):
        self.plugin(step).load_preset(step["path"])

    def state(self, step):
        """What the plugin itself would save. Pedalboard asks it for values only when its event loop runs, which here never does."""
        length, text = re.search(rb"<IComponent>(\d+)\.([^<]*)<", self.plugin(step).raw_state).groups()
        # JUCE's own kind of Base64: six bits a letter, the lowest first.
        letters = b".ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+"
        bits = sum(letters.index(letter) << 6 * n for n, letter in enumerate(text))
        return json.loads(bits.to_bytes(len(text), "little")[: int(length)])


follow(Host())
