/**
 * What the kernel says of its clock, and hardware clocks beside it, through FFI (adjtimex, clock_gettime, PTP ioctls).
 *
 * @module
 */

/** The kernel's account of CLOCK_REALTIME, as adjtimex(2) gives it. */
export interface KernelClock {
  /** False if nobody has set the clock lately: STA_UNSYNC, or the return value TIME_ERROR. */
  readonly synchronized: boolean;
  /** Bound of the error in nanoseconds; grows by 500 us a second without updates, up to 16 s. */
  readonly maxErrorNs: number;
  /** Estimate of the error in nanoseconds. */
  readonly estErrorNs: number;
  /** What the kernel is still slewing, in nanoseconds. */
  readonly offsetNs: number;
  /** Frequency correction in parts per million. */
  readonly frequencyPpm: number;
  /** TAI - UTC; 0 if nobody has set it. */
  readonly taiOffset: number;
  /** A leap second that is under way. */
  readonly leap: "none" | "insert" | "delete" | "in-progress" | "done";
  /** CLOCK_REALTIME at the reading, in microseconds since 1970. */
  readonly nowMicros: number;
}

/** One comparison of a hardware clock with the system clock. */
export interface HardwareClockReading {
  /** Hardware clock minus CLOCK_REALTIME, in nanoseconds; TAI - UTC seconds where the hardware keeps TAI. */
  readonly offsetNs: number;
  /** Half of the interval within which it was read, in nanoseconds. */
  readonly uncertaintyNs: number;
}

/** Why the kernel cannot be asked. */
export interface KernelClockRefusal {
  /** A sentence. */
  readonly why: string;
}

/** The clocks of the kernel, while the process may ask for them. */
export interface KernelClocks {
  /** Reads adjtimex. */
  read(): KernelClock | KernelClockRefusal;
  /** Compares `/dev/ptpINDEX` with the system clock. */
  hardware(index: number): HardwareClockReading | KernelClockRefusal;
  /** Lets go of the descriptors. */
  close(): void;
}

const TIMEX_SIZE = 208;
const OFFSET = 8, FREQUENCY = 16, MAX_ERROR = 24, EST_ERROR = 32, STATUS = 40, SECONDS = 72;
const FRACTION = 80, TAI = 160;
const STA_UNSYNC = 0x40, STA_NANO = 0x2000;
const TIME_INSERT = 1, TIME_DELETE = 2, TIME_IN_PROGRESS = 3, TIME_WAIT = 4, TIME_ERROR = 5;
const PTP_SYS_OFFSET = 0x43403d05n, PTP_SYS_OFFSET_EXTENDED = 0xc4c03d09n;
const SAMPLES = 5;
const O_RDONLY = 0, O_CLOEXEC = 0x80000;

/**
 * The kernel's clocks. Never asks for permission: without `--allow-ffi`, off Linux, and on 32-bit machines, where the
 * structures differ, the answer says so.
 */
export function openKernelClocks(): KernelClocks | KernelClockRefusal {
  if (Deno.build.os !== "linux") {
    return { why: `adjtimex is known for Linux only, not ${Deno.build.os}` };
  }
  if (Deno.build.arch !== "x86_64" && Deno.build.arch !== "aarch64") {
    return { why: `adjtimex is known for 64-bit machines only, not ${Deno.build.arch}` };
  }
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
    return { why: "--allow-ffi is not granted" };
  }
  try {
    return new Clocks(load());
  } catch (error) {
    return { why: `libc.so.6 cannot be opened: ${String(error)}` };
  }
}

