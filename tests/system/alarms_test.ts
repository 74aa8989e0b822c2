/**
 * Alarms over real sockets: a PMU crosses a limit at one end, a subscriber and an operator see it at the other.
 *
 * @module
 */
import assert from "node:assert/strict";
import { decodeRecord, isFrameRecord } from "../../mod/event/mod.ts";
import { layCable } from "../../mod/os/testing.ts";
import { HandPmu } from "./hand_pmu.ts";
import {
  ADMIN_TOML,
  AS_ROOT,
  detailOf,
  inputToml,
  keyPair,
  outputOf,
  PLAIN_OUTPUT,
  PLAIN_SUBSCRIBER,
  Site,
  TLS_OUTPUT,
} from "./site.ts";
import { stampOfTime, type Subscriber } from "./subscriber.ts";
import { busListens, busToml, startSource } from "./sv_wire.ts";
import { until } from "../support/waiting.ts";

const RATE = 10;
/** The frequency wanders up and down once in this time. */
const WANDER_SECONDS = 97;
const ALARM = "EDGE!ALARM-AL1";
/** Number of the frequency among the signals of a device with two phasors. */
const FREQUENCY = 4;

/** What an input has made of its frames; the shape of its report. */
interface Ingest {
  readonly accepted: number;
}

/** A PMU whose frequency wanders by some hertz in 97 s, and limits that it crosses. */
async function wanderingPmu(site: Site) {
  const device = { device: 1, station: "STATION 1", phasors: 2 };
  const { pmu } = await site.pmu(1, {
    devices: [device],
    hostname: "127.0.0.1",
    rate: RATE,
    model: { wanderHz: 4, stepHz: 0 },
  });
  const hand = new HandPmu(pmu);
  site.atEnd(() => hand.close());
  const now = Math.floor(Date.now() / 1000) - WANDER_SECONDS;
  const hertz = (second: number) => pmu.model.valueAt(pmu.devices[0]!, FREQUENCY, second, 0, RATE);
  const seconds = Array.from({ length: WANDER_SECONDS }, (_, i) => now + i);
  // From the lowest on: the alarm has seen frames within the limit before one beyond it.
  const first = seconds.reduce((a, b) => hertz(b) < hertz(a) ? b : a);
  const values = Array.from({ length: WANDER_SECONDS }, (_, i) => hertz(first + i));
  const low = Math.min(...values), high = Math.max(...values);
  const limit = Number(((low + high) / 2).toFixed(3));
  return { hand, first, low, limit, hysteresis: Number(((high - low) / 8).toFixed(3)) };
}

/** When the alarm has to be raised and cleared by the values that came, in the same order. */
function expectedOf(
  subscriber: Subscriber,
  reference: string,
  limit: number,
  hysteresis: number,
  delayTicks: number,
): { stamp: number; value: number }[] {
  const found: { stamp: number; value: number }[] = [];
  let since: number | undefined, isRaised = false;
  for (const [stamp, { value }] of subscriber.seriesOf(reference)) {
    if (isRaised) {
      if (value > Math.fround(limit - hysteresis)) continue;
      isRaised = false;
      found.push({ stamp, value: 0 });
      since = undefined;
    } else if (value > Math.fround(limit)) {
      since ??= stamp;
      if (stamp - since < delayTicks) continue;
      isRaised = true;
      found.push({ stamp, value: 1 });
    } else since = undefined;
  }
  return found;
}

/** The changes of a signal of 0 and 1 as they came. */
function changesOf(subscriber: Subscriber, reference: string): { stamp: number; value: number }[] {
  const found: { stamp: number; value: number }[] = [];
  for (const [stamp, { value }] of subscriber.seriesOf(reference)) {
    if (value !== (found.at(-1)?.value ?? 0)) found.push({ stamp, value });
  }
  return found;
}

