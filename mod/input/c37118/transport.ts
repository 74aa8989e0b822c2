/**
 * The sockets that each transport needs.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import type { Clock } from "../../core/mod.ts";
import { openUdp, type UdpSocket } from "../../os/mod.ts";
import { datagramLink, dialler, doorkeeper, type LinkMaker } from "./link.ts";
import type { C37118InputOptions } from "./options.ts";

/** What a transport tells and asks. */
export interface TransportEvents {
  /** The time. */
  readonly clock: Clock;
  /** True while data come, so that no other device is let in. */
  readonly isBusy: () => boolean;
  /** A datagram came. */
  readonly onDatagram: (bytes: Uint8Array, arrivalMicros: number) => void;
  /** The UDP socket failed. */
  readonly onError: (error: unknown) => void;
}

/** The sockets of an input. */
export interface Transport {
  /** Makes links for commands, and for data where there is no `udp`. */
  readonly maker: LinkMaker;
  /** Where data come as datagrams. */
  readonly udp: UdpSocket | undefined;
}

const DATA_PORT = 4713;

/** Opens what must be open all the time; rejects when a port cannot be bound, a group joined or a name resolved. */
export async function openTransport(
  options: C37118InputOptions,
  events: TransportEvents,
): Promise<Transport> {
  const { transport, port, connectTimeoutMs } = options;
  const host = options.host ?? ""; // the schema asks for it where it is needed
  const dial = () => dialler(host, port, connectTimeoutMs);
  switch (transport) {
    case "tcp":
      return { maker: dial(), udp: undefined };
    case "tcp-listen": {
      const address = options.localAddress ?? "0.0.0.0";
      return { maker: doorkeeper(address, port, options.source, events.isBusy), udp: undefined };
    }
    case "udp": {
      const addresses = await addressesOf(host);
      const udp = await open(options, events, options.source ? [options.source] : addresses, 0);
      const to = addresses[0]!; // a lookup that finds nothing rejects
      const send = (bytes: Uint8Array<ArrayBuffer>) => udp.send(bytes, to, port);
      return { maker: datagramLink(`${to}:${port}`, send), udp };
    }
    case "tcp+udp": {
      const sources = options.source ? [options.source] : await addressesOf(host);
      return { maker: dial(), udp: await open(options, events, sources, DATA_PORT) };
    }
    case "multicast":
    case "udp-listen": {
      const sources = options.source ? [options.source] : [];
      const udp = await open(options, events, sources, DATA_PORT);
      const place = `${udp.hostname}:${udp.port}`;
      const commands = transport === "multicast" && options.host !== undefined;
      return { maker: commands ? dial() : datagramLink(place, undefined), udp };
    }
  }
}

function open(
  options: C37118InputOptions,
  events: TransportEvents,
  sources: readonly string[],
  defaultPort: number,
): Promise<UdpSocket> {
  const { transport, group, source } = options;
  const isIpv6 = (sources[0] ?? "").includes(":");
  const hostname = options.localAddress ??
    (transport === "multicast" ? undefined : isIpv6 ? "::" : "0.0.0.0");
  return openUdp({
    port: options.dataPort ?? defaultPort,
    ...(hostname === undefined ? {} : { hostname }),
    ...(transport === "multicast" && group !== undefined
      ? {
        multicast: {
          group,
          ...(options.interface === undefined ? {} : { interface: options.interface }),
          ...(source === undefined ? {} : { source }),
        },
      }
      : {}),
    sources,
    receiveBufferBytes: options.receiveBufferBytes,
    clock: events.clock,
    onDatagram: (bytes, arrivalMicros) => events.onDatagram(bytes, arrivalMicros),
    onError: events.onError,
  });
}

async function addressesOf(host: string): Promise<string[]> {
  if (/^[\d.]+$/.test(host) || host.includes(":")) return [host];
  return (await lookup(host, { all: true })).map((found) => found.address);
}
