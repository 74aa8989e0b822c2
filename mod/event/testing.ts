/**
 * Waveforms for the tests of this module.
 *
 * @module
 */
import { WaveformRing } from "../core/mod.ts";
import type { TriggerOptions, TriggerSink } from "./options.ts";
import type { WaveformStream } from "./waveform_stream.ts";

/** A stream of three voltages and a digital channel, in steps of 10 mV. */
export function voltages(rate: number, nominalHz: number, name = "bay1"): WaveformStream {
  const voltage = (phase: string) => ({
    name: `V${phase.toLowerCase()}`,
    phase,
    unit: "V",
    scale: 0.01,
    offset: 0,
  });
  return {
    name,
    rate,
    nominalHz,
    channels: [
      voltage("A"),
      voltage("B"),
      voltage("C"),
      { name: "breaker", phase: "", unit: "", scale: 1, offset: 0 },
    ],
  };
}

/** Settings of a trigger with the defaults of the schema. */
export function settings(options: Partial<TriggerOptions> & { kind: string }): TriggerOptions {
  const defaults = {
    streams: ["bay1"],
    devices: [],
    channels: ["Va"],
    delayMs: 0,
    holdOffMs: 0,
    extendWhileActive: false,
    record: ["self"],
    recordDevices: ["*"],
    questionable: true,
    measure: "rms",
    hysteresis: 0,
    minimum: 0,
    windowMs: 100,
    sequence: "negative",
    mask: 0xffffffff,
    edge: "any",
  };
  // The kind and its own fields are what the test gives.
  return { ...defaults, ...options } as unknown as TriggerOptions;
}

/** What a trigger told. */
export interface Firing {
  readonly trigger: number;
  readonly at: number;
  readonly since: number;
  readonly channel: number;
  readonly value: number;
}

/** A sink that keeps what it is told. */
export function collector(): TriggerSink & { readonly firings: Firing[] } {
  const firings: Firing[] = [];
  return {
    firings,
    triggered: (trigger, at, since, channel, value) =>
      firings.push({ trigger, at, since, channel, value }),
  };
}

/** Writes one sample of each channel, scaled, in order. */
export function write(ring: WaveformRing, stream: WaveformStream, values: readonly number[]): void {
  stream.channels.forEach(({ scale, offset }, i) => {
    ring.values[i]![ring.position] = Math.round(((values[i] ?? 0) - offset) / scale);
    ring.quality[i]![ring.position] = 0;
  });
  ring.marks[ring.position] = 0;
  ring.commit();
}

/** A ring of two seconds for a stream, empty, at second `second`. */
export function ringOf(stream: WaveformStream, second = 1_700_000_000): WaveformRing {
  const ring = new WaveformRing(stream.channels.length, stream.rate, 2 * stream.rate);
  ring.restart(second * stream.rate);
  return ring;
}

/** Three phases of `rms` volts at `hertz`, `seconds` after the angle was `degrees`. */
export function threePhase(rms: number, hertz: number, seconds: number, degrees = 0): number[] {
  const angle = 2 * Math.PI * hertz * seconds + (degrees * Math.PI) / 180;
  return [0, -120, 120].map((shift) =>
    rms * Math.SQRT2 * Math.cos(angle + (shift * Math.PI) / 180)
  );
}