Deno.test("alarms: a PMU crosses a limit; the subscriber gets ALRM, /api/alarms lists it, it clears after hysteresis", async () => {
  await Site.with(async (site) => {
    const { hand, first, low, limit, hysteresis } = await wanderingPmu(site);
    const own = await keyPair("center");
    const gateway = await site.gateway(
      ADMIN_TOML + inputToml(1, hand.port, "dataLossMs = 60000") + TLS_OUTPUT +
        `[subscriber.center]\npins = ["${own.fingerprint256}"]\nallow = ["True"]\n` +
        `[alarm.high]\ncondition = "over"\nsignals = ["SignalType = 'FREQ'"]\nlimit = ${limit} # Hz\n` +
        `hysteresis = ${hysteresis}\ndelayMs = 200\nseverity = "high"\ndescription = "Frequency"\n`,
    );
    const { host, file } = await site.admin(gateway);
    const subscriber = site.subscriber({
      port: outputOf(gateway).port,
      tls: { own, gatewayPin: gateway.identity!.fingerprint256 },
    });
    const frequency = () =>
      gateway.registry.signals().find(({ type, device }) => type === "FREQ" && device !== "EDGE");
    // All of them: a client subscribes anew when metadata change, and loses data by that.
    const isKnown = () => {
      const references = subscriber.references();
      return references.has(ALARM) && references.has(frequency()?.reference ?? "");
    };
    await until(
      () => isKnown() && subscriber.signals().length === gateway.registry.signals().length,
      "metadata and a cache",
    );
    const reference = frequency()!.reference;
    const told = async () => {
      const answer = await fetch(`${host.url}/api/alarms`, { headers: AS_ROOT });
      // The shape is that of the route's schema.
      const { alarms } = await answer.json() as {
        alarms: {
          about: string;
          severity: string;
          text: string;
          sinceMicros: number;
          signal?: {
            reference: string;
            value: number;
            level: number;
            limit: string;
            count: number;
          };
        }[];
      };
      return alarms.filter(({ about }) => about === "alarm.high");
    };
    assert.deepEqual(await told(), []);
    const watched = () =>
      (detailOf(gateway, "alarms")["alarms"] as Record<string, { watched: number }>)["high"]!
        .watched;
    let sent = 0;
    const send = (frames: number) => {
      for (let i = 0; i < frames; i++, sent++) {
        hand.sendFrames(first + Math.floor(sent / RATE), sent % RATE, 1);
      }
    };
    const got = () => subscriber.seriesOf(reference).size;
    /** Whether the subscriber has the frame that was sent last. */
    const isThrough = () => {
      const second = first + Math.floor((sent - 1) / RATE), tenth = (sent - 1) % RATE;
      return subscriber.seriesOf(reference).has(stampOfTime(second, tenth * 1e6));
    };
    await until(() => {
      if (sent === 0 || watched() === 0 || got() === 0) send(1);
      return watched() === 1 && isThrough();
    }, "the alarm to watch the frequency");

    while (gateway.alarms!.raised().length === 0 && sent < WANDER_SECONDS * RATE) {
      send(6);
      await until(isThrough, "the frames");
    }
    const [raised, ...others] = await told();
    assert.ok(raised && others.length === 0);
    assert.equal(raised.severity, "alarm");
    assert.equal(raised.signal!.reference, reference);
    assert.deepEqual([raised.signal!.level, raised.signal!.count], [850, 1]);
    assert.ok(raised.signal!.value > limit);
    assert.equal(raised.signal!.limit, `over ${limit} Hz`);
    assert.match(raised.text, new RegExp(`^${reference} is \\d+\\.\\d+ Hz: over`));
    assert.ok(
      raised.sinceMicros > first * 1e6 && raised.sinceMicros < (first + WANDER_SECONDS) * 1e6,
    );
    send(WANDER_SECONDS * RATE - sent);
    await until(() => gateway.alarms!.raised().length === 0, "the alarm to clear");
    await until(isThrough, "all frames");
    await until(() => changesOf(subscriber, ALARM).length >= 2, "the alarm's signal");
    assert.deepEqual(
      changesOf(subscriber, ALARM).slice(0, 2),
      expectedOf(subscriber, reference, limit, hysteresis, 2_000_000).slice(0, 2),
      "raised and cleared at the stamps of the values that did it",
    );
    const alarmId = subscriber.references().get(ALARM)!;
    const alarm = gateway.registry.get(gateway.registry.handleOf(alarmId)!)!;
    assert.deepEqual(
      [alarm.type, alarm.label, alarm.pointTag, alarm.description],
      ["ALRM", "high", "EDGE!ALARM:high", "Frequency (severity 850)"],
    );
    assert.deepEqual(await told(), []);

    // Another limit, in place: the same connections, and the next values are held against it.
    const etag = (await fetch(`${host.url}/api/config`, { headers: AS_ROOT })).headers.get("ETag")!;
    const answer = await fetch(`${host.url}/api/alarms/limits/high`, {
      method: "PUT",
      headers: { ...AS_ROOT, "If-Match": etag, "Content-Type": "application/json" },
      body: JSON.stringify({ limit: Math.floor(low) - 10, delayMs: 0 }),
    });
    const { changes } = await answer.json() as { changes: unknown };
    assert.equal(answer.status, 200);
    assert.deepEqual(changes, [
      { part: "alarm.high", change: "changed", keys: ["delayMs", "limit"] },
    ]);
    assert.match(
      await Deno.readTextFile(file),
      new RegExp(`limit = ${Math.floor(low) - 10} # Hz\n`),
    );
    const connections = subscriber.caches.length;
    send(3);
    await until(() => changesOf(subscriber, ALARM).at(-1)?.value === 1, "the other limit to hold");
    assert.equal(subscriber.caches.length, connections);
    assert.equal((await told()).length, 1);
    const metrics = await (await fetch(`${host.url}/metrics`, { headers: AS_ROOT })).text();
    assert.match(metrics, /tieline_alarm_raised_signals\{part="alarms",alarm="high"\} 1\n/);
    assert.match(metrics, /tieline_alarm_raises_total\{part="alarms",alarm="high"\} [23]\n/);
    assert.deepEqual(subscriber.extra, []);
  });
});

