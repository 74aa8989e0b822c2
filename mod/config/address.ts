/**
 * Where something listens or is reached: `host:port`.
 *
 * @module
 */
import * as v from "valibot";

/** Where an address points. */
export interface HostPort {
  /** Host name or address, without brackets. */
  readonly hostname: string;
  /** Port; 0 for any free one. */
  readonly port: number;
}

/** Takes `host:port` or `[IPv6]:port` apart; undefined if it is neither. */
export function parseHostPort(address: string): HostPort | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (!match || port > 65535) return undefined;
  return { hostname: match[1] ?? match[2]!, port };
}

/** An address that {@linkcode parseHostPort} can take apart. */
export function hostPort(): v.GenericSchema<string> {
  return v.pipe(
    v.string(),
    v.check(
      (s) => parseHostPort(s) !== undefined,
      (issue) => `expected "host:port" or "[IPv6]:port", found ${issue.received}`,
    ),
  );
}
