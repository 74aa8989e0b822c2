/**
 * PMUs for the gateway under load, in a process of their own: `sender.ts DEVICES RATE SECONDS FILE [PHASORS]`.
 *
 * Serves CFG-2 over TCP. Every PMU that was told to start sends the frame of a slot as soon as the slot begins, all of
 * them at once, as PMUs with good clocks do: the burst is the hardest case for the receiver. The moment of each frame is
 * read from CLOCK_MONOTONIC before its write. SECONDS are counted from a "go" on stdin.
 *
 * @module
 */
import {
  Command,
  DataEncoder,
  encodeConfiguration,
  FrameType,
  StreamParser,
} from "../../mod/c37118/mod.ts";
import { sharedMicros, wallMicros } from "./clock.ts";
import { loadConfiguration, LoadValues } from "./device.ts";
import { lines } from "./lines.ts";
import { FrameMoments } from "./records.ts";

const [devices, rate, seconds] = Deno.args.slice(0, 3).map(Number) as [number, number, number];
const file = Deno.args[3]!; // the orchestrator gives it
const phasors = Number(Deno.args[4] ?? 10);

/** After the frames of a slot are written, those of the next are made. */
const PREPARE_MS = 4;

const moments = new FrameMoments(devices * rate * (seconds + 5));
let framesSent = 0, slotsMissed = 0, failures = 0;
/** The slots that count, once "go" has come. */
let firstSlot = Infinity, endSlot = Infinity;

class Pmu {
  readonly #configuration;
  readonly #encoder;
  readonly #values;
  readonly listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  #conn: Deno.TcpConn | undefined;
  #isStarted = false;
  #frame = new Uint8Array(0);
  #writing: Promise<unknown> = Promise.resolve();

  constructor(readonly device: number) {
    this.#configuration = loadConfiguration(device, rate, phasors);
    this.#encoder = new DataEncoder(this.#configuration);
    this.#values = new LoadValues(device, phasors);
    this.#serve();
  }

  /** Makes the frame of a slot. */
  prepare(slot: number): void {
    const second = Math.floor(slot / rate), index = slot - second * rate;
    // A write may still hold the last one.
    this.#frame = new Uint8Array(this.#encoder.size);
    const fraction = Math.floor((index * 1e6) / rate);
    this.#encoder.encode(this.#values.next(slot), second, fraction, 0, this.#frame);
  }

  /** Sends what was made. */
  send(slot: number): void {
    const conn = this.#conn;
    if (!conn || !this.#isStarted) return;
    if (slot >= firstSlot) moments.add(this.device, slot, sharedMicros());
    this.#writing = conn.write(this.#frame).then((count) => {
      if (count === this.#encoder.size) framesSent++;
      else failures++;
    }, () => failures++);
  }

  flushed(): Promise<unknown> {
    return this.#writing;
  }

  async #serve(): Promise<void> {
    for await (const conn of this.listener) {
      this.#conn = conn;
      this.#isStarted = false;
      await this.#read(conn).catch(() => {}); // the gateway is gone and may come again
    }
  }

  async #read(conn: Deno.TcpConn): Promise<void> {
    conn.setNoDelay(true);
    const parser = new StreamParser((frame) => {
      if (frame.type !== FrameType.Command) return;
      const command = frame.view.getUint16(frame.offset + 14);
      if (command === Command.SendConfig2) {
        const soc = Math.floor(wallMicros() / 1e6);
        const prefix = { idCode: this.#configuration.idCode, soc, version: 1 };
        void conn.write(encodeConfiguration(this.#configuration, prefix, FrameType.Config2));
      } else if (command === Command.DataOn) this.#isStarted = true;
      else if (command === Command.DataOff) this.#isStarted = false;
    }, { role: "server" });
    const buffer = new Uint8Array(4096);
    for (;;) {
      const count = await conn.read(buffer);
      if (count === null) return;
      parser.push(buffer.subarray(0, count), performance.now());
    }
  }
}

function say(line: Record<string, unknown>): void {
  console.log(JSON.stringify(line));
}

/** Sends until the slots that count are over; resolves when everything has been written. */
function run(pmus: readonly Pmu[]): Promise<void> {
  return new Promise((resolve) => {
    let next = Math.floor((wallMicros() * rate) / 1e6) + 2;
    for (const pmu of pmus) pmu.prepare(next);
    const wake = () => {
      const now = Math.floor((wallMicros() * rate) / 1e6);
      if (now < next) return sleep();
      for (const pmu of pmus) pmu.send(next);
      slotsMissed += now - next;
      next = now + 1;
      if (next >= endSlot) {
        Promise.all(pmus.map((pmu) => pmu.flushed())).then(() => resolve());
        return;
      }
      // Later, so that making frames does not stand between the writes and the kernel.
      setTimeout(() => {
        for (const pmu of pmus) pmu.prepare(next);
        sleep();
      }, PREPARE_MS);
    };
    const sleep = () => {
      setTimeout(wake, Math.max(0, Math.ceil((next * 1e3) / rate - wallMicros() / 1000)));
    };
    sleep();
  });
}

const pmus = Array.from({ length: devices }, (_, i) => new Pmu(i));
say({ ports: pmus.map(({ listener }) => listener.addr.port) });
const running = run(pmus);
const orders = lines(Deno.stdin.readable);
await orders.next(); // "go"
firstSlot = Math.floor((wallMicros() * rate) / 1e6) + 2;
endSlot = firstSlot + rate * seconds;
slotsMissed = 0;
say({ slots: { firstSlot, endSlot } });
await running;
await moments.save(file);
say({ sent: { framesSent, slotsMissed, failures } });
await orders.next(); // the end of stdin: connections stay open until then
Deno.exit(0);
