/**
 * What the tests of the publisher share: a client without network, rights that can be changed, and books.
 *
 * @module
 */
import {
  DecodeError,
  type Frame,
  makeFrame,
  makeLayout,
  type Signal,
  type Steps,
} from "../core/mod.ts";
import { decodeBaseTimes } from "./base_times.ts";
import { type CompactFormat, readCompact } from "./compact.ts";
import { Command, Response } from "./constants.ts";
import { DATA_PACKET_HEADER_SIZE, parseDataPacketHeader } from "./data_packet.ts";
import { commandFrame, FrameSplitter, parseResponse } from "./framing.ts";
import { MeasurementBatch } from "./measurement_batch.ts";
import { PublisherSession } from "./publisher.ts";
import type { DeliveryCounter } from "./publisher_books.ts";
import type { Selection } from "./publisher_caches.ts";
import { FrameLog } from "./publisher_log.ts";
import type { MetadataRequest, PublisherRights, SlowRule } from "./publisher_types.ts";
import { decodeCachePayload, type SignalIndexCache } from "./signal_index_cache.ts";
import { decodeText, encodeText } from "./text.ts";
import { TsscDecoder } from "./tssc_decoder.ts";

/** Signal number `handle` of the tests. */
export function testSignal(handle: number): Signal {
  return {
    handle,
    id: `00000000-0000-4000-8000-${handle.toString(16).padStart(12, "0")}`,
    device: "TEST",
    type: "ALOG",
    label: `A${handle}`,
    phase: "",
    unit: "",
    index: handle + 1,
    description: "",
    reference: `TEST-AV${handle + 1}`,
    source: "T",
    number: handle + 1,
    pointTag: `TEST:A${handle}`,
  };
}

/** A frame of `handles` whose value at each position is `base` plus its handle. */
export function testFrame(handles: readonly number[], second: number, base: number): Frame {
  let layout = layouts.get(handles.join());
  if (!layout) layouts.set(handles.join(), layout = makeLayout("test", handles, [], 50));
  const frame = makeFrame(layout);
  frame.instant.seconds = second;
  frame.arrivalMicros = second * 1e6;
  handles.forEach((handle, i) => {
    frame.values[i] = base + handle;
    frame.flags[i] = handle;
  });
  return frame;
}

const layouts = new Map<string, ReturnType<typeof makeLayout>>();

/** Rights that tests change; a filter text is a list of handles; any other means all. */
export class TestRights implements PublisherRights {
  version = 1;
  #permitted = new Uint8Array(0);
  #present: readonly number[] = [];

  /** Grants `handles` out of `present`. */
  grant(handles: Iterable<number>, present: readonly number[] = this.#present): void {
    this.#present = present;
    this.#permitted = new Uint8Array(Math.max(0, ...present) + 1);
    for (const handle of handles) this.#permitted[handle] = 1;
    this.version++;
  }

  /** True if the handle is permitted. */
  allows(handle: number): boolean {
    return this.#permitted[handle] === 1;
  }

  permitted(): Uint8Array {
    return this.#permitted;
  }

  /** Steps that `select` takes after it has looked at the rights. */
  steps = 0;

  *select(filterText: string): Steps<Selection> {
    if (filterText === "bad") throw new DecodeError("filter", "Cannot parse the filter");
    const byName = /^[\d,]*$/.test(filterText);
    const wanted = byName
      ? filterText.split(",").filter((t) => t !== "").map(Number)
      : this.#present;
    const selection = {
      signals: wanted.filter((h) => this.allows(h)).map(testSignal),
      unauthorized: byName
        ? wanted.filter((h) => !this.allows(h)).map((h) => testSignal(h).id)
        : [],
    };
    for (let n = 0; n < this.steps; n++) yield;
    return selection;
  }
}

/** Books that tests read. */
export class TestBooks implements DeliveryCounter {
  offeredTotal = 0;
  sentTotal = 0;
  queuedTotal = 0;
  filteredBy = [0, 0, 0, 0];
  droppedBy = [0, 0, 0, 0, 0, 0];
  /** What is left over per second of arrival; every entry must be 0. */
  readonly balances = new Map<number, number>();

