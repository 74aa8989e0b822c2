"""Times TSSC of the published Python library (sttpapi) on packets that Tieline encoded.

Usage: tssc.py SECONDS, with one JSON object on stdin: {"packets": [hex], "bits": [int], "signals": N, "ticks": "first",
"step": N}

Prints {"decodeNanos": N, "encodeNanos": N, "same": true}: medians over rounds, per measurement, and whether its encoder
made the same bytes and its decoder gave the same values.
"""
import json
import statistics
import sys
import time

import numpy as np
from sttp.transport.tssc.decoder import Decoder
from sttp.transport.tssc.encoder import Encoder

seconds = float(sys.argv[1])
job = json.load(sys.stdin)
packets = [bytes.fromhex(packet) for packet in job["packets"]]
values = np.array(job["bits"], dtype=np.uint32).view(np.float32)
signals, ticks, step = job["signals"], int(job["ticks"]), job["step"]
stamps = [np.int64(ticks + step * k) for k in range(len(packets))]
ids = [np.int32(i) for i in range(signals)]
good = np.uint32(0)
HEADER = 3  # version and sequence number


def decode():
    decoder = Decoder()
    begun = time.perf_counter_ns()
    decoded = []
    for packet in packets:
        decoder.set_buffer(packet[HEADER:])
        while True:
            _, _, _, value, success, error = decoder.try_get_measurement()
            if not success:
                assert error is None, error
                break
            decoded.append(value)
    return time.perf_counter_ns() - begun, np.array(decoded, dtype=np.float32).tobytes() == values.tobytes()


def encode():
    encoder = Encoder()
    buffer = bytearray(32768)
    begun = time.perf_counter_ns()
    made = []
    at = 0
    for stamp in stamps:
        encoder.set_buffer(buffer, np.uint32(0), np.uint32(len(buffer)))
        for i in ids:
            assert encoder.try_add_measurement(i, stamp, good, values[at])
            at += 1
        made.append(bytes(buffer[:int(encoder.finish_block())]))
    return time.perf_counter_ns() - begun, made == [packet[HEADER:] for packet in packets]


def rounds(work):
    times, same = [], True
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        nanos, equal = work()
        times.append(nanos / len(values))
        same = same and equal
    return statistics.median(times), same


np.seterr(all="ignore")  # the library counts on integers that wrap
decoded, same_values = rounds(decode)
encoded, same_bytes = rounds(encode)
print(json.dumps({"decodeNanos": decoded, "encodeNanos": encoded, "same": bool(same_values and same_bytes)}))
