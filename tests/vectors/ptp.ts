/**
 * Runs the PTP vectors: every kind of file that the folder's README names, both directions.
 *
 * @module
 */
import { decodePtp } from "../../mod/cli/decode_ptp.ts";
import {
  type EthernetFrame,
  readPieces,
  type TcpStretch,
  type UdpDatagram,
} from "../../mod/pcap/mod.ts";
import {
  type AnnouncedClock,
  compareClocks,
  decodeMessage,
  encodeMessage,
  interval,
  intervalNs,
  intervalScaledText,
  isUsable,
  meanLinkDelay,
  meanPathDelay,
  offsetFromMaster,
  type PtpTimestamp,
  type TimeInterval,
} from "../../mod/ptp/mod.ts";
import { dissectedFields, NOT_MODELLED } from "./ptp_dissected.ts";
import { runManagement } from "./ptp_management.ts";
import {
  firstByteDifference,
  firstDifference,
  type Report,
  toHex,
  type VectorFile,
} from "./report.ts";

// deno-lint-ignore no-explicit-any -- content of test data files, checked by comparison
type Json = any;

/** Runs one file of `vectors/ptp`. */
export function run(file: VectorFile, report: Report): void {
  const { name } = file;
  if (name === "README.md") return report.pass("known");
  if (name.endsWith(".pcap")) return runCapture(file, report);
  const json: Json = JSON.parse(new TextDecoder().decode(file.bytes));
  if (name.endsWith(".expected.json")) {
    // Its frames are compared when the capture runs; here only that the capture is there.
    if (file.sibling(name.replace(".expected.json", ".pcap"))) return report.pass("companion");
    return report.fail("companion", `expected ${json.capture} beside it, found none`);
  }
  if (name.startsWith("mgmt-")) return runManagement(json, report);
  if (name === "timing-equations.json") return runCases(json, report, timing);
  if (name === "bmca-compare.json") return runCases(json, report, bestMaster);
  report.fail("file", "is of no kind that the README names");
}

function runCases(
  json: Json,
  report: Report,
  check: (testCase: Json) => string | undefined,
): void {
  json.cases.forEach((testCase: Json, i: number) => {
    const title = testCase.name ?? `#${i} ${testCase.mechanism}`;
    const difference = check(testCase);
    if (difference) report.fail(title, difference);
    else report.pass(title);
  });
}

function timing(c: Json): string | undefined {
  const sync = {
    t1: time(c.t1Ns),
    t2: time(c.t2Ns),
    correction: scaled(BigInt(c.correctionSync) + BigInt(c.correctionFollowUp)),
  };
  const asymmetry = interval(c.delayAsymmetryNs ?? 0);
  const p = c.pdelay;
  const delay = c.mechanism === "E2E"
    ? meanPathDelay(sync, {
      t3: time(c.t3Ns),
      t4: time(c.t4Ns),
      correction: scaled(BigInt(c.correctionDelayResp)),
    })
    : meanLinkDelay({
      t1: time(p.t1Ns),
      t2: time(p.requestReceiptNs),
      t3: time(p.responseOriginNs ?? p.requestReceiptNs),
      t4: time(p.t4Ns),
      correction: scaled(BigInt(p.correctionResp) + BigInt(p.correctionRespFollowUp)),
    });
  const offset = offsetFromMaster(sync, delay, asymmetry);
  return firstDifference({
    [c.mechanism === "E2E" ? "meanPathDelayScaled" : "meanLinkDelayScaled"]: intervalScaledText(
      delay,
    ),
    offsetFromMasterScaled: intervalScaledText(offset),
    offsetFromMasterNs: intervalNs(offset),
  }, c.expected);
}

function bestMaster(c: Json): string | undefined {
  const { result, reason } = compareClocks(clock(c.a), clock(c.b));
  if (reason === "") return "expected a reason in words, found none";
  return firstDifference(result, c.expected);
}

function clock(json: Json): AnnouncedClock {
  const { clockClass, clockAccuracy, offsetScaledLogVariance } = json;
  return { ...json, quality: { clockClass, clockAccuracy, offsetScaledLogVariance } };
}

