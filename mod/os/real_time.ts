/**
 * The kernel's UTC to the nanosecond, and sleep until a moment of it, through FFI.
 *
 * For threads of their own that send or sample in step with the second; it blocks the thread.
 *
 * @module
 */

/** CLOCK_REALTIME of Linux. */
export interface RealTime {
  /** Whole seconds since 1970 when it was read last. */
  readonly seconds: number;
  /** Nanoseconds within that second. */
  readonly nanos: number;
  /** Reads the time. */
  read(): void;
  /** Blocks the thread until the time given; returns at once if it has passed. */
  sleepUntil(seconds: number, nanos: number): void;
  /** Gives the library back; the object is of no use afterwards. */
  close(): void;
}

const CLOCK_REALTIME = 0;
const TIMER_ABSTIME = 1;
const PR_SET_TIMERSLACK = 29;
/** How late a wake-up may be for the kernel's convenience, in nanoseconds; its default is 50,000. */
const TIMER_SLACK_NANOS = 1000n;

/**
 * Opens the clock, and lets this thread be woken on time.
 *
 * Throws Deno.errors.NotSupported on other systems than 64-bit Linux and Deno.errors.NotCapable without
 * `--allow-ffi`.
 */
export function openRealTime(): RealTime {
  if (Deno.build.os !== "linux") {
    throw new Deno.errors.NotSupported(
      `Cannot read the clock: expected Linux, found ${Deno.build.os}`,
    );
  }
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
    throw new Deno.errors.NotCapable("Cannot read the clock: --allow-ffi is not granted");
  }
  const library = load();
  library.symbols.prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NANOS, 0n, 0n, 0n);
  return new KernelTime(library);
}

function load() {
  return Deno.dlopen("libc.so.6", {
    clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
    clock_nanosleep: { parameters: ["i32", "i32", "buffer", "pointer"], result: "i32" },
    prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
  });
}

/** Low and high word of the two 64-bit numbers of a `struct timespec`; seconds fit the low one until 2106. */
const SECONDS_LOW = 0, SECONDS_HIGH = 1, NANOS_LOW = 2;

class KernelTime implements RealTime {
  seconds = 0;
  nanos = 0;
  readonly #library: ReturnType<typeof load>;
  readonly #now = new Uint32Array(4);
  readonly #nowBytes = new Uint8Array(this.#now.buffer);
  readonly #until = new Uint32Array(4);
  readonly #untilBytes = new Uint8Array(this.#until.buffer);

  constructor(library: ReturnType<typeof load>) {
    this.#library = library;
    this.read();
  }

  read(): void {
    this.#library.symbols.clock_gettime(CLOCK_REALTIME, this.#nowBytes);
    this.seconds = this.#now[SECONDS_HIGH]! * 4294967296 + this.#now[SECONDS_LOW]!;
    this.nanos = this.#now[NANOS_LOW]!;
  }

  sleepUntil(seconds: number, nanos: number): void {
    this.#until[SECONDS_LOW] = seconds;
    this.#until[SECONDS_HIGH] = Math.floor(seconds / 4294967296);
    this.#until[NANOS_LOW] = nanos;
    this.#library.symbols.clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, this.#untilBytes, null);
  }

  close(): void {
    this.#library.close();
  }
}
