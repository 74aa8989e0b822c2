/**
 * A device with synchrophasors for the tests of this module and of others.
 *
 * @module
 */
import {
  type Device,
  type Frame,
  makeFrame,
  makeLayout,
  setFromMicros,
  SignalRegistry,
  type SignalType,
  uuidFromName,
} from "../core/mod.ts";
import type { FrameRecordContent } from "./frame_record.ts";

/** A gateway's registry with one device of a phasor, frequency, ROCOF, status and a digital word. */
export function phasorDevice(acronym: string, rate: number, registry = makeRegistry()) {
  const device: Device = {
    acronym,
    id: uuidFromName(registry.gatewayId, acronym),
    name: `${acronym}, 110 kV`,
    parentAcronym: "",
    protocol: "IEEE C37.118.2-2011",
    accessId: 7,
    framesPerSecond: rate,
    company: "",
    vendor: "",
    longitude: 8.5,
    latitude: NaN,
  };
  const signal = (type: SignalType, label: string, phase: string, unit: string, index: number) => ({
    type,
    label,
    phase,
    unit,
    index,
    description: "",
  });
  const { signals } = registry.register(device, [
    signal("FLAG", "", "", "", 0),
    signal("VPHM", "VA", "A", "Volts", 1),
    signal("VPHA", "VA", "A", "Degrees", 1),
    signal("FREQ", "", "", "Hz", 0),
    signal("DFDT", "", "", "Hz/s", 0),
    signal("DIGI", "BREAKERS", "", "", 1),
  ]);
  const layout = makeLayout(`input.${acronym}`, signals.map((s) => s.handle), [], rate);
  return { device, registry, signals, layout };
}

function makeRegistry(): SignalRegistry {
  return new SignalRegistry("5b1f7c3e-2d64-4f0a-9c55-7e8d1a2b3c4d", "EDGE");
}

/** A frame of {@linkcode phasorDevice}, number `k` since `seconds`, whose values tell `k`. */
export function phasorFrame(
  { layout }: ReturnType<typeof phasorDevice>,
  seconds: number,
  k: number,
): Frame {
  const frame = makeFrame(layout);
  setFromMicros(frame.instant, seconds * 1e6 + Math.round(k * 1e6 / layout.framesPerSecond));
  frame.values.set([0x10, 63_500 + k, -120.5, 49.98, -0.25, k & 3]);
  return frame;
}

/** The times of the frames of a record, in milliseconds after `seconds`. */
export function timesOf({ frames }: FrameRecordContent, seconds: number): number[] {
  return Array.from(
    frames.seconds,
    (s, k) => Math.round((s - seconds) * 1000 + frames.nanos[k]! / 1e6),
  );
}