  offered(at: number, count: number): void {
    this.offeredTotal += count;
    this.#add(at, count);
  }
  sent(at: number, count: number): void {
    this.sentTotal += count;
    this.#add(at, -count);
  }
  queued(at: number, count: number): void {
    this.queuedTotal += count;
    this.#add(at, -count);
  }
  filtered(reason: number, at: number, count: number): void {
    this.filteredBy[reason]! += count;
    this.#add(at, -count);
  }
  dropped(reason: number, at: number, count: number): void {
    this.droppedBy[reason]! += count;
    this.#add(at, -count);
  }

  /** Seconds whose books do not balance. */
  unbalanced(): number[] {
    return [...this.balances].filter(([, rest]) => rest !== 0).map(([second]) => second);
  }

  #add(at: number, count: number): void {
    const second = Math.floor(at / 1e6);
    this.balances.set(second, (this.balances.get(second) ?? 0) + count);
  }
}

/** One measurement as the client decoded it. */
export interface Received {
  /** Handle of the signal, from its GUID in the cache of the packet. */
  readonly handle: number;
  /** Value. */
  readonly value: number;
  /** State flags. */
  readonly flags: number;
  /** Whole ticks. */
  readonly ticks: bigint;
}

/** A session with a client at the other end of no wire at all. */
export class TestPeer {
  readonly log: FrameLog;
  readonly rights = new TestRights();
  readonly books = new TestBooks();
  readonly session: PublisherSession;
  /** Measurements in order of arrival. */
  received: Received[] = [];
  /** Texts of Succeeded and Failed responses, with response and command code. */
  readonly texts: { response: number; command: number; text: string }[] = [];
  /** Response codes in order. */
  codes: number[] = [];
  /** Caches in order. */
  readonly caches: { cacheIndex: number; cache: SignalIndexCache }[] = [];
  /** Metadata requests. */
  readonly requests: MetadataRequest[] = [];
  /** Complaints by kind. */
  readonly complaints: string[] = [];
  /** Data packets out of sequence: a defect. */
  gaps = 0;
  /** Caches that wait for a confirmation. */
  unconfirmed = 0;
  /** Confirm caches at once. */
  autoConfirm = true;
  /** Do the work of the session at once. */
  autoWork = true;
  /** Why the session wants the connection closed. */
  closed: string | undefined;
  /** Sizes of transmitted pieces. */
  bytes = 0;
  nowMs = 0;
  nowMicros = 0;
  format: CompactFormat = {
    includeTime: true,
    millisecondResolution: false,
    baseTimes: { timeIndex: 0, hi: [0, 0], lo: [0, 0] },
  };
  readonly #slots: (SignalIndexCache | undefined)[] = [];
  readonly #decoders = [new TsscDecoder(), new TsscDecoder()];
  readonly #batch = new MeasurementBatch();
  readonly #splitter = new FrameSplitter({ frame: (body) => this.#response(body) }, 1 << 26);
  readonly #version: number;
  #confirmNow = 0;

  constructor(
    options: {
      logBytes?: number;
      queueBytes?: number;
      version?: number;
      slow?: SlowRule;
      /** Does not read what the session sends: for subscriptions whose format the test does not know. */
      deaf?: boolean;
    } = {},
  ) {
    this.#version = options.version ?? 2;
    this.log = new FrameLog(options.logBytes ?? 65536);
    this.session = new PublisherSession({
      log: this.log,
      rights: this.rights,
      books: this.books,
      subscriberId: testSignal(0xffff).id,
      queueBytes: options.queueBytes ?? 65536,
      slow: options.slow ?? "drop",
      nowMs: 0,
      events: {
        transmit: (bytes) => {
          if (options.deaf) return;
          const copy = bytes.slice();
          this.bytes += copy.length;
          this.#splitter.push(copy);
          copy.fill(0xee);
        },
        metadata: (request) => this.requests.push(request),
        close: (_, message) => this.closed = message,
        complain: (kind) => this.complaints.push(kind),
        note: () => {},
      },
    });
  }

  /** Sends a command. */
  send(command: number, payload: Uint8Array = new Uint8Array(0)): void {
    this.sendRaw(commandFrame(command, payload));
  }

  /** Sends bytes as they are, lent. */
  sendRaw(bytes: Uint8Array): void {
    const lent = bytes.slice();
    this.session.receive(lent, this.nowMs);
    lent.fill(0xdd);
    this.#settle();
  }

