import assert from "node:assert/strict";
import { ByteWriter, type Clock } from "../core/mod.ts";
import { encodeMessage, makeHeader, MessageType } from "../ptp/mod.ts";
import { checkDocument, parseTomlDocument } from "../config/mod.ts";
import * as v from "valibot";
import type { ClockCapture, OpenClockCapture } from "./capture.ts";
import { createClockPart } from "./part.ts";
import { clockSchema } from "./schema.ts";
import type { TappedFrame } from "../os/mod.ts";
import { until } from "../../tests/support/waiting.ts";

const log = { debug() {}, info() {}, warn() {}, error() {} };

/** A server that answers every request `lateMicros` off from the host's clock, or with a kiss. */
function ntpServer(lateMicros: () => number, kiss = false) {
  const askedMs: number[] = [];
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const port = (socket.addr as Deno.NetAddr).port; // a socket on transport "udp" has a network address
  (async () => {
    for await (const [bytes, from] of socket) {
      askedMs.push(performance.now());
      const micros = Date.now() * 1000 + lateMicros();
      const seconds = Math.floor(micros / 1e6);
      const fraction = Math.floor((micros / 1e6 - seconds) * 2 ** 32);
      const w = new ByteWriter(48);
      w.u8(0x24).u8(kiss ? 0 : 1).u8(4).u8(0xec).u32(0).u32(0).raw(
        new TextEncoder().encode("RATE"),
      );
      w.u32(0).u32(0).raw(bytes.subarray(40, 48));
      for (let i = 0; i < 2; i++) w.u32(seconds + 2_208_988_800).u32(fraction);
      await socket.send(w.bytes(), from);
    }
  })();
  return { port, askedMs, close: () => socket.close() };
}

function options(text: string) {
  const document = parseTomlDocument(text, "test");
  return checkDocument(v.strictObject({ clock: clockSchema }), document).clock;
}

const host: Clock = { nowMicros: () => Date.now() * 1000, monotonicMs: () => performance.now() };

Deno.test("clock: sample.toml is in order, and the defaults are those of an empty table", () => {
  const sample = Deno.readTextFileSync(new URL("sample.toml", import.meta.url));
  const full = options(sample);
  assert.deepEqual(full.ntp?.servers, ["10.64.37.35", "ntp2.example"]);
  const least = options("[clock]\n");
  const none = { ptp4l: undefined, ntp: undefined, observer: undefined };
  assert.deepEqual({ ...full, ...none }, { ...least, ...none });
  assert.throws(() => options('[clock]\norder = ["gps"]\n'), /order/);
  assert.throws(() => options("[clock.ntp]\nservers = []\n"), /clock.ntp.servers: expected/);
});

Deno.test("clock: follows an NTP server, tells a disagreement, loses it, keeps the floor", async () => {
  const stateDir = await Deno.makeTempDir({ prefix: "tl-clock-" });
  const good = ntpServer(() => 0), wrong = ntpServer(() => 60_000_000);
  const config = (port: number) =>
    options(
      `[clock]\norder = ["ntp"]\noffsetLimitUs = 5000\nlockedLimitUs = 100000\n` +
        `[clock.ntp]\nservers = ["127.0.0.1"]\nport = ${port}\nintervalSeconds = 1\n` +
        `timeoutMs = 200\nprecisionMs = 50\n`,
    );
  const context = { name: "EDGE", stateDir, clock: host, log };
  const part = createClockPart(config(good.port), context);
  try {
    await part.start();
    assert.equal(part.report.state, "free");
    // On a busy machine an answer may be late, and the clock not locked for a while.
    await until(
      () =>
        part.report.state === "locked" && part.report.errorNs < 100e6 &&
        Math.abs(part.clockStatus().sources[0]!.offsetNs ?? Infinity) < 5e6,
      () => part.clockStatus(),
    );
    const status = part.clockStatus();
    assert.equal(status.source, "ntp 127.0.0.1");
    assert.equal(status.told.smpSynch, 2);
    assert.equal(status.told.messageTimeQuality, 0);
    const rows = new Map(part.statistics!().map(({ suffix, value }) => [suffix, value]));
    assert.deepEqual([rows.get("!CLOCK-ST1"), rows.get("!CLOCK-ST7")], [0, 0]);
    const metrics = part.metrics();
    assert.equal(
      metrics.find((m) => m.name === "clock_state" && m.labels?.["state"] === "locked")?.value,
      1,
    );
    good.close();
    await until(() => part.report.state !== "locked", () => part.clockStatus());
    assert.match(
      part.clockStatus().events.findLast(({ kind }) => kind === "state")!.text,
      /locked to (holdover|free): ntp 127\.0\.0\.1: .*answer/,
    );
  } finally {
    await part.stop();
  }
  const floor = JSON.parse(await Deno.readTextFile(`${stateDir}/clock_floor.json`));
  assert.ok(Math.abs(floor.lastGoodMicros - Date.now() * 1000) < 60e6);

  // The same board boots a year in the past.
  const past: Clock = {
    nowMicros: () => Date.now() * 1000 - 365 * 86_400e6,
    monotonicMs: () => performance.now(),
  };
  const board = createClockPart(config(wrong.port), { ...context, clock: past });
  await board.start();
  await until(() => board.report.state === "fault", () => board.clockStatus());
  assert.match(board.clockStatus().events[0]!.text, /free to fault: the clock stands before 20/);
  await board.stop();
  wrong.close();
  await Deno.remove(stateDir, { recursive: true });
});