/** Reads what adjtimex(2) filled in; `result` is what it returned. 64-bit Linux, little-endian. */
export function readTimex(view: DataView, result: number): KernelClock {
  const status = view.getInt32(STATUS, true);
  const nano = (status & STA_NANO) !== 0;
  const i64 = (at: number) => Number(view.getBigInt64(at, true));
  return {
    synchronized: (status & STA_UNSYNC) === 0 && result !== TIME_ERROR,
    maxErrorNs: i64(MAX_ERROR) * 1000,
    estErrorNs: i64(EST_ERROR) * 1000,
    offsetNs: i64(OFFSET) * (nano ? 1 : 1000),
    frequencyPpm: i64(FREQUENCY) / 65536,
    taiOffset: view.getInt32(TAI, true),
    leap: LEAP[result] ?? "none",
    nowMicros: i64(SECONDS) * 1e6 + i64(FRACTION) / (nano ? 1000 : 1),
  };
}

const LEAP: Readonly<Record<number, KernelClock["leap"]>> = {
  [TIME_INSERT]: "insert",
  [TIME_DELETE]: "delete",
  [TIME_IN_PROGRESS]: "in-progress",
  [TIME_WAIT]: "done",
};

/**
 * The best of the samples that PTP_SYS_OFFSET_EXTENDED (`extended`: system, hardware, system) or PTP_SYS_OFFSET
 * (system, hardware, system, ...) filled in: the one that took the least time.
 */
export function readHardwareSamples(view: DataView, extended: boolean): HardwareClockReading {
  let best: HardwareClockReading | undefined;
  for (let i = 0; i < SAMPLES; i++) {
    // Stamps are 16 octets: seconds i64, nanoseconds u32, reserved.
    const first = 16 + (extended ? 48 : 32) * i;
    const seconds = Number(view.getBigInt64(first + 16, true));
    const device = view.getUint32(first + 24, true);
    const since = (at: number) =>
      (Number(view.getBigInt64(at, true)) - seconds) * 1e9 + view.getUint32(at + 8, true) - device;
    const before = since(first), after = since(first + 32);
    const uncertaintyNs = (after - before) / 2;
    if (best && best.uncertaintyNs <= uncertaintyNs) continue;
    best = { offsetNs: -(before + after) / 2, uncertaintyNs };
  }
  return best!; // there is always a first sample
}

function load() {
  return Deno.dlopen("libc.so.6", {
    adjtimex: { parameters: ["buffer"], result: "i32" },
    open: { parameters: ["buffer", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
    ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  });
}

class Clocks implements KernelClocks {
  readonly #library: ReturnType<typeof load>;
  readonly #timex = new Uint8Array(TIMEX_SIZE);
  readonly #samples = new Uint8Array(1216);
  readonly #descriptors = new Map<number, number>();

  constructor(library: ReturnType<typeof load>) {
    this.#library = library;
  }

  read(): KernelClock | KernelClockRefusal {
    this.#timex.fill(0);
    const result = this.#library.symbols.adjtimex(this.#timex);
    if (result < 0) return { why: "the kernel refuses adjtimex" };
    return readTimex(new DataView(this.#timex.buffer), result);
  }

  hardware(index: number): HardwareClockReading | KernelClockRefusal {
    const fd = this.#descriptor(index);
    if (fd < 0) return { why: `/dev/ptp${index} cannot be opened` };
    const { ioctl } = this.#library.symbols;
    for (const extended of [true, false]) {
      this.#samples.fill(0);
      new DataView(this.#samples.buffer).setUint32(0, SAMPLES, true);
      const request = extended ? PTP_SYS_OFFSET_EXTENDED : PTP_SYS_OFFSET;
      if (ioctl(fd, request, this.#samples) === 0) {
        return readHardwareSamples(new DataView(this.#samples.buffer), extended);
      }
    }
    return { why: `/dev/ptp${index} cannot be compared with the system clock` };
  }

  close(): void {
    for (const fd of this.#descriptors.values()) this.#library.symbols.close(fd);
    this.#descriptors.clear();
    this.#library.close();
  }

  #descriptor(index: number): number {
    const known = this.#descriptors.get(index);
    if (known !== undefined) return known;
    const path = new TextEncoder().encode(`/dev/ptp${index}\0`);
    const fd = this.#library.symbols.open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) this.#descriptors.set(index, fd);
    return fd;
  }
}
