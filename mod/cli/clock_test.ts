import assert from "node:assert/strict";
import type { ClockStatus } from "../clock/mod.ts";
import { clockLines, showClock } from "./clock.ts";

const STATUS: ClockStatus = {
  state: "locked",
  sinceMicros: 1_795_000_000e6,
  errorNs: 812,
  source: "ptp4l",
  grandmaster: "00b0c7fffe001122",
  unlockedSeconds: 0,
  taiUtc: 37,
  taiUtcValid: true,
  told: { stateFlags: 0, messageTimeQuality: 0x10, stat: 0x80, smpSynch: 2 },
  leap: "insert",
  leapAtSeconds: 1_798_761_600,
  floorMicros: 0,
  sources: [{
    name: "ptp4l",
    followed: true,
    usable: true,
    reason: "grandmaster 00b0c7fffe001122, locked to a primary reference, within 100 ns, 1 steps",
    traceable: true,
    offsetNs: -123,
    deviationNs: 40,
    delayNs: 2437,
    errorNs: 812,
    grandmaster: "00b0c7fffe001122",
    clockClass: 6,
    stepsRemoved: 1,
    detail: {},
  }, {
    name: "kernel",
    followed: false,
    usable: false,
    reason: "the kernel says that its clock is not synchronised",
    traceable: false,
    offsetNs: null,
    deviationNs: null,
    delayNs: null,
    errorNs: null,
    grandmaster: "",
    clockClass: null,
    stepsRemoved: null,
    detail: {},
  }],
  disagreements: [],
  events: [{
    atMicros: 1_795_000_000e6,
    kind: "state",
    text: "free to locked: ptp4l: grandmaster 00b0c7fffe001122",
    state: "locked",
  }],
};

Deno.test("tieline clock: the table", () => {
  assert.deepEqual(clockLines(STATUS), [
    "state      locked since 2026-11-18 11:06:40 UTC, following ptp4l",
    "error      at most 812 ns",
    "grandm.    00b0c7fffe001122",
    "told       MSG_TQ 0, STAT 0x0080, smpSynch 2",
    "TAI - UTC  37 s",
    "leap       a second is to be inserted at 2027-01-01 00:00:00 UTC",
    "",
    "   source  offset   deviation  delay     error",
    "*  ptp4l   -123 ns  40 ns      2.437 us  812 ns  grandmaster 00b0c7fffe001122, locked to a primary reference, within 100 ns, 1 steps",
    "-  kernel                                        the kernel says that its clock is not synchronised",
    "",
    "2026-11-18 11:06:40 UTC  free to locked: ptp4l: grandmaster 00b0c7fffe001122",
  ]);
});

Deno.test("tieline clock: what is lost is not followed, and messages that nobody looked at are told", () => {
  const first = (state: ClockStatus["state"]) => clockLines({ ...STATUS, state })[0];
  assert.match(first("holdover")!, /^state +holdover since .* UTC, ptp4l is lost$/);
  assert.match(first("free")!, /^state +free since .* UTC, looking at ptp4l$/);
  const network = {
    profile: "IEC/IEEE 61850-9-3:2016",
    domain: 0,
    grandmaster: "",
    delayMechanism: "unknown",
    peerTurnaroundNs: null,
    messages: {},
    refused: {},
    domains: [],
    clocks: [],
    findings: [],
    unlisted: 0,
    problems: [],
    lost: 7,
  } as const;
  assert.ok(
    clockLines({ ...STATUS, network }).includes("! 7 messages came and were not looked at"),
  );
});

Deno.test("tieline clock: asks the gateway, and says what is in the way", async () => {
  const lines: string[] = [], complaints: string[] = [];
  const show = (ask: () => Promise<{ clock: Record<string, unknown> | null }>) =>
    showClock("127.0.0.1:1", ask, true, (l) => lines.push(l), (l) => complaints.push(l));
  assert.equal(await show(() => Promise.resolve({ clock: { ...STATUS } })), 0);
  assert.deepEqual(JSON.parse(lines[0]!), STATUS);
  assert.equal(await show(() => Promise.resolve({ clock: null })), 1);
  assert.match(complaints.at(-1)!, /no \[clock\]/);
  assert.equal(await show(() => Promise.reject(new Error("refused"))), 1);
  assert.match(complaints.at(-1)!, /at 127\.0\.0\.1:1: refused/);
});