Deno.test("alarms: one that is raised starts a recording, by its name", async () => {
  const cable = await layCable("alm", true);
  if (!cable) return;
  try {
    await Site.with(async (site) => {
      const { hand, low } = await wanderingPmu(site);
      const gateway = await site.gateway(
        inputToml(1, hand.port, "dataLossMs = 60000") + PLAIN_OUTPUT + PLAIN_SUBSCRIBER +
          busToml(cable.near, [
            'acronym = "BAY0"\nsvId = "ALARM_MU"\nappid = 0x4000\nnominalHz = 50\npreset = "9-2LE"',
          ], "reorderMs = 200") +
          `[alarm.high]\ncondition = "over"\nsignals = ["SignalType = 'FREQ' AND Device <> 'BAY0'"]\n` +
          `limit = ${Math.floor(low) - 10}\n` +
          `[event]\npreMs = 300\npostMs = 200\ndevices = ["*"]\n` +
          `[trigger.alarms]\nkind = "alarm"\nalarms = ["high"]\nrecord = ["BAY0"]\n`,
      );
      await busListens(gateway);
      const source = await startSource(cable, {
        model: { nominalHz: 50 },
        units: [{ svId: "ALARM_MU", rate: 4000, unit: 0, appid: 0x4000 }],
      });
      site.atEnd(async () => void await source.stop());
      // What goes before the trigger; the PMU sends nothing yet.
      const ofBay = () => gateway.status().streams["received"]!.frames;
      const isKnown = () => detailOf(gateway, "input.pmu1")["configuration"] !== null;
      await until(() => isKnown() && ofBay() > 50, "a PMU, and a second of the bay");
      // One at a time, and none behind the one that raises the alarm.
      const accepted = () => (detailOf(gateway, "input.pmu1")["books"] as Ingest).accepted;
      const start = Math.floor(Date.now() * RATE / 1000);
      let sent = 0;
      await until(() => {
        if (gateway.alarms!.raised().length > 0) return true;
        const slot = start + sent;
        if (accepted() === sent && slot <= Date.now() * RATE / 1000) {
          hand.sendFrames(Math.floor(slot / RATE), slot % RATE, 1);
          sent++;
        }
        return false;
      }, "the alarm");
      const stored = () => Number(detailOf(gateway, "archive")["records"]);
      await until(
        () => stored() >= 3,
        () => JSON.stringify(detailOf(gateway, "events")).slice(0, 1000),
      );
      const entries = await gateway.archive!.list();
      const records = await Promise.all(
        entries.map(async ({ id }) => decodeRecord((await gateway.archive!.get(id))!.bytes)),
      );
      // The samples of the bay, and the synchrophasors of the bay and of the PMU around the same event.
      assert.equal(new Set(records.map(({ event }) => event)).size, 1);
      const [samples, ...none] = records.filter((record) => !isFrameRecord(record));
      assert.ok(samples && none.length === 0);
      const { triggers, stream } = samples;
      assert.equal(stream.name, "BAY0");
      const frames = records.filter(isFrameRecord);
      assert.equal(frames.length, 2);
      for (const record of frames) {
        assert.deepEqual(record.triggers, triggers);
        assert.equal(record.stream.nominalHz, record.stream.name === "BAY0" ? 50 : 60);
        assert.ok(record.frames.count > 0 && record.lostFrames === 0);
      }
      // The PMU's last frame is the one that raised the alarm: no more of them came.
      const pmu = frames.find((r) => r.stream.name !== "BAY0")!;
      assert.equal(pmu.isCut, true);
      assert.deepEqual(
        triggers.map(({ name, kind, source, channel, value }) => [
          name,
          kind,
          source,
          channel,
          value,
        ]),
        [["alarms", "alarm", "EDGE!ALARM", "high", 1]],
      );
    });
  } finally {
    await cable.remove();
  }
});
