/**
 * The devices that streams become: their signals, and the order of the values in their frames.
 *
 * Capture and gateway make the same list of the same options, so that a frame on the link needs only numbers.
 *
 * @module
 */
import {
  type Layout,
  makeLayout,
  type MeaningChange,
  type SignalDraft,
  signalDraft,
  type SignalRegistry,
  type SignalType,
  uuidFromName,
} from "../../core/mod.ts";
import type { SvChannelOptions, SvInputOptions, SvPmuOptions, SvStreamOptions } from "./options.ts";

/** One device: a stream, a stream in one of its two classes, or a PMU of a stream of synchrophasors. */
export interface SvDevice {
  /** Number of its frames on the link. */
  readonly index: number;
  /** Number of the stream: those of samples come first, then those of synchrophasors. */
  readonly stream: number;
  /** Class of its estimator; undefined for a PMU that somebody else estimates for. */
  readonly class: "P" | "M" | undefined;
  /** Number of the PMU in its stream; 0 for samples. */
  readonly pmu: number;
  /** Acronym. */
  readonly acronym: string;
  /** Name for people. */
  readonly name: string;
  /** `svID` of its stream. */
  readonly svId: string;
  /** APPID of its stream. */
  readonly appid: number;
  /** Place of its acronym in the table of the input. */
  readonly path: readonly (string | number)[];
  /** Reports per second. */
  readonly framesPerSecond: number;
  /** Positions of the published phasors among those of the estimator: the channels, then 1, 2, 0 of each set. */
  readonly phasors: readonly number[];
  /** Channels whose RMS is published, by number among those of the estimator. */
  readonly rms: readonly number[];
  /** Its signals, in the order of the values. */
  readonly drafts: readonly SignalDraft[];
  /** WGS 84 degrees, north positive; NaN when unknown. */
  readonly latitude: number;
  /** WGS 84 degrees, east positive; NaN when unknown. */
  readonly longitude: number;
}

/** A device with its layout. */
export interface RegisteredDevice extends SvDevice {
  /** Layout of its frames. */
  readonly layout: Layout;
  /** Kind of each value. */
  readonly types: readonly SignalType[];
  /** Positions whose meaning changed since they were last seen. */
  readonly changes: readonly MeaningChange[];
}

/** Three channels that are one three-phase set. */
export interface ThreePhaseSet {
  /** Name. */
  readonly name: string;
  /** What it measures. */
  readonly kind: "current" | "voltage";
  /** Labels of phases A, B and C. */
  readonly channels: readonly [string, string, string];
}

/** The channels that give phasors, in order. */
export function phasorChannels(stream: SvStreamOptions): readonly SvChannelOptions[] {
  return stream.channels.filter((c) => c.kind !== "other");
}

/** The complete three-phase sets of a stream, in the order of their first channel. */
export function setsOf(stream: SvStreamOptions): ThreePhaseSet[] {
  const sets: ThreePhaseSet[] = [];
  const seen = new Set<string>();
  for (const { kind, set } of stream.channels) {
    if (kind === "other" || seen.has(`${kind} ${set}`)) continue;
    seen.add(`${kind} ${set}`);
    const of = (phase: string) =>
      stream.channels.filter((c) => c.kind === kind && c.set === set && c.phase === phase);
    const [a, b, c] = [of("A"), of("B"), of("C")];
    if (a.length === 1 && b.length === 1 && c.length === 1) {
      sets.push({ name: set, kind, channels: [a[0]!.label, b[0]!.label, c[0]!.label] });
    }
  }
  return sets;
}

/** All devices of an input, in the order of their numbers. */
export function devicesOf(
  { streams, synchrophasors }: Pick<SvInputOptions, "streams" | "synchrophasors">,
): SvDevice[] {
  const devices: SvDevice[] = [];
  streams.forEach((stream, number) => {
    const classes = stream.class === "both" ? (["P", "M"] as const) : [stream.class];
    for (const one of classes) {
      devices.push({
        ...signalsOf(stream),
        index: devices.length,
        stream: number,
        class: one,
        pmu: 0,
        acronym: classes.length > 1 ? `${stream.acronym}_${one}` : stream.acronym,
        name: stream.name ?? stream.svId,
        svId: stream.svId,
        appid: stream.appid,
        path: ["streams", number, "acronym"],
        framesPerSecond: stream.framesPerSecond,
        latitude: stream.latitude ?? NaN,
        longitude: stream.longitude ?? NaN,
      });
    }
  });
  synchrophasors.forEach(({ svId, appid, rate, pmus }, number) => {
    pmus.forEach((pmu, i) =>
      devices.push({
        index: devices.length,
        stream: streams.length + number,
        class: undefined,
        pmu: i,
        acronym: pmu.acronym,
        name: pmu.name ?? pmu.acronym,
        svId,
        appid,
        path: ["synchrophasors", number, "pmus", i, "acronym"],
        framesPerSecond: rate,
        phasors: [],
        rms: [],
        drafts: pmuDrafts(pmu),
        latitude: pmu.latitude ?? NaN,
        longitude: pmu.longitude ?? NaN,
      })
    );
  });
  return devices;
}

