"""How the tests talk to a host: steps come as JSON on standard input, and the answer to each goes to standard output.

Sound travels in files of 32-bit floats, one channel after the other. Parameters go by their names, values from 0 to 1.
"""

import json
import sys

import numpy


def read(step):
    return numpy.fromfile(step["input"], dtype="<f4").reshape(step["channels"], -1)


def follow(host):
    json.dump([getattr(host, step["do"])(step) for step in json.load(sys.stdin)], sys.stdout)
