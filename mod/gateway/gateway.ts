/**
 * The gateway: runs the graph of parts (`graph.ts`) that a configuration describes, and looks after it.
 *
 * The way of a frame: an input decodes it and hands it to the stream `received`; aligners listen
 * there and feed a stream of their own name; outputs listen to the streams that their subscribers
 * chose, and encode for each what it was granted.
 *
 * @module
 */
import { join } from "node:path";
import { AccessControl, type AccessRules } from "../access/mod.ts";
import type { Archive } from "../archive/mod.ts";
import type { ClockStatus } from "../clock/mod.ts";
import {
  type Clock,
  type ClockReport,
  ConfigError,
  gauge,
  type Metric,
  type Part,
  type SeenDevices,
  SignalRegistry,
} from "../core/mod.ts";
import { Identities } from "../identity/mod.ts";
import { giveUpRawRights, type KeyPair } from "../os/mod.ts";
import type { C37118Output } from "../output/c37118/mod.ts";
import type { SttpOutput } from "../output/sttp/mod.ts";
import type { AlarmPart } from "./alarm_part.ts";
import { RECEIVED } from "./config.ts";
import type { OrderResult } from "./event_hub.ts";
import type { ManualOrder } from "./manual_order.ts";
import { type GraphContext, PartGraph } from "./graph.ts";
import {
  identityMapPath,
  keepIdentityMap,
  readIdentityMap,
  restoreIdentityMap,
  takeRestoredMap,
} from "./identity_map.ts";
import { OwnIdentity } from "./own_identity.ts";
import { type KnownSignals, knownSignals } from "./known_signals.ts";
import { configureLog, logFor } from "./log.ts";
import { LatestValues } from "./latest_values.ts";
import { type ChangeKind, type ConfigPlan, notInPlace, planChanges } from "./plan.ts";
import { type Revocation, Revocations } from "./revocations.ts";
import type { GatewayConfig } from "./schema.ts";
import type { Stream } from "./stream.ts";
import { SubscriberControl } from "./subscriber_control.ts";
import { identityConfigOf } from "./subscribers.ts";
import { tellUnwatched } from "./unwatched_clock.ts";
import type { GatewayStatus, GatewayView } from "./view.ts";

/** What {@linkcode Gateway.apply} has done. */
export interface AppliedConfig {
  /** What was to be changed. */
  readonly plan: ConfigPlan;
  /** Parts that were started and cannot work, with the reason; they are tried again. */
  readonly failed: readonly { readonly part: string; readonly reason: string }[];
  /** How long it took, in milliseconds. */
  readonly ms: number;
}

/** Interval at which the gateway's own key and certificate are read again. */
const OWN_CHECK_MS = 60_000;

/** A gateway that runs what one configuration describes. */
export class Gateway implements GatewayView {
  #config: GatewayConfig;
  readonly #clock: Clock;
  readonly #log = logFor("gateway");
  readonly #graph: PartGraph;
  readonly #latest = new LatestValues();
  readonly #startedMicros: number;
  #registry: SignalRegistry;
  #access: AccessControl | undefined;
  #keepMap: (() => Promise<void>) | undefined;
  #identity: OwnIdentity | undefined;
  #ownTimer: ReturnType<typeof setInterval> | undefined;
  #subscribers: SubscriberControl | undefined;
  #applying: Promise<unknown> = Promise.resolve();

  /** Prepares a gateway; nothing is opened before {@linkcode start}. */
  constructor(config: GatewayConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    this.#startedMicros = clock.nowMicros();
    this.#registry = new SignalRegistry(config.gateway.id, config.gateway.name);
    this.#graph = new PartGraph(this.#graphContext());
  }

  /** The signals and devices of this gateway. */
  get registry(): SignalRegistry {
    return this.#registry;
  }

  /** The gateway's own key and certificate; undefined before the start. */
  get identity(): KeyPair | undefined {
    return this.#identity;
  }

