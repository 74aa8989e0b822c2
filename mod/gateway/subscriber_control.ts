/**
 * Who may see what while the gateway runs: rights, identities and revocations, for all its outputs.
 *
 * @module
 */
import type { AccessControl, AccessRules } from "../access/mod.ts";
import type { Clock, Log } from "../core/mod.ts";
import { Identities } from "../identity/mod.ts";
import type { SttpOutput } from "../output/sttp/mod.ts";
import type { PartGraph } from "./graph.ts";
import type { Revocation, Revocations } from "./revocations.ts";
import type { GatewayConfig } from "./schema.ts";
import { identityConfigOf, rulesOf } from "./subscribers.ts";

/** What the control of subscribers works with. */
export interface SubscriberControlContext {
  /** Rights by subscriber. */
  readonly access: AccessControl;
  /** Who is revoked, on disk. */
  readonly revocations: Revocations;
  /** The outputs that run. */
  readonly outputs: Pick<PartGraph, "sttpOutputs" | "c37118Outputs">;
  /** The time. */
  readonly clock: Clock;
  /** Where an operator reads. */
  readonly log: Log;
}

/** The subscribers of a gateway that was started. */
export class SubscriberControl {
  readonly #context: SubscriberControlContext;
  #identities: Identities;

  /** Takes the subscribers of `config` into use. */
  constructor(config: GatewayConfig, context: SubscriberControlContext) {
    this.#context = context;
    this.#identities = new Identities(identityConfigOf(config));
    this.take(config, this.#identities);
  }

  /** Who a peer is. */
  get identities(): Identities {
    return this.#identities;
  }

  /** Rights of a configuration and its `identities`, for all outputs that run. */
  take(config: GatewayConfig, identities: Identities): void {
    const { access, outputs } = this.#context;
    this.#identities = identities;
    const rules = rulesOf(config);
    for (const name of access.subscribers()) {
      if (!rules.has(name)) access.removeSubscriber(name);
    }
    for (const [name, { allow, deny }] of rules) access.setSubscriber(name, { allow, deny });
    for (const [name, part] of outputs.c37118Outputs) {
      const options = config.output[name];
      if (options?.type === "c37118") part.update(options);
    }
    for (const output of outputs.sttpOutputs.values()) {
      output.updateSubscribers(config.subscriber, identities);
      this.admit(output);
    }
  }

  /** Keeps those who are revoked from an output. */
  admit(output: SttpOutput): void {
    for (const { subscriber } of this.revocations()) output.revoke(subscriber);
  }

  /** Emergency revocations, oldest first. */
  revocations(): Revocation[] {
    return this.#context.revocations.all();
  }

  /** Withholds everything from a subscriber and ends its connections, until {@linkcode restore}. */
  async revoke(subscriber: string, author: string, reason: string): Promise<void> {
    const { outputs, clock, log, revocations } = this.#context;
    for (const output of outputs.sttpOutputs.values()) output.revoke(subscriber);
    log.warn(`${subscriber} was revoked by ${author}`);
    await revocations.add({ subscriber, author, reason, timeMicros: clock.nowMicros() });
  }

  /** Takes a revocation back; false if there was none. */
  async restore(subscriber: string): Promise<boolean> {
    const { outputs, log, revocations } = this.#context;
    const was = await revocations.remove(subscriber);
    if (was) {
      for (const output of outputs.sttpOutputs.values()) output.restore(subscriber);
      log.warn(`The revocation of ${subscriber} was taken back`);
    }
    return was;
  }

  /** Gives a subscriber other rights from the next frame on; throws ConfigError for rules that cannot be accepted. */
  setRights(name: string, rules: AccessRules): void {
    this.#context.access.setSubscriber(name, rules);
    this.#context.log.info(`Rights of ${name} were set`);
  }
}
