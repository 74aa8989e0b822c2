/**
 * Making keys and certificates: P-256, for first starts, the demo and tests.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** A private key with its certificate. */
export interface KeyPair {
  /** Private key, PKCS #8 PEM. */
  readonly keyPem: string;
  /** Certificate, PEM; for an issued one followed by those of intermediate authorities. */
  readonly certPem: string;
  /** SHA-256 of the certificate's DER, lower-case hex: what a subscriber is pinned by. */
  readonly fingerprint256: string;
}

/** What a certificate shall say. */
export interface CertificateContent {
  /** Common name of the subject. */
  readonly commonName: string;
  /** Organization of the subject. */
  readonly organization?: string;
  /** Days that it is valid from `notBefore` on; default 3650. */
  readonly days?: number;
  /** Start of validity, milliseconds since 1970. */
  readonly notBeforeMs: number;
  /** Host names. */
  readonly dnsNames?: readonly string[];
  /** IP addresses. */
  readonly ipAddresses?: readonly string[];
  /** Extended key usage; default client and server, none for an authority. Empty leaves the extension out. */
  readonly usages?: readonly ("clientAuth" | "serverAuth" | "codeSigning")[];
  /** True for an authority; default false. */
  readonly isAuthority?: boolean;
  /** Most intermediate authorities below an authority; default unlimited. */
  readonly pathLength?: number;
}

/**
 * Makes a certificate with a new key, or for the P-256 key `keyPem`, signed by `issuer` or by its own key.
 * Rejects for a key that is not P-256.
 */
export async function makeCertificate(
  content: CertificateContent,
  issuer?: KeyPair,
  keyPem?: string,
): Promise<KeyPair> {
  const x509 = await loadX509();
  const keys = keyPem === undefined
    ? await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"])
    : await importKeys(keyPem);
  const issuerCertificate = issuer && new x509.X509Certificate(issuer.certPem);
  const name = [
    ...(content.organization === undefined ? [] : [{ O: [content.organization] }]),
    { CN: [content.commonName] },
  ];
  const isAuthority = content.isAuthority ?? false;
  const usages = content.usages ?? (isAuthority ? [] : ["clientAuth", "serverAuth"]);
  const names = [
    ...(content.dnsNames ?? []).map((value) => ({ type: "dns" as const, value })),
    ...(content.ipAddresses ?? []).map((value) => ({ type: "ip" as const, value })),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    subject: name,
    issuer: issuerCertificate?.subjectName.toJSON() ?? name,
    notBefore: new Date(content.notBeforeMs),
    notAfter: new Date(content.notBeforeMs + (content.days ?? 3650) * DAY_MS),
    publicKey: keys.publicKey,
    signingKey: issuer ? (await importKeys(issuer.keyPem)).privateKey : keys.privateKey,
    signingAlgorithm: SIGNING,
    extensions: [
      new x509.BasicConstraintsExtension(isAuthority, content.pathLength, true),
      new x509.KeyUsagesExtension(
        isAuthority
          ? x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign
          : x509.KeyUsageFlags.digitalSignature,
        true,
      ),
      ...(usages.length > 0
        ? [new x509.ExtendedKeyUsageExtension(usages.map((u) => x509.ExtendedKeyUsage[u]))]
        : []),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  // An intermediate authority is sent along; a root is not, since the peer must have it anyway.
  const above = issuerCertificate && !(await issuerCertificate.isSelfSigned())
    ? `\n${issuer!.certPem}`
    : "";
  return {
    keyPem: x509.PemConverter.encode(
      await crypto.subtle.exportKey("pkcs8", keys.privateKey),
      "PRIVATE KEY",
    ),
    certPem: certificate.toString("pem") + above,
    fingerprint256: createHash("sha256").update(new Uint8Array(certificate.rawData)).digest("hex"),
  };
}

const DAY_MS = 86_400_000;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNING = { name: "ECDSA", hash: "SHA-256" } as const;

async function importKeys(pem: string): Promise<CryptoKeyPair> {
  const x509 = await loadX509();
  const der = x509.PemConverter.decodeFirst(pem);
  const privateKey = await crypto.subtle.importKey("pkcs8", der, ALGORITHM, true, ["sign"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", privateKey);
  const coordinates = { kty, crv, x, y } as JsonWebKey; // an EC key has all four
  const publicKey = await crypto.subtle.importKey("jwk", coordinates, ALGORITHM, true, ["verify"]);
  return { privateKey, publicKey };
}

/** Loads the library when it is first needed: it takes 0.1 s, which most starts need not pay. */
export async function loadX509(): Promise<typeof import("@peculiar/x509")> {
  installMetadataStore();
  return await import("@peculiar/x509");
}

/**
 * Gives `Reflect` the three functions of the metadata proposal that the library's dependency container calls while it
 * is loaded; the package `reflect-metadata` has them with much else that nobody here calls.
 */
function installMetadataStore(): void {
  const store = new WeakMap<object, Map<unknown, unknown>>();
  // The proposal was withdrawn, so that the platform's type of Reflect does not have them.
  const reflect = Reflect as unknown as Record<string, unknown>;
  if (reflect["getMetadata"]) return;
  reflect["getOwnMetadata"] = (key: unknown, target: object) => store.get(target)?.get(key);
  reflect["getMetadata"] = (key: unknown, target: object) => {
    for (let at: object | null = target; at; at = Object.getPrototypeOf(at)) {
      const own = store.get(at);
      if (own?.has(key)) return own.get(key);
    }
    return undefined;
  };
  reflect["defineMetadata"] = (key: unknown, value: unknown, target: object) => {
    const own = store.get(target) ?? new Map<unknown, unknown>();
    store.set(target, own.set(key, value));
  };
}
