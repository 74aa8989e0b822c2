/**
 * Configurations out of frames, with the raw frames that they came in.
 *
 * @module
 */
import { DecodeError } from "../../core/mod.ts";
import {
  type Configuration,
  dataFrameSize,
  FragmentAssembler,
  FrameType,
  parseConfiguration,
} from "../../c37118/mod.ts";

/** A whole configuration and the frame, or the fragments of CFG-3, that it came in. */
export interface ReceivedConfiguration {
  /** What it says. */
  readonly configuration: Configuration;
  /** The frames as received. */
  readonly frames: readonly Uint8Array[];
}

const MAX_FRAME_SIZE = 65535;

/** Collects the configuration frames of one stream; bounded by the assembler of fragments. */
export class ConfigurationCollector {
  readonly #assembler = new FragmentAssembler();
  readonly #draft6: boolean;
  #frames: Uint8Array[] = [];

  /** `draft6` reads frames of version 0 as draft 6 of the standard. */
  constructor(draft6: boolean) {
    this.#draft6 = draft6;
  }

  /** Sets of fragments that were thrown away. */
  get discarded(): number {
    return this.#assembler.discarded;
  }

  /**
   * Takes a whole configuration frame, copying it; undefined while fragments are missing.
   *
   * Throws a `DecodeError` for a configuration that cannot be accepted: also one whose data frames could not exist.
   */
  add(bytes: Uint8Array, nowMs: number): ReceivedConfiguration | undefined {
    const frame = bytes.slice();
    const type = ((frame[1] ?? 0) >>> 4) & 7;
    if (type !== FrameType.Config3) {
      return checked({
        configuration: parseConfiguration(frame, { draft6: this.#draft6 }),
        frames: [frame],
      });
    }
    if (!this.#assembler.pending) this.#frames = [];
    const discarded = this.#assembler.discarded;
    let configuration: Configuration | undefined;
    try {
      configuration = this.#assembler.add(frame, nowMs);
    } catch (error) {
      this.#frames = [];
      throw error;
    }
    if (this.#assembler.discarded !== discarded) this.#frames = [];
    if (configuration) {
      const frames = [...this.#frames, frame];
      this.#frames = [];
      return checked({ configuration, frames });
    }
    if (this.#assembler.pending) this.#frames.push(frame);
    return undefined;
  }
}

function checked(received: ReceivedConfiguration): ReceivedConfiguration {
  const size = dataFrameSize(received.configuration);
  if (size > MAX_FRAME_SIZE) {
    throw new DecodeError(
      "config-overrun",
      `Cannot accept a configuration: expected data frames of at most ${MAX_FRAME_SIZE} bytes, found ${size}`,
      { field: "NUM_PMU", value: size },
    );
  }
  return received;
}