function time(ns: string): PtpTimestamp {
  const value = BigInt(ns);
  return { seconds: Number(value / 1_000_000_000n), nanos: Number(value % 1_000_000_000n) };
}

function scaled(value: bigint): TimeInterval {
  return interval(Number(value >> 16n), Number(value & 0xffffn));
}

/** A capture: every frame against the dissector, malformed ones against their note, all messages encoded again. */
function runCapture(file: VectorFile, report: Report): void {
  const name = file.name.replace(".pcap", ".expected.json");
  const beside = file.sibling(name);
  if (!beside) return report.fail("file", `expected ${name} beside it, found none`);
  const { frames, notes = [] }: Json = JSON.parse(new TextDecoder().decode(beside));
  const pieces = new Map([...readPieces(file.bytes)].map((p) => [p.packet, p]));
  for (const frame of frames) {
    const note: string = notes.find((n: Json) => n.frame === frame.frame)?.note ?? "";
    const title = `frame ${frame.frame}${note && `: ${note}`}`;
    const difference = judge(pieces.get(frame.frame), frame, note);
    if (difference) report.fail(title, difference);
    else report.pass(title);
  }
}

function judge(
  piece: UdpDatagram | TcpStretch | EthernetFrame | undefined,
  frame: Json,
  note: string,
): string | undefined {
  const found = piece && piece.protocol !== "tcp" ? decodePtp(piece) : undefined;
  if (!piece || piece.protocol === "tcp" || !found) {
    return frame.ptp === null ? undefined : "expected a PTP message, found none";
  }
  if (found.ptp === null) return refused(found.error, note);
  return link(piece, frame) ?? message(piece.payload, frame.ptp, note);
}

/** Kinds of errors that the notes ask for. */
const REFUSALS: readonly (readonly [RegExp, string])[] = [
  [/messageLength 60 but only|runs past the end/, "truncated"],
  [/versionPTP 1/, "version"],
  [/messageType 7/, "type"],
  [/invalid timestamp/, "timestamp"],
];

function refused(kind: string, note: string): string | undefined {
  const wanted = REFUSALS.find(([pattern]) => pattern.test(note))?.[1] ?? "a message";
  return wanted === kind ? undefined : `expected ${wanted}, found it refused as ${kind}`;
}

function link(piece: UdpDatagram | EthernetFrame, frame: Json): string | undefined {
  if (piece.protocol === "udp") {
    const found = {
      ipSrc: piece.from.address,
      ipDst: piece.to.address,
      udpDst: String(piece.to.port),
    };
    return firstDifference(found, { ipSrc: frame.ipSrc, ipDst: frame.ipDst, udpDst: frame.udpDst });
  }
  return firstDifference({
    ethDst: piece.destination,
    ethSrc: piece.source,
    vlanId: String(piece.vlans[0]?.id),
    vlanPcp: String(piece.vlans[0]?.priority),
  }, {
    ethDst: frame.ethDst,
    ethSrc: frame.ethSrc,
    vlanId: frame.vlanId ?? "undefined",
    vlanPcp: frame.vlanPcp ?? "undefined",
  });
}

function message(payload: Uint8Array, expected: Json, note: string): string | undefined {
  if (REFUSALS.some(([pattern]) => pattern.test(note))) return "expected it to be refused";
  if (expected === null) return "expected no PTP message, found one";
  const decoded = decodeMessage(payload);
  const usable = !note.includes("0x7FFFFFFFFFFFFFFF");
  if (isUsable(decoded.header.correction) !== usable) return `expected usable ${usable}`;
  const again = encodeMessage(decoded);
  const fields: Json = { ...dissectedFields(decoded), messagelength: String(again.length) };
  for (const [key, value] of Object.entries(expected)) {
    if (NOT_MODELLED.test(key) && key !== "messagelength") continue;
    if (!(key in fields)) return `expected ${key} to be known`;
    const difference = firstDifference(fields[key], value, key);
    if (difference) return difference;
  }
  const bytes = payload.subarray(0, again.length);
  const difference = firstByteDifference(again, bytes);
  return difference && `encoded anew: ${difference} in ${toHex(again)}`;
}
