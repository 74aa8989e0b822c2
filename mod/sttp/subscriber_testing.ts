/**
 * What the tests of the subscriber share: a publisher that says what a test wants.
 *
 * @module
 */
import type { Steps } from "../core/mod.ts";
import { noBaseTimes } from "./base_times.ts";
import { writeCompact } from "./compact.ts";
import { Command, Response } from "./constants.ts";
import { writeDataPacketHeader } from "./data_packet.ts";
import { responseFrame } from "./framing.ts";
import { encodeCachePayload, encodeSignalIndexCache } from "./signal_index_cache.ts";
import { SubscriberSession } from "./subscriber.ts";
import type { SubscriberSessionOptions } from "./subscriber_types.ts";
import { encodeText } from "./text.ts";
import type { TsscEncoder } from "./tssc_encoder.ts";

/** GUIDs of three signals. */
export const GUIDS = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`);
/** Upper half of the ticks of all measurements. */
export const T_HI = 0x08da9f2b;

/** A publisher that says what a test wants, and a session that listens to it. */
export class Bench {
  readonly session: SubscriberSession;
  /** Command frames that the session sent. */
  readonly sent: Uint8Array[] = [];
  /** What the session told, in order. */
  readonly told: string[] = [];
  /** Delivered measurements: GUID, lower ticks, flags, bits. */
  readonly got: (string | number)[][] = [];
  nowMs = 1000;
  /** Steps that its owner takes before a cache is confirmed, and before metadata are told. */
  ownSteps = 0;
  readonly version: number;

  constructor(options: Partial<SubscriberSessionOptions> = {}) {
    const tell = (name: string) => (...args: unknown[]) =>
      void this.told.push([name, ...args].join(" "));
    this.version = options.modes?.version ?? 2;
    this.session = new SubscriberSession({
      nowMs: this.nowMs,
      metadata: false,
      request: { filterExpression: "PPA:1;PPA:2" },
      ...options,
      events: {
        transmit: (frame) => this.sent.push(frame),
        close: (kind) => this.told.push(`close ${kind}`),
        complain: (kind) => this.told.push(`complain ${kind}`),
        measurements: (batch, cache) => {
          for (let i = 0; i < batch.count; i++) {
            const id = cache.signalIdOf(batch.ids[i]!) ?? "?";
            this.got.push([id, batch.ticksLo[i]!, batch.flags[i]!, batch.valueBits[i]!]);
          }
        },
        prepareCache: () => this.#prepare(),
        prepareMetadata: () => this.#prepare(),
        accepted: tell("accepted"),
        metadata: (dataSet, changed) =>
          this.told.push(`metadata ${dataSet.tables.length} ${changed}`),
        cache: (cache) => this.told.push(`cache ${cache.cacheIndex} ${cache.records.length}`),
        subscribed: tell("subscribed"),
        refused: tell("refused"),
        succeeded: tell("succeeded"),
        startTime: tell("startTime"),
        bufferBlock: (index, data, cache) =>
          this.told.push(`block ${index} ${data.join("")} ${cache?.signalIdOf(index)}`),
        notification: tell("notification"),
        configurationChanged: tell("configurationChanged"),
        processingComplete: tell("processingComplete"),
        userResponse: (response, command, payload) =>
          this.told.push(`user ${response} ${command} ${payload.length}`),
      },
    });
  }

  *#prepare(): Steps<void> {
    for (let n = 0; n < this.ownSteps; n++) yield;
  }

  start(): this {
    this.session.start(this.nowMs);
    return this;
  }

  say(response: number, command: number, payload: string | Uint8Array = ""): void {
    const bytes = typeof payload === "string" ? encodeText(payload, "utf-8") : payload;
    const frame = responseFrame(response, command, bytes);
    this.session.receive(frame, this.nowMs);
    frame.fill(0xee); // lent
  }

  ok(command: number, payload: string | Uint8Array = ""): void {
    this.say(Response.Succeeded, command, payload);
  }

  cache(cacheIndex: 0 | 1, guids: readonly string[]): void {
    const format = { version: this.version, gzip: true, encoding: "utf-8" } as const;
    const body = encodeSignalIndexCache({
      subscriberId: GUIDS[0]!,
      records: guids.map((signalId, signalIndex) => ({
        signalIndex,
        signalId,
        source: "PPA",
        id: BigInt(signalIndex),
      })),
      unauthorized: [],
    }, "utf-8");
    this.say(
      Response.UpdateSignalIndexCache,
      Command.Subscribe,
      encodeCachePayload(body, cacheIndex, format),
    );
  }

  /** Sends a packet of one measurement: signal index 0, the given bits. */
  tssc(encoder: TsscEncoder, cacheIndex: number, lo: number, bits: number): void {
    const out = new Uint8Array(500);
    encoder.begin(out, 5);
    encoder.add(0, T_HI, lo, 1, bits);
    writeDataPacketHeader(out, 0, true, cacheIndex, encoder.count);
    this.say(Response.DataPacket, Command.Subscribe, out.subarray(0, encoder.end()));
  }

  later(ms: number): void {
    this.nowMs += ms;
    this.session.tick(this.nowMs);
  }

  /** Codes of the commands that were sent since the last call. */
  commands(): number[] {
    return this.sent.splice(0).map((frame) => frame[4]!);
  }

  /** What was told since the last call. */
  tellings(): string[] {
    return this.told.splice(0);
  }

  subscribe(cacheIndex: 0 | 1 = 0): this {
    this.start();
    this.ok(Command.DefineOperationalModes, "hello");
    this.cache(cacheIndex, GUIDS.slice(0, 2));
    this.ok(Command.Subscribe, "2 signals");
    this.commands();
    this.tellings();
    return this;
  }
}

/** The payload of a data packet with one compact measurement, whose signal index is 0. */
export function compactPacket(valueBits: number, flags = 2): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(5 + 17);
  const format = { includeTime: true, millisecondResolution: false, baseTimes: noBaseTimes() };
  const end = writeCompact(out, 5, format, 0, T_HI, 7, 0, valueBits);
  writeDataPacketHeader(out, 0, false, (flags & 16) >> 4, 1);
  return out.slice(0, end);
}
