/**
 * Which capture Worker takes which streams, and what its ring may cost.
 *
 * @module
 */
import { macBytes } from "../../sv/mod.ts";
import { MAX_PACKET_RULES, type PacketRule } from "../../os/mod.ts";
import type { SvInputOptions, SvStreamOptions } from "./options.ts";

/** What one Worker does. */
export interface Shard {
  /** Numbers of its streams in the options. */
  readonly streams: readonly number[];
  /** Octets of its ring; 0 for a source without one. */
  readonly ringBytes: number;
  /** Whether it looks for streams that are not configured. */
  readonly discovers: boolean;
}

/**
 * Shares the streams of an input between Workers, by samples per second.
 *
 * The kernel's filter hands each Worker its frames by APPID, address and VLAN; streams that agree in all three can be
 * told apart by their svID alone and stay together.
 */
export function shardsOf(options: SvInputOptions, cores: number): Shard[] {
  const groups = new Map<string, number[]>();
  options.streams.forEach((stream, i) => {
    const key = options.interface === undefined ? "" : ruleKey(stream);
    const group = groups.get(key);
    if (group) group.push(i);
    else groups.set(key, [i]);
  });
  // A rule that leaves something open may match the frames of another one: they share a Worker then.
  const merged = mergeOpen([...groups.values()], options);
  const wanted = options.workers > 0 ? options.workers : Math.max(1, cores - 1);
  const count = Math.max(1, Math.min(wanted, merged.length));
  const loads = Array.from({ length: count }, () => ({ load: 0, streams: [] as number[] }));
  const weight = (i: number) => {
    const { rate, channels } = options.streams[i]!;
    return rate * (1 + channels.length);
  };
  const total = (group: readonly number[]) => group.reduce((sum, i) => sum + weight(i), 0);
  for (const group of merged.sort((a, b) => total(b) - total(a))) {
    const least = loads.reduce((a, b) => b.load < a.load ? b : a);
    least.load += total(group);
    least.streams.push(...group);
  }
  const ringBytes = options.interface === undefined ? 0 : ringOf(options, count);
  return loads.map(({ streams }, i) => ({
    streams: streams.sort((a, b) => a - b),
    ringBytes,
    discovers: i === 0 && options.discovery && options.interface !== undefined,
  }));
}

/** The kernel's rules for some streams, each once. */
export function rulesOf(streams: readonly SvStreamOptions[]): PacketRule[] {
  const rules = new Map<string, PacketRule>();
  for (const stream of streams) {
    rules.set(ruleKey(stream), {
      appid: stream.appid,
      vlan: stream.vlan,
      destination: stream.destination === undefined ? undefined : macBytes(stream.destination),
    });
  }
  const list = [...rules.values()];
  if (list.length > MAX_PACKET_RULES) {
    throw new RangeError(
      `Cannot make a filter: expected at most ${MAX_PACKET_RULES} kinds of address, found ${list.length}`,
    );
  }
  return list;
}

function ruleKey({ appid, destination, vlan }: SvStreamOptions): string {
  return `${appid} ${destination ?? "any"} ${vlan ?? "any"}`;
}

function ringOf({ ringBytes, blockBytes }: SvInputOptions, count: number): number {
  return Math.max(2, Math.floor(ringBytes / count / blockBytes)) * blockBytes;
}

function mergeOpen(groups: number[][], { streams }: SvInputOptions): number[][] {
  const mayMatch = (a: SvStreamOptions, b: SvStreamOptions) =>
    a.appid === b.appid &&
    (a.destination === undefined || b.destination === undefined ||
      a.destination === b.destination) &&
    (a.vlan === undefined || b.vlan === undefined || a.vlan === b.vlan);
  const merged: number[][] = [];
  for (const group of groups) {
    const alike = merged.filter((other) =>
      other.some((i) => group.some((j) => mayMatch(streams[i]!, streams[j]!)))
    );
    for (const other of alike) merged.splice(merged.indexOf(other), 1);
    merged.push([...group, ...alike.flat()]);
  }
  return merged;
}
