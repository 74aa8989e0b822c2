import assert from "node:assert/strict";
import { clientCertificate } from "./certificates.ts";
import { startGateway, startSimulator } from "./gateway.ts";
import { until } from "../support/waiting.ts";
import { testWith } from "./peers.ts";

/** Command 0x06 with modes 0x222 (version 2, nothing compressed), and 0x02 without connection string. */
const MODES = new Uint8Array([0, 0, 0, 5, 6, 0, 0, 2, 0x22]);
const ACCEPTED = /operational\s+modes applied|accepted/i;

testWith(
  ["openssl"],
  "openssl s_client: TLS 1.2 and 1.3 with the pinned certificate, and no other way in",
  async () => {
    const certificates = await clientCertificate();
    const stranger = await clientCertificate();
    const simulator = await startSimulator(1, ["--rate", "10"]);
    try {
      const gateway = await startGateway({
        inputs: [{ name: "pmu1", port: simulator.ports[0]!, idCode: 1 }],
        tls: { ...certificates.gateway, pin: certificates.client.sha256 },
      });
      try {
        const { certificate, key } = certificates.client;
        const own = ["-cert", certificate, "-key", key];
        for (const version of ["-tls1_2", "-tls1_3"]) {
          const answer = await connect(gateway.port, [version, ...own], ACCEPTED);
          assert.match(answer.text, version === "-tls1_2" ? /TLSv1\.2/ : /TLSv1\.3/);
          assert.match(answer.text, ACCEPTED, answer.text);
        }
        const refused: [string, string[]][] = [
          ["no certificate", []],
          [
            "a certificate that nobody pinned",
            ["-cert", stranger.client.certificate, "-key", stranger.client.key],
          ],
          ["TLS 1.1", ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0", ...own]],
        ];
        for (const [what, args] of refused) {
          const answer = await connect(gateway.port, args);
          assert.doesNotMatch(answer.text, /accepted|applied/i, `${what}: ${answer.text}`);
        }
      } finally {
        await gateway.stop();
      }
    } finally {
      await simulator.stop();
      await certificates.remove();
      await stranger.remove();
    }
  },
);

/**
 * Connects, defines operational modes, and returns what openssl printed until it ended, or until `wanted` was there.
 * Whom the gateway turns away it hangs up on.
 */
async function connect(port: number, args: string[], wanted?: RegExp): Promise<{ text: string }> {
  const child = new Deno.Command("openssl", {
    args: ["s_client", "-connect", `127.0.0.1:${port}`, "-servername", "localhost", ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  // The peer may have hung up already: that is what some of the cases are about.
  await writer.write(MODES).catch(() => {});
  let text = "", isOver = false;
  const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) text += part;
  };
  const reading = Promise.all([read(child.stdout), read(child.stderr)]);
  const ended = child.status.then(() => isOver = true);
  try {
    await until(() => isOver || wanted?.test(text) === true, () => text);
  } finally {
    if (!isOver) child.kill("SIGTERM");
    await Promise.all([ended, reading]);
    await writer.close().catch(() => {});
  }
  return { text };
}