/** What a stream is called in status and log: the acronym of its device, the svID of several. */
export function streamName(
  { streams, synchrophasors }: Pick<SvInputOptions, "streams" | "synchrophasors">,
  number: number,
): string | undefined {
  return streams[number]?.acronym ?? synchrophasors[number - streams.length]?.svId;
}

/** Registers the devices of the input called `name` and makes their layouts. */
export function registerDevices(
  name: string,
  options: SvInputOptions,
  registry: SignalRegistry,
): RegisteredDevice[] {
  return devicesOf(options).map((device): RegisteredDevice => {
    const { acronym, framesPerSecond } = device;
    const { signals, changes } = registry.register({
      acronym,
      id: uuidFromName(registry.gatewayId, `device/${acronym}`),
      name: device.name,
      parentAcronym: "",
      protocol: options.udp === undefined ? "IEC 61850-9-2" : "IEC TR 61850-90-5",
      accessId: device.appid,
      framesPerSecond,
      company: options.company ?? "",
      vendor: options.vendor ?? "",
      longitude: device.longitude,
      latitude: device.latitude,
    }, device.drafts);
    return {
      ...device,
      layout: makeLayout(
        `${name}!${acronym}`,
        signals.map((s) => s.handle),
        [{ device: acronym, offset: 0, count: signals.length }],
        framesPerSecond,
      ),
      types: signals.map((s) => s.type),
      changes,
    };
  });
}

const COMPONENTS = [
  { suffix: "1", phase: "+", words: "positive sequence" },
  { suffix: "2", phase: "-", words: "negative sequence" },
  { suffix: "0", phase: "0", words: "zero sequence" },
] as const;

function signalsOf(stream: SvStreamOptions): Pick<SvDevice, "phasors" | "rms" | "drafts"> {
  const channels = phasorChannels(stream);
  const name = stream.name ?? stream.svId;
  const drafts: SignalDraft[] = [];
  const phasors: number[] = [];
  const phasor = (at: number, label: string, phase: string, kind: string, words: string) => {
    phasors.push(at);
    drafts.push(...phasorDrafts(label, phase, kind, phasors.length, `${name} ${words}`));
  };
  channels.forEach(({ label, phase, kind }, i) => phasor(i, label, phase, kind, label));
  if (stream.sequence !== "none") {
    const wanted = stream.sequence === "all" ? COMPONENTS : COMPONENTS.slice(0, 1);
    setsOf(stream).forEach((set, number) => {
      wanted.forEach(({ suffix, phase, words }, component) => {
        const at = channels.length + 3 * number + component;
        phasor(at, `${set.name}${suffix}`, phase, set.kind, `${set.name} ${words}`);
      });
    });
  }
  drafts.push(...frequencyDrafts(name));
  const rms = stream.rms ? channels.map((_, i) => i) : [];
  for (const i of rms) {
    const { label, kind, phase } = channels[i]!;
    drafts.push({
      ...signalDraft("ALOG", `${label} RMS`, phase, i + 1, `${name} ${label} true RMS`),
      unit: kind === "voltage" ? "Volts" : "Amps",
    });
  }
  drafts.push(...stateDrafts(name));
  return { phasors, rms, drafts };
}

/** Magnitude and angle of each phasor, frequency, ROCOF, analogs, digital words, status, time quality. */
function pmuDrafts(pmu: SvPmuOptions): SignalDraft[] {
  const name = pmu.name ?? pmu.acronym;
  return [
    ...pmu.phasors.flatMap(({ label, phase, kind }, i) =>
      phasorDrafts(label, phase, kind, i + 1, `${name} ${label}`)
    ),
    ...frequencyDrafts(name),
    ...pmu.analogs.map((label, i) => signalDraft("ALOG", label, "", i + 1, `${name} ${label}`)),
    ...pmu.digitals.map((label, i) => signalDraft("DIGI", label, "", i + 1, `${name} ${label}`)),
    ...stateDrafts(name),
  ];
}

function phasorDrafts(
  label: string,
  phase: string,
  kind: string,
  index: number,
  words: string,
): SignalDraft[] {
  const [magnitude, angle] = kind === "voltage"
    ? (["VPHM", "VPHA"] as const)
    : (["IPHM", "IPHA"] as const);
  return [
    signalDraft(magnitude, label, phase, index, `${words} magnitude`),
    signalDraft(angle, label, phase, index, `${words} angle`),
  ];
}

function frequencyDrafts(name: string): SignalDraft[] {
  return [
    signalDraft("FREQ", "", "", 0, `${name} frequency`),
    signalDraft("DFDT", "", "", 0, `${name} rate of change of frequency`),
  ];
}

function stateDrafts(name: string): SignalDraft[] {
  return [
    signalDraft("FLAG", "", "", 0, `${name} status`),
    signalDraft("QUAL", "", "", 0, `${name} time quality`),
  ];
}
