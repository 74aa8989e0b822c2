"""Subscribes to an STTP publisher with the published Python library and prints what it received as JSON lines.

Usage: sttp_client.py HOST PORT FILTER SECONDS [LEAST]

Lines: {"metadata": ...}, {"subscribed": N}, {"batch": [[signalId, ticks, flags, bits], ...]} and last
{"summary": ...}. SECONDS count from the first measurement. It goes on until it has LEAST measurements, where a busy
machine lets them wait, but for a minute at most.
"""
import json
import os
import struct
import sys
import threading
import time

from sttp.config import Config
from sttp.settings import Settings
from sttp.subscriber import Subscriber

host, port, expression, seconds = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])
least = int(sys.argv[5]) if len(sys.argv) > 5 else 0
PATIENCE = 60


def emit(line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


received = []
errors = []
batches = []
first = threading.Event()
started = 0.0
done = False


def on_metadata(_):
    cache = subscriber.metadatacache
    emit({
        "metadata": {
            "devices": [
                {"acronym": d.acronym, "name": d.name, "rate": int(d.framespersecond), "protocol": d.protocolname}
                for d in cache.device_records
            ],
            "measurements": [
                {"id": str(m.signalid), "tag": m.pointtag, "reference": m.signalreference, "type": m.signalacronym,
                 "device": m.deviceacronym}
                for m in cache.measurement_records
            ],
            "phasors": [
                {"device": p.deviceacronym, "label": p.label, "type": p.type, "phase": p.phase,
                 "index": int(p.sourceindex), "measurements": len(p.measurements)}
                for p in cache.phasor_records
            ],
        }
    })


def on_measurements(measurements):
    global started
    if done:
        return
    if not first.is_set():
        started = time.monotonic()
        first.set()
    batches.append(len(measurements))
    for m in measurements:
        received.append((m.signalid, m.timestamp, m.flags, m.value))


def bits(value):
    # The library gives float64; the wire had float32, so this conversion is exact.
    return struct.pack(">f", value).hex()


subscriber = Subscriber()
subscriber.set_statusmessage_logger(lambda text: sys.stderr.write(text + "\n"))
subscriber.set_errormessage_logger(lambda text: errors.append(text))
subscriber.set_metadatanotification_receiver(on_metadata)
subscriber.set_subscriptionupdated_receiver(lambda cache: emit({"subscribed": int(cache.count)}))
subscriber.set_newmeasurements_receiver(on_measurements)
subscriber.set_configurationchanged_receiver(lambda: emit({"configurationChanged": True}))
subscriber.subscribe(expression, Settings())
config = Config()
config.autoreconnect = False
error = subscriber.connect(f"{host}:{port}", config)
if error is not None:
    emit({"summary": {"received": 0, "signals": 0, "batches": 0, "seconds": 0, "errors": [str(error)]}})
    sys.exit(1)

if first.wait(PATIENCE):
    time.sleep(max(0.0, started + seconds - time.monotonic()))
    while len(received) < least and time.monotonic() < started + seconds + PATIENCE:
        time.sleep(0.05)
done = True
elapsed = time.monotonic() - started if first.is_set() else 0.0
taken = len(received)
ids = {}
position = 0
for size in batches:
    batch = []
    for signal_id, ticks, flags, value in received[position:position + size]:
        batch.append([ids.setdefault(signal_id, str(signal_id)), str(int(ticks)), int(flags), bits(value)])
    position += size
    sys.stdout.write(json.dumps({"batch": batch}, separators=(",", ":")) + "\n")
emit({"summary": {"received": taken, "signals": len(ids), "batches": len(batches), "seconds": elapsed, "errors": errors}})
threading.Thread(target=subscriber.dispose, daemon=True).start()
time.sleep(0.3)
sys.stdout.flush()
# The library keeps non-daemon threads alive after a lost connection.
os._exit(0 if taken > 0 else 1)
