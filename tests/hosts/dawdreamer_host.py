"""Hosts a VST3 plugin in DawDreamer; `steps.py` says how it is told what to do."""

import dawdreamer
import numpy

from steps import follow, read


class Host:
    def __init__(self):
        self.instances = {}

    def plugin(self, step):
        return self.instances[step["id"]][1]

    def number(self, step, name):
        return next(p["index"] for p in self.plugin(step).get_parameters_description() if p["name"] == name)

    def load(self, step):
        # An engine has one rate and one size of block for life.
        engine = dawdreamer.RenderEngine(step["rate"], step["block"])
        self.instances[step["id"]] = engine, engine.make_plugin_processor("plugin", step["plugin"])
        return {"name": self.plugin(step).get_name()}

    def unload(self, step):
        del self.instances[step["id"]]

    def parameters(self, step):
        return [
            {"name": p["name"], "unit": p["label"].strip(), "least": p["min"], "most": p["max"], "default": p["defaultValueText"]}
            for p in self.plugin(step).get_parameters_description()
        ]

    def set(self, step):
        for name, value in step["values"].items():
            self.plugin(step).set_parameter(self.number(step, name), value)

    def render(self, step):
        return self.automate({**step, "lanes": {}})

    def automate(self, step):
        """Plays with a value for every sample, of which DawDreamer uses one a block."""
        engine, plugin = self.instances[step["id"]]
        sound = read(step)
        for name, path in step["lanes"].items():
            plugin.set_automation(self.number(step, name), numpy.fromfile(path, dtype="<f4"))
        # Key, velocity, beginning and length in seconds.
        for key, velocity, begins, lasts in step.get("notes", []):
            plugin.add_midi_note(key, velocity, begins, lasts)
        # A second for the latency, which may be another one once the first block has brought the parameters along.
        padded = numpy.pad(sound, ((0, 0), (0, step["rate"])))
        engine.load_graph([(engine.make_playback_processor("voice", padded), []), (plugin, ["voice"])])
        engine.render(padded.shape[1] / step["rate"])
        out = engine.get_audio()
        out.astype("<f4").tofile(step["output"])
        return {"latency": plugin.get_latency_samples(), "delay": plugin.get_latency_samples(), "channels": len(out)}

    def save(self, step):
        self.plugin(step).save_state(step["path"])

    def restore(self, step):
        self.plugin(step).load_state(step["path"])


follow(Host())
