"""Runs the cells of the version-by-mode matrix, one after the other, with the published Python library.

Usage: cells.py HOST PORT FILE

FILE holds a JSON array of cells: {"cell": NAME, "config": {...}, "settings": {...}, "steps": [...]} where config and
settings are attributes of the library's Config and Settings. A step is one of

    {"subscribe": FILTER}      the first goes out by itself after the metadata, later ones subscribe anew
    {"run": SECONDS}           counted from the first measurement after the last subscribe, which is waited for; with
                               "wait": false from now; with "refused": true from the first error, with
                               "answered": true from the first error or cache. With "least": N it goes on until there
                               are N measurements of one signal
    {"unsubscribe": true}
    {"rows": [FILTER, ...]}    what the library's own filter engine selects from the metadata that it received

Per cell one line: {"cell", "events": [["cache", [signalId, ...]] | ["data", [[signalId, ticks, flags, bits], ...]] |
["subscribe"] | ["unsubscribe"]], "errors": [...], "status": [...], "metadata": [[signalId, reference], ...],
"keys": ["SOURCE:1", ...], "tables": {name: rows}, "rows": [[signalId, ...] | "error", ...], "alive": is its reader thread still running}.
"""
import json
import os
import struct
import sys
import threading
import time

from sttp.config import Config
from sttp.data.filterexpressionparser import FilterExpressionParser
from sttp.settings import Settings
from sttp.subscriber import Subscriber
from sttp.transport.datapublisher import DataPublisher

host, port = sys.argv[1], int(sys.argv[2])
# Longest wait for what has to come, on a machine that is busy.
PATIENCE = 60
# The library's reader gives up when a frame arrives while it unsubscribes: that says nothing of the publisher.
ATTEMPTS = 5


class Cell:
    def __init__(self, spec):
        self.spec = spec
        self.events, self.errors, self.status = [], [], []
        self.dataset = None
        self.data = threading.Event()
        self.metadata = threading.Event()
        self.cache = threading.Event()
        self.started = 0.0
        self.counted, self.count = None, 0

    def on_metadata(self, dataset):
        self.dataset = dataset
        self.metadata.set()

    def on_cache(self, cache):
        self.events.append(["cache", [str(i) for i in cache._signalidlist]])
        self.counted, self.count = None, 0
        self.cache.set()

    def on_measurements(self, measurements):
        if not self.data.is_set():
            self.started = time.monotonic()
        if self.counted is None:
            self.counted = measurements[0].signalid
        self.count += sum(m.signalid == self.counted for m in measurements)
        # Copied at once and made text only at the end, so that reading keeps up.
        self.events.append(["data", [(m.signalid, m.timestamp, m.flags, m.value) for m in measurements]])
        self.data.set()

    def run(self):
        s = self.subscriber = Subscriber()
        s.set_statusmessage_logger(self.status.append)
        s.set_errormessage_logger(self.errors.append)
        s.set_metadatanotification_receiver(self.on_metadata)
        s.set_subscriptionupdated_receiver(self.on_cache)
        s.set_newmeasurements_receiver(self.on_measurements)
        s.set_connectionterminated_receiver(lambda: self.errors.append("connection terminated"))
        settings, config = Settings(), Config()
        for key, value in self.spec.get("settings", {}).items():
            setattr(settings, key, value)
        for key, value in self.spec.get("config", {}).items():
            setattr(config, key, value)
        config.autoreconnect = False
        config.maxretries = 3
        connected, alive, rows = False, True, []
        for step in self.spec["steps"]:
            if "subscribe" in step:
                self.events.append(["subscribe"])
                self.data.clear()
                self.cache.clear()
                s.subscribe(step["subscribe"], settings)
                if not connected:
                    connected = True
                    error = s.connect(f"{host}:{port}", config)
                    if error is not None:
                        self.errors.append(str(error))
                        break
            elif "run" in step:
                self.go_on(step)
            elif "unsubscribe" in step:
                s.unsubscribe()
                # The library's reader gives up when a frame arrives during the call (13.2).
                time.sleep(0.2)
                self.events.append(["unsubscribe"])
                if not self.reading():
                    alive = False
                    break
            elif "rows" in step:
                rows = [select(self.dataset, text) for text in step["rows"]]
        return self.result(alive, rows)

    def go_on(self, step):
        begun = time.monotonic()
        if step.get("refused"):
            self.until(lambda: self.errors)
            begun = time.monotonic()
        elif step.get("answered"):
            self.until(lambda: self.errors or self.cache.is_set())
            begun = time.monotonic()
        elif step.get("wait", True):
            self.until(lambda: self.errors or self.data.is_set())
            begun = self.started
        time.sleep(max(0.0, begun + step["run"] - time.monotonic()))
        if "least" in step:
            self.until(lambda: self.errors or self.cache.is_set() and self.count >= step["least"])

    @staticmethod
    def until(condition):
        end = time.monotonic() + PATIENCE
        while not condition() and time.monotonic() < end:
            time.sleep(0.01)

    def reading(self):
        thread = self.subscriber._datasubscriber._commandchannel_responsethread
        return thread is not None and thread.is_alive()

    def result(self, alive, rows):
        events = list(self.events)
        ids, out = {}, []
        for event in events:
            if event[0] != "data":
                out.append(event)
                continue
            out.append(["data", [
                [ids.setdefault(i, str(i)), str(int(t)), int(f), struct.pack(">f", v).hex()] for i, t, f, v in event[1]
            ]])
        cache = self.subscriber.metadatacache
        tables = {}
        metadata, keys = [], []
        if self.dataset is not None:
            metadata = [[str(m.signalid), m.signalreference] for m in cache.measurement_records]
            keys = [f"{m.source}:{m.id}" for m in cache.measurement_records]
            tables = {table.name: table.rowcount for table in self.dataset}
        return {
            "cell": self.spec["cell"], "events": out, "errors": [str(e) for e in self.errors],
            "status": [str(t) for t in self.status], "metadata": metadata, "keys": keys, "tables": tables, "rows": rows,
            "alive": alive,
        }


def select(dataset, text):
    """GUIDs of the rows that the library's filter engine selects as a publisher would."""
    publisher = DataPublisher()
    publisher.define_metadata(dataset)
    ids, error = FilterExpressionParser.select_signalidset(
        publisher.filtering_metadata, text, "ActiveMeasurements", None, True)
    return "error" if error is not None else [str(i) for i in ids]


for spec in json.load(open(sys.argv[3])):
    for _ in range(ATTEMPTS):
        cell = Cell(spec)
        line = cell.run()
        if line["alive"]:
            break
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
    sys.stdout.flush()
    threading.Thread(target=cell.subscriber.dispose, daemon=True).start()
sys.stdout.write(json.dumps({"done": True}) + "\n")
sys.stdout.flush()
# The library keeps non-daemon threads alive after a lost connection.
os._exit(0)
