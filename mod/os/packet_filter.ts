/**
 * Classic BPF programs that let the kernel drop every frame that nobody asked for.
 *
 * The kernel runs the program on a frame after it took the outer VLAN tag out; tags that stand in the frame
 * (stacked ones, and those of drivers that do not take them out) and an HSR tag are stepped over.
 *
 * @module
 */
import { ACCEPT, Bpf, Label, Program } from "./bpf_program.ts";

/** What a wanted frame looks like; what is left out may be anything. */
export interface PacketRule {
  /** Destination address, six octets. */
  readonly destination?: Uint8Array | undefined;
  /** APPID, the two octets behind the EtherType. */
  readonly appid?: number | undefined;
  /** VLAN identifier of the innermost tag; 0 is a priority tag or none. */
  readonly vlan?: number | undefined;
}

/** What the filter of a packet socket lets through. */
export interface PacketFilter {
  /** EtherType behind all tags. */
  readonly etherType: number;
  /** Frames that match one of these rules are taken. */
  readonly rules: readonly PacketRule[];
  /** Take the frames of this EtherType that match no rule instead; default false. */
  readonly inverted?: boolean;
}

/** Rules that fit a program of the kernel's greatest length (BPF_MAXINSNS, 4096). */
export const MAX_PACKET_RULES = 400;

const AD_VLAN_TAG = 0xfffff02c; // SKF_AD_OFF + SKF_AD_VLAN_TAG
const M_APPID = 0, M_VLAN = 1, M_ADDRESS_HIGH = 2, M_ADDRESS_LOW = 3;

/**
 * The program of a filter: `struct sock_filter` entries of 8 octets.
 *
 * Throws a RangeError for more than {@linkcode MAX_PACKET_RULES} rules. No rule at all takes no frame.
 */
export function packetProgram(filter: PacketFilter): Uint8Array<ArrayBuffer> {
  const { etherType, rules, inverted = false } = filter;
  if (rules.length > MAX_PACKET_RULES) {
    throw new RangeError(
      `Cannot make a packet filter: expected at most ${MAX_PACKET_RULES} rules, found ${rules.length}`,
    );
  }
  const code = new Program();
  const wanted = new Label(), refused = new Label();
  // VID of the tag that the kernel took out; 0 without one.
  code.emit(Bpf.LoadWord, AD_VLAN_TAG);
  code.emit(Bpf.And, 0xfff);
  code.emit(Bpf.Store, M_VLAN);
  code.findType(new Map([[etherType, wanted]]), refused, (tag) => {
    code.emit(Bpf.LoadHalf, tag);
    code.emit(Bpf.And, 0xfff);
    code.emit(Bpf.Store, M_VLAN);
  });
  code.place(wanted);
  code.emit(Bpf.LoadHalfAtX, 2);
  code.emit(Bpf.Store, M_APPID);
  code.emit(Bpf.LoadWord, 0);
  code.emit(Bpf.Store, M_ADDRESS_HIGH);
  code.emit(Bpf.LoadHalf, 4);
  code.emit(Bpf.Store, M_ADDRESS_LOW);
  for (const { destination, appid, vlan } of rules) {
    const next = new Label();
    const must = (memory: number, value: number) => {
      code.emit(Bpf.Recall, memory);
      code.skipUnless(value, next);
    };
    if (appid !== undefined) must(M_APPID, appid);
    if (vlan !== undefined) must(M_VLAN, vlan);
    if (destination !== undefined) {
      const view = new DataView(destination.buffer, destination.byteOffset, 6);
      must(M_ADDRESS_HIGH, view.getUint32(0));
      must(M_ADDRESS_LOW, view.getUint16(4));
    }
    code.emit(Bpf.Return, inverted ? 0 : ACCEPT);
    code.place(next);
  }
  code.emit(Bpf.Return, inverted ? ACCEPT : 0);
  code.place(refused);
  code.emit(Bpf.Return, 0);
  return code.assemble();
}
