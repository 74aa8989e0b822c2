/**
 * What the overview shows of inputs, streams and subscribers, worked out of two states of the gateway.
 *
 * @module
 */

/** @typedef {import("./watch.js").Status} Status */
/** @typedef {import("./watch.js").PartState} PartState */

/**
 * @typedef {object} Source
 * @property {string} name
 * @property {string} about State in a sentence.
 * @property {string} device Acronym of its device if that is not its name, or how many there are.
 * @property {"closed" | "warning" | "away" | "alarm"} state
 * @property {number | null} perSecond Mean frames of the last whole seconds.
 * @property {number | null} nominal Frames per second as configured in the device.
 * @property {"" | "warning"} rateState
 * @property {number[]} trend Frames of the last seconds.
 * @property {number} lost Frames missing or dropped since the start.
 * @property {boolean} losing Whether that grows.
 * @property {number | null} delayMs
 */

/**
 * @typedef {object} Link
 * @property {string} name
 * @property {string} about
 * @property {"closed" | "warning" | "away" | "off" | "alarm"} state
 * @property {string} link
 * @property {number | null} perSecond Measurements sent per second.
 * @property {number} queued
 * @property {number} dropped
 * @property {boolean} losing
 */

/**
 * @typedef {object} Stream
 * @property {string} name
 * @property {number | null} perSecond
 * @property {number} late Frames that came too late for their slot.
 * @property {any} [align]
 */

/** A share of the nominal rate below which a source is disturbed. */
const ENOUGH = 0.98;
/** Seconds that an input keeps. */
const KEPT_SECONDS = 10;

/**
 * Inputs, in the order of the configuration. An input of Sampled Values has one row per device.
 *
 * @param {Status} status
 * @param {Status | undefined} before
 * @returns {Source[]}
 */
export function sourcesOf(status, before) {
  return Object.entries(status.parts).filter(([name]) => name.startsWith("input."))
    .flatMap(([name, part]) => {
      const short = name.slice("input.".length);
      const devices = part.detail?.devices;
      const old = before?.parts[name];
      if (part.detail?.capture !== undefined && devices && Object.keys(devices).length > 0) {
        return Object.entries(devices).map(([device, detail]) =>
          sourceOf(
            device,
            part,
            detail,
            detail.framesPerSecond ?? null,
            old?.detail?.devices?.[device],
          )
        );
      }
      const nominal = part.detail?.configuration?.framesPerSecond ?? null;
      return [
        sourceOf(
          short,
          part,
          part.detail,
          nominal,
          old?.detail,
          before && status.nowMicros - before.nowMicros,
        ),
      ];
    });
}

/**
 * @param {string} name
 * @param {PartState} part
 * @param {any} detail
 * @param {number | null} nominal
 * @param {any} old
 * @param {number} [micros] Time since `old`.
 * @returns {Source}
 */
function sourceOf(name, part, detail, nominal, old, micros) {
  // The last second is not over, and frames of the one before may still be on their way.
  const all = detail?.bySecond ?? [];
  // Nor is the first one of a source that has just begun a whole one.
  const seconds = all.slice(all.length < KEPT_SECONDS ? 1 : 0, -1);
  const trend = seconds.map((/** @type {{ received: number }} */ s) => s.received);
  const mean = trend.reduce((/** @type {number} */ sum, /** @type {number} */ n) => sum + n, 0) /
    Math.max(1, trend.length);
  // A second is short when a frame came just after its end: the mean of the last ones is shown and judged.
  let perSecond = trend.length === 0 ? null : mean;
  if (perSecond === null && micros && typeof detail?.frames === "number" && old) {
    perSecond = rateOf(detail.frames, old.frames, micros / 1e6);
  }
  const lost = lostOf(detail), losing = old !== undefined && lost > lostOf(old);
  const slow = nominal !== null && trend.length >= 3 && mean < nominal * ENOUGH;
  const silent = part.state !== "running";
  return {
    name,
    about: `${part.state}${part.reason ? `: ${part.reason}` : ""}`,
    device: deviceOf(name, detail),
    state: part.state === "failed"
      ? "alarm"
      : silent
      ? "away"
      : slow || losing
      ? "warning"
      : "closed",
    perSecond: silent ? null : perSecond,
    nominal,
    rateState: slow ? "warning" : "",
    trend: silent ? [] : trend,
    lost,
    losing,
    delayMs: silent ? null : delayOf(detail),
  };
}

/**
 * @param {string} name
 * @param {any} detail
 */
function deviceOf(name, detail) {
  const [device = "", ...others] = Object.keys(detail?.devices ?? {});
  if (others.length > 0) return `${others.length + 1} devices`;
  return device.toLowerCase() === name.toLowerCase() ? "" : device;
}

