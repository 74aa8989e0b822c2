import assert from "node:assert/strict";
import type { ClockStatus } from "../clock/mod.ts";
import type { PartStatus } from "../core/mod.ts";
import { alarmsOf, clockAlarms } from "./alarms.ts";
import type { AdminContext } from "./context.ts";

const NOTHING_KNOWN: ClockStatus = {
  state: "free",
  sinceMicros: 0,
  errorNs: null,
  source: "",
  grandmaster: "",
  unlockedSeconds: null,
  taiUtc: 37,
  taiUtcValid: false,
  told: { stateFlags: 0, messageTimeQuality: 0, stat: 0, smpSynch: 0 },
  leap: "none",
  leapAtSeconds: null,
  floorMicros: 0,
  sources: [],
  disagreements: [],
  events: [],
};

const shown = (clock: ClockStatus | undefined) =>
  clockAlarms(clock).map(({ severity, text }) => `${severity}: ${text}`);

Deno.test("alarms: the gateway's own clock by its state, with the cause", () => {
  assert.deepEqual(shown(undefined), []);
  assert.deepEqual(shown({ ...NOTHING_KNOWN, state: "locked" }), []);
  const events = [
    { atMicros: 1, kind: "state", text: "free to locked: ptp4l", state: "locked" },
    {
      atMicros: 2,
      kind: "state",
      text: "locked to holdover: ptp4l: grandmaster lost: announce timeout",
      state: "holdover",
    },
    { atMicros: 3, kind: "network", text: "The grandmaster a is lost", state: "holdover" },
  ] as const;
  assert.deepEqual(shown({ ...NOTHING_KNOWN, state: "holdover", events }), [
    "warning: the clock is holdover: locked to holdover: ptp4l: grandmaster lost: announce timeout",
  ]);
  for (
    const [state, severity] of [["local", "note"], ["free", "alarm"], ["fault", "alarm"]] as const
  ) {
    assert.deepEqual(shown({ ...NOTHING_KNOWN, state }), [
      `${severity}: the clock is ${state}: no source yet`,
    ]);
  }
});

Deno.test("alarms: sources that disagree and what the PTP network does wrong", () => {
  const status: ClockStatus = {
    ...NOTHING_KNOWN,
    state: "locked",
    disagreements: ["ptp4l and ntp a are 37 s apart and admit 2 ms"],
    network: {
      profile: "x",
      domain: 0,
      grandmaster: "",
      delayMechanism: "P2P",
      peerTurnaroundNs: null,
      messages: {},
      refused: {},
      domains: [],
      clocks: [],
      unlisted: 0,
      findings: [{ code: "domain", text: "a is in domain 0", count: 3, firstMs: 0, lastMs: 1 }],
      problems: ["eth1 is gone"],
      lost: 0,
    },
  };
  assert.deepEqual(shown(status), [
    "warning: sources disagree: ptp4l and ntp a are 37 s apart and admit 2 ms",
    "warning: eth1 is gone",
    "note: PTP network: a is in domain 0",
  ]);
});

interface Facts {
  readonly parts?: Record<string, Partial<PartStatus>>;
  readonly note?: string;
  readonly lost?: number;
  readonly claim?: string;
  readonly adminSecondsLeft?: number;
}

/** A context of which only what alarms look at can be asked. */
function contextOf(
  { parts = {}, note = "", lost = 0, claim = "", adminSecondsLeft }: Facts,
): AdminContext {
  const whole = Object.fromEntries(
    Object.entries(parts).map((
      [name, part],
    ) => [name, { state: "running", sinceMicros: 5, ...part }]),
  );
  return {
    gateway: {
      status: () => ({ parts: whole }),
      revocations: () => [],
      clock: () => undefined,
      config: { admin: { user: {} } },
    },
    keeper: { status: () => ({ note, pending: undefined }) },
    audit: { lost },
    claim: { text: claim },
    certificate: {
      status: () =>
        adminSecondsLeft === undefined ? [] : [{ role: "own", secondsLeft: adminSecondsLeft }],
    },
  } as unknown as AdminContext; // the rest is not asked
}

