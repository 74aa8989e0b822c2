/**
 * Runs the sampled-values vectors: every kind of file that the folder's README names.
 *
 * Decoding must give what stands in `decoded`, encoding `decoded` must give the octets back; frames
 * with lengths in a longer form than needed must decode to the same again.
 *
 * @module
 */
import { DecodeError, messageOf, SampleMarks, WaveformRing } from "../../mod/core/mod.ts";
import {
  asduFromJson,
  encodeFrame,
  encodePdu,
  encodeSession,
  frameFromJson,
  frameToJson,
  hexText,
  parseFrame,
  parseSession,
  rejectWord,
  SampleStream,
  type SessionJson,
  sessionToJson,
  StreamNotice,
  SvFrame,
  type SvFrameJson,
  SvReject,
  SynchrophasorDataSet,
} from "../../mod/sv/mod.ts";
import {
  firstByteDifference,
  firstDifference,
  fromHex,
  type Report,
  type VectorFile,
} from "./report.ts";

/** Runs one file of `vectors/sv`. */
export function run(file: VectorFile, report: Report): void {
  const { name } = file;
  if (name === "README.md") return report.pass("known");
  const runner = RUNNERS.find(({ pattern }) => pattern.test(name));
  if (!runner) return report.fail("file", "is of no kind that the README names");
  const json = JSON.parse(new TextDecoder().decode(file.bytes));
  const cases: unknown = json.frames ?? json.packets;
  if (!Array.isArray(cases)) return report.fail("file", "has no list of frames or packets");
  cases.forEach((vector, i) => {
    const title = typeof vector.name === "string" ? vector.name : `#${i}`;
    try {
      const difference = runner.run(vector);
      if (difference === undefined) report.pass(title);
      else report.fail(title, difference);
    } catch (error) {
      report.fail(title, messageOf(error));
    }
  });
  if (!name.startsWith("m09-")) return;
  const difference = sequenceDifference(cases);
  if (difference === undefined) report.pass("sequence");
  else report.fail("sequence", difference);
}

/** What the JSON of a vector may hold; which fields are there depends on the file. */
interface Vector {
  readonly hex: string;
  readonly udpPayloadHex: string;
  // The fields of `decoded` are compared one by one.
  // deno-lint-ignore no-explicit-any -- content of test data files, checked by comparison
  readonly decoded: any;
  readonly reason: string;
}

const RUNNERS: readonly {
  readonly pattern: RegExp;
  readonly run: (vector: Vector) => string | undefined;
}[] = [
  { pattern: /^[pm]\d\d-.*\.json$/, run: runFrame },
  { pattern: /^r\d\d-.*\.json$/, run: runPacket },
  { pattern: /^malformed\.json$/, run: runMalformed },
];

function runFrame({ hex, decoded }: Vector): string | undefined {
  const bytes = fromHex(hex);
  const frame = parseFrame(bytes);
  const json = frameToJson(frame, bytes);
  const difference = exactDifference(json, decoded);
  if (difference) return difference;
  // The test data were compared with what the decoder makes: they have its shape.
  const again = encodeFrame({
    ...frameFromJson(decoded as SvFrameJson),
    trailer: bytes.subarray(frame.trailerOffset, frame.trailerOffset + frame.trailerLength),
  });
  // Only lengths in a longer form than needed make a frame longer than ours.
  if (again.length === bytes.length) return firstByteDifference(again, bytes);
  const shorter = { ...decoded, length: decoded.length - (bytes.length - again.length) };
  return again.length < bytes.length
    ? exactDifference(frameToJson(parseFrame(again), again), shorter)
    : `encoded: expected at most ${bytes.length} octets, found ${again.length}`;
}

function runPacket({ udpPayloadHex, decoded }: Vector): string | undefined {
  const bytes = fromHex(udpPayloadHex);
  const { session, pdus } = parseSession(bytes);
  const { synchrophasors, ...rest } = decoded;
  const json = sessionToJson(session, pdus, bytes);
  const difference = exactDifference(json, rest) ??
    (synchrophasors && synchrophasorDifference(json, synchrophasors));
  return difference ?? firstByteDifference(encodeSession(sessionFromJson(rest)), bytes);
}

/** What must be encoded to get the session PDU that a vector describes. */
function sessionFromJson(json: SessionJson) {
  return {
    sessionId: json.sessionId,
    spduNumber: json.spduNumber,
    timeOfCurrentKey: json.timeOfCurrentKey,
    timeToNextKey: json.timeToNextKey,
    signatureAlgorithm: json.signatureAlgorithm ?? 0,
    keyId: json.keyId,
    ...(json.iv !== undefined && { iv: fromHex(json.iv) }),
    payloads: json.payloads.map(({ type, simulation, appid, asdus }) => ({
      type,
      simulation,
      appid,
      apdu: encodePdu((asdus ?? []).map(asduFromJson)),
    })),
    ...(json.signature !== undefined && { signature: fromHex(json.signature) }),
  };
}

/** The PMU blocks of a vector, both ways. */
interface PmuJson {
  readonly stat: number;
  readonly phasors: readonly (readonly [number, number])[];
  readonly freq: number;
  readonly rocof: number;
  readonly analogs: readonly number[];
  readonly digitals: readonly number[];
}

