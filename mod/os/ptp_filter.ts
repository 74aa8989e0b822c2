/**
 * The BPF program that lets PTP through and nothing else, over Ethernet and UDP, tagged or not.
 *
 * @module
 */
import type { PtpTransport } from "../ptp/mod.ts";
import { ACCEPT, Bpf, Label, Program } from "./bpf_program.ts";

/** EtherType of PTP (IEEE 1588-2019, annex E). */
export const PTP_ETHER_TYPE = 0x88f7;
/** EtherTypes of IP. */
export const IPV4 = 0x0800, IPV6 = 0x86dd;
/** UDP ports of event and general messages (annexes C and D). */
export const PTP_PORTS: readonly number[] = [319, 320];
/** Protocol number of UDP. */
export const UDP = 17;

/** The program for some transports. IPv6 with extension headers is not looked into: PTP has none. */
export function ptpProgram(transports: readonly PtpTransport[]): Uint8Array<ArrayBuffer> {
  const code = new Program();
  const accepted = new Label(), refused = new Label(), ip4 = new Label(), ip6 = new Label();
  const types = new Map<number, Label>();
  if (transports.includes("ethernet")) types.set(PTP_ETHER_TYPE, accepted);
  if (transports.includes("udp4")) types.set(IPV4, ip4);
  if (transports.includes("udp6")) types.set(IPV6, ip6);
  code.findType(types, refused);
  const ports = () => {
    for (const port of PTP_PORTS) code.jumpIf(port, accepted);
    code.jump(refused);
  };
  // X is the offset of the EtherType, so that the IP header begins at X + 2.
  code.place(ip4);
  code.emit(Bpf.LoadByteAtX, 2 + 9);
  code.jumpUnless(UDP, refused);
  code.emit(Bpf.LoadHalfAtX, 2 + 6);
  code.emit(Bpf.And, 0x1fff);
  code.jumpUnless(0, refused); // a fragment that is not the first has no ports
  code.emit(Bpf.LoadByteAtX, 2);
  code.emit(Bpf.And, 0x0f);
  code.emit(Bpf.ShiftLeft, 2);
  code.emit(Bpf.AddX, 0);
  code.emit(Bpf.MoveToX, 0);
  code.emit(Bpf.LoadHalfAtX, 2 + 2);
  ports();
  code.place(ip6);
  code.emit(Bpf.LoadByteAtX, 2 + 6);
  code.jumpUnless(UDP, refused);
  code.emit(Bpf.LoadHalfAtX, 2 + 40 + 2);
  ports();
  code.place(accepted);
  code.emit(Bpf.Return, ACCEPT);
  code.place(refused);
  code.emit(Bpf.Return, 0);
  return code.assemble();
}
