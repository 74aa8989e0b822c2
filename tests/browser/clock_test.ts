/**
 * The page of the clock in the browser, with a clock that follows a grandmaster on a network with findings.
 *
 * The network is told, not there: what the parts make of a real one is tested beside them and with ptp4l.
 *
 * @module
 */
import type { ClockStatus } from "../../mod/clock/mod.ts";
import { until } from "../support/waiting.ts";
import { browse, go, login } from "./browse.ts";

const GRANDMASTER = "ec4670fffe00a1b2";

/** A clock 40 ns off its grandmaster, by a network on which two things are wrong. */
function clockAt(micros: number): ClockStatus {
  const offsetNs = 40 + 25 * Math.sin(micros / 3e6);
  return {
    state: "locked",
    sinceMicros: micros - 7.2e9,
    errorNs: 310,
    source: "ptp4l",
    grandmaster: GRANDMASTER,
    unlockedSeconds: 0,
    taiUtc: 37,
    taiUtcValid: true,
    told: { stateFlags: 0, messageTimeQuality: 4, stat: 0, smpSynch: 2 },
    leap: "none",
    leapAtSeconds: null,
    floorMicros: 0,
    sources: [{
      name: "ptp4l",
      followed: true,
      usable: true,
      reason: "port 1 is a slave of the grandmaster",
      traceable: true,
      offsetNs,
      deviationNs: 18,
      delayNs: 1204,
      errorNs: 310,
      grandmaster: GRANDMASTER,
      clockClass: 6,
      stepsRemoved: 1,
      detail: {},
    }],
    disagreements: [],
    events: [{
      atMicros: micros - 7.2e9,
      kind: "state",
      text: "locked: ptp4l is traceable",
      state: "locked",
    }],
    network: {
      problems: ["eth2 cannot be listened to: no such interface"],
      lost: 0,
      profile: "IEC/IEEE 61850-9-3",
      domain: 0,
      grandmaster: GRANDMASTER,
      delayMechanism: "P2P",
      peerTurnaroundNs: 2400,
      messages: { Announce: 7200, Sync: 7200 },
      refused: {},
      domains: [0, 93],
      clocks: [{
        port: `${GRANDMASTER}-1`,
        senders: ["ec:46:70:00:a1:b2"],
        domain: 0,
        role: "grandmaster",
        grandmaster: GRANDMASTER,
        rank: 1,
        reason: "",
        quality: "class 6, within 100 ns, GNSS",
        active: true,
        twoStep: true,
        announceSeconds: 1,
        syncSeconds: 1,
        correctionNs: 0,
        offsetNs: 52,
        inaccuracyNs: 50,
        grandmasterId: 0,
        silentSeconds: 0,
      }],
      unlisted: 0,
      findings: [{
        code: "sync-rate",
        text: `${GRANDMASTER}-1 sends a Sync every 2 s, the profile wants 1 s`,
        count: 12,
        firstMs: 1,
        lastMs: 2,
      }],
    },
  };
}

browse("the clock page shows grandmaster, offset and findings", async (visitor, station) => {
  const { page } = visitor;
  await page.route("**/api/status", async (route) => {
    const response = await route.fetch();
    const status = await response.json();
    status.parts.clock.detail = clockAt(status.nowMicros);
    await route.fulfill({ response, json: status });
  });
  await login(visitor, station, "viewer");
  await go(visitor, "Clock");
  await page.getByText("locked to a traceable source").waitFor();
  await page.getByText("ec:46:70:ff:fe:00:a1:b2").waitFor();
  await page.getByText("at most 310 ns").waitFor();
  await page.getByRole("cell", { name: "sends a Sync every 2 s" }).waitFor();
  await page.getByRole("cell", { name: "class 6, within 100 ns, GNSS" }).waitFor();
  await page.getByText("eth2 cannot be listened to").waitFor();
  await page.getByText("IEC/IEEE 61850-9-3, domain 0, P2P").waitFor();
  const points = () =>
    page.evaluate<number>(`(() => {
      const canvas = document.querySelector(".clock canvas");
      const copy = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
      const g = copy.getContext("2d", { willReadFrequently: true });
      g.drawImage(canvas, 0, 0);
      const { data } = g.getImageData(0, 0, canvas.width, canvas.height);
      let drawn = 0;
      for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] > 200 && data[i + 2] > data[i] + 50) drawn++;
      }
      return drawn;
    })()`);
  const before = await points();
  await until(async () => await points() > before, "the offset to be drawn on");
  await visitor.picture("clock-locked");
  await page.unrouteAll({ behavior: "wait" });
});
