/**
 * Whether a time stamp is reasonable against the clock (specs/sttp.md 5.6).
 *
 * @module
 */
import { type Instant, setFromMicros, setTicks, type Ticks } from "../core/mod.ts";

const TWO_32 = 4_294_967_296;
const TICKS_PER_SECOND = 1e7;

/** The window around now in which a time stamp is reasonable. */
export class Reasonability {
  readonly #lagSeconds: number;
  readonly #leadSeconds: number;
  #now: Ticks = { hi: 0, lo: 0 };

  /** Makes a window from `lagSeconds` in the past to `leadSeconds` in the future. */
  constructor(window: { readonly lagSeconds: number; readonly leadSeconds: number }) {
    this.#lagSeconds = window.lagSeconds;
    this.#leadSeconds = window.leadSeconds;
  }

  /** Microseconds since 1970 as ticks. */
  static ticksOf(micros: number): Ticks {
    const instant: Instant = { seconds: 0, nanos: 0 };
    setFromMicros(instant, Math.floor(micros));
    const ticks: Ticks = { hi: 0, lo: 0 };
    setTicks(ticks, instant.seconds, instant.nanos);
    return ticks;
  }

  /** Sets the time against which `holds` compares. */
  setNow(nowMicros: number): void {
    this.#now = Reasonability.ticksOf(nowMicros);
  }

  /** True if the ticks are within the window. */
  holds(hi: number, lo: number): boolean {
    const age = ((this.#now.hi - hi) * TWO_32 + (this.#now.lo - lo)) / TICKS_PER_SECOND;
    return age >= -this.#leadSeconds && age <= this.#lagSeconds;
  }
}
