/**
 * Certificates for the TLS tests, made by openssl.
 *
 * @module
 */

/** A certificate on disk. */
export interface CertificateFiles {
  /** PEM file of the certificate. */
  readonly certificate: string;
  /** PEM file of the key. */
  readonly key: string;
  /** SHA-256 of the DER, 64 lower-case hex digits. */
  readonly sha256: string;
}

/** A self-signed certificate of the gateway and one of a client, in a folder of their own. */
export async function clientCertificate(): Promise<{
  gateway: CertificateFiles;
  client: CertificateFiles;
  remove: () => Promise<void>;
}> {
  const folder = await Deno.makeTempDir({ prefix: "tieline-certificates-" });
  return {
    gateway: await selfSigned(folder, "gateway", ["-addext", "subjectAltName=IP:127.0.0.1"]),
    client: await selfSigned(folder, "client", []),
    remove: () => Deno.remove(folder, { recursive: true }),
  };
}

async function selfSigned(
  folder: string,
  name: string,
  extra: string[],
): Promise<CertificateFiles> {
  const certificate = `${folder}/${name}.pem`, key = `${folder}/${name}.key`;
  await openssl([
    ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split(" "),
    ...["-subj", `/CN=${name}`, "-keyout", key, "-out", certificate],
    ...extra,
  ]);
  const text = await openssl(["x509", "-in", certificate, "-noout", "-fingerprint", "-sha256"]);
  const sha256 = text.split("=")[1]!.trim().replaceAll(":", "").toLowerCase();
  return { certificate, key, sha256 };
}

/** Runs openssl and returns what it printed; rejects when it fails. */
export async function openssl(args: string[], input = ""): Promise<string> {
  const child = new Deno.Command("openssl", {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  if (code !== 0) throw new Error(`openssl ${args[0]}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