  /** Sends the operational modes; 0xE0000260 is what the clients send by default. */
  hello(bits = 0xe0000260): void {
    const word = (bits | this.#version) >>> 0;
    this.send(
      Command.DefineOperationalModes,
      Uint8Array.of(word >>> 24, word >>> 16, word >>> 8, word),
    );
  }

  /** Subscribes with a filter and more of a connection string. */
  subscribe(filter: string, more = ""): void {
    const text = encodeText(`${more};filterExpression={${filter}}`, "utf-8");
    const payload = new Uint8Array(5 + text.length);
    payload[0] = 2;
    new DataView(payload.buffer).setUint32(1, text.length);
    payload.set(text, 5);
    this.send(Command.Subscribe, payload);
  }

  /** Confirms the oldest cache that is not confirmed. */
  confirm(): void {
    this.unconfirmed--;
    this.send(Command.ConfirmUpdateSignalIndexCache);
  }

  /** Puts a frame into the log and spoils it. */
  publish(handles: readonly number[], second: number, base: number): void {
    const frame = testFrame(handles, second, base);
    this.log.accept(frame);
    frame.values.fill(-1);
    frame.flags.fill(0xffffffff);
  }

  /** Lets time pass. */
  advance(ms: number, roomBytes = 65536): void {
    this.nowMs += ms;
    this.nowMicros += ms * 1000;
    this.session.tick(this.nowMs, this.nowMicros, roomBytes);
  }

  /** What was received since the last call. */
  take(): Received[] {
    const taken = this.received;
    this.received = [];
    return taken;
  }

  /** Refreshes the selection as the owner of the connection would. */
  refresh(): void {
    this.session.refresh();
    this.#settle();
  }

  /** Does a step of the session's work; true if there is more to do. */
  work(): boolean {
    const more = this.session.work();
    this.#sendConfirmations();
    return more;
  }

  #settle(): void {
    while (this.autoWork && this.session.work());
    this.#sendConfirmations();
  }

  #sendConfirmations(): void {
    while (this.#confirmNow > 0) {
      this.#confirmNow--;
      this.confirm();
    }
  }

  #response(body: Uint8Array): void {
    const { response, command, payload } = parseResponse(body);
    this.codes.push(response);
    if (response === Response.Succeeded || response === Response.Failed) {
      this.texts.push({ response, command, text: decodeText(payload, "utf-8") });
    } else if (response === Response.UpdateSignalIndexCache) {
      this.#takeCache(payload);
    } else if (response === Response.DataPacket) {
      this.#takeData(payload);
    } else if (response === Response.UpdateBaseTimes) {
      this.format = { ...this.format, baseTimes: decodeBaseTimes(payload) };
    }
  }

  #takeCache(payload: Uint8Array): void {
    const update = decodeCachePayload(payload, {
      version: this.#version,
      gzip: true,
      encoding: "utf-8",
    });
    this.caches.push(update);
    this.#slots[update.cacheIndex] = update.cache;
    this.#decoders[update.cacheIndex] = new TsscDecoder();
    if (this.#version < 2) return;
    this.unconfirmed++;
    if (this.autoConfirm) this.#confirmNow++;
  }

  #takeData(payload: Uint8Array): void {
    const { tssc, cacheIndex, count } = parseDataPacketHeader(payload);
    const cache = this.#slots[cacheIndex];
    if (!cache) throw new Error(`Data for slot ${cacheIndex}, which has no cache`);
    const batch = this.#batch;
    batch.reserve(count);
    if (!tssc) {
      const end = readCompact(
        payload,
        DATA_PACKET_HEADER_SIZE,
        payload.length,
        count,
        this.format,
        batch,
      );
      if (end !== payload.length) throw new Error("Compact packet has bytes left over");
    } else if (
      !this.#decoders[cacheIndex]!.decode(payload, 5, payload.length, count, batch)
    ) {
      this.gaps++;
      return;
    }
    if (batch.count !== count) throw new Error("Count of the packet is wrong");
    const handleOf = new Map(
      cache.records.map((r) => [r.signalIndex, parseInt(r.signalId.slice(24), 16)]),
    );
    for (let i = 0; i < count; i++) {
      this.received.push({
        handle: handleOf.get(batch.ids[i]!)!,
        value: batch.values[i]!,
        flags: batch.flags[i]!,
        ticks: (BigInt(batch.ticksHi[i]!) << 32n) | BigInt(batch.ticksLo[i]!),
      });
    }
  }
}