Deno.test("clock: a floor in the future is taken back once an NTP server bears the clock out", async () => {
  const stateDir = await Deno.makeTempDir({ prefix: "tl-clock-" });
  const server = ntpServer(() => 0);
  const lastGoodMicros = Date.now() * 1000 + 3600e6;
  await Deno.writeTextFile(`${stateDir}/clock_floor.json`, JSON.stringify({ lastGoodMicros }));
  const part = createClockPart(
    options(
      `[clock]\norder = ["ntp"]\nlockedLimitUs = 100000\n[clock.ntp]\nservers = ["127.0.0.1"]\n` +
        `port = ${server.port}\nintervalSeconds = 1\nprecisionMs = 50\n`,
    ),
    { name: "EDGE", stateDir, clock: host, log },
  );
  try {
    await part.start();
    assert.equal(part.report.state, "fault");
    await until(() => part.report.state === "locked", () => part.clockStatus());
    assert.ok(part.floorMicros < lastGoodMicros - 3000e6);
    assert.ok(part.clockStatus().events.some(({ kind }) => kind === "floor"));
  } finally {
    await part.stop();
    server.close();
    await Deno.remove(stateDir, { recursive: true });
  }
});

Deno.test("clock: two servers a minute apart disagree", async () => {
  const stateDir = await Deno.makeTempDir({ prefix: "tl-clock-" });
  const good = ntpServer(() => 0), wrong = ntpServer(() => 60_000_000);
  const { selection, trackers, sources } = await twoServers(good.port, wrong.port);
  try {
    await until(
      () => sources.every((s) => s.reading().usable),
      () => sources.map((s) => s.reason),
    );
    const judged = sources.map((s, i) => trackers[i]!.take(s.reading(), performance.now()));
    const { disagreements, chosen } = selection.choose(judged, performance.now());
    assert.equal(chosen?.name, "a");
    // Each answer may be 200 ms on its way, half of which may be taken for an offset.
    assert.match(disagreements[0]!, /a and b are (59\.[89]|60)\S* s apart/);
  } finally {
    sources.forEach((s) => s.stop());
    good.close();
    wrong.close();
    await Deno.remove(stateDir, { recursive: true });
  }
});

async function twoServers(a: number, b: number) {
  const { NtpServer } = await import("./ntp_source.ts");
  const { SourceSelection } = await import("./selection.ts");
  const { SourceTracker } = await import("./tracker.ts");
  const sources = [a, b].map((port) =>
    new NtpServer(
      { hostname: "127.0.0.1", port, intervalSeconds: 1, timeoutMs: 200, precisionMs: 1 },
      {
        clock: host,
        log,
        hostMicros: () => ({ micros: Date.now() * 1000, uncertaintyNs: 1e6 }),
        onChange: () => {},
      },
    )
  );
  sources.forEach((s) => s.start());
  return {
    sources,
    selection: new SourceSelection(),
    trackers: ["a", "b"].map((name) => new SourceTracker(name, 1e9)),
  };
}

