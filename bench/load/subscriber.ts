/**
 * The TLS subscriber of the gateway under load, in a process of its own: `subscriber.ts PORT PIN SIGNALS RECORDS FILE RATE`.
 *
 * Key and certificate come on stdin as one JSON line. Keeps, for each device and slot, the moment at which the last
 * value of the device's frame was decoded. When stdin ends it writes the file and says what it counted.
 *
 * @module
 */
import { instant, setFromTicks } from "../../mod/core/mod.ts";
import { Identities } from "../../mod/identity/mod.ts";
import { SttpClient } from "../../mod/input/sttp/mod.ts";
import { type KeyPair, systemClock } from "../../mod/os/mod.ts";
import type { MeasurementBatch, SubscriberCache } from "../../mod/sttp/mod.ts";
import { sharedMicros } from "./clock.ts";
import { lines } from "./lines.ts";
import { FrameMoments } from "./records.ts";

const [port, pin, signals, records, file, rate] = Deno.args as [
  string,
  string,
  string,
  string,
  string,
  string,
];

const framesPerSecond = Number(rate);
/** Ticks carry leap bits on top. */
const TICKS_HI_MASK = 0x3fff_ffff;

class Counter {
  readonly moments = new FrameMoments(Number(records));
  /** By slot: values that are there, and all. */
  readonly bySlot = new Map<number, [values: number, all: number]>();
  /** By signal GUID: number of its device. */
  readonly devices = new Map<string, number>();
  /** By position in the cache: number of the device of which it is the last value, or -1. */
  #last = new Int32Array(0);
  readonly #instant = instant(0);

  adopt(cache: SubscriberCache): void {
    this.#last = new Int32Array(cache.records.length).fill(-1);
    const lastOf = new Map<number, number>();
    cache.records.forEach(({ signalId }, position) => {
      const device = this.devices.get(signalId);
      if (device !== undefined) lastOf.set(device, position);
    });
    for (const [device, position] of lastOf) this.#last[position] = device;
  }

  accept(batch: MeasurementBatch, cache: SubscriberCache): void {
    const now = sharedMicros();
    let hi = -1, lo = -1, slot = 0;
    let counts: [number, number] = [0, 0];
    for (let i = 0; i < batch.count; i++) {
      if (batch.ticksLo[i] !== lo || batch.ticksHi[i] !== hi) {
        hi = batch.ticksHi[i]!;
        lo = batch.ticksLo[i]!;
        slot = this.#slotOf(hi, lo);
        counts = this.bySlot.get(slot) ?? [0, 0];
        this.bySlot.set(slot, counts);
      }
      if (!Number.isNaN(batch.values[i]!)) counts[0]++;
      counts[1]++;
      const device = this.#last[cache.positionOf(batch.ids[i]!)] ?? -1;
      if (device >= 0) this.moments.add(device, slot, now);
    }
  }

  #slotOf(hi: number, lo: number): number {
    setFromTicks(this.#instant, hi & TICKS_HI_MASK, lo);
    const { seconds, nanos } = this.#instant;
    return seconds * framesPerSecond + Math.round((nanos * framesPerSecond) / 1e9);
  }
}

function say(line: Record<string, unknown>): void {
  console.log(JSON.stringify(line));
}

const input = lines(Deno.stdin.readable);
const { value: line } = await input.next();
const identity: KeyPair = JSON.parse(line!);
const clock = systemClock();
const counter = new Counter();
const publisher = new Identities({
  subscribers: [{ name: "gateway", enabled: true, pins: [pin] }],
});
const client = new SttpClient({
  hostname: "127.0.0.1",
  port: Number(port),
  clock,
  tls: {
    keyPem: identity.keyPem,
    certPem: identity.certPem,
    judge: (peer) =>
      publisher.identifyTls({ ...peer, nowMs: clock.nowMicros() / 1000, role: "server" }),
  },
  session: { request: { filterExpression: "FILTER ActiveMeasurements WHERE TRUE" } },
  events: {
    metadata: (dataSet) => {
      const table = dataSet.tables.find(({ name }) => name === "MeasurementDetail")!;
      const column = (name: string) => table.columns.findIndex((c) => c.name === name);
      const id = column("SignalID"), device = column("DeviceAcronym");
      for (const row of table.rows) {
        counter.devices.set(
          String(row[id]).toLowerCase(),
          Number(/\d+$/.exec(String(row[device]))?.[0]),
        );
      }
    },
    cache: (cache) => {
      counter.adopt(cache);
      if (cache.records.length === Number(signals)) say({ subscribed: cache.records.length });
    },
    measurements: (batch, cache) => counter.accept(batch, cache),
    disconnected: (message) => say({ failed: message }),
    complain: (_, message) => say({ complaint: message }),
  },
});
client.start();
while (!(await input.next()).done);
// None where it is not connected just now, of which a line has told.
const { outOfSequence = 0, withoutCache = 0, resubscriptions = 0 } = client.counters ?? {};
await counter.moments.save(file);
say({ received: { bySlot: [...counter.bySlot], outOfSequence, withoutCache, resubscriptions } });
await client.stop();
Deno.exit(0);
