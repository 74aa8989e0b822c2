/**
 * What an operator is told of one stream: its configuration, its clock, and errors once, not per frame.
 *
 * @module
 */
import type { Log } from "../../core/mod.ts";
import { FrameType } from "../../c37118/mod.ts";
import { type ClockVerdict, Complaints } from "../../stats/mod.ts";
import { deviceNames, type StreamPlan } from "./stream_plan.ts";

/** Writes to the log of one stream. */
export class ReceiverLog {
  /** Errors that are logged once. */
  readonly complaints: Complaints;
  readonly #log: Log;
  readonly #idCode: number;
  #toldClock = "ok";

  /** Writes to `log`; the stream should have the IDCODE `idCode`. */
  constructor(log: Log, idCode: number) {
    this.#log = log;
    this.#idCode = idCode;
    this.complaints = new Complaints(log);
  }

  /** An error of a kind, logged when it is the first. */
  complain(kind: string, message: string, nowMs: number): void {
    this.complaints.note(kind, message, nowMs);
  }

  /** Frames of another stream came. */
  wrongId(idCode: number, nowMs: number): void {
    this.complain(
      "wrongId",
      `Frames of stream ${idCode} were dropped: expected IDCODE ${this.#idCode}; ` +
        "checkIdCode = false takes any",
      nowMs,
    );
  }

  /** A data frame has another size than the configuration says. */
  wrongSize(found: number, expected: number, nowMs: number): void {
    this.complain(
      "sizeMismatch",
      `A data frame of ${found} bytes was dropped: the configuration says ${expected}`,
      nowMs,
    );
  }

  /** The decoder has found out how FREQ is meant. */
  frequencyMode({ configuration, decoder }: StreamPlan): void {
    const names = configuration.pmus.filter((_, i) => decoder.deviation[i] === 1)
      .map((pmu) => pmu.station);
    this.#log.warn(
      `FREQ is taken as the deviation from nominal for ${names.join(", ")}; ` +
        `frequencyMode = "absolute" or "deviation" says it for certain`,
    );
  }

  /** What the clock of the source is thought of now; told when it is another kind than before. */
  clock({ kind, text }: ClockVerdict): void {
    if (kind === "unknown" || kind === this.#toldClock) return;
    this.#toldClock = kind;
    if (kind === "ok") this.#log.info(`The clock of the source: ${text}`);
    else this.#log.warn(`The clock of the source is ${kind}: ${text}`);
  }

  /** The clock is judged anew. */
  newClock(): void {
    this.#toldClock = "ok";
  }

  /** A configuration is in use. */
  configuration({ cached, configuration, registered, warnings }: StreamPlan): void {
    const { layout, changes } = registered;
    this.#log.info(
      `${cached ? "Cached" : "New"} configuration: stream ${configuration.idCode}, ` +
        `${deviceNames(layout).join(", ")}, ${layout.framesPerSecond} frames/s, ` +
        `${layout.handles.length} values, CFG-${CONFIG_NUMBER[configuration.type]}`,
    );
    for (const warning of warnings) this.#log.warn(`Configuration: ${warning}`);
    for (const { reference, before, after } of changes.slice(0, MOST_CHANGES)) {
      this.#log.warn(
        `${reference} has another meaning than before: signal ${after} takes the place of ${before}; ` +
          "rights to the old one do not hold for it",
      );
    }
    const more = changes.length - MOST_CHANGES;
    if (more > 0) this.#log.warn(`${more} more signals have another meaning than before`);
  }
}

/** Changes of meaning that are told one by one. */
const MOST_CHANGES = 20;

const CONFIG_NUMBER: Readonly<Record<number, number>> = {
  [FrameType.Config1]: 1,
  [FrameType.Config2]: 2,
  [FrameType.Config3]: 3,
};
