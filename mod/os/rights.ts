/**
 * What this process may do to the machine beyond its files and sockets, and how it gives that up.
 *
 * @module
 */

/** What the process holds of the rights that raw capture needs. */
export interface RawRights {
  /** Whether foreign functions may be called. */
  readonly ffi: boolean;
  /** Whether CAP_NET_RAW is held or can be got back; null where the kernel does not tell. */
  readonly netRaw: boolean | null;
}

const CAP_NET_RAW = 13;
const CAPABILITY_VERSION_3 = 0x20080522;

/** What this process holds now; the capability is known only while foreign functions may be called. */
export function rawRights(): RawRights {
  const ffi = Deno.permissions.querySync({ name: "ffi" }).state === "granted";
  return { ffi, netRaw: ffi && Deno.build.os === "linux" ? holdsNetRaw() : null };
}

/**
 * Gives up foreign functions for the rest of this process's life, and makes sure that it cannot open raw sockets.
 *
 * It has to be called before anything opened a library. A capability cannot be given up for all threads from here, so it
 * throws Deno.errors.PermissionDenied where CAP_NET_RAW is held, so that whoever started the process takes it away.
 */
export function giveUpRawRights(): RawRights {
  // The platform does not let anybody read /proc/self, so the C library is asked, once more and for the last time.
  const { netRaw } = rawRights();
  Deno.permissions.revokeSync({ name: "ffi" });
  if (netRaw) {
    throw new Deno.errors.PermissionDenied(
      "Expected a process without CAP_NET_RAW, since `tieline capture` captures for it, found one that holds it; " +
        "start it as an ordinary user (CapabilityBoundingSet= in a unit, or setpriv --bounding-set=-net_raw)",
    );
  }
  return { ffi: false, netRaw };
}

/** True if the capability is in the effective, permitted or inheritable set of this thread. */
function holdsNetRaw(): boolean | null {
  const libc = Deno.dlopen("libc.so.6", {
    capget: { parameters: ["buffer", "buffer"], result: "i32" },
  });
  try {
    const header = new Uint8Array(Uint32Array.of(CAPABILITY_VERSION_3, 0).buffer);
    const sets = new Uint32Array(6); // effective, permitted, inheritable: capabilities 0 to 31, then 32 to 63
    if (libc.symbols.capget(header, new Uint8Array(sets.buffer)) !== 0) return null;
    return sets.subarray(0, 3).some((set) => ((set >>> CAP_NET_RAW) & 1) === 1);
  } finally {
    libc.close();
  }
}