Deno.test("clock: a kiss slows the asking down and is told", async () => {
  const server = ntpServer(() => 0, true);
  const stateDir = await Deno.makeTempDir({ prefix: "tl-clock-" });
  const part = createClockPart(
    options(
      `[clock]\norder = ["ntp"]\n[clock.ntp]\nservers = ["127.0.0.1"]\nport = ${server.port}\n` +
        "intervalSeconds = 1\n",
    ),
    { name: "EDGE", stateDir, clock: host, log },
  );
  await part.start();
  const source = () => part.clockStatus().sources[0]!;
  await until(() => source().reason.includes("RATE"), source);
  await until(() => server.askedMs.length >= 2, "the second question");
  const [first, second] = server.askedMs as [number, number];
  assert.ok(second - first > 1300, `asked again after ${second - first} ms, not after two seconds`);
  await part.stop();
  server.close();
  await Deno.remove(stateDir, { recursive: true });
});

const KERNEL = {
  synchronized: true,
  maxErrorNs: 20_000,
  estErrorNs: 1000,
  offsetNs: 0,
  frequencyPpm: 3.5,
  taiOffset: 37,
  leap: "none",
  nowMicros: 0,
} as const;

/** A `tieline capture` that says what a test wants. */
function madeCapture(first: Partial<ClockCapture>) {
  const asked: Parameters<OpenClockCapture>[0][] = [];
  const said = {
    problem: "",
    kernel: KERNEL,
    hostOffsetMs: 1000,
    links: 0,
    lost: 0,
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    ...first,
  };
  let hear: (frame: TappedFrame) => void = () => assert.fail("it is not open");
  const open: OpenClockCapture = (request, take) => {
    asked.push(request);
    hear = take;
    return said;
  };
  return { asked, said, open, hear: (frame: TappedFrame) => hear(frame) };
}

Deno.test("clock: what another process reads is followed, its steps are told, a new link is none", async () => {
  const stateDir = await Deno.makeTempDir({ prefix: "tl-clock-" });
  const capture = madeCapture({});
  let kernel: ClockCapture["kernel"] = KERNEL, looks = 0;
  Object.defineProperty(capture.said, "kernel", {
    get: () => {
      looks++;
      return kernel;
    },
  });
  const part = createClockPart(
    options('[clock]\norder = ["kernel"]\ncapture = "process"\ncaptureSocket = "/run/c.sock"\n'),
    { name: "EDGE", stateDir, clock: host, log, openCapture: capture.open },
  );
  const steps = () => part.clockStatus().events.filter(({ kind }) => kind === "step");
  try {
    await part.start();
    assert.deepEqual(capture.asked, [
      { socket: "/run/c.sock", interface: undefined, transports: [], adapterStamps: false },
    ]);
    await until(() => part.report.state === "locked", () => part.clockStatus());
    assert.equal(part.clockStatus().sources[0]!.detail["frequencyPpm"], 3.5);
    assert.deepEqual(steps(), []);

    // Another process began: its monotonic clock is another one.
    Object.assign(capture.said, { links: 1, hostOffsetMs: 500_000 });
    const before = looks;
    await until(() => looks >= before + 2, "two looks at the new link");
    assert.deepEqual(steps(), []);

    capture.said.hostOffsetMs += 2500;
    await until(() => steps().length === 1, () => part.clockStatus().events);
    assert.match(steps()[0]!.text, /^The clock stepped by 2\.5 s/);

    kernel = { why: "the link ended" };
    capture.said.hostOffsetMs = NaN;
    await until(
      () => part.clockStatus().sources[0]!.reason === "the link ended",
      () => part.clockStatus().sources,
    );
    await part.stop();
  } finally {
    await Deno.remove(stateDir, { recursive: true });
  }
});

