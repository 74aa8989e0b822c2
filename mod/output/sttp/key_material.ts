/**
 * The key and certificate that an output shows: read from files, and read again when the files change.
 *
 * @module
 */
import { type Log, messageOf } from "../../core/mod.ts";
import { type CertificateFacts, factsIfReadable } from "../../identity/mod.ts";
import { checkKeyPair, type KeyPairPem, readSecret, secretStamp } from "../../os/mod.ts";

/** Where the pair stands. */
export interface KeyMaterialSource {
  /** File with certificate and chain, PEM; absent for the gateway's own pair. */
  readonly certificate?: string | undefined;
  /** File with the private key, PEM, or the name of a secret; absent for the gateway's own pair. */
  readonly key?: string | undefined;
  /** The gateway's own pair of this moment. */
  readonly own: KeyPairPem;
}

/** The pair of an output: the one in use, and whether another one has come. */
export class KeyMaterial {
  /** Times that another pair was taken into use. */
  reloads = 0;
  /** Why the newest pair was refused; empty if the newest one is in use. */
  refusal = "";
  readonly #source: KeyMaterialSource;
  readonly #name: string;
  readonly #log: Log;
  #current: KeyPairPem | undefined;
  /** What was tried last, so that a pair that does not fit is told once. */
  #tried: KeyPairPem | undefined;
  #stamp = "";
  #facts: { readonly certPem: string; readonly facts: CertificateFacts | undefined } | undefined;

  /** Reads nothing yet; `name` stands in messages. */
  constructor(source: KeyMaterialSource, name: string, log: Log) {
    this.#source = source;
    this.#name = name;
    this.#log = log;
  }

  /** The pair in use; undefined before `load`. */
  get current(): KeyPairPem | undefined {
    return this.#current;
  }

  /** What the certificate in use says; undefined before `load`, and where it cannot be read. */
  get facts(): CertificateFacts | undefined {
    if (!this.#current) return undefined;
    const { certPem } = this.#current;
    if (this.#facts?.certPem !== certPem) {
      this.#facts = { certPem, facts: factsIfReadable(certPem) };
    }
    return this.#facts.facts;
  }

  /** Reads the pair that the output begins with; rejects if it cannot be used. */
  async load(): Promise<KeyPairPem> {
    this.#stamp = await this.#stampOf();
    const pair = await this.#read();
    checkKeyPair(pair.keyPem, pair.certPem);
    this.#tried = pair;
    this.refusal = "";
    return this.#current = pair;
  }

  /**
   * Looks whether another pair has come, and hands it to `use`; true if it is in use now.
   *
   * With `always` false the files are only read if their times or sizes have changed. A pair that cannot be read, does
   * not fit or is refused by `use` is logged once, and the old one stays.
   */
  async refresh(always: boolean, use: (pair: KeyPairPem) => void): Promise<boolean> {
    if (!this.#current) return false;
    try {
      const stamp = await this.#stampOf();
      if (!always && stamp === this.#stamp) return false;
      this.#stamp = stamp;
      const pair = await this.#read();
      if (same(pair, this.#current)) {
        this.refusal = "";
        return false;
      }
      if (!always && this.#tried && same(pair, this.#tried)) return false;
      this.#tried = pair;
      checkKeyPair(pair.keyPem, pair.certPem);
      use(pair);
      this.#current = pair;
    } catch (error) {
      const refusal = messageOf(error);
      if (refusal !== this.refusal || always) {
        this.#log.warn(
          `${this.#name}: kept the certificate in use, since the new one was refused: ${refusal}`,
        );
      }
      this.refusal = refusal;
      return false;
    }
    this.refusal = "";
    this.reloads++;
    this.#log.info(`${this.#name}: took a new certificate into use`);
    return true;
  }

  /** Something that changes when the pair does, cheap to make. */
  async #stampOf(): Promise<string> {
    const { certificate, key, own } = this.#source;
    if (certificate === undefined || key === undefined) return own.certPem;
    return (await Promise.all([certificate, key].map(secretStamp))).join("\n");
  }

  async #read(): Promise<KeyPairPem> {
    const { certificate, key, own } = this.#source;
    if (certificate === undefined || key === undefined) {
      return { keyPem: own.keyPem, certPem: own.certPem };
    }
    return { keyPem: await readSecret(key), certPem: await readSecret(certificate) };
  }
}

function same(a: KeyPairPem, b: KeyPairPem): boolean {
  return a.keyPem === b.keyPem && a.certPem === b.certPem;
}
