"""A PMU of the synchrophasor package that keeps an account of the frames it hands out.

Usage: pmu.py PORT IDCODE RATE SECONDS

Prints {"listening": PORT} and {"config": hex} and then {"sent": {...}} for each data frame. Sends rectangular
integer phasors, integer frequency, integer analogs and one digital word.

Left out, since the package cannot: float frequencies (it refuses anything beyond +/-32.767, so 60.0 Hz cannot be
sent), CFG-3, UDP, several commands in one segment. It sleeps one period before each frame and so runs a little
slower than its rate. Its process for a client never notices that the client is gone and spins; it ends with this
program, which must be ended with SIGTERM. The package's own stamping is off: stamps are of the slot, with TIME_BASE 1000000.
"""
import json
import logging
import multiprocessing
import os
import signal
import sys
import time

import shim  # noqa: F401, must come before synchrophasor
from synchrophasor.frame import ConfigFrame2, DataFrame
from synchrophasor.pmu import Pmu

port, idcode, rate, seconds = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])


def end(*_):
    # The processes for the clients would be waited for, and do not end by themselves.
    for child in multiprocessing.active_children():
        child.kill()
    os._exit(0)


signal.signal(signal.SIGTERM, end)

names = ["VA", "VB", "VC", "I1", "ANALOG1"] + [f"BREAKER {i:X}" for i in range(16)]
config = ConfigFrame2(
    idcode, 1000000, 1, "THIRD PARTY PMU", idcode, (False, False, False, False), 4, 1, 1, names,
    [(915527, "v"), (915527, "v"), (915527, "v"), (45776, "i")], [(1, "pow")], [(0x0000, 0xFFFF)], 60, 22, rate,
)
pmu = Pmu(pmu_id=idcode, data_rate=rate, port=port, ip="127.0.0.1", set_timestamp=False)
pmu.logger.setLevel(logging.ERROR)
pmu.set_configuration(config)
pmu.set_header("Third party PMU")
pmu.run()
print(json.dumps({"listening": port}), flush=True)
print(json.dumps({"config": config.convert2bytes().hex()}), flush=True)

end = time.time() + seconds
while time.time() < end:
    slot = int(time.time() * rate) + 1
    time.sleep(max(0.0, slot / rate - time.time()))
    if not pmu.client_buffers:
        continue
    second, index = divmod(slot, rate)
    phasors = [(14635 - index, index), (-7318, -12676 + index), (-7318 - index, 12675), (1092, -index)]
    # Every tenth frame is not in sync: bit 13.
    frame = DataFrame(
        idcode, ("ok", index % 10 != 9, "timestamp", False, False, False, 0, "<10", 0), phasors, 10 * index - 45, -index,
        [index * 7 - 100], [0x3C00 + index], config, second, (round(index * 1000000 / rate) or 0, "+"),
    )
    pmu.send(frame)
    print(json.dumps({"sent": {
        "second": second, "index": index, "phasors": phasors, "freq": 10 * index - 45, "dfreq": -index,
        "analogs": [index * 7 - 100], "digitals": [0x3C00 + index],
        "stat": 0x2000 if index % 10 == 9 else 0, "hex": frame.convert2bytes().hex()}}), flush=True)
time.sleep(1)
