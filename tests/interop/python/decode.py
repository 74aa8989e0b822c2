"""Decodes bytes of another program with the published Python library's own decoders and prints what came out.

Usage: decode.py FILE

FILE holds a JSON array of cases; bytes are hex.

    {"case", "kind": "tssc", "blocks": [...]}                          without version and sequence number
    {"case", "kind": "compact", "bytes", "count", "indexes", "time", "milliseconds", "bases": [text, text]}
    {"case", "kind": "session", "version", "gzip", "time", "milliseconds", "bytes"}   all that a publisher wrote

Per case one line: {"case", "measurements": [[id, ticks, flags, bits], ...], "errors": [...]}. For sessions id is the
GUID, else the signal index. Bits of TSSC values are taken before the library widens them to float64.
"""
import json
import struct
import sys
import warnings

import numpy as np
from sttp.transport.compactmeasurement import CompactMeasurement
from sttp.transport.constants import StateFlags
from sttp.transport.datasubscriber import DataSubscriber
from sttp.transport.signalindexcache import SignalIndexCache
from sttp.transport.tssc.decoder import Decoder
from uuid import UUID

# The library computes with numpy scalars that are meant to wrap.
warnings.filterwarnings("ignore", category=RuntimeWarning)
U64 = (1 << 64) - 1


def float_bits(value):
    """Bits of a float32, whichever type it comes in."""
    if isinstance(value, np.float32):
        return value.tobytes()[::-1].hex()
    return struct.pack(">f", float(value)).hex()


def tssc(case):
    out = []
    decoder = Decoder()
    for block in case["blocks"]:
        decoder.set_buffer(bytes.fromhex(block))
        while True:
            point, ticks, flags, value, success, error = decoder.try_get_measurement()
            if error is not None:
                raise error
            if not success:
                break
            out.append([int(point), str(int(ticks) & U64), int(flags) & 0xFFFFFFFF, float_bits(value)])
    return out


def compact(case):
    out = []
    data = bytes.fromhex(case["bytes"])
    bases = [np.uint64(int(b)) for b in case["bases"]]
    cache = SignalIndexCache()
    for index in case["indexes"]:
        cache.add_measurement_key(np.int32(index), UUID(int=index), "T", np.uint64(index))
    at = 0
    for _ in range(case["count"]):
        measurement = CompactMeasurement(cache, case["time"], case["milliseconds"], bases)
        size, error = measurement.decode(data[at:])
        if error is not None:
            raise error
        at += size
        out.append([
            measurement.signalid.int, str(int(measurement.timestamp) & U64), int(measurement.flags) & 0xFFFFFFFF,
            float_bits(measurement.value),
        ])
    if at != len(data):
        raise ValueError(f"{len(data) - at} bytes are left over")
    return out


def session(case, errors):
    out, raw = [], []
    subscriber = DataSubscriber()
    subscriber.version = case["version"]
    subscriber.compress_signalindexcache = case["gzip"]
    subscriber.subscription.includetime = case["time"]
    subscriber.subscription.use_millisecondresolution = case["milliseconds"]
    subscriber.errormessage_callback = errors.append
    original = Decoder.try_get_measurement

    def keep(decoder):
        result = original(decoder)
        if result[4]:
            raw.append(result[3])
        return result

    def take(measurements):
        values = raw if raw else [m.value for m in measurements]
        for m, value in zip(measurements, values, strict=True):
            out.append([str(m.signalid), str(int(m.timestamp) & U64), int(m.flags) & 0xFFFFFFFF, float_bits(value)])
        raw.clear()

    def take_keys(payload):
        # The library cuts the keys wrongly; cut as the specification says, its own decryption can use them.
        parts, at = [], 1
        while at < len(payload):
            size = int.from_bytes(payload[at:at + 4], "big")
            parts.append(bytes(payload[at + 4:at + 4 + size]))
            at += 4 + size
        even, even_iv, odd, odd_iv = parts
        subscriber._key_ivs = [[even, even_iv], [odd, odd_iv]]

    subscriber._handle_update_cipherkeys = take_keys
    subscriber.newmeasurements_callback = take
    Decoder.try_get_measurement = keep
    try:
        data = bytes.fromhex(case["bytes"])
        at = 0
        while at < len(data):
            size = int.from_bytes(data[at:at + 4], "big")
            subscriber._process_serverresponse(data[at + 4:at + 4 + size])
            at += 4 + size
    finally:
        Decoder.try_get_measurement = original
    return out


for case in json.load(open(sys.argv[1])):
    errors, measurements = [], []
    try:
        if case["kind"] == "tssc":
            measurements = tssc(case)
        elif case["kind"] == "compact":
            measurements = compact(case)
        else:
            measurements = session(case, errors)
    except Exception as error:  # whatever the library raises is the result
        errors.append(f"{type(error).__name__}: {error}")
    print(json.dumps({"case": case["case"], "measurements": measurements, "errors": [str(e) for e in errors]}))
print(json.dumps({"done": True}), flush=True)
