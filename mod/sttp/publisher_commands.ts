/**
 * The commands of a subscriber (specs/sttp.md 3, 4.4): who may send which, how many, and what each is answered with.
 *
 * @module
 */
import { ByteReader, DecodeError, TokenBucket } from "../core/mod.ts";
import { Command } from "./constants.ts";
import { type OperationalModes, parseOperationalModes } from "./operational_modes.ts";
import { metadataRequestOf, MetadataRequests } from "./publisher_metadata.ts";
import { hex, type PublisherSessionState } from "./publisher_session_state.ts";
import type { PublisherSubscribing } from "./publisher_subscribing.ts";

/** How long a refusal stays readable before the connection is closed (4.2, 4.6). */
export const REFUSAL_LINGER_MS = 1000;

/** What commands need of their session. */
export interface CommandedSession {
  /** Its subscriptions. */
  readonly subscribing: PublisherSubscribing;
  /** The subscriber has defined its modes. */
  validated(): void;
  /** The subscriber has had a buffer block. */
  confirmBlock(sequence: number): void;
  /** Ends the session because of what the peer did, which it may read for `lingerMs`. */
  break(kind: string, message: string, lingerMs?: number): void;
}

/** Takes commands; what cannot be done is answered with Failed, and nothing is thrown. */
export class PublisherCommands {
  /** Commands that were taken. */
  taken = 0;
  /** Requests for metadata. */
  readonly metadata: MetadataRequests;
  readonly #state: PublisherSessionState;
  readonly #session: CommandedSession;
  readonly #rate: TokenBucket;
  readonly #workRate: TokenBucket;

  /** Takes commands for a session that begins now. */
  constructor(state: PublisherSessionState, session: CommandedSession) {
    this.#state = state;
    this.#session = session;
    const { nowMs, events } = state.options;
    this.#rate = new TokenBucket(2000, 500, nowMs);
    this.#workRate = new TokenBucket(20, 2, nowMs);
    this.metadata = new MetadataRequests((request) => events.metadata(request));
  }

  /** Takes the body of one frame, which is lent. */
  take(body: Uint8Array): void {
    const command = body[0]!;
    const payload = body.subarray(1);
    this.taken++;
    if (!this.#rate.take(this.#state.nowMs)) {
      this.#session.break(
        "commandFlood",
        "Cannot serve a subscriber that sends hundreds of commands a second",
      );
      return;
    }
    if (!this.#state.modes && command !== Command.DefineOperationalModes) {
      this.#session.break(
        "notValidated",
        `Cannot take command ${hex(command)}: expected DefineOperationalModes (0x06) first`,
      );
      return;
    }
    try {
      this.#dispatch(command, payload);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#state.fail(command, error.message);
    }
  }

  #dispatch(command: number, payload: Uint8Array): void {
    switch (command) {
      case Command.DefineOperationalModes:
        return this.#defineModes(payload);
      case Command.MetadataRefresh:
        return this.#requestMetadata(payload);
      case Command.Subscribe:
        return this.#subscribe(payload);
      case Command.Unsubscribe:
        this.#session.subscribing.unsubscribe();
        return this.#state.succeed(command, "Client unsubscribed.");
      case Command.ConfirmUpdateSignalIndexCache:
        this.#session.subscribing.current?.confirm(this.#state.nowMs);
        return;
      case Command.ConfirmNotification:
        return this.#confirmNotification(payload);
      case Command.ConfirmBufferBlock:
        return this.#confirmBlock(payload);
      case Command.ConfirmUpdateBaseTimes:
      case Command.ConfirmUpdateCipherKeys:
        return; // answered with nothing (2)
      case Command.RotateCipherKeys:
        return this.#rotateKeys();
      case Command.UpdateProcessingInterval:
        return this.#state.fail(
          command,
          "Temporal subscriptions are not supported: nothing is replayed.",
        );
      case Command.GetPrimaryMetadataSchema:
      case Command.GetSignalSelectionSchema:
        return this.#state.fail(
          command,
          "Schemas are not sent on their own: request metadata instead.",
        );
      default:
        return this.#state.fail(
          command,
          command >= Command.UserCommand00 && command <= Command.UserCommand15
            ? `User command ${hex(command)} is not supported.`
            : `Command ${hex(command)} is unknown.`,
        );
    }
  }

  #defineModes(payload: Uint8Array): void {
    const { events } = this.#state.options;
    let modes: OperationalModes;
    try {
      modes = parseOperationalModes(payload);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return this.#refuseSession("truncated", error.message);
    }
    if (modes.version < 1 || modes.version > 3) {
      this.#refuseSession(
        "version",
        `Protocol version ${modes.version} is not supported: expected 1, 2 or 3.`,
      );
      return;
    }
    if (modes.ansi) {
      events.complain("encoding", "Subscriber asks for the obsolete ANSI encoding: taken as UTF-8");
    }
    this.#state.modes = modes;
    this.#state.succeed(
      Command.DefineOperationalModes,
      `STTP v${modes.version} client connection accepted: requested operational modes applied.`,
    );
    this.#session.validated();
  }

  #refuseSession(kind: string, text: string): void {
    this.#state.fail(Command.DefineOperationalModes, text);
    this.#session.break(kind, text, REFUSAL_LINGER_MS);
  }

  /** Confirmations are answered with nothing, also where they are too short (2). */
  #confirmNotification(payload: Uint8Array): void {
    if (payload.length < 4) return;
    this.#state.options.notifications?.confirm(new ByteReader(payload).u32("hash"));
  }

  #confirmBlock(payload: Uint8Array): void {
    if (payload.length < 4) return;
    this.#session.confirmBlock(new ByteReader(payload).u32("sequence number"));
  }

  #requestMetadata(payload: Uint8Array): void {
    const modes = this.#state.modes!; // only validated sessions get here
    if (!this.#mayWork(Command.MetadataRefresh)) return;
    if (!this.metadata.add(metadataRequestOf(payload, modes))) {
      this.#state.fail(
        Command.MetadataRefresh,
        "Metadata is still being prepared for earlier requests.",
      );
    }
  }

  #subscribe(payload: Uint8Array): void {
    const modes = this.#state.modes!; // only validated sessions get here
    if (this.#mayWork(Command.Subscribe)) this.#session.subscribing.subscribe(payload, modes);
  }

  #rotateKeys(): void {
    const command = Command.RotateCipherKeys;
    const { keys } = this.#session.subscribing.data;
    if (!keys) {
      return this.#state.fail(
        command,
        "No cipher keys are in use: they are for UDP data channels.",
      );
    }
    const answer = () => this.#state.succeed(command, "New cipher keys were sent.");
    if (keys.request(this.#state.nowMs, answer)) return;
    this.#state.fail(command, "Cipher keys are rotated at most once per second.");
  }

  /** Takes a share of the work that a subscriber may cause; answers Failed if it has none left. */
  #mayWork(command: number): boolean {
    if (this.#workRate.take(this.#state.nowMs)) return true;
    this.#state.fail(command, "Too many requests: wait a few seconds before the next one.");
    return false;
  }
}