  /**
   * Starts every part, outputs first, so that no frame comes before somebody listens.
   *
   * Rejects only if the state folder cannot be used; a part that cannot start is tried again later.
   */
  async start(): Promise<void> {
    const { gateway, input } = this.#config;
    // Before any part opens a library: what `tieline capture` does for us, we must not be able to do.
    const captures = this.#config.clock?.capture === "process" ||
      Object.values(input).some((options) =>
        options.type === "sv" && options.interface !== undefined && options.capture === "process"
      );
    if (captures) giveUpRawRights();
    if (!this.#config.clock) tellUnwatched(this.#log);
    await Deno.mkdir(gateway.stateDir, { recursive: true, mode: 0o700 });
    const mapPath = identityMapPath(gateway.stateDir);
    if (await takeRestoredMap(gateway.stateDir)) this.#log.info("Took a restored map of signals");
    this.#registry = new SignalRegistry(
      gateway.id,
      gateway.name,
      await readIdentityMap(mapPath, this.#log),
    );
    this.#keepMap = keepIdentityMap(this.#registry, mapPath, this.#log);
    const own = await OwnIdentity.load(
      join(gateway.stateDir, "identity"),
      gateway.name,
      this.#log,
    );
    this.#identity = own;
    const revocations = await Revocations.open(gateway.stateDir, this.#log);
    this.#latest.clear();
    this.#graph.addStream(RECEIVED).listen(this.#latest);
    // A subscriber's filter may hold the event loop for some milliseconds, not for seconds.
    this.#access = new AccessControl(this.#registry, {
      nodeId: gateway.id,
      filterSteps: 1_000_000,
    });
    this.#subscribers = new SubscriberControl(this.#config, {
      access: this.#access,
      revocations,
      outputs: this.#graph,
      clock: this.#clock,
      log: this.#log,
    });
    this.#graph.build();
    this.#log.info(
      `Starting ${this.#graph.members.all().length} parts; own pin sha256:${own.fingerprint256}`,
    );
    clearInterval(this.#ownTimer);
    this.#ownTimer = setInterval(() => void own.refresh(), OWN_CHECK_MS);
    await this.#graph.members.start();
  }

  /** Stops every part, inputs first, and writes what must survive. */
  async stop(): Promise<void> {
    clearInterval(this.#ownTimer);
    await this.#graph.members.remove();
    this.#graph.streams.clear();
    this.#access?.close();
    await this.#keepMap?.();
    this.#log.info("Stopped");
  }

  /** The configuration that runs. */
  get config(): GatewayConfig {
    return this.#config;
  }

  /** What `next` would change. */
  plan(next: GatewayConfig): ConfigPlan {
    return planChanges(this.#config, next);
  }

  /**
   * Takes another configuration into use: parts that differ are added, removed, started anew or changed
   * in place, the others are not touched. Rights that are taken away are gone before anything starts.
   *
   * One at a time, in the order of the calls. Throws {@linkcode ConfigError}, having changed nothing, for
   * a key that needs a new start of the program. Parts that cannot work under the new configuration stand
   * in `failed`, and are tried again as at a start; applying the former configuration undoes everything.
   */
  apply(next: GatewayConfig): Promise<AppliedConfig> {
    return this.#inTurn(() => this.#apply(next));
  }

  /** One at a time: what starts and stops parts. */
  #inTurn<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#applying.then(operation);
    this.#applying = result.catch(() => {});
    return result;
  }

  async #apply(next: GatewayConfig): Promise<AppliedConfig> {
    const plan = this.plan(next);
    if (plan.needsProgram.length > 0) throw notInPlace(plan.needsProgram);
    const beganMs = this.#clock.monotonicMs();
    const identities = new Identities(identityConfigOf(next));
    const before = this.#config;
    if (plan.everything) {
      await this.stop();
      this.#config = next;
      await this.start();
    } else {
      this.#config = next;
      this.#subscribers!.take(next, identities);
      await this.#graph.members.remove(namesOf(plan, "removed", "restarted"));
      for (const name of Object.keys(before.align)) {
        if (!Object.hasOwn(next.align, name)) this.#graph.streams.delete(name);
      }
      const fresh = namesOf(plan, "added", "restarted");
      this.#graph.build(fresh);
      this.#graph.alarmPart?.update(next.alarm);
      await this.#graph.members.start(fresh);
    }
    if (before.log.level !== next.log.level) await configureLog(next.log.level);
    const ms = this.#clock.monotonicMs() - beganMs;
    const names = plan.everything
      ? new Set(this.#graph.members.all().map(({ name }) => name))
      : namesOf(plan, "added", "restarted");
    const failed = this.#graph.members.failed(names);
    this.#log.info(
      `Took another configuration into use in ${ms.toFixed(0)} ms: ${
        plan.changes.map(({ part, change }) => `${part} ${change}`).join(", ") || "no change"
      }`,
    );
    return { plan, failed, ms };
  }

  /**
   * Reads keys and certificates again, the gateway's own and those of its outputs; open connections stay.
   *
   * Files are looked at every minute anyway. A pair that does not fit is logged, and the old one stays.
   */
  async reloadCertificates(): Promise<void> {
    await this.#identity?.refresh();
    for (const output of this.#graph.sttpOutputs.values()) await output.reloadCertificate();
  }

  /** The STTP output of `[output.NAME]`; undefined if there is none. */
  sttpOutput(name: string): SttpOutput | undefined {
    return this.#graph.sttpOutputs.get(name);
  }

  /** The STTP outputs by name. */
  sttpOutputs(): ReadonlyMap<string, SttpOutput> {
    return this.#graph.sttpOutputs;
  }

  /** The C37.118 outputs by name. */
  c37118Outputs(): ReadonlyMap<string, C37118Output> {
    return this.#graph.c37118Outputs;
  }

  /** The latest values of all signals. */
  get latest(): Pick<LatestValues, "get" | "columns"> {
    return this.#latest;
  }

  /** Who may see what; undefined before the start. */
  get access(): AccessControl | undefined {
    return this.#access;
  }

  /** Keeps a map of signals, as `registry.toMap` gives it, for the next start. Throws for a text that is none. */
  async restoreSignals(text: string): Promise<void> {
    await restoreIdentityMap(this.#config.gateway.stateDir, text);
  }

  /** Emergency revocations, oldest first. */
  revocations(): Revocation[] {
    return this.#subscribers?.revocations() ?? [];
  }

  /**
   * Withholds everything from a subscriber and ends its connections, until {@linkcode restore}, over
   * restarts too. Throws ConfigError for a name that the configuration does not know.
   */
  async revoke(subscriber: string, author: string, reason: string): Promise<void> {
    await this.#controlOf(subscriber).revoke(subscriber, author, reason);
  }

  /** Takes a revocation back; false if there was none. */
  async restore(subscriber: string): Promise<boolean> {
    return await this.#subscribers?.restore(subscriber) ?? false;
  }

  /** Ends the connections of a subscriber, which may connect again; returns their number. */
  disconnect(subscriber: string): number {
    let ended = 0;
    for (const output of this.#graph.sttpOutputs.values()) ended += output.disconnect(subscriber);
    return ended;
  }

  /** Stops a part and starts it again, in turn with changes, which may take it away; false if there is none of this name. */
  restartPart(name: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const part = this.#graph.members.get(name);
      if (!part) return false;
      this.#log.info(`${name} is started again by hand`);
      await part.stop().catch((error) => this.#log.error(`${name} did not stop cleanly: ${error}`));
      await part.start();
      return true;
    });
  }

  /** What parts are made of; those of a gateway that is not started are not asked for. */
  #graphContext(): GraphContext {
    // deno-lint-ignore no-this-alias -- the getters below are asked long after this call
    const gateway = this;
    return {
      clock: this.#clock,
      get config() {
        return gateway.#config;
      },
      get registry() {
        return gateway.#registry;
      },
      get access() {
        return gateway.#access!;
      },
      get identities() {
        return gateway.#subscribers!.identities;
      },
      get identity() {
        return gateway.#identity!;
      },
      admit: (output) => this.#subscribers!.admit(output),
    };
  }

  /** The stream of a name, to listen to; undefined if there is none. */
  stream(name: string): Stream | undefined {
    return this.#graph.streams.get(name);
  }

  /**
   * Gives a subscriber other rights from the next frame on: what is revoked stops, queued frames
   * included, and what is granted joins running FILTER subscriptions.
   *
   * Throws ConfigError for a name that the configuration does not know, for a gateway that is not
   * started, and for rules that cannot be accepted; the rights are then as they were.
   */
  setRights(name: string, rules: AccessRules): void {
    this.#controlOf(name).setRights(name, rules);
  }

  /** What controls a subscriber; throws for one that the configuration does not know. */
  #controlOf(name: string): SubscriberControl {
    if (this.#subscribers && Object.hasOwn(this.#config.subscriber, name)) return this.#subscribers;
    throw new ConfigError("rights", [{
      line: 0,
      column: 0,
      key: `subscriber.${name}`,
      message: `expected the name of a subscriber of a running gateway, found "${name}"`,
    }]);
  }

  /** The alarms of the configuration; undefined without `[alarm.NAME]`. */
  get alarms(): AlarmPart | undefined {
    return this.#graph.alarmPart;
  }

  /** Event records on disk; undefined where none are kept. */
  get archive(): Archive | undefined {
    return this.#graph.archive;
  }

  recordNow(order: ManualOrder): OrderResult {
    if (!this.#graph.events) throw new RangeError("Nothing is recorded: there is no [event]");
    return this.#graph.events.order(order);
  }

  status(): GatewayStatus {
    return {
      ...this.summary(),
      parts: Object.fromEntries(this.parts().map((part) => [part.name, part.status()])),
    };
  }

  parts(): readonly Pick<Part, "name" | "status" | "metrics">[] {
    return this.#graph.members.all();
  }

  seen(part: string): SeenDevices | undefined {
    return this.#graph.members.get(part)?.seen();
  }

  summary(): Omit<GatewayStatus, "parts"> {
    const { gateway } = this.#config;
    return {
      name: gateway.name,
      id: gateway.id,
      startedMicros: this.#startedMicros,
      nowMicros: this.#clock.nowMicros(),
      fingerprint: this.#identity ? `sha256:${this.#identity.fingerprint256}` : "",
      memoryBytes: Deno.memoryUsage().rss,
      signals: this.#registry.count,
      streams: Object.fromEntries(
        [...this.#graph.streams].map(([name, { frames, errors }]) => [name, { frames, errors }]),
      ),
    };
  }

  metrics(): { part: string; metrics: readonly Metric[] }[] {
    return [
      { part: "gateway", metrics: this.ownMetrics() },
      ...this.parts().map((part) => ({ part: part.name, metrics: part.metrics() })),
    ];
  }

  ownMetrics(): Metric[] {
    return [
      gauge("memory_bytes", "Resident memory", Deno.memoryUsage().rss),
      gauge("signals", "Signals that are known", this.#registry.count),
    ];
  }

  signals(): KnownSignals {
    return knownSignals(this.#registry);
  }

  clock(): ClockStatus | undefined {
    return this.#graph.clockPart?.clockStatus();
  }

  /** What is known of the gateway's clock; undefined without `[clock]`. */
  clockReport(): ClockReport | undefined {
    return this.#graph.clockPart?.report;
  }

  /** When it is for judging certificates, in microseconds since 1970: not before the last good time. */
  certificateMicros(): number {
    return this.#graph.certificateMicros();
  }

  readiness(): { ready: boolean; waiting: string[] } {
    const waiting = this.#graph.members.of("output", "align")
      .filter((part) => part.status().state !== "running")
      .map((part) => part.name);
    if (!this.#identity) waiting.unshift("gateway");
    return { ready: waiting.length === 0, waiting };
  }
}

function namesOf(plan: ConfigPlan, ...kinds: readonly ChangeKind[]): Set<string> {
  return new Set(plan.changes.filter((c) => kinds.includes(c.change)).map((c) => c.part));
}
