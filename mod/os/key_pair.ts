/**
 * Whether a private key and a certificate belong together.
 *
 * @module
 */
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { ConfigError, messageOf } from "../core/mod.ts";

/** A private key with its certificate, as files hold them. */
export interface KeyPairPem {
  /** Private key, PEM. */
  readonly keyPem: string;
  /** Certificate and chain, PEM. */
  readonly certPem: string;
}

/**
 * Checks that a private key belongs to the first of the certificates, which the platform does not.
 * Throws a {@linkcode ConfigError}.
 */
export function checkKeyPair(keyPem: string, certPem: string): void {
  let fits: boolean;
  try {
    const ofKey = createPublicKey(createPrivateKey(keyPem)).export({ type: "spki", format: "der" });
    const ofCert = new X509Certificate(certPem).publicKey.export({ type: "spki", format: "der" });
    fits = ofKey.equals(ofCert);
  } catch (error) {
    throw tlsConfigError(
      `Cannot read key and certificate: expected PEM, found ${messageOf(error)}`,
    );
  }
  if (!fits) {
    throw tlsConfigError(
      "Cannot use key and certificate: expected the key of the first certificate, found another",
    );
  }
}

function tlsConfigError(message: string): ConfigError {
  return new ConfigError("TLS", [{ line: 0, column: 0, key: "", message }]);
}
