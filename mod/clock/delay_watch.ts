/**
 * How the clocks of a network measure delay, and how long a peer takes to answer.
 *
 * @module
 */
import {
  intervalNs,
  MessageType,
  type PdelayRespFollowUpMessage,
  type PdelayRespMessage,
  portText,
  PtpFlags,
  type PtpMessage,
  type PtpTimestamp,
  timestampDifference,
} from "../ptp/mod.ts";
import type { ObserverReport } from "./observer_types.ts";

/** Milliseconds after which a mechanism that is not seen again is not in use. */
const FORGET_MS = 20_000;

/** Watches the messages of delay. */
export class DelayWatch {
  /** Nanoseconds that a peer took to answer last; undefined if none has. */
  turnaroundNs: number | undefined;
  #lastE2eMs = NaN;
  #lastP2pMs = NaN;
  #request: { readonly key: string; readonly t2: PtpTimestamp } | undefined;

  /** Takes a message; those that are not of delay say nothing. */
  take(message: PtpMessage, ms: number): void {
    switch (message.messageType) {
      case MessageType.DelayReq:
      case MessageType.DelayResp:
        this.#lastE2eMs = ms;
        return;
      case MessageType.PdelayReq:
        this.#lastP2pMs = ms;
        return;
      case MessageType.PdelayResp: {
        this.#lastP2pMs = ms;
        const key = keyOf(message);
        if ((message.header.flags & PtpFlags.TwoStep) !== 0) {
          this.#request = { key, t2: message.requestReceiptTimestamp };
        } else this.turnaroundNs = intervalNs(message.header.correction);
        return;
      }
      case MessageType.PdelayRespFollowUp:
        if (this.#request?.key !== keyOf(message)) return;
        this.turnaroundNs = intervalNs(
          timestampDifference(message.responseOriginTimestamp, this.#request.t2),
        ) + intervalNs(message.header.correction);
        this.#request = undefined;
    }
  }

  /** The mechanism that is in use at `ms`. */
  mechanism(ms: number): ObserverReport["delayMechanism"] {
    const e2e = ms - this.#lastE2eMs < FORGET_MS, p2p = ms - this.#lastP2pMs < FORGET_MS;
    return e2e && p2p ? "mixed" : e2e ? "E2E" : p2p ? "P2P" : "unknown";
  }
}

function keyOf(
  { header, requestingPortIdentity }: PdelayRespMessage | PdelayRespFollowUpMessage,
): string {
  return `${portText(header.source)} ${portText(requestingPortIdentity)} ${header.sequenceId}`;
}
