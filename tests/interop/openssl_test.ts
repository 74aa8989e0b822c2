import assert from "node:assert/strict";
import { clientCertificate } from "./certificates.ts";
import { startGateway, startSimulator } from "./gateway.ts";
import { testWith } from "./peers.ts";

/** Command 0x06 with modes 0x222 (version 2, nothing compressed), and 0x02 without connection string. */
const MODES = new Uint8Array([0, 0, 0, 5, 6, 0, 0, 2, 0x22]);

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
          const answer = await connect(gateway.port, [version, ...own]);
          assert.match(answer.text, version === "-tls1_2" ? /TLSv1\.2/ : /TLSv1\.3/);
          assert.match(answer.text, /operational\s+modes applied|accepted/i, answer.text);
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

/** Connects, defines operational modes, and returns everything that openssl printed within 2 s. */
async function connect(port: number, args: string[]): Promise<{ text: string }> {
  const child = new Deno.Command("openssl", {
    args: ["s_client", "-connect", `127.0.0.1:${port}`, "-servername", "localhost", ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  // The peer may have hung up already: that is what some of the cases are about.
  await writer.write(MODES).catch(() => {});
  const timer = setTimeout(() => {
    try {
      child.kill("SIGTERM");
    } catch {
      // It has ended already.
    }
  }, 2000);
  const { stdout, stderr } = await child.output();
  clearTimeout(timer);
  await writer.close().catch(() => {});
  return { text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}