function synchrophasorDifference(
  json: SessionJson,
  expected: readonly { readonly asdu: number; readonly pmus: readonly PmuJson[] }[],
): string | undefined {
  for (const { asdu, pmus } of expected) {
    const bytes = fromHex(json.payloads[0]!.asdus![asdu]!.seqData);
    const dataSet = new SynchrophasorDataSet(pmus.map((p) => ({
      phasors: p.phasors.length,
      analogs: p.analogs.length,
      digitals: p.digitals.length,
    })));
    const values = new Float64Array(dataSet.count), stats = new Uint16Array(pmus.length);
    if (!dataSet.decode(new DataView(bytes.buffer), 0, bytes.length, values, stats)) {
      return `synchrophasors[${asdu}]: expected ${dataSet.size} octets, found ${bytes.length}`;
    }
    const wanted = pmus.flatMap((p) => [
      ...p.phasors.flat(),
      p.freq,
      p.rocof,
      ...p.analogs,
      ...p.digitals,
    ]);
    const difference = firstDifference([...values], wanted, `synchrophasors[${asdu}]`) ??
      firstDifference([...stats], pmus.map((p) => p.stat), `synchrophasors[${asdu}].stat`) ??
      firstDifference(hexText(dataSet.encode(wanted, stats)), hexText(bytes), "seqData again");
    if (difference) return difference;
  }
  return undefined;
}

/** A decoder that was handed junk goes on with the next frame as if nothing had been. */
const NEIGHBOUR = fromHex(
  "010ccd04000102102030405088ba4000002b000000006021800101a21c301a80014182020001830400000001850102" +
    "87080000000500000000",
);

function runMalformed({ hex, udpPayloadHex, reason }: Vector): string | undefined {
  if (udpPayloadHex !== undefined) {
    const thrown = thrownBy(() => parseSession(fromHex(udpPayloadHex)));
    return thrown instanceof DecodeError ? undefined : `expected to be rejected: ${reason}`;
  }
  const bytes = fromHex(hex);
  const frame = new SvFrame();
  const code = frame.decode(bytes, 0, bytes.length);
  if (code === SvReject.None) {
    // The one fault that the data set tells, not the frame.
    const stream = new SampleStream(new WaveformRing(8, 4000, 4000));
    const notice = stream.accept(bytes, viewOf(bytes), frame.pdu, 0, frame.pdu.noASDU, 0, 0);
    if ((notice & StreamNotice.Misconfigured) === 0 || stream.counters.accepted > 0) {
      return `expected to be rejected: ${reason}`;
    }
  } else {
    const thrown = thrownBy(() => parseFrame(bytes));
    if (!(thrown instanceof DecodeError) || thrown.kind !== rejectWord(code)) {
      return `expected a DecodeError of kind ${rejectWord(code)}, found ${thrown}`;
    }
  }
  const next = frame.decode(NEIGHBOUR, 0, NEIGHBOUR.length);
  return next === SvReject.None && frame.pdu.smpCnt[0] === 1 ? undefined : "lost the next frame";
}

function thrownBy(work: () => void): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** m09: one sample missing, one twice, one pair swapped, over the second. */
function sequenceDifference(cases: readonly Vector[]): string | undefined {
  const rate = 4000, second = 1_700_000_000, start = second * rate + 3997;
  const stream = new SampleStream(new WaveformRing(8, rate, rate), { fillGaps: false });
  const frame = new SvFrame();
  cases.forEach(({ hex }, i) => {
    const bytes = fromHex(hex);
    frame.decode(bytes, 0, bytes.length);
    const nanos = (3997 + i) * 250_000 + 200_000, carry = Math.floor(nanos / 1e9);
    stream.accept(
      bytes,
      viewOf(bytes),
      frame.pdu,
      0,
      frame.pdu.noASDU,
      second + carry,
      nanos - carry * 1e9,
    );
  });
  stream.poll(second + 1, 100_000_000);
  const { ring, counters } = stream;
  const found: (number | null)[] = [];
  for (let k = start; k < start + 8; k++) {
    const at = k % ring.capacity;
    const isFilled = (ring.marks[at]! & SampleMarks.Filled) !== 0;
    found.push(k < ring.first || k >= ring.next ? NaN : isFilled ? null : ring.values[0]![at]!);
  }
  // The first value of each sample is ten times its count.
  return firstDifference(found, [39_970, 39_980, null, 0, 10, 20, 30, 40], "samples") ??
    firstDifference({ ...counters }, {
      received: 8,
      accepted: 7,
      missing: 1,
      duplicate: 1,
      reordered: 1,
      conflict: 0,
      late: 0,
      outlier: 0,
    }, "counters");
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** As `firstDifference`, in both directions: a field too many is a difference as well. */
function exactDifference(actual: object, expected: object): string | undefined {
  // What is left out of our objects may stand in a file as well.
  const whole = { outerVlan: null, trailerBytes: 0, ...actual };
  return firstDifference(whole, expected) ?? firstDifference(expected, actual);
}
