"""Reads COMTRADE files with the published Python package and prints what it found.

Usage: comtrade_read.py FILE..., each a .cff, or a .cfg with its .dat beside it

Prints one JSON object per file: station, device, revision, format, frequency, rates, start and trigger as text, and per
channel its name, phase, unit and values.
"""
import json
import sys
import warnings

from comtrade import Comtrade

warnings.simplefilter("ignore")
for path in sys.argv[1:]:
    # Doubles: its floats of 32 bits would round what int32 samples hold.
    record = Comtrade(use_double_precision=True)
    record.load(path)
    print(json.dumps({
        "station": record.station_name,
        "device": record.rec_dev_id,
        "revision": record.rev_year,
        "format": record.ft,
        "frequency": record.frequency,
        "rates": record.cfg.sample_rates,
        "start": record.start_timestamp.isoformat(timespec="microseconds"),
        "trigger": record.trigger_timestamp.isoformat(timespec="microseconds"),
        "samples": record.total_samples,
        "lastTime": record.time[-1],
        "analog": [
            {"name": channel.name, "phase": channel.ph, "unit": channel.uu, "values": list(values)}
            for channel, values in zip(record.cfg.analog_channels, record.analog)
        ],
        "digital": [
            {"name": channel.name, "values": list(values)}
            for channel, values in zip(record.cfg.status_channels, record.status)
        ],
    }))
