"""A PDC that decodes with the synchrophasor package and prints each frame as one JSON line.

Usage: pdc.py HOST PORT IDCODE FRAMES

Asks for the header, CFG-1 and CFG-2, starts the data, takes FRAMES data frames, sends stop and ends. Values are
the raw numbers of the wire.

The package's own reader takes one recv for one frame and loses frames that share a segment, so reading is done
here; every frame is decoded by the package. Left out, since the package cannot: CFG-3; float frequencies beyond
+/-32.767 (absolute hertz); fraction counts of 2^23 and more (it masks one bit too many, so TIME_BASE must be below);
names that are not ASCII; STAT with time quality or unlocked time (it looks them up without shifting and fails), and
STAT bits 15 to 13, of which it confuses two and inverts the third.
"""
import json
import socket
import sys

import shim  # noqa: F401, must come before synchrophasor
from synchrophasor.frame import CommandFrame, CommonFrame, ConfigFrame2, DataFrame, FrameError, HeaderFrame

host, port, idcode, wanted = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
link = socket.create_connection((host, port), 10)
config = None


def emit(line):
    print(json.dumps(line), flush=True)


def read(size):
    data = b""
    while len(data) < size:
        part = link.recv(size - len(data))
        if not part:
            raise EOFError("the PMU closed the connection")
        data += part
    return data


def receive():
    head = read(4)
    data = head + read(int.from_bytes(head[2:4], "big") - 4)
    try:
        return data, CommonFrame.convert2frame(data, config)
    except FrameError as error:
        emit({"refused": str(error), "hex": data.hex()})
        sys.exit(1)


def ask(command):
    link.sendall(CommandFrame(idcode, command).convert2bytes())
    return receive()


def listed(value, multi):
    return value if multi else [value]


def describe(frame):
    multi = frame.get_num_pmu() > 1
    return {
        "timeBase": frame.get_time_base(),
        "rate": frame.get_data_rate(),
        "stations": listed(frame.get_station_name(), multi),
        "ids": listed(frame.get_stream_id_code(), multi),
        "formats": listed(frame.get_data_format(), multi),
        "channels": listed(frame.get_channel_names(), multi),
        "phasorUnits": listed(frame.get_ph_units(), multi),
        "nominal": listed(frame.get_fnom(), multi),
        "count": listed(frame.get_cfg_count(), multi),
    }


_, header = ask("header")
assert isinstance(header, HeaderFrame)
# The package keeps the text as the printed form of a bytes object.
emit({"header": header.get_header()[2:-1]})
_, cfg1 = ask("cfg1")
emit({"cfg1": describe(cfg1)})
_, config = ask("cfg2")
assert isinstance(config, ConfigFrame2)
emit({"cfg2": describe(config)})
multi = config.get_num_pmu() > 1
formats = listed(config._data_format, multi)  # the only way to the raw numbers: get_phasors scales polar angles

link.sendall(CommandFrame(idcode, "start").convert2bytes())
taken = 0
while taken < wanted:
    _, frame = receive()
    if not isinstance(frame, DataFrame):
        continue
    taken += 1
    phasors = [
        [DataFrame._int2phasor(p, formats[i]) for p in block] for i, block in enumerate(listed(frame._phasors, multi))
    ]
    emit({"data": {
        "soc": frame.get_soc(),
        "count": frame.get_frasec()[0],
        "stat": listed(frame._stat, multi),
        "phasors": phasors,
        "freq": listed(frame.get_freq(), multi),
        "dfreq": listed(frame.get_dfreq(), multi),
        "analogs": listed(frame.get_analog(), multi),
        "digitals": listed(frame.get_digital(), multi),
    }})
link.sendall(CommandFrame(idcode, "stop").convert2bytes())
link.close()
