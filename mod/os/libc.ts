/**
 * The few C library calls that socket options need, through FFI, where the process may use it.
 *
 * @module
 */

/** Socket calls of the C library on descriptors of this process. */
export interface Libc {
  /** The address that a descriptor is bound to (`struct sockaddr`); undefined if it is not a socket. */
  socketName(fd: number): Uint8Array | undefined;
  /** Sets a socket option; false if the kernel refuses. */
  setOption(fd: number, level: number, option: number, value: Uint8Array<ArrayBuffer>): boolean;
  /** Reads a socket option into `value`; false if the kernel refuses. */
  getOption(fd: number, level: number, option: number, value: Uint8Array<ArrayBuffer>): boolean;
  /** Calls `ioctl` with a pointer to `argument`; false if the kernel refuses. */
  control(fd: number, request: bigint, argument: Uint8Array<ArrayBuffer>): boolean;
}

/** What {@linkcode openLibc} answers: the calls, or why they cannot be had. */
export type LibcResult = { readonly libc: Libc } | {
  readonly libc: undefined;
  readonly why: string;
};

let opened: LibcResult | undefined;

/**
 * The C library, opened once per thread. Never asks for permission: without `--allow-ffi` the answer says so.
 */
export function openLibc(): LibcResult {
  return opened ??= open();
}

/** A C `int` as the bytes of a socket option. */
export function int32Bytes(value: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Int32Array.of(value).buffer);
}

function open(): LibcResult {
  if (Deno.build.os !== "linux") {
    return {
      libc: undefined,
      why: `socket options are known for Linux only, not ${Deno.build.os}`,
    };
  }
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
    return { libc: undefined, why: "--allow-ffi is not granted" };
  }
  try {
    return { libc: wrap(load()) };
  } catch (error) {
    return { libc: undefined, why: `libc.so.6 cannot be opened: ${String(error)}` };
  }
}

function load() {
  return Deno.dlopen("libc.so.6", {
    getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
    setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
    getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
    ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  }).symbols;
}

const SOCKADDR_SIZE = 28; // sockaddr_in6, the larger of the two

function wrap(symbols: ReturnType<typeof load>): Libc {
  const length = new Uint32Array(1);
  const lengthBytes = new Uint8Array(length.buffer);
  return {
    socketName(fd) {
      const name = new Uint8Array(SOCKADDR_SIZE);
      length[0] = SOCKADDR_SIZE;
      return symbols.getsockname(fd, name, lengthBytes) === 0 ? name : undefined;
    },
    setOption(fd, level, option, value) {
      return symbols.setsockopt(fd, level, option, value, value.length) === 0;
    },
    getOption(fd, level, option, value) {
      length[0] = value.length;
      return symbols.getsockopt(fd, level, option, value, lengthBytes) === 0;
    },
    control(fd, request, argument) {
      return symbols.ioctl(fd, request, argument) === 0;
    },
  };
}
