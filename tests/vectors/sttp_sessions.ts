/**
 * Runs `client-commands.json` and `publisher-sessions.json`.
 *
 * @module
 */
import {
  buildConnectionString,
  Command,
  commandFrame,
  decodeOperationalModes,
  FrameSplitter,
  type MeasurementBatch,
  operationalModesFrame,
  parseConnectionString,
  parseOperationalModes,
  parseSubscriptionRequest,
  parseTimeConstraint,
  requestOf,
  subscribeFrame,
  type SubscriberCache,
  SubscriberSession,
  type SubscriptionRequest,
} from "../../mod/sttp/mod.ts";
import { firstByteDifference, fromHex, type Report } from "./report.ts";
import { check, difference, joined, listOf } from "./sttp_common.ts";

interface ClientCase {
  readonly client: string;
  readonly version: number;
  readonly compression: boolean;
  readonly udpPort: number;
  readonly option: string;
  readonly commands: readonly ClientCommand[];
}

interface ClientCommand {
  readonly code: number;
  readonly frame: string;
  readonly operationalModes?: string;
  readonly flags?: number;
  readonly connectionString?: string;
  readonly filters?: string;
}

/** Takes every command frame apart, compares, and makes it anew. */
export function runClientCommands(content: Record<string, unknown>, report: Report): void {
  listOf<ClientCase>(content, "cases").forEach((c, i) => {
    c.commands.forEach((command, k) => {
      const name = `case ${i} (${c.client}) command ${k}`;
      check(name, report, () => commandDifference(c, command));
    });
  });
}

function commandDifference(c: ClientCase, command: ClientCommand): string | undefined {
  const frame = fromHex(command.frame);
  const body = onlyBody(frame);
  const payload = body.subarray(1);
  if (body[0] !== command.code) return `expected command ${command.code}, found ${body[0]}`;
  switch (command.code) {
    case Command.DefineOperationalModes: {
      const modes = parseOperationalModes(payload);
      const word = parseInt(command.operationalModes ?? "", 16);
      return difference(modes, decodeOperationalModes(word)) ??
        difference(
          [modes.version, modes.compressMetadata, modes.encoding],
          [c.version, c.compression, "utf-8"],
        ) ??
        firstByteDifference(operationalModesFrame(modes), frame);
    }
    case Command.Subscribe: {
      const text = command.connectionString ?? "";
      return firstByteDifference(subscribeFrame(text, "utf-8", command.flags), frame) ??
        requestDifference(c, parseSubscriptionRequest(payload, "utf-8"), text);
    }
    case Command.MetadataRefresh: {
      const filters = new TextEncoder().encode(command.filters ?? "");
      const size = Uint8Array.of(0, 0, filters.length >> 8, filters.length);
      const again = filters.length === 0 ? filters : Uint8Array.of(...size, ...filters);
      return firstByteDifference(commandFrame(command.code, again), frame);
    }
    default:
      return firstByteDifference(commandFrame(command.code, payload), frame);
  }
}

function requestDifference(
  c: ClientCase,
  request: SubscriptionRequest,
  text: string,
): string | undefined {
  const plain = (r: SubscriptionRequest) => ({ ...r, others: [...r.others] });
  const again = requestOf(parseConnectionString(buildConnectionString(request)));
  const lost = difference(plain(again), plain(request));
  if (lost) return `written and read again: ${lost}`;
  if (request.startTimeConstraint !== undefined) {
    parseTimeConstraint(request.startTimeConstraint, 0);
  }
  if (request.stopTimeConstraint !== undefined) parseTimeConstraint(request.stopTimeConstraint, 0);
  const found = {
    udpPort: request.udpPort,
    ms: request.useMillisecondResolution,
    notime: !request.includeTime,
    throttled: request.throttled,
    hist: request.startTimeConstraint !== undefined,
    source: request.assemblyInfo.source !== "",
    filter: request.filterExpression !== "",
  };
  const option = (name: string) => c.option === name;
  return difference(found, {
    udpPort: c.udpPort,
    ms: option("ms"),
    notime: option("notime"),
    throttled: option("throttled"),
    hist: option("hist"),
    source: true,
    filter: true,
  }) ?? canonicalDifference(request, text);
}

/** Our own string must be that of the client where it writes numbers in full. */
function canonicalDifference(request: SubscriptionRequest, text: string): string | undefined {
  if (!/publishInterval=\d+\.\d{6};/.test(text)) return undefined;
  // What clients differ in: the case of booleans, and the "=" that the Go client forgets.
  const expected = text.replace(/=True\b/g, "=true").replace(/=False\b/g, "=false")
    .replace(/requestNaNValueFilter(true|false)/, "requestNaNValueFilter=$1");
  // Literals inside the filter are not ours to change.
  const filter = `filterExpression={${request.filterExpression}}`;
  const at = expected.indexOf("filterExpression={");
  const restored = expected.slice(0, at) + filter + expected.slice(at + filter.length);
  return difference(buildConnectionString(request), restored);
}

