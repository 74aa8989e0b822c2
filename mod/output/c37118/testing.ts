/**
 * What the tests of this module share: devices, aligned frames, and a stream.
 *
 * @module
 */
import { AccessControl } from "../../access/mod.ts";
import {
  type Clock,
  type ClockReport,
  type Frame,
  type Layout,
  makeFrame,
  makeLayout,
  MISSING_FLAGS,
  setFromSlot,
  SignalRegistry,
  uuidFromName,
} from "../../core/mod.ts";
import { MemoryLog } from "../../core/testing.ts";
import {
  type Configuration,
  DataDecoder,
  type PmuConfiguration,
  signalsOf,
} from "../../c37118/mod.ts";
import { configuration, pmu } from "../../c37118/testing.ts";
import * as v from "valibot";
import type { C37118OutputContext } from "./context.ts";
import type { C37118OutputOptions } from "./options.ts";
import { c37118OutputSchema } from "./schema.ts";

/** The gateway of the tests. */
export const GATEWAY_ID = "6f1f7f6e-3f5b-4f0e-9a53-0c9a5d2b7a11";
/** Name of the part under test. */
export const PART = "output.pdc";

/** Options with defaults filled in: a stream of the aligner `wide` for clients of this host, on any port. */
export function outputOptions(
  change: Omit<Partial<C37118OutputOptions>, "type"> = {},
): C37118OutputOptions {
  return v.parse(c37118OutputSchema, {
    type: "c37118",
    insecure: true,
    stream: "wide",
    idCode: 77,
    nominalHz: 60,
    listen: "127.0.0.1:0",
    clients: { local: ["127.0.0.1"] },
    allow: ["True"],
    settleMs: 0,
    ...change,
  });
}

/** A source: a device of one PMU, its frames decoded from C37.118. */
interface Source {
  readonly decoder: DataDecoder;
  readonly frame: Frame;
}

/** Devices and the aligned frames that they make, with everything that an output is lent. */
export class Station {
  /** Signals and devices. */
  readonly registry: SignalRegistry = new SignalRegistry(GATEWAY_ID, "TEST");
  /** Who may see what. */
  readonly access: AccessControl = new AccessControl(this.registry, { nodeId: GATEWAY_ID });
  /** What was logged. */
  readonly log: MemoryLog = new MemoryLog();
  /** What is known of the clock. */
  report: ClockReport | undefined;
  /** Devices that the gateway estimates. */
  readonly estimated: Set<string> = new Set();
  readonly #sources = new Map<string, Source>();
  readonly #rate: number;
  #aligned: Frame | undefined;

  /** A station that aligns at `rate` frames per second, in which the stream has the rights of `options`. */
  constructor(options: C37118OutputOptions, rate = 50) {
    this.#rate = rate;
    this.access.setSubscriber(PART, options);
  }

  /** What an output is lent. */
  context(clock: Clock, stateDir: string): C37118OutputContext {
    return {
      registry: this.registry,
      access: this.access,
      clockReport: () => this.report,
      estimates: (device) => this.estimated.has(device),
      aligned: () => undefined,
      gatewayName: "EDGE",
      stateDir,
      clock,
      log: this.log,
    };
  }

  /** A device with these channels comes, or has others from now on; aligned frames have another layout then. */
  device(acronym: string, configuration: Configuration): void {
    const pmu = configuration.pmus[0]!; // the tests have one in each
    const { pmus, quality } = signalsOf(configuration);
    const drafts = [...pmus[0]!.drafts, quality];
    const { signals } = this.registry.register({
      acronym,
      id: uuidFromName(GATEWAY_ID, `device/${acronym}`),
      name: pmu.station,
      parentAcronym: "",
      protocol: "IEEE C37.118.2-2011",
      accessId: pmu.idCode,
      framesPerSecond: configuration.dataRate,
      company: "",
      vendor: "",
      longitude: NaN,
      latitude: NaN,
    }, drafts);
    const layout = makeLayout(
      acronym.toLowerCase(),
      signals.map(({ handle }) => handle),
      [{ device: acronym, offset: 0, count: signals.length }],
      configuration.dataRate,
    );
    this.#sources.set(acronym, {
      decoder: new DataDecoder(configuration),
      frame: makeFrame(layout),
    });
    this.#aligned = undefined;
  }

  /** The device goes, with its signals. */
  forget(acronym: string): void {
    this.registry.unregister(acronym);
    this.#sources.delete(acronym);
    this.#aligned = undefined;
  }

  /** What a device has sent, as it is received. */
  received(acronym: string, bytes: Uint8Array): Frame {
    const { decoder, frame } = this.#sources.get(acronym)!;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    decoder.decode(bytes, view, 0, bytes.length, frame);
    frame.arrivalMicros = frame.instant.seconds * 1e6 + frame.instant.nanos / 1000 + 20_000;
    return frame;
  }

  /** The aligned frame of a slot, with what these devices have sent for it; the others are missing. */
  aligned(second: number, index: number, sent: Readonly<Record<string, Uint8Array>>): Frame {
    const frame = this.#aligned ??= makeFrame(this.#layout());
    setFromSlot(frame.instant, second, index, this.#rate);
    frame.arrivalMicros = second * 1e6 + index * 1e6 / this.#rate + 20_000;
    frame.leap = 0;
    frame.layout.devices.forEach(({ device, offset, count }) => {
      const bytes = sent[device];
      if (!bytes) {
        frame.values.fill(NaN, offset, offset + count);
        frame.flags.fill(MISSING_FLAGS, offset, offset + count);
        return;
      }
      const from = this.received(device, bytes);
      frame.values.set(from.values, offset);
      frame.flags.set(from.flags, offset);
      frame.leap |= from.leap;
    });
    return frame;
  }

  #layout(): Layout {
    const handles: number[] = [], devices: { device: string; offset: number; count: number }[] = [];
    for (const [device, { frame }] of this.#sources) {
      devices.push({ device, offset: handles.length, count: frame.layout.handles.length });
      handles.push(...frame.layout.handles);
    }
    return makeLayout("wide", handles, devices, this.#rate);
  }
}

/** A CFG-2 of one PMU. */
export function onePmu(change: Partial<PmuConfiguration> = {}): Configuration {
  const of = pmu(change);
  return configuration({ idCode: of.idCode, pmus: [of] });
}