/** @param {any} detail */
function lostOf(detail) {
  return sum(detail?.books?.dropped) + (detail?.totals?.missingFrames ??
    detail?.statistics?.missingFrames ?? 0);
}

/** @param {any} detail */
function delayOf(detail) {
  const micros = detail?.clock?.figures?.p50Micros;
  return typeof micros === "number" ? micros / 1000 : detail?.statistics?.averageLatencyMs ?? null;
}

/**
 * Subscribers of all outputs.
 *
 * @param {Status} status
 * @param {Status | undefined} before
 * @returns {Link[]}
 */
export function linksOf(status, before) {
  return [...subscribersOf(status, before), ...streamClientsOf(status, before)];
}

/**
 * @param {Status} status
 * @param {Status | undefined} before
 * @returns {Link[]}
 */
function subscribersOf(status, before) {
  const seconds = before ? (status.nowMicros - before.nowMicros) / 1e6 : 0;
  return Object.entries(status.parts).filter(([name]) => name.startsWith("output."))
    .flatMap(([name, { state, reason, detail }]) =>
      Object.entries(detail?.subscribers ?? {}).map(([subscriber, now]) => {
        const old = before?.parts[name]?.detail?.subscribers?.[subscriber];
        const dropped = sum(now.ledger.dropped);
        const losing = old !== undefined && dropped > sum(old.ledger.dropped);
        const session = now.sessions[0];
        return {
          name: subscriber,
          about: session ? `${session.peer}, ${session.mode}, ${session.state}` : reason ?? state,
          state: now.revoked
            ? "alarm"
            : !now.enabled
            ? "off"
            : !now.connected
            ? "away"
            : losing
            ? "warning"
            : "closed",
          link: now.revoked
            ? "revoked"
            : !now.enabled
            ? "disabled"
            : now.connected
            ? session?.secure ? "TLS" : "plain"
            : "away",
          perSecond: rateOf(now.ledger.sent, old?.ledger.sent, seconds),
          queued: now.sessions.reduce(
            (/** @type {number} */ n, /** @type {any} */ s) => n + s.queuedFrames,
            0,
          ),
          dropped,
          losing,
        };
      })
    );
}

/**
 * Clients and destinations of C37.118 streams.
 *
 * @param {Status} status
 * @param {Status | undefined} before
 * @returns {Link[]}
 */
function streamClientsOf(status, before) {
  const seconds = before ? (status.nowMicros - before.nowMicros) / 1e6 : 0;
  return Object.entries(status.parts).filter(([name]) => name.startsWith("output."))
    .flatMap(([name, { state, reason, detail }]) =>
      ["clients", "destinations"].flatMap((kind) =>
        Object.entries(detail?.[kind] ?? {}).map(([client, now]) => {
          const old = before?.parts[name]?.detail?.[kind]?.[client];
          const dropped = sum(now.ledger.dropped);
          const losing = old !== undefined && dropped > sum(old.ledger.dropped);
          /** @type {any[] | undefined} */
          const connections = now.connections;
          const isAway = connections?.length === 0;
          return {
            name: client,
            about: connections?.[0]?.peer ?? reason ?? state,
            state: isAway ? "away" : losing ? "warning" : "closed",
            link: isAway ? "away" : connections ? "C37.118" : "C37.118, UDP",
            perSecond: rateOf(now.ledger.sent, old?.ledger.sent, seconds),
            queued: (connections ?? []).reduce((n, c) => n + c.queuedFrames, 0),
            dropped,
            losing,
          };
        })
      )
    );
}

/**
 * Streams with their rates.
 *
 * @param {Status} status
 * @param {Status | undefined} before
 * @returns {Stream[]}
 */
export function streamsOf(status, before) {
  const seconds = before ? (status.nowMicros - before.nowMicros) / 1e6 : 0;
  return Object.entries(status.streams).map(([name, { frames }]) => {
    const old = before?.streams[name];
    const align = status.parts[`align.${name}`]?.detail;
    const late = Object.values(align?.sources ?? {}).reduce(
      (/** @type {number} */ n, /** @type {any} */ s) => n + (s.late ?? 0),
      0,
    );
    return {
      name,
      perSecond: rateOf(frames, old?.frames, seconds),
      late,
      ...(align && { align }),
    };
  });
}

/**
 * Growth of a counter per second; null while it is not known, and where the counter has begun anew.
 *
 * @param {number} now
 * @param {number | undefined} old
 * @param {number} seconds Between them.
 */
function rateOf(now, old, seconds) {
  return old === undefined || seconds <= 0 || now < old ? null : (now - old) / seconds;
}

/** @param {Record<string, number> | undefined} counts */
function sum(counts) {
  return Object.values(counts ?? {}).reduce((total, n) => total + n, 0);
}
