/**
 * The C library calls that raw Ethernet needs, through FFI.
 *
 * Names are those of the C library, not system call numbers, and the structures are laid out alike on
 * x86-64 and 64-bit Arm.
 *
 * @module
 */

/** Numbers of `errno` that callers tell apart (asm-generic/errno). */
export const Errno = {
  /** Operation not permitted. */
  EPERM: 1,
  /** Interrupted by a signal. */
  EINTR: 4,
  /** Would block. */
  EAGAIN: 11,
  /** Permission denied. */
  EACCES: 13,
  /** No such device. */
  ENODEV: 19,
  /** Invalid argument. */
  EINVAL: 22,
  /** Network is down. */
  ENETDOWN: 100,
  /** No buffer space. */
  ENOBUFS: 105,
} as const;

/** Calls of the C library on descriptors of this process; all of them answer as in C. */
export type PacketLibc = ReturnType<typeof load>;

let opened: PacketLibc | undefined;

/**
 * The C library, opened once per thread.
 *
 * Throws Deno.errors.NotCapable without `--allow-ffi`, and Deno.errors.NotSupported where there is no Linux.
 */
export function packetLibc(): PacketLibc {
  if (opened) return opened;
  if (Deno.build.os !== "linux") {
    throw new Deno.errors.NotSupported(
      `Cannot open raw Ethernet: expected Linux, found ${Deno.build.os}`,
    );
  }
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
    throw new Deno.errors.NotCapable("Cannot open raw Ethernet: --allow-ffi is not granted");
  }
  return opened = load();
}

/** The number of the error that the last call on this thread left; read it at once. */
export function lastErrno(libc: PacketLibc): number {
  const at = libc.__errno_location();
  return at === null ? 0 : new Deno.UnsafePointerView(at).getInt32();
}

/**
 * An error for a call that failed with `errno`: `what` failed, the kernel's own words, and the remedy where
 * there is one. Its class is PermissionDenied or NotFound where that is the cause, so that it is told without
 * a stack.
 */
export function systemError(libc: PacketLibc, what: string, errno: number): Error {
  const at = libc.strerror(errno);
  const words = at === null ? `error ${errno}` : new Deno.UnsafePointerView(at).getCString();
  const text = `${what}: ${words} (errno ${errno})`;
  if (errno === Errno.EPERM || errno === Errno.EACCES) {
    return new Deno.errors.PermissionDenied(`${text}; it needs CAP_NET_RAW`);
  }
  return errno === Errno.ENODEV ? new Deno.errors.NotFound(text) : new Error(text);
}

/** The address of `bytes` in memory. Whoever hands it to the kernel keeps `bytes` alive in a field. */
export function addressOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
}

function load() {
  return Deno.dlopen("libc.so.6", {
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
    bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
    getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
    ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
    poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
    mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
    munmap: { parameters: ["pointer", "usize"], result: "i32" },
    sendmmsg: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
    strerror: { parameters: ["i32"], result: "pointer" },
    __errno_location: { parameters: [], result: "pointer" },
  }).symbols;
}
