/**
 * The gateway's own key and certificate, read again when an operator has put others in their place.
 *
 * @module
 */
import { join } from "node:path";
import { type Log, messageOf } from "../core/mod.ts";
import { certificateFacts } from "../identity/mod.ts";
import { checkKeyPair, type KeyPair, loadOrMakeIdentity, readTextIfExists } from "../os/mod.ts";

const MAX_PEM_BYTES = 256 * 1024;

/** The pair of this moment; parts that are handed this object always see the newest one. */
export class OwnIdentity implements KeyPair {
  readonly #folder: string;
  readonly #log: Log;
  #pair: KeyPair;
  #refusal = "";

  private constructor(folder: string, log: Log, pair: KeyPair) {
    this.#folder = folder;
    this.#log = log;
    this.#pair = pair;
  }

  /** Reads `key.pem` and `cert.pem` in `folder`, or makes them; rejects if they cannot be used. */
  static async load(folder: string, commonName: string, log: Log): Promise<OwnIdentity> {
    return new OwnIdentity(folder, log, await loadOrMakeIdentity(folder, { commonName }));
  }

  get keyPem(): string {
    return this.#pair.keyPem;
  }

  get certPem(): string {
    return this.#pair.certPem;
  }

  get fingerprint256(): string {
    return this.#pair.fingerprint256;
  }

  /** Takes another pair in the folder into use; true if there was one. One that does not fit is logged once. */
  async refresh(): Promise<boolean> {
    try {
      const keyPem = await readTextIfExists(join(this.#folder, "key.pem"), MAX_PEM_BYTES);
      const certPem = await readTextIfExists(join(this.#folder, "cert.pem"), MAX_PEM_BYTES);
      if (keyPem === undefined || certPem === undefined) {
        throw new Error(`Expected key.pem and cert.pem in ${this.#folder}, found one or none`);
      }
      const same = keyPem === this.#pair.keyPem && certPem === this.#pair.certPem;
      if (!same) {
        checkKeyPair(keyPem, certPem);
        this.#pair = { keyPem, certPem, fingerprint256: certificateFacts(certPem).fingerprint };
        this.#log.info(
          `Took another certificate of its own into use: pin sha256:${this.fingerprint256}`,
        );
      }
      this.#refusal = "";
      return !same;
    } catch (error) {
      const refusal = messageOf(error);
      if (refusal !== this.#refusal) this.#log.warn(`Kept the own certificate in use: ${refusal}`);
      this.#refusal = refusal;
      return false;
    }
  }
}
