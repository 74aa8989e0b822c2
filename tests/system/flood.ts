/**
 * More data than a connection can take: frames of a device that the test makes up, put into a stream of the gateway.
 *
 * @module
 */
import { type Frame, makeFrame, makeLayout } from "../../mod/core/mod.ts";
import type { Gateway } from "../../mod/gateway/mod.ts";
import { RECEIVED } from "../../mod/gateway/mod.ts";

/** A device `FLOOD` with many analogs, each value different from the one before, so that nothing compresses it. */
export class Flood {
  /** Frames that were put in. */
  frames = 0;
  readonly #gateway: Gateway;
  readonly #frame: Frame;

  /** Registers the device with `count` signals. */
  constructor(gateway: Gateway, count = 500) {
    this.#gateway = gateway;
    const { signals } = gateway.registry.register(
      {
        acronym: "FLOOD",
        id: "00000000-0000-4000-8000-00000000f00d",
        name: "Flood",
        parentAcronym: "",
        protocol: "test",
        accessId: 0,
        framesPerSecond: 0,
        company: "",
        vendor: "",
        longitude: NaN,
        latitude: NaN,
      },
      Array.from({ length: count }, (_, i) => ({
        type: "ALOG" as const,
        label: `A${i}`,
        phase: "",
        unit: "",
        index: i + 1,
        description: "",
      })),
    );
    this.#frame = makeFrame(
      makeLayout("flood", signals.map((s) => s.handle), [{
        device: "FLOOD",
        offset: 0,
        count,
      }], 0),
    );
    this.#frame.flags.fill(0);
    this.#frame.instant.seconds = Math.floor(Date.now() / 1000);
  }

  /** Values per frame. */
  get values(): number {
    return this.#frame.values.length;
  }

  /** Puts `count` frames into the stream of received frames, 1 ms apart by their stamps. */
  pour(count: number): void {
    const frame = this.#frame;
    for (let n = 0; n < count; n++) {
      frame.instant.nanos += 1_000_000;
      if (frame.instant.nanos >= 1e9) {
        frame.instant.nanos -= 1e9;
        frame.instant.seconds++;
      }
      frame.arrivalMicros = Date.now() * 1000;
      for (let i = 0; i < frame.values.length; i++) frame.values[i] = Math.random() * 1e6 - 5e5;
      this.#gateway.stream(RECEIVED)!.accept(frame);
      this.frames++;
    }
  }
}
