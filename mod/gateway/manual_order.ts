/**
 * Orders to record that a person gives.
 *
 * @module
 */
import type { Instant } from "../core/mod.ts";
import {
  type CaptureOptions,
  type ManualTrigger,
  type NamedTrigger,
  outsideOrder,
  type TriggerOrder,
} from "../event/mod.ts";

/** An order by hand. */
export interface ManualOrder {
  /** Who gave it. */
  readonly by: string;
  /** Name of a trigger whose settings are used; a plain one if absent. */
  readonly name?: string | undefined;
  /** Streams that are recorded; those of the trigger, or all, if absent. */
  readonly streams?: readonly string[] | undefined;
  /** Time before it, in milliseconds. */
  readonly preMs?: number | undefined;
  /** Time after it, in milliseconds. */
  readonly postMs?: number | undefined;
}

/** What is recorded where no trigger is named: everything. */
const PLAIN: ManualTrigger = {
  kind: "manual",
  streams: [],
  devices: [],
  channels: [],
  delayMs: 0,
  holdOffMs: 0,
  extendWhileActive: false,
  record: ["*"],
  recordDevices: ["*"],
  questionable: true,
};

/**
 * What recorders are told of an order by hand that is given at `now`; `known` are the waveform streams.
 *
 * Throws a RangeError for a trigger or a stream that there is not, and for times beyond the longest
 * record.
 */
export function manualOrder(
  { by, name, streams, preMs, postMs }: ManualOrder,
  capture: CaptureOptions,
  triggers: readonly NamedTrigger[],
  known: readonly string[],
  now: Instant,
): TriggerOrder {
  const named = triggers.find((t) => t.name === name);
  if (name !== undefined && named?.options.kind !== "manual") {
    throw new RangeError(`Expected the name of a manual trigger, found "${name}"`);
  }
  for (const stream of streams ?? []) {
    if (stream !== "*" && !known.includes(stream)) {
      throw new RangeError(`Expected the name of a waveform stream, found "${stream}"`);
    }
  }
  const order = outsideOrder(
    crypto.randomUUID(),
    {
      name: name ?? "manual",
      kind: "manual",
      source: "",
      channel: by,
      value: NaN,
      at: now,
      since: now,
    },
    {
      ...(named?.options ?? PLAIN),
      ...(streams && { record: streams }),
      ...(preMs !== undefined && { preMs }),
      ...(postMs !== undefined && { postMs }),
    },
    capture,
  );
  const total = order.preMs + order.postMs;
  if (!(order.preMs >= 0) || !(order.postMs >= 0) || total > capture.maxMs) {
    throw new RangeError(
      `Expected preMs and postMs of at most ${capture.maxMs} ms together, found ${total} ms`,
    );
  }
  return order;
}
