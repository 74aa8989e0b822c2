"""Publishes known values with the Python library's publisher, to check the client programs against.

Usage: sttp_publisher.py PORT SIGNALS RATE SECONDS DIRECTORY [FLAGS]

Makes one device with SIGNALS measurements and publishes RATE frames per second until SIGTERM comes, at most for
SECONDS. Prints {"listening": PORT}, then, at the end, {"sent": [[signalId, ticks, bits, flags], ...]}. DIRECTORY takes
the metadata file.

FLAGS is "none" (default); "small": state flags below 256 and values that are no numbers; or "large": the last signal
has a state flag above that, which the library's encoder refuses.
"""
import json
import os
import signal
import struct
import sys
import time

import numpy as np
from sttp.publisher import Publisher
from sttp.transport.constants import StateFlags
from sttp.transport.measurement import Measurement

port, signals, rate, seconds = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
kind = sys.argv[6] if len(sys.argv) > 6 else "none"
SPECIAL = [float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 1e-42, 3.4e38]


def flags_of(signal, index):
    if kind == "large" and signal == signals - 1:
        return 0x1000
    return 1 << signal % 8 if kind == "small" and (signal + index) % 3 == 0 else 0


running = True


def finish(*_):
    global running
    running = False


signal.signal(signal.SIGTERM, finish)
publisher = Publisher()
publisher.statusmessage_logger = lambda text: sys.stderr.write(text + "\n")
publisher.errormessage_logger = lambda text: sys.stderr.write(text + "\n")
publisher.metadata_path = os.path.join(sys.argv[5], "metadata.xml")
device = publisher.define_output_source("Check device", "CHECK")
ids = [
    publisher.define_output_measurement(device, f"CHECK-CV{i + 1}", f"Check value {i + 1}", "CALC", i + 1)
    for i in range(signals)
]
error = publisher.load_metadata()
if error is not None:
    raise error
publisher.start(port)
print(json.dumps({"listening": port}), flush=True)

sent = []
end = time.time() + seconds
while running and time.time() < end:
    slot = int(time.time() * rate) + 1
    time.sleep(max(0.0, slot / rate - time.time()))
    second, index = divmod(slot, rate)
    ticks = 621355968000000000 + second * 10_000_000 + index * 10_000_000 // rate
    frame = []
    for i, signal_id in enumerate(ids):
        value = struct.unpack(">f", struct.pack(">f", i * 1000 + index + second % 60 / 64))[0]
        if kind == "small" and (i * 7 + index) % 5 == 0:
            value = struct.unpack(">f", struct.pack(">f", SPECIAL[(i + index) % len(SPECIAL)]))[0]
        flags = flags_of(i, index)
        # int64, not the documented uint64: with the latter the library's encoder computes in float64 and rounds.
        frame.append(Measurement(signal_id, np.float64(value), np.int64(ticks), StateFlags(flags)))
        sent.append([str(signal_id), str(ticks), struct.pack(">f", value).hex(), flags])
    publisher.publish_measurements(frame)
time.sleep(1)
print(json.dumps({"sent": sent}), flush=True)
os._exit(0)
