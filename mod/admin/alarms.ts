/**
 * What is wrong now, worked out from the state of everything: the first thing that an operator wants to know.
 *
 * @module
 */
import { EXPIRY_ALARM_SECONDS, EXPIRY_WARNING_SECONDS } from "../identity/mod.ts";
import { SEVERITIES } from "../alarm/mod.ts";
import type { RaisedAlarm } from "../gateway/mod.ts";
import { isUnclaimed } from "./authenticator.ts";
import type { AdminContext } from "./context.ts";

/** One thing that is wrong or needs somebody. */
export interface Alarm {
  /** `alarm` needs somebody now, `warning` soon, `note` is to be known. */
  readonly severity: "alarm" | "warning" | "note";
  /** What it is about: a part, or `configuration`, `audit`, `admin`. */
  readonly about: string;
  /** What is wrong, in a sentence. */
  readonly text: string;
  /** Since when, microseconds since 1970; 0 if that is not known. */
  readonly sinceMicros: number;
  /** The signal that is beyond a limit of `[alarm.NAME]`; absent for all else. */
  readonly signal?: {
    /** GUID. */
    readonly id: string;
    /** Reference, for example `SHELBY-FQ`. */
    readonly reference: string;
    /** Name of the alarm. */
    readonly alarm: string;
    /** OPC severity, 0 to 1000. */
    readonly level: number;
    /** Last value in the unit of the signal; null if it is missing. */
    readonly value: number | null;
    /** What the alarm looks for. */
    readonly limit: string;
    /** How often the alarm was raised for this signal. */
    readonly count: number;
  };
}

const ORDER = { alarm: 0, warning: 1, note: 2 };

/** Everything that is wrong, the worst first. */
export function alarmsOf({ gateway, keeper, audit, claim, certificate }: AdminContext): Alarm[] {
  const alarms: Alarm[] = [];
  const add = (severity: Alarm["severity"], about: string, text: string, sinceMicros = 0) =>
    void alarms.push({ severity, about, text, sinceMicros });
  for (
    const [name, { state, reason, sinceMicros, detail }] of Object.entries(gateway.status().parts)
  ) {
    if (state !== "running") {
      add(state === "failed" ? "alarm" : "warning", name, `${state}: ${reason ?? ""}`, sinceMicros);
    }
    const clock = object(detail?.["clock"]);
    // What is not judged yet, as after each start, is not wrong.
    const { kind: judged = "unknown" } = clock;
    if (state === "running" && typeof judged === "string" && !/^(ok|unknown)$/.test(judged)) {
      add("warning", name, `clock ${judged}: ${String(clock["text"] ?? "")}`);
    }
    alarms.push(...certificateAlarms(name, list(detail?.["certificates"])));
    const { balance } = object(detail?.["books"]);
    if (typeof balance === "number" && balance !== 0) {
      add("alarm", name, `its books do not balance by ${balance} frames: report this defect`);
    }
    // The archive's: it keeps running while the disk takes nothing.
    const kind = detail?.["alarm"];
    if (state === "running" && typeof kind === "string" && kind !== "none") {
      add("alarm", name, reason ?? kind, sinceMicros);
    }
    for (const note of list(detail?.["notes"])) add("note", name, String(note));
  }
  for (const name of awaySubscribers(gateway.status().parts)) {
    add("warning", `subscriber.${name}`, "is not connected");
  }
  for (const alarm of clockAlarms(gateway.clock())) alarms.push(alarm);
  for (const raised of gateway.alarms?.raised() ?? []) alarms.push(signalAlarm(raised));
  const { note, pending } = keeper.status();
  if (note) add("alarm", "configuration", note);
  if (pending) {
    add(
      "warning",
      "configuration",
      `version ${pending.version} is undone in ${pending.secondsLeft} s unless it is confirmed`,
    );
  }
  for (const { subscriber, author, reason, timeMicros } of gateway.revocations()) {
    add(
      "note",
      `subscriber.${subscriber}`,
      `revoked by ${author}${reason ? `: ${reason}` : ""}`,
      timeMicros,
    );
  }
  alarms.push(...certificateAlarms("admin", certificate.status()));
  if (audit.lost > 0) add("alarm", "audit", `${audit.lost} entries could not be written`);
  if (claim?.text && isUnclaimed(gateway.config.admin)) {
    add("warning", "admin", "nobody has claimed this gateway: the claim token is valid");
  }
  return alarms.sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
}

