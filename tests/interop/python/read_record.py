"""Reads event records as docs/event-record.md describes them, with nothing of Tieline.

Usage: read_record.py FILE...

Prints one JSON object per file: the stream's name and channels, and per piece its second, sample, count and marks, the
time in the message in nanoseconds, and values and quality by variable. Of a record of synchrophasor frames: their times,
values and flags.
"""
import gzip
import hashlib
import json
import struct
import sys

import cbor2

KIND = "tieline-event-record"
NUMBERS = (240, 120, 60, 30, 20, 15, 12, 10, 8, 7, 6, 5, 4, 3, 2, 1)
BITS = (0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 30, 60)


class Reader:
    """The bytes of a message, read in order."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        assert self.at + size <= len(self.data), "cut"
        self.at += size
        return self.data[self.at - size:self.at]

    def varint(self):
        value, shift = 0, 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def column(self, count):
        numbers = []
        while len(numbers) < count:
            word = int.from_bytes(self.take(8), "big")
            selector = word >> 60
            bits = BITS[selector]
            for i in range(NUMBERS[selector]):
                numbers.append(word >> (i * bits) & ((1 << bits) - 1) if bits else 1)
        assert len(numbers) == count, "a word over two variables"
        return numbers


def signed(number):
    """32 bits as a signed number."""
    return (number & 0xFFFFFFFF ^ 0x80000000) - 0x80000000


def values(column, xor):
    """A column of values from its residuals, by running sums of sums."""
    layers, result = [0, 0, 0], []
    for k, number in enumerate(column):
        residual = signed((number >> 1) ^ -(number & 1))
        order = min(k, 3)
        if order < 3:
            layers[order] = residual  # a layer begins with its own first difference
            top = order
        else:
            layers[2] = layers[2] ^ residual if xor else layers[2] + residual
            top = 2
        for layer in range(top, 0, -1):
            if xor:
                layers[layer - 1] ^= layers[layer]
            else:
                layers[layer - 1] += layers[layer]
        layers = [signed(layer) for layer in layers]
        result.append(layers[0])
    return result


def reference(v, spatial):
    """The variable that variable v is a difference from, or None."""
    if spatial is None:
        return None
    size = 4 if spatial["includeNeutral"] else 3
    group = v // size
    voltages, currents = spatial["voltageGroups"], spatial["currentGroups"]
    follows = 0 < group < voltages or voltages < group < voltages + currents
    return v - size if follows else None


def read_message(message, encoding, variables):
    reader = Reader(message)
    assert reader.take(16).hex() == encoding["uuid"].replace("-", "")
    stamp = int.from_bytes(reader.take(8), "big")
    count = reader.varint() // 2
    if count > 4096:
        reader = Reader(gzip.decompress(message[reader.at:]))
    if encoding["samplesPerMessage"] <= 16:
        rows = [[reader.varint() for _ in range(variables)] for _ in range(count)]
        columns = [[row[v] for row in rows] for v in range(variables)]
    else:
        columns = [reader.column(count) for _ in range(variables)]
    columns = [values(column, encoding["xor"]) for column in columns]
    for v in range(variables):
        other = reference(v, encoding["spatial"])
        if other is not None:
            columns[v] = [signed(a + b) for a, b in zip(columns[v], columns[other])]
    quality = []
    for _ in range(variables):
        words = []
        while len(words) < count:
            word, run = reader.varint(), reader.varint()
            words += [word] * (run or count - len(words))
        quality.append(words)
    assert reader.at == len(reader.data), "bytes are left over"
    return {"stamp": str(stamp), "count": count, "values": columns, "quality": quality}


def read_frames(record):
    """What a record of synchrophasor frames says: times in nanoseconds, values and flags by channel."""
    frames = record["frames"]
    count = frames["count"]
    return {
        "stream": record["stream"]["name"],
        "rate": record["stream"]["rate"],
        "channels": [channel["name"] for channel in record["stream"]["channels"]],
        "times": [str(s * 10**9 + n) for s, n in struct.iter_unpack(">QI", frames["times"])],
        "leap": list(frames["leap"]),
        "values": [list(struct.unpack(f">{count}f", column)) for column in frames["values"]],
        "flags": [
            [word for word, run in zip(runs[::2], runs[1::2]) for _ in range(run)]
            for runs in frames["flags"]
        ],
    }


for path in sys.argv[1:]:
    with open(path, "rb") as file:
        kind, version, body, digest = cbor2.loads(file.read())
    assert kind == KIND and version in (1, 2), (kind, version)
    assert hashlib.sha256(body).digest() == digest, "damaged"
    record = cbor2.loads(body)
    channels = record["stream"]["channels"]
    if version == 2:
        print(json.dumps(read_frames(record)))
        continue
    print(json.dumps({
        "stream": record["stream"]["name"],
        "rate": record["stream"]["rate"],
        "channels": channels,
        "triggers": record["triggers"],
        "pieces": [
            {**read_message(piece.pop("message"), record["encoding"], len(channels)), "piece": piece}
            for piece in record["pieces"]
        ],
    }))
