/**
 * The alarms of the gateway as signals of type ALRM: 1 while raised, 0 otherwise.
 *
 * @module
 */
import { type AlarmOptions, SEVERITIES } from "../alarm/mod.ts";
import {
  type Clock,
  type Device,
  type Frame,
  type FrameSink,
  type Instant,
  makeFrame,
  makeLayout,
  setFromMicros,
  type Signal,
  type SignalDraft,
  type SignalRegistry,
  StateFlags,
  toMicros,
  uuidFromName,
} from "../core/mod.ts";

/** Source of the layouts of alarms. */
export const ALARM_SOURCE = "alarms";
/** A stamp that lies further back than this is of a clock that was set; it is taken as it is. */
const LONGEST_BACK_MICROS = 60e6;

/** What signals of alarms need of the gateway. */
export interface AlarmSignalsContext {
  /** Acronym of the gateway; alarms are those of the device `NAME!ALARM`. */
  readonly name: string;
  /** Company acronym, or empty. */
  readonly company: string;
  /** Gives out handles and GUIDs. */
  readonly registry: SignalRegistry;
  /** Every stream that subscribers read: each gets each frame once. */
  readonly sinks: readonly FrameSink[];
  /** The time. */
  readonly clock: Clock;
}

/** Acronym of the device that the alarms of a gateway are signals of. */
export function alarmDevice(gateway: string): string {
  return `${gateway}!ALARM`;
}

/** The signals of all alarms, each in a frame of its own, so that it goes out when it changes. */
export class AlarmSignals {
  readonly #context: AlarmSignalsContext;
  readonly #frames = new Map<string, Frame>();
  #device: Device | undefined;
  #drafts = "";

  /** Nothing is registered before {@linkcode register}. */
  constructor(context: AlarmSignalsContext) {
    this.#context = context;
  }

  /**
   * Registers the alarms of a configuration, and takes out what is not among them. The label is the name of
   * the alarm: with it, the GUID stays. False if another device has the acronym.
   */
  register(alarms: Readonly<Record<string, AlarmOptions>>): boolean {
    const { registry, name: gateway } = this.#context;
    const acronym = alarmDevice(gateway);
    const there = registry.device(acronym);
    if (there && there !== this.#device) return false;
    const names = Object.keys(alarms);
    const drafts = names.map((name, i) => draftOf(acronym, name, i + 1, alarms[name]!));
    const text = JSON.stringify(drafts);
    if (this.#device && text === this.#drafts) return true;
    this.#drafts = text;
    this.#device ??= this.#describe(acronym);
    const { signals } = registry.register(this.#device, drafts);
    const before = new Map(this.#frames);
    this.#frames.clear();
    names.forEach((name, i) => {
      const { handle } = signals[i]!; // one for each draft
      const known = before.get(name);
      this.#frames.set(
        name,
        known?.layout.handles[0] === handle ? known : frameOf(acronym, handle),
      );
    });
    return true;
  }

  /** Takes all of them out of the metadata. */
  unregister(): void {
    const { registry } = this.#context;
    if (this.#device && registry.device(this.#device.acronym) === this.#device) {
      registry.unregister(this.#device.acronym);
    }
    this.#device = undefined;
    this.#frames.clear();
  }

  /** The signal of an alarm; undefined if it is not registered. */
  signalOf(name: string): Signal | undefined {
    const frame = this.#frames.get(name);
    return frame && this.#context.registry.get(frame.layout.handles[0]!);
  }

  /** The state that went out last; undefined if none did. */
  stateOf(name: string): boolean | undefined {
    const value = this.#frames.get(name)?.values[0];
    return value === undefined || Number.isNaN(value) ? undefined : value === 1;
  }

  /** Sends the state of an alarm with the stamp of what it was told by; `flags` say how good that is. */
  publish(name: string, isRaised: boolean, at: Readonly<Instant>, flags: number): void {
    const frame = this.#frames.get(name);
    if (!frame) return;
    const { instant } = frame, last = toMicros(instant), micros = toMicros(at);
    // States follow each other also where devices are not equally late.
    if (micros <= last && micros > last - LONGEST_BACK_MICROS) setFromMicros(instant, last + 1);
    else {
      instant.seconds = at.seconds;
      instant.nanos = at.nanos;
    }
    frame.arrivalMicros = this.#context.clock.nowMicros();
    frame.values[0] = isRaised ? 1 : 0;
    frame.flags[0] = StateFlags.CalculatedValue | flags;
    for (const sink of this.#context.sinks) sink.accept(frame);
  }

  /**
   * Sends a state of which there are no newer values: the stamp is just after that of the last, and it is suspect.
   * Nothing goes out for an alarm that has never seen a value.
   */
  publishStale(name: string, isRaised: boolean): void {
    const frame = this.#frames.get(name);
    if (frame && this.stateOf(name) !== undefined) {
      this.publish(name, isRaised, frame.instant, StateFlags.SuspectData);
    }
  }

  #describe(acronym: string): Device {
    const { company, registry } = this.#context;
    return {
      acronym,
      id: uuidFromName(registry.gatewayId, `device ${acronym}`),
      name: `Alarms ${acronym}`,
      parentAcronym: "",
      protocol: "Alarms",
      accessId: 0,
      framesPerSecond: 0,
      company,
      vendor: "",
      longitude: NaN,
      latitude: NaN,
    };
  }
}

function frameOf(acronym: string, handle: number): Frame {
  const devices = [{ device: acronym, offset: 0, count: 1 }];
  // A source of its own for each, as whoever follows a source compares its stamps.
  return makeFrame(makeLayout(`${ALARM_SOURCE}!${handle}`, [handle], devices, 0));
}

function draftOf(acronym: string, name: string, index: number, o: AlarmOptions): SignalDraft {
  const { description, severity } = o;
  return {
    type: "ALRM",
    label: name,
    phase: "",
    unit: "",
    index,
    description: `${description || `Alarm ${name}`} (severity ${SEVERITIES[severity]})`,
    pointTag: `${acronym}:${name}`,
  };
}
