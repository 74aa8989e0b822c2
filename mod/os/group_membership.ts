/**
 * Membership of multicast groups without a port: switches that snoop forward what a packet ring then hears.
 *
 * @module
 */
import { interfaceAddress, interfaceIndex } from "./udp.ts";

/** Groups of one interface that this host is a member of until it is closed. */
export class GroupMembership {
  readonly #socket: Deno.DatagramConn;
  #open = true;

  private constructor(socket: Deno.DatagramConn) {
    this.#socket = socket;
  }

  /**
   * Joins groups, all of IPv4 or all of IPv6, on the interface `name`. Their sockets have ports that nobody sends to, so
   * that it needs no right. Rejects with the reason where the interface has no address or there is none such.
   */
  static async join(name: string, groups: readonly string[]): Promise<GroupMembership> {
    const isSix = groups.some((group) => group.includes(":"));
    const socket = Deno.listenDatagram({
      transport: "udp",
      hostname: isSix ? "::" : "0.0.0.0",
      port: 0,
    });
    try {
      for (const group of groups) {
        if (isSix) await socket.joinMulticastV6(group, interfaceIndex(name));
        else await socket.joinMulticastV4(group, interfaceAddress(name));
      }
    } catch (error) {
      socket.close();
      throw error;
    }
    return new GroupMembership(socket);
  }

  /** Leaves the groups; safe to call twice. */
  close(): void {
    if (this.#open) this.#socket.close();
    this.#open = false;
  }
}
