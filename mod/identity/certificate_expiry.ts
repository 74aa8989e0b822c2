/**
 * When certificates expire, a part's own one and those of its peers, and warnings of it.
 *
 * @module
 */
import { type Clock, gauge, type Log, type Metric } from "../core/mod.ts";
import { type CertificateFacts, certificateFacts } from "./certificate_facts.ts";

/** How long before its end a certificate is warned about, in seconds. */
export const EXPIRY_WARNING_SECONDS: number = 30 * 86_400;
/** How long before its end it needs somebody now, in seconds. */
export const EXPIRY_ALARM_SECONDS: number = 7 * 86_400;
/** Interval between two warnings about one certificate. */
const REPEAT_MS = 86_400_000;

/** A certificate in use and when it ends; JSON-safe. */
export interface CertificateExpiry {
  /** The part's own certificate, or that of a connected subscriber. */
  readonly role: "own" | "subscriber";
  /** Name of the subscriber; of the part for its own certificate. */
  readonly name: string;
  /** Subject of the certificate as text. */
  readonly subject: string;
  /** SHA-256 of its DER, lower-case hex. */
  readonly fingerprint: string;
  /** Last moment of its validity, microseconds since 1970. */
  readonly notAfterMicros: number;
  /** Seconds until then; negative when it has expired. */
  readonly secondsLeft: number;
  /** True in the last 30 days and after the end. */
  readonly warning: boolean;
}

/** The facts of a certificate; undefined for one that cannot be read, which nobody is let in with. */
export function factsIfReadable(
  source: Uint8Array | string | undefined,
): CertificateFacts | undefined {
  if (source === undefined) return undefined;
  try {
    return certificateFacts(source);
  } catch {
    return undefined;
  }
}

/** How a certificate stands at a time. */
export function expiryOf(
  role: CertificateExpiry["role"],
  name: string,
  facts: CertificateFacts,
  nowMicros: number,
): CertificateExpiry {
  const notAfterMicros = facts.notAfterMs * 1000;
  const secondsLeft = Math.floor((notAfterMicros - nowMicros) / 1e6);
  return {
    role,
    name,
    subject: facts.subject,
    fingerprint: facts.fingerprint,
    notAfterMicros,
    secondsLeft,
    warning: secondsLeft < EXPIRY_WARNING_SECONDS,
  };
}

/** Warns of certificates that end soon: each once a day. */
export class ExpiryWarnings {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #warnedMs = new Map<string, number>();

  /** Has warned of nothing yet. */
  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Warns of what is due; certificates that are not named any more are forgotten after a day. */
  check(certificates: readonly CertificateExpiry[]): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [key, atMs] of this.#warnedMs) {
      if (nowMs - atMs >= REPEAT_MS) this.#warnedMs.delete(key);
    }
    for (const certificate of certificates) {
      const key = `${certificate.name} ${certificate.fingerprint}`;
      if (!certificate.warning || this.#warnedMs.has(key)) continue;
      this.#warnedMs.set(key, nowMs);
      this.#log.warn(sentence(certificate));
    }
  }
}

/** Seconds left by certificate; of two that one subscriber shows, the one that ends first. */
export function expiryMetrics(certificates: readonly CertificateExpiry[]): Metric[] {
  const first = new Map<string, CertificateExpiry>();
  for (const certificate of certificates) {
    const key = `${certificate.role} ${certificate.name}`;
    const before = first.get(key);
    if (!before || certificate.secondsLeft < before.secondsLeft) first.set(key, certificate);
  }
  return [...first.values()].map(({ role, name, secondsLeft }) =>
    gauge(
      "certificate_expiry_seconds",
      "Seconds until a certificate expires, negative afterwards",
      secondsLeft,
      role === "own" ? { role } : { role, subscriber: name },
    )
  );
}

function sentence({ role, name, subject, secondsLeft, notAfterMicros }: CertificateExpiry): string {
  const whose = role === "own"
    ? `its own certificate (${subject})`
    : `the subscriber's certificate (${subject})`;
  const date = new Date(notAfterMicros / 1000).toISOString().slice(0, 10);
  return secondsLeft < 0
    ? `${name}: ${whose} expired on ${date}`
    : `${name}: ${whose} expires on ${date}, in ${Math.floor(secondsLeft / 86_400)} days`;
}
