import assert from "node:assert/strict";
import { Ptp4lSource } from "../../mod/clock/mod.ts";
import { systemClock } from "../../mod/os/mod.ts";
import { networkObstacle, PtpNetwork } from "./ptp_network.ts";
import { testWith } from "./peers.ts";
import { until } from "../support/waiting.ts";

const PROFILE = new URL("../../deploy/ptp/ptp4l.conf", import.meta.url);

testWith(
  ["ptp4l"],
  "deploy/ptp/ptp4l.conf: ptp4l takes it, follows a grandmaster and answers",
  async () => {
    const network = PtpNetwork.open();
    const lines = Deno.readTextFileSync(PROFILE).split("\n")
      .filter((line) => /^[a-z]/i.test(line)).map((line) => line.split(/\s+/));
    const settings = Object.fromEntries(lines.map(([key, value]) => [key!, value!]));
    assert.equal(settings["domainNumber"], "0");
    // What this machine has not, or what would touch its clock, and a socket of its own.
    const { uds_address: _, time_stamping: __, ...profile } = settings;
    const own = { time_stamping: "software", free_running: 1 };
    let source: Ptp4lSource | undefined;
    try {
      await network.daemon(0, { ...profile, ...own, slaveOnly: 0, priority1: 128 });
      const slave = await network.daemon(1, { ...profile, ...own });
      source = new Ptp4lSource({
        socket: slave.socket,
        clientDir: network.folder,
        domainNumber: 0,
        majorSdoId: 0,
        intervalMs: 500,
        timeoutMs: 300,
        push: true,
      }, {
        clock: systemClock(),
        log: { debug() {}, info() {}, warn() {}, error() {} },
        onChange: () => {},
      });
      source.start();
      const { picture } = source;
      await until(
        () => picture.timeStatus?.gmPresent === true,
        () => `${source?.reason} ${slave.log.join("\n")}`,
      );
      assert.equal(picture.ports.get(1)?.dataSet?.delayMechanism, 2);
      assert.equal(picture.defaultDataSet?.slaveOnly, true);
      assert.equal(picture.ports.get(1)?.dataSet?.logAnnounceInterval, 0);
    } finally {
      await source?.stop();
      await network.close();
    }
  },
  networkObstacle(),
);
