/**
 * What the tests of this module share: options, a registry, a sink that keeps frames.
 *
 * @module
 */
import {
  cloneFrame,
  formatInstant,
  type Frame,
  type FrameSink,
  SignalRegistry,
} from "../../core/mod.ts";
import * as v from "valibot";
import type { C37118InputOptions } from "./options.ts";
import { c37118InputSchema } from "./schema.ts";

/** The gateway of the tests. */
export const GATEWAY_ID = "6f1f7f6e-3f5b-4f0e-9a53-0c9a5d2b7a11";

/** Keeps copies of frames and then spoils the lent one, to catch whoever keeps it. */
export class KeepingSink implements FrameSink {
  /** The copies. */
  readonly frames: Frame[] = [];

  /** Takes one. */
  accept(frame: Frame): void {
    this.frames.push(cloneFrame(frame));
    frame.values.fill(-1);
    frame.flags.fill(0xffffffff);
    frame.instant.seconds = frame.instant.nanos = -1;
  }

  /** Time stamps as text. */
  times(): string[] {
    return this.frames.map((f) => formatInstant(f.instant));
  }
}

/** Options with defaults filled in. */
export function inputOptions(
  change: Omit<Partial<C37118InputOptions>, "type">,
): C37118InputOptions {
  return v.parse(c37118InputSchema, { type: "c37118", idCode: 7, host: "127.0.0.1", ...change });
}

/** An empty registry. */
export function registry(): SignalRegistry {
  return new SignalRegistry(GATEWAY_ID, "TEST");
}

/** Values of a frame by signal reference. */
export function valuesOf(frame: Frame, from: SignalRegistry): Record<string, number> {
  return Object.fromEntries(
    [...frame.layout.handles].map((h, i) => [from.get(h)!.reference, frame.values[i]!]),
  );
}
