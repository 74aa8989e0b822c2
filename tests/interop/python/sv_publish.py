"""Publishes two streams of sampled values with open61850 until its input ends.

Usage: sv_publish.py INTERFACE ENGINE, ENGINE python or native (open61850-rt)

Both streams have 4,800 samples per second, two in a frame, four currents and four voltages of 50 Hz; voltage A is a sine
with its zero at the second, and currents lag. Prints {"started": true} and at the end {"stats": {...}}.
"""
import json
import sys

from open61850.sv_publisher import Publisher, SvStream, three_phase

publisher = Publisher(sys.argv[1], rate=4800, asdus_per_frame=2, engine=sys.argv[2])
publisher.add(SvStream(
    sv_id="OPEN_MU1", app_id=0x4001, dst_mac="01:0c:cd:04:00:01", src_mac="02:00:00:00:00:11", smp_synch=2, vlan_id=3,
    vlan_priority=4, waves=three_phase(i_peak=700.0, v_peak=90_000.0, i_lag_deg=25.0, layout="4I4U"),
))
publisher.add(SvStream(
    sv_id="OPEN_MU2", app_id=0x4002, dst_mac="01:0c:cd:04:00:02", src_mac="02:00:00:00:00:11", smp_synch=2, conf_rev=7,
    waves=three_phase(i_peak=1000.0, v_peak=50_000.0, i_lag_deg=-40.0, layout="4I4U"),
))
publisher.start()
print(json.dumps({"started": True}), flush=True)
sys.stdin.read()
publisher.stop()
stats = publisher.stats()
print(json.dumps({"stats": {
    "framesSent": stats.frames_sent,
    "sendErrors": stats.send_errors,
    "engine": stats.engine,
}}), flush=True)