/** Certificates that a part or the admin API tells of and that end soon. */
function certificateAlarms(about: string, certificates: readonly unknown[]): Alarm[] {
  return certificates.map(object).flatMap(({ role, name: whose, secondsLeft }) => {
    if (typeof secondsLeft !== "number" || secondsLeft > EXPIRY_WARNING_SECONDS) return [];
    const what = role === "own" ? "its own certificate" : `the certificate of ${String(whose)}`;
    const days = Math.floor(secondsLeft / 86_400);
    return [{
      severity: secondsLeft < EXPIRY_ALARM_SECONDS ? "alarm" : "warning",
      about,
      text: `${what} ${secondsLeft < 0 ? "has expired" : `expires in ${days} days`}`,
      sinceMicros: 0,
    }];
  });
}

/** A signal that is beyond a limit. OPC severities from mediumHigh on are for now, from mediumLow on for soon. */
function signalAlarm(raised: RaisedAlarm): Alarm {
  const {
    name,
    severity: level,
    signal: { id, reference },
    value,
    limit,
    text,
    sinceMicros,
    count,
  } = raised;
  return {
    severity: level >= SEVERITIES.mediumHigh
      ? "alarm"
      : level >= SEVERITIES.mediumLow
      ? "warning"
      : "note",
    about: `alarm.${name}`,
    text,
    sinceMicros,
    signal: {
      id,
      reference,
      alarm: name,
      level,
      value: Number.isFinite(value) ? value : null,
      limit,
      count,
    },
  };
}

/** Severity of each state of the gateway's clock. */
const CLOCK_SEVERITY = {
  locked: undefined,
  local: "note",
  holdover: "warning",
  free: "alarm",
  fault: "alarm",
} as const;

/** What is wrong with the gateway's own clock, its sources and the PTP network. */
export function clockAlarms(clock: ReturnType<AdminContext["gateway"]["clock"]>): Alarm[] {
  if (!clock) return [];
  const severity = CLOCK_SEVERITY[clock.state];
  const cause = clock.events.findLast((e) => e.kind === "state")?.text ?? "no source yet";
  const { sinceMicros } = clock;
  return [
    ...(severity
      ? [{ severity, about: "clock", text: `the clock is ${clock.state}: ${cause}`, sinceMicros }]
      : []),
    ...clock.disagreements.map((text): Alarm => ({
      severity: "warning",
      about: "clock",
      text: `sources disagree: ${text}`,
      sinceMicros: 0,
    })),
    ...(clock.network?.problems ?? []).map((text): Alarm => ({
      severity: "warning",
      about: "clock",
      text,
      sinceMicros: 0,
    })),
    ...(clock.network?.findings ?? []).map((finding): Alarm => ({
      severity: "note",
      about: "clock",
      text: `PTP network: ${finding.text}`,
      sinceMicros: 0,
    })),
  ];
}

/** Subscribers that should be there, on any output that runs, and are on none. */
function awaySubscribers(parts: ReturnType<AdminContext["gateway"]["status"]>["parts"]): string[] {
  const away = new Set<string>(), there = new Set<string>();
  for (const { state, detail } of Object.values(parts)) {
    if (state !== "running") continue; // told already
    for (const [name, told] of Object.entries(object(detail?.["subscribers"]))) {
      const { connected, enabled, revoked } = object(told);
      if (connected === true) there.add(name);
      else if (enabled === true && revoked !== true) away.add(name);
    }
  }
  return [...away].filter((name) => !there.has(name));
}

function object(value: unknown): Record<string, unknown> {
  // What parts tell of themselves is plain JSON.
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