Deno.test("clock: a board whose sources are all silent from the start says so, once", async () => {
  const stateDir = await Deno.makeTempDir({ prefix: "tl-clock-" });
  const silent = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = silent.addr as Deno.NetAddr; // a socket on transport "udp" has a network address
  const lines: string[] = [];
  const capture = madeCapture({ kernel: { why: "the kernel is not asked" } });
  const part = createClockPart(
    options(
      `[clock]\norder = ["ntp", "kernel"]\ncapture = "process"\n` +
        `[clock.ntp]\nservers = ["127.0.0.1"]\nport = ${port}\nintervalSeconds = 1\ntimeoutMs = 50\n`,
    ),
    {
      name: "EDGE",
      stateDir,
      clock: host,
      log: { ...log, warn: (text: string) => void lines.push(text) },
      openCapture: capture.open,
    },
  );
  try {
    await part.start();
    await until(() => lines.length > 1, () => lines);
    const reason = "127.0.0.1 does not answer in 50 ms";
    assert.deepEqual(lines, [
      `NTP server 127.0.0.1 cannot be followed: ${reason}`,
      `nothing can be followed so far: ntp 127.0.0.1: ${reason}; kernel: the kernel is not asked`,
    ]);
    assert.equal(part.clockStatus().events.at(-1)!.kind, "state");
  } finally {
    await part.stop();
    silent.close();
    await Deno.remove(stateDir, { recursive: true });
  }
});

Deno.test("clock: looks as a second of the clock begins, so that leap bits are those of the second", async () => {
  const stateDir = await Deno.makeTempDir({ prefix: "tl-clock-" });
  const looksMs: number[] = [];
  // Its seconds begin 700 ms after those of the timers of this process.
  const startMs = performance.now();
  const clock: Clock = {
    nowMicros: () => 1_795_000_000_300_000 + (performance.now() - startMs) * 1000,
    monotonicMs: () => performance.now(),
  };
  const capture = madeCapture({});
  Object.defineProperty(capture.said, "kernel", {
    get: () => {
      looksMs.push(clock.nowMicros() / 1000 % 1000);
      return KERNEL;
    },
  });
  const part = createClockPart(
    options('[clock]\norder = ["kernel"]\ncapture = "process"\n'),
    { name: "EDGE", stateDir, clock, log, openCapture: capture.open },
  );
  try {
    await part.start();
    await until(() => looksMs.filter((ms) => ms < 100).length > 1, () => looksMs);
  } finally {
    await part.stop();
    await Deno.remove(stateDir, { recursive: true });
  }
});

Deno.test("clock: the observer takes what another process hears, with its losses and its troubles", async () => {
  const stateDir = await Deno.makeTempDir({ prefix: "tl-clock-" });
  const capture = madeCapture({});
  const part = createClockPart(
    options(
      '[clock]\ncapture = "process"\n[clock.observer]\ninterface = "eth1"\nprofile = "default"\n' +
        "adapterStamps = true\n",
    ),
    { name: "EDGE", stateDir, clock: host, log, openCapture: capture.open },
  );
  const network = () => part.clockStatus().network!;
  try {
    await part.start();
    assert.deepEqual(capture.asked.map((a) => [a.interface, a.adapterStamps]), [["eth1", true]]);
    const lent = {
      transport: "ethernet" as const,
      sender: "02:00:00:00:00:09",
      tci: 0x800a,
      seconds: Math.floor(Date.now() / 1000) + 37,
      nanos: 0,
      byAdapter: true,
    };
    const sync = encodeMessage({
      messageType: MessageType.Sync,
      header: makeHeader(MessageType.Sync, { clockIdentity: "0200000000000009", portNumber: 1 }),
      originTimestamp: { seconds: Math.floor(Date.now() / 1000) + 37, nanos: 0 },
      tlvs: [],
    });
    capture.hear({ ...lent, payload: sync });
    capture.hear({ ...lent, payload: new Uint8Array(3) });
    assert.deepEqual(network().messages, { Sync: 1 });
    assert.deepEqual(network().refused, { version: 1 });
    assert.deepEqual(network().clocks[0]!.senders, ["02:00:00:00:00:09"]);
    assert.deepEqual(network().problems, []);
    Object.assign(capture.said, { problem: "eth1 is gone", lost: 3 });
    assert.equal(part.metrics().find(({ name }) => name === "ptp_lost_total")?.value, 3);
    assert.deepEqual(network().problems, [
      "PTP cannot be heard on eth1: eth1 is gone",
    ]);
    assert.equal(network().lost, 3);
    await part.stop();
  } finally {
    await Deno.remove(stateDir, { recursive: true });
  }
});
