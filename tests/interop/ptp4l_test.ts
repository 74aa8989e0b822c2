import assert from "node:assert/strict";
import {
  type ClockEvent,
  ClockStateMachine,
  DEFAULT_LIMITS,
  Ptp4lSource,
} from "../../mod/clock/mod.ts";
import { readingOfPtp4l, SourceTracker } from "../../mod/clock/mod.ts";
import { PortState } from "../../mod/ptp/mod.ts";
import { systemClock } from "../../mod/os/mod.ts";
import { announceAs, declareCertain, networkObstacle, PtpNetwork } from "./ptp_network.ts";
import { testWith } from "./peers.ts";
import { until } from "../support/waiting.ts";

/** ptp4l first filters the delay to a grandmaster, with software stamps for half a minute now and then. */
const LOCK_MS = 180_000;

const clock = systemClock();
const log = { debug() {}, info() {}, warn() {}, error() {} };
const CONTEXT = {
  intervalMs: 1000,
  acceptArbitraryTimescale: true,
  announcedInaccuracyNs: NaN,
  grandmasterId: 0,
  systemPart: undefined,
  assumedSystemPartNs: 1000,
};

interface Setting {
  readonly name: string;
  readonly domainNumber: number;
  readonly settings: Record<string, string | number>;
}

const SETTINGS: readonly Setting[] = [
  {
    name: "L2 P2P domain 93",
    domainNumber: 93,
    settings: {
      network_transport: "L2",
      delay_mechanism: "P2P",
      domainNumber: 93,
      logAnnounceInterval: 0,
      announceReceiptTimeout: 2,
    },
  },
  {
    name: "UDP E2E domain 0",
    domainNumber: 0,
    settings: { network_transport: "UDPv4", delay_mechanism: "E2E", logAnnounceInterval: 0 },
  },
];

for (const { name, domainNumber, settings } of SETTINGS) {
  testWith(
    ["ptp4l"],
    `ptp4l, ${name}: followed, grandmaster killed, a better one, away and back`,
    async () => {
      const network = PtpNetwork.open();
      const events: ClockEvent[] = [];
      const machine = new ClockStateMachine(DEFAULT_LIMITS, moment(), (e) => events.push(e));
      const tracker = new SourceTracker("ptp4l", 1e6);
      let source: Ptp4lSource | undefined;
      const judge = () => {
        if (!source) return;
        const now = moment();
        const reading = source.link === "answering"
          ? readingOfPtp4l(source.picture, CONTEXT, now.ms)
          : undefined;
        const judged = reading && tracker.take(reading, now.ms);
        machine.update(
          judged?.reading.usable ? judged : undefined,
          reading?.reason ?? source.reason,
          now,
        );
      };
      const timer = setInterval(judge, 250);
      const state = () =>
        `${machine.report.state}, ${source?.link} ${source?.reason}, port ${
          source?.picture.ports.get(1)?.dataSet?.portState
        }, ${JSON.stringify(events.slice(-4))}`;
      try {
        const first = await network.daemon(0, { ...settings, priority1: 100 });
        const slave = await network.daemon(1, { ...settings, slaveOnly: 1 });
        await first.set(announceAs(domainNumber, 6, 0x21));
        source = new Ptp4lSource({
          socket: slave.socket,
          clientDir: network.folder,
          majorSdoId: 0,
          intervalMs: 1000,
          timeoutMs: 300,
          push: true,
        }, { clock, log, onChange: judge });
        source.start();
        const picture = source.picture;
        await until(() => picture.timeStatus?.gmPresent === true, state);
        assert.equal(source.domainNumber, domainNumber);
        await until(() => (picture.timeStatus?.masterOffset ?? 0) !== 0, state);
        await slave.set(declareCertain(domainNumber));
        await until(
          () => picture.ports.get(1)?.dataSet?.portState === PortState.Slave,
          state,
        );
        await until(() => machine.report.state === "locked", state, LOCK_MS);
        assert.equal(machine.report.grandmasterIdentity, "020000fffe000a01");
        assert.ok(machine.report.errorNs < 31_000, `${machine.report.errorNs}`);

        // The offset that is reported is one that ptp4l has logged.
        await until(
          () => {
            const offset = picture.timeStatus?.masterOffset;
            return slave.log.some((line) =>
              line.includes(`master offset ${String(offset).padStart(10)} `)
            );
          },
          () => `${picture.timeStatus?.masterOffset} is not in ${slave.log.slice(-5).join("\n")}`,
        );

        // The grandmaster dies: holdover, with the cause, within 2 s after the announce timeout.
        await until(() => machine.report.state === "locked", state, LOCK_MS);
        const killedMs = clock.monotonicMs(), before = events.length;
        await first.stop("SIGKILL");
        await until(() => machine.report.state === "holdover", state);
        const tookMs = clock.monotonicMs() - killedMs;
        const timeoutMs = (domainNumber === 93 ? 2 : 3) * 1000 + 1000; // one interval of chance
        console.log(`${name}: holdover ${(tookMs / 1000).toFixed(2)} s after the grandmaster died`);
        assert.ok(tookMs < timeoutMs + 10_000, `${tookMs} ms`); // ptp4l shares the machine
        assert.match(
          events.slice(before).map(({ text }) => text).join("\n"),
          /locked to holdover: (grandmaster lost: announce timeout|Sync lost)/,
        );

        // Another grandmaster comes, and the change is reported.
        const second = await network.daemon(0, {
          ...settings,
          priority1: 90,
          clockIdentity: "00b0c7.fffe.000002",
        });
        await second.set(announceAs(domainNumber, 6, 0x21));
        await until(() => picture.timeStatus?.gmIdentity === "00b0c7fffe000002", state);
        await until(() => events.some((e) => e.kind === "grandmaster"), state);
        assert.match(
          events.find((e) => e.kind === "grandmaster")!.text,
          /is 00b0c7fffe000002, it was 020000fffe000a01/,
        );
        await until(() => machine.report.state === "locked", state, LOCK_MS);

        // It degrades: local, although it is still followed.
        await second.set(announceAs(domainNumber, 52, 0x30, 0x04));
        await until(() => machine.report.state === "local", state);

        // Another one whose stamps of what it sends are 5 ms off, half of which or less looks like delay: a step.
        await second.stop();
        const stepped = await network.daemon(0, {
          ...settings,
          priority1: 80,
          clockIdentity: "00b0c7.fffe.000003",
          egressLatency: 5_000_000,
        });
        await stepped.set(announceAs(domainNumber, 6, 0x21));
        // Among steps of another size that a busy machine's stamps may look like.
        const moved = /^ptp4l and the clock moved apart by -?[2-5](\.\d+)? ms$/;
        await until(() => events.some((e) => e.kind === "step" && moved.test(e.text)), state);
        await until(() => machine.report.state === "free", state);

        // ptp4l goes away and comes back.
        await slave.stop();
        await until(() => source?.link === "missing" || source?.link === "refused", state);
        const again = await network.daemon(1, {
          ...settings,
          slaveOnly: 1,
          uds_address: slave.socket,
        });
        await until(() => source?.link === "answering", state);
        await until(() => picture.timeStatus?.gmPresent === true, state);
        await again.stop();
        assert.equal(source.counters.malformed, 0);
      } finally {
        clearInterval(timer);
        await source?.stop();
        await network.close();
      }
    },
    networkObstacle(),
  );
}

function moment(): { ms: number; micros: number } {
  return { ms: clock.monotonicMs(), micros: clock.nowMicros() };
}
