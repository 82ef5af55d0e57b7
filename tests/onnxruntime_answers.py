"""Runs a model in onnxruntime: reads {"model": path, "features": [[f0, confidence, loudness], ...]} from standard input, feeds the
rows in order with the state going round, and writes [[harmonics_db..., noise_db...], ...] to standard output."""
import json
import sys

import numpy as np
import onnxruntime

job = json.load(sys.stdin)
session = onnxruntime.InferenceSession(job["model"], providers=["CPUExecutionProvider"])
width = next(i.shape[1] for i in session.get_inputs() if i.name == "state")
state = np.zeros((1, width), np.float32)
rows = []
for features in job["features"]:
    feed = {"features": np.array([features], np.float32), "state": state}
    harmonics, noise, state = session.run(["harmonics_db", "noise_db", "next_state"], feed)
    rows.append([float(x) for x in np.concatenate([harmonics[0], noise[0]])])
json.dump(rows, sys.stdout)
