"""Times the synchrophasor package on one data frame: bytes to DataFrame, CHK checked.

Usage: decode.py SECONDS CONFIG_HEX FRAME_HEX

Prints {"nanos": N}, the median over rounds of the nanoseconds per frame. Conversion to degrees and state flags, which
Tieline's figure has in it, is left out here.
"""
import json
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/interop/python"))
import shim  # noqa: E402, F401, must come before synchrophasor
from synchrophasor.frame import CommonFrame, DataFrame  # noqa: E402

seconds, config, data = float(sys.argv[1]), bytes.fromhex(sys.argv[2]), bytes.fromhex(sys.argv[3])
configuration = CommonFrame.convert2frame(config)
assert isinstance(CommonFrame.convert2frame(data, configuration), DataFrame)
rounds = []
end = time.perf_counter() + seconds
while time.perf_counter() < end or len(rounds) < 5:
    begun = time.perf_counter_ns()
    for _ in range(100):
        CommonFrame.convert2frame(data, configuration)
    rounds.append((time.perf_counter_ns() - begun) / 100)
print(json.dumps({"nanos": statistics.median(rounds)}))
