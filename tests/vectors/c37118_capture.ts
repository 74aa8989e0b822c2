/**
 * Captures and their raw payloads, compared frame by frame with the list beside them.
 *
 * @module
 */
import { decodeFile, type FileFrame } from "../../mod/cli/decode.ts";
import { compareListed } from "./c37118_listed.ts";
import { firstDifference, type Report, type VectorFile } from "./report.ts";

/** A `*.pcap`: every frame with packet number and addresses. */
export function runCapture(file: VectorFile, report: Report): void {
  const list = readList(file, file.name.replace(/\.pcap$/, ".frames.json"), report);
  if (!list) return;
  const frames = collect(file);
  const counted = { counts: countTypes(frames), crcErrors: frames.filter((f) => !f.crcOk).length };
  const difference = firstDifference(counted, { counts: list.counts, crcErrors: list.crcErrors });
  if (difference) report.fail("counts", difference);
  else report.pass("counts");
  compareAll(frames, list.frames, report, (found, expected) => {
    const { pkt, from, to } = expected;
    return firstDifference(found, { pkt, from, to });
  });
}

/** A `*.client.bin` or `*.server.bin`: every frame of that direction. */
export function runPayload(file: VectorFile, report: Report): void {
  const match = /^(.*)\.(client|server)\.bin$/.exec(file.name);
  if (!match) return report.fail("file", "is of no category that the README names");
  const listed = readList(file, `${match[1]}.frames.json`, report)?.frames;
  if (!listed) return;
  // The client is who sends the first frame: a command.
  const client = listed[0]?.from;
  const wanted = listed.filter((f) => (f.from === client) === (match[2] === "client"));
  compareAll(collect(file), wanted, report, () => undefined);
}

/** A frame of a `*.frames.json`, compared field by field. */
// deno-lint-ignore no-explicit-any -- content of test data files, checked by comparison
type Listed = any;

/** A whole `*.frames.json`. */
interface FrameList {
  readonly counts: Readonly<Record<string, number>>;
  readonly crcErrors: number;
  readonly frames: Listed[];
}

function readList(file: VectorFile, name: string, report: Report): FrameList | undefined {
  const bytes = file.sibling(name);
  if (!bytes) {
    report.fail("file", `expected ${name} beside it, found none`);
    return undefined;
  }
  return JSON.parse(new TextDecoder().decode(bytes));
}

function collect(file: VectorFile): FileFrame[] {
  return [...decodeFile(file.bytes)];
}

function countTypes(frames: readonly FileFrame[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { type } of frames) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

function compareAll(
  found: FileFrame[],
  listed: Listed[],
  report: Report,
  also: (found: FileFrame, expected: Listed) => string | undefined,
): void {
  if (found.length === listed.length) report.pass("count of frames");
  else report.fail("count of frames", `expected ${listed.length}, found ${found.length}`);
  for (let i = 0; i < Math.min(found.length, listed.length); i++) {
    const difference = also(found[i]!, listed[i]) ?? compareListed(found[i]!, listed[i]);
    const title = `frame ${i} of packet ${listed[i].pkt}`;
    if (difference) report.fail(title, difference);
    else report.pass(title);
  }
}
