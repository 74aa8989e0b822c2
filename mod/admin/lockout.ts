/**
 * Failed logins: a few are free, then each one costs a longer wait, by who is named, from where, and both.
 *
 * @module
 */
import { ipBytes } from "../core/mod.ts";

/** Failures of one name from one network that are free. */
const FREE = 5;
/** Failures that are free of one network under all names, and of one name from all networks. */
const FREE_OF_ALL = 20;
const FIRST_LOCK_MS = 30_000;
const LONGEST_LOCK_MS = 15 * 60_000;
const FORGET_MS = 30 * 60_000;
/** Networks, names and pairs of them that are remembered. */
const MAX_KEPT = 1024;

/**
 * Counts failed logins; bounded in memory, the oldest is forgotten first.
 *
 * A lock on a name does not hold where its owner has logged in before: whoever knows a name cannot keep its owner out.
 * IPv6 addresses count by their /64, since one host has all of it.
 */
export class Lockout {
  readonly #pairs = new Tallies(FREE);
  readonly #networks = new Tallies(FREE_OF_ALL);
  readonly #names = new Tallies(FREE_OF_ALL);
  readonly #homes = new Set<string>();
  #sparedUntilMs = -Infinity;

  /** Milliseconds for which a login under a name is not looked at; 0 if it is. */
  leftMs(address: string, name: string, nowMs: number): number {
    if (nowMs < this.#sparedUntilMs) return 0;
    const network = networkOf(address), pair = `${network} ${name}`;
    return Math.max(
      this.#pairs.leftMs(pair, nowMs),
      this.#networks.leftMs(network, nowMs),
      this.#homes.has(pair) ? 0 : this.#names.leftMs(name, nowMs),
    );
  }

  /** A login failed. True if there is a lock from now on. */
  failed(address: string, name: string, nowMs: number): boolean {
    const network = networkOf(address);
    const locks = [
      this.#pairs.failed(`${network} ${name}`, nowMs),
      this.#networks.failed(network, nowMs),
      name !== "" && this.#names.failed(name, nowMs),
    ];
    return locks.includes(true);
  }

  /** A login succeeded: its name and network begin anew. */
  succeeded(address: string, name: string): void {
    const network = networkOf(address), pair = `${network} ${name}`;
    this.#pairs.forget(pair);
    this.#networks.forget(network);
    this.#names.forget(name);
    this.#homes.delete(pair);
    this.#homes.add(pair);
    if (this.#homes.size > MAX_KEPT) this.#homes.delete(this.#homes.values().next().value!); // it is not empty
  }

  /** Takes all locks off, and sets none before `untilMs`: for who stands at the device and cannot wait. */
  spare(untilMs: number): void {
    this.#pairs.clear();
    this.#networks.clear();
    this.#names.clear();
    this.#sparedUntilMs = untilMs;
  }
}

interface Failures {
  count: number;
  lastMs: number;
  untilMs: number;
}

/** Failures by key, each with the lock that it has come to. */
class Tallies {
  readonly #free: number;
  readonly #byKey = new Map<string, Failures>();

  constructor(free: number) {
    this.#free = free;
  }

  leftMs(key: string, nowMs: number): number {
    const known = this.#byKey.get(key);
    return known ? Math.max(0, known.untilMs - nowMs) : 0;
  }

  failed(key: string, nowMs: number): boolean {
    const before = this.#byKey.get(key);
    const known = before && nowMs - before.lastMs < FORGET_MS
      ? before
      : { count: 0, lastMs: 0, untilMs: 0 };
    known.count++;
    known.lastMs = nowMs;
    const over = known.count - this.#free;
    if (over >= 0) {
      known.untilMs = nowMs + Math.min(LONGEST_LOCK_MS, FIRST_LOCK_MS * 2 ** Math.min(over, 10));
    }
    this.#byKey.delete(key);
    this.#byKey.set(key, known);
    if (this.#byKey.size > MAX_KEPT) this.#byKey.delete(this.#byKey.keys().next().value!); // it is not empty
    return over >= 0;
  }

  forget(key: string): void {
    this.#byKey.delete(key);
  }

  clear(): void {
    this.#byKey.clear();
  }
}

/** The address; of IPv6 its first 64 bits, since one host has all of the rest. */
export function networkOf(address: string): string {
  const bytes = ipBytes(address);
  return bytes?.length === 16 ? `${bytes.slice(0, 8).join(".")}/64` : address;
}
