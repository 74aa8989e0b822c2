/**
 * A named stream of frames: what inputs and aligners feed and outputs listen to.
 *
 * @module
 */
import type { Frame, FrameSink } from "../core/mod.ts";

/** Hands each lent frame to every listener, in the order in which they joined. */
export class Stream implements FrameSink {
  /** Name, as configurations refer to it. */
  readonly name: string;
  /** Frames that came through. */
  frames = 0;
  /** Times that a listener threw; each is a defect, and none reaches another listener. */
  errors = 0;
  readonly #sinks: FrameSink[] = [];
  readonly #onError: (error: unknown) => void;

  /** Makes a stream; `onError` hears of listeners that threw. */
  constructor(name: string, onError: (error: unknown) => void) {
    this.name = name;
    this.#onError = onError;
  }

  /** Adds a listener; returns the way to take it out again. */
  listen(sink: FrameSink): () => void {
    this.#sinks.push(sink);
    return () => {
      const at = this.#sinks.indexOf(sink);
      if (at >= 0) this.#sinks.splice(at, 1);
    };
  }

  /** Passes one lent frame on. */
  accept(frame: Frame): void {
    this.frames++;
    for (let i = 0; i < this.#sinks.length; i++) {
      try {
        this.#sinks[i]!.accept(frame);
      } catch (error) {
        this.errors++;
        this.#onError(error);
      }
    }
  }
}