interface SessionCase {
  readonly publisher: string;
  readonly version: number;
  readonly compression: boolean;
  readonly filter: string;
  readonly publishedInOrder: readonly (readonly [string, string, number, string])[];
  readonly transcript: readonly (readonly ["to publisher" | "from publisher", string])[];
}

/** Plays each transcript to our subscriber, and compares what it delivers and sends. */
export function runPublisherSessions(content: Record<string, unknown>, report: Report): void {
  listOf<SessionCase>(content, "cases").forEach((c, i) => {
    const name = `case ${i} (${c.publisher}, version ${c.version})`;
    const played = play(c);
    check(`${name} ends well`, report, () => played.complaints[0]);
    check(`${name} measurements`, report, () => deliveryDifference(c, played));
    check(`${name} commands`, report, () => {
      const theirs = c.transcript.filter(([who]) => who === "to publisher");
      return difference(played.commands, theirs.map(([, hex]) => onlyBody(fromHex(hex))[0])) ??
        difference(played.request?.filterExpression, c.filter);
    });
  });
}

interface Played {
  readonly complaints: string[];
  /** Command codes that our session sent. */
  readonly commands: number[];
  /** Delivered measurements as text, by signal. */
  readonly delivered: Map<string, string[]>;
  /** GUIDs of the signals in the caches. */
  readonly subscribed: Set<string>;
  /** What the recorded client asked for. */
  request: SubscriptionRequest | undefined;
}

function play(c: SessionCase): Played {
  const played: Played = {
    complaints: [],
    commands: [],
    delivered: new Map(),
    subscribed: new Set(),
    request: undefined,
  };
  const [, first] = c.transcript[0]!;
  const session = new SubscriberSession({
    nowMs: 0,
    modes: parseOperationalModes(onlyBody(fromHex(first)).subarray(1)),
    request: { filterExpression: c.filter },
    events: {
      transmit: (frame) => played.commands.push(frame[4]!),
      close: (kind, message) => played.complaints.push(`${kind}: ${message}`),
      complain: (kind, message) => played.complaints.push(`${kind}: ${message}`),
      refused: (command, text) => played.complaints.push(`command ${command}: ${text}`),
      cache: (cache) => cache.records.forEach((r) => played.subscribed.add(r.signalId)),
      measurements: (batch, cache) => keep(played.delivered, batch, cache),
    },
  });
  session.start(0);
  for (const [who, hex] of c.transcript) {
    const bytes = fromHex(hex);
    if (who === "from publisher") {
      session.receive(bytes, 0);
      while (session.work());
      continue;
    }
    const body = onlyBody(bytes);
    if (body[0] === Command.Unsubscribe) session.unsubscribe();
    if (body[0] === Command.Subscribe) {
      played.request = parseSubscriptionRequest(body.subarray(1), "utf-8");
    }
  }
  if (session.state === "ended") played.complaints.push("expected the session to go on");
  return played;
}

function keep(
  delivered: Map<string, string[]>,
  batch: MeasurementBatch,
  cache: SubscriberCache,
): void {
  for (let i = 0; i < batch.count; i++) {
    const id = cache.signalIdOf(batch.ids[i]!) ?? `index ${batch.ids[i]}`;
    const ticks = joined(batch.ticksHi[i]!, batch.ticksLo[i]!);
    const bits = batch.valueBits[i]!.toString(16).padStart(8, "0");
    const list = delivered.get(id) ?? [];
    list.push(`${ticks} ${batch.flags[i]} ${bits}`);
    delivered.set(id, list);
  }
}

/** Compares signal by signal, in order; the order between signals is the publisher's own. */
function deliveryDifference(
  c: SessionCase,
  { delivered, subscribed }: Played,
): string | undefined {
  const published = new Map<string, string[]>();
  for (const [id, ticks, flags, bits] of c.publishedInOrder) {
    if (!subscribed.has(id)) continue; // the publisher was given more than the filter selects
    const list = published.get(id) ?? [];
    list.push(`${ticks} ${flags} ${bits}`);
    published.set(id, list);
  }
  return difference(Object.fromEntries(delivered), Object.fromEntries(published));
}

/** The body of bytes that are exactly one frame. */
function onlyBody(frame: Uint8Array): Uint8Array {
  const bodies: Uint8Array[] = [];
  const splitter = new FrameSplitter({ frame: (body) => bodies.push(body.slice()) });
  splitter.push(frame);
  const [body] = bodies;
  if (!body || bodies.length > 1 || splitter.buffered > 0) throw new Error("expected one frame");
  return body;
}
