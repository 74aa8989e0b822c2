/**
 * The certificate that the admin API shows, and how long it is still good for.
 *
 * @module
 */
import type { Clock, Log } from "../core/mod.ts";
import {
  type CertificateExpiry,
  type CertificateFacts,
  certificateFacts,
  expiryOf,
  ExpiryWarnings,
} from "../identity/mod.ts";

/** The certificate that the admin API shows; it stays known while one server takes the place of another. */
export class OwnCertificate {
  readonly #warnings: ExpiryWarnings;
  readonly #nowMicros: () => number;
  #facts: CertificateFacts | undefined;

  /** Warns in `log`; `nowMicros` is when it is for judging certificates. */
  constructor(clock: Clock, log: Log, nowMicros: () => number) {
    this.#warnings = new ExpiryWarnings(clock, log);
    this.#nowMicros = nowMicros;
  }

  /** It is this one from now on; undefined without TLS. */
  show(certPem: string | undefined): void {
    this.#facts = certPem === undefined ? undefined : certificateFacts(certPem);
    this.tick();
  }

  /** How it stands; empty without TLS. */
  status(): CertificateExpiry[] {
    return this.#facts ? [expiryOf("own", "admin", this.#facts, this.#nowMicros())] : [];
  }

  /** Warns in the last 30 days, once a day; called at least every minute. */
  tick(): void {
    this.#warnings.check(this.status());
  }
}
