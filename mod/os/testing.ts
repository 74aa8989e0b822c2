/**
 * For tests: a virtual Ethernet cable, with a network namespace at its far end, and datagrams for it.
 *
 * @module
 */
import { ipBytes } from "../core/mod.ts";

/** A cable with two ends; what goes in at one comes out at the other. */
export interface Cable {
  /** Interface at the near end. */
  readonly near: string;
  /** Interface at the far end. */
  readonly far: string;
  /** Command words that run a program at the far end: empty, or `ip netns exec NAME`. */
  readonly atFar: readonly string[];
  /** Sets an end up or down. */
  set(end: "near" | "far", state: "up" | "down"): Promise<void>;
  /** Removes the cable and its namespaces; safe to call twice. */
  remove(): Promise<void>;
}

/**
 * Lays a cable between two new interfaces that are up; undefined where the kernel refuses, with the reason printed.
 *
 * The near end is in the namespace of this process. So is the far end, unless `apart` puts it into a new one. With
 * `like` the ends have the names of a cable that was removed.
 */
export async function layCable(
  label: string,
  apart = false,
  like?: Pick<Cable, "near" | "far">,
): Promise<Cable | undefined> {
  // Test files that run side by side share the process and, it may be, a label.
  const [random] = crypto.getRandomValues(new Uint32Array(1));
  const id = random!.toString(36).slice(-5).padStart(5, "0");
  const near = like?.near ?? `tl-${label.slice(0, 6)}a${id}`;
  const far = like?.far ?? `tl-${label.slice(0, 6)}b${id}`;
  const space = apart ? `tl-${label}-${id}` : undefined;
  const atFar = space === undefined ? [] : ["ip", "netns", "exec", space];
  const ends = { near: ["ip"], far: [...atFar, "ip"] };
  const cable: Cable = {
    near,
    far,
    atFar,
    async set(end, state) {
      await must([...ends[end], "link", "set", end === "near" ? near : far, state]);
    },
    async remove() {
      await run(["ip", "link", "del", near]);
      if (space !== undefined) await run(["ip", "netns", "del", space]);
    },
  };
  try {
    if (space !== undefined) await must(["ip", "netns", "add", space]);
    const there = space === undefined ? [] : ["netns", space];
    await must(["ip", "link", "add", near, "type", "veth", "peer", "name", far, ...there]);
    for (const end of ["near", "far"] as const) {
      // Nothing but what the test sends is to travel: no router solicitations.
      const device = end === "near" ? near : far;
      await run([...ends[end], "link", "set", device, "addrgenmode", "none"]);
      await cable.set(end, "up");
    }
    return cable;
  } catch (error) {
    await cable.remove();
    console.log(`skipped: no virtual Ethernet here: ${String(error)}`);
    return undefined;
  }
}

async function run(command: readonly string[]): Promise<string | undefined> {
  try {
    const { success, stderr } = await new Deno.Command(command[0]!, {
      args: command.slice(1),
      stdout: "null",
      stderr: "piped",
    }).output();
    return success ? undefined : new TextDecoder().decode(stderr).trim();
  } catch (error) {
    return String(error);
  }
}

async function must(command: readonly string[]): Promise<void> {
  const why = await run(command);
  if (why !== undefined) throw new Error(`${command.join(" ")}: ${why}`);
}

/** A UDP datagram in an Ethernet frame, as it stands on the wire. */
export interface MadeDatagram {
  /** Sender, IPv4 or IPv6. */
  readonly from: string;
  /** Receiver, of the same family. */
  readonly to: string;
  /** Port of the receiver. */
  readonly port: number;
  /** Content. */
  readonly payload: Uint8Array;
  /** Words between the addresses and the EtherType: tags. */
  readonly tags?: readonly number[];
  /** Octets of IPv4 options, a multiple of four. */
  readonly optionOctets?: number;
  /** Flags and offset of an IPv4 fragment. */
  readonly fragment?: number;
  /** Number of the protocol; default UDP. */
  readonly protocol?: number;
}

/** The octets of a datagram to a group, without checksums, which nobody looks at who reads from the wire. */
export function datagramFrame(made: MadeDatagram): Uint8Array<ArrayBuffer> {
  const { payload, tags = [], optionOctets = 0, fragment = 0, protocol = 17 } = made;
  const from = ipBytes(made.from)!, to = ipBytes(made.to)!; // addresses, as the caller writes them
  const isFour = to.length === 4, header = isFour ? 20 + optionOctets : 40;
  const ip = 14 + 2 * tags.length, udp = ip + header, octets = 8 + payload.length;
  const bytes = new Uint8Array(udp + octets), view = new DataView(bytes.buffer);
  if (isFour) bytes.set([0x01, 0x00, 0x5e, to[1]! & 0x7f, to[2]!, to[3]!]);
  else bytes.set([0x33, 0x33, ...to.subarray(12)]);
  bytes.set([0x02, 0, 0, 0, 0, 0x77], 6);
  [...tags, isFour ? 0x0800 : 0x86dd].forEach((word, i) => view.setUint16(12 + 2 * i, word));
  if (isFour) {
    bytes[ip] = 0x40 | header / 4;
    view.setUint16(ip + 2, header + octets);
    view.setUint16(ip + 6, fragment);
    bytes.set([1, protocol], ip + 8);
    bytes.set(from, ip + 12);
    bytes.set(to, ip + 16);
  } else {
    bytes[ip] = 0x60;
    view.setUint16(ip + 4, octets);
    bytes.set([protocol, 1], ip + 6);
    bytes.set(from, ip + 8);
    bytes.set(to, ip + 24);
  }
  view.setUint16(udp, 40_000);
  view.setUint16(udp + 2, made.port);
  view.setUint16(udp + 4, octets);
  bytes.set(payload, udp + 8);
  return bytes;
}