const DAY = 86_400;
const cases: { name: string; facts: Facts; expected: string[] }[] = [
  { name: "nothing", facts: { parts: { "input.a": {} } }, expected: [] },
  {
    name: "parts that do not run, the worst first",
    facts: {
      parts: {
        "input.a": { state: "waiting", reason: "Connection refused" },
        "output.b": { state: "failed", reason: "its port is taken" },
      },
    },
    expected: [
      "alarm output.b failed: its port is taken",
      "warning input.a waiting: Connection refused",
    ],
  },
  {
    name: "a device's clock",
    facts: {
      parts: {
        "input.a": { detail: { clock: { kind: "off", text: "about 30 whole seconds" } } },
        "input.b": { detail: { clock: { kind: "ok", text: "in step" } } },
        "input.c": { detail: { clock: { kind: "unknown", text: "too few frames have come" } } },
      },
    },
    expected: ["warning input.a clock off: about 30 whole seconds"],
  },
  {
    name: "certificates",
    facts: {
      parts: {
        "output.b": {
          detail: {
            certificates: [
              { role: "own", name: "output.b", secondsLeft: 40 * DAY },
              { role: "own", name: "output.b", secondsLeft: 9.5 * DAY },
              { role: "subscriber", name: "history", secondsLeft: 6.5 * DAY },
              { role: "subscriber", name: "center", secondsLeft: -1 },
            ],
          },
        },
      },
    },
    expected: [
      "alarm output.b the certificate of history expires in 6 days",
      "alarm output.b the certificate of center has expired",
      "warning output.b its own certificate expires in 9 days",
    ],
  },
  {
    name: "the certificate of the admin API, 31 days before its end",
    facts: { adminSecondsLeft: 31 * DAY },
    expected: [],
  },
  {
    name: "the certificate of the admin API, 30 days before its end",
    facts: { adminSecondsLeft: 30 * DAY },
    expected: ["warning admin its own certificate expires in 30 days"],
  },
  {
    name: "the certificate of the admin API, a week before its end",
    facts: { adminSecondsLeft: 7 * DAY - 1 },
    expected: ["alarm admin its own certificate expires in 6 days"],
  },
  {
    name: "subscribers that are on no output",
    facts: {
      parts: {
        "output.a": {
          detail: {
            subscribers: {
              center: { connected: false, enabled: true, revoked: false },
              neighbour: { connected: false, enabled: true, revoked: false },
              later: { connected: false, enabled: false, revoked: false },
              thief: { connected: false, enabled: true, revoked: true },
            },
          },
        },
        "output.b": {
          detail: { subscribers: { center: { connected: true, enabled: true, revoked: false } } },
        },
        "output.c": {
          state: "failed",
          reason: "its port is taken",
          detail: { subscribers: { history: { connected: false, enabled: true, revoked: false } } },
        },
      },
    },
    expected: [
      "alarm output.c failed: its port is taken",
      "warning subscriber.neighbour is not connected",
    ],
  },
  {
    name: "books, notes, the file, the trail and the claim",
    facts: {
      parts: { "input.a": { detail: { books: { balance: 2 }, notes: ["no source filter"] } } },
      note: "site.toml cannot be used",
      lost: 3,
      claim: "a token",
    },
    expected: [
      "alarm input.a its books do not balance by 2 frames: report this defect",
      "alarm configuration site.toml cannot be used",
      "alarm audit 3 entries could not be written",
      "warning admin nobody has claimed this gateway: the claim token is valid",
      "note input.a no source filter",
    ],
  },
];

for (const { name, facts, expected } of cases) {
  Deno.test(`alarms: ${name}`, () => {
    const found = alarmsOf(contextOf(facts));
    assert.deepEqual(found.map((a) => `${a.severity} ${a.about} ${a.text}`), expected);
  });
}
