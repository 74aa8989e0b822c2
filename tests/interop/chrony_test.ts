import assert from "node:assert/strict";
import { NtpServer, SourceTracker } from "../../mod/clock/mod.ts";
import { openKernelClocks, systemClock } from "../../mod/os/mod.ts";
import { LineProcess, testWith } from "./peers.ts";
import { freePort } from "../support/ports.ts";
import { until } from "../support/waiting.ts";

const log = { debug() {}, info() {}, warn() {}, error() {} };

/** A chronyd that serves its host's clock at `port` and touches no clock. */
async function chronyd(folder: string, port: number): Promise<LineProcess> {
  const file = `${folder}/chrony.conf`;
  await Deno.writeTextFile(
    file,
    `port ${port}\nbindaddress 127.0.0.1\ncmdport 0\nlocal stratum 3\nallow 127.0.0.1\n` +
      `pidfile ${folder}/chrony.pid\n`,
  );
  return new LineProcess("chronyd", ["-x", "-d", "-u", "root", "-f", file]);
}

testWith(
  ["chronyd"],
  "NTP: an own server is followed within its bound, lost, and found again",
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "tl-chrony-" });
    const port = freePort();
    const clock = systemClock();
    const kernel = openKernelClocks();
    const hostMicros = () => {
      const read = "why" in kernel ? kernel : kernel.read();
      return "why" in read
        ? { micros: clock.nowMicros(), uncertaintyNs: 1e6 }
        : { micros: read.nowMicros, uncertaintyNs: 0 };
    };
    const server = new NtpServer(
      { hostname: "127.0.0.1", port, intervalSeconds: 1, timeoutMs: 300, precisionMs: 50 },
      { clock, log, hostMicros, onChange: () => {} },
    );
    const tracker = new SourceTracker("ntp", 1e9);
    let daemon = await chronyd(folder, port);
    const shown = () => `${server.reason} ${JSON.stringify(server.counters)} ${daemon.stderr}`;
    try {
      server.start();
      // Of several answers the quickest counts: those that a busy machine held up say less.
      await until(
        () => server.counters.answers >= 3 && server.reading().delayNs < 50e6,
        shown,
      );
      const judged = tracker.take(server.reading(), clock.monotonicMs());
      assert.equal(judged.reading.usable, true);
      assert.match(judged.reading.reason, /^stratum 3 of /);
      // The server has this host's clock: what is measured is not to exceed its own bound.
      assert.ok(
        Math.abs(judged.offsetNs) <= judged.reading.referenceErrorNs,
        JSON.stringify(judged),
      );
      assert.ok(judged.reading.delayNs > 0);
      console.log(
        `chronyd: offset ${judged.offsetNs.toFixed(0)} ns, delay ${
          judged.reading.delayNs.toFixed(0)
        } ns, bound ` +
          `${judged.errorNs.toFixed(0)} ns`,
      );
      await daemon.stop();
      await until(() => !server.reading().usable, shown);
      daemon = await chronyd(folder, port);
      await until(() => server.reading().usable, shown);
      assert.equal(server.counters.foreign, 0);
    } finally {
      server.stop();
      await daemon.stop();
      if (!("why" in kernel)) kernel.close();
      await Deno.remove(folder, { recursive: true });
    }
  },
);
