/**
 * The lists of frames beside captures.
 *
 * @module
 */
import {
  type BlockJson,
  type Configuration,
  decodeFrame,
  encodeFrame,
  type FrameJson,
} from "../../mod/c37118/mod.ts";
import { compareAngle, compareValue, encodesTo } from "./c37118_compare.ts";
import { firstDifference, fromHex, type Report, type VectorFile } from "./report.ts";

/** The list of frames beside a capture: each frame that it holds as hex is decoded and encoded. */
export function runListed(file: VectorFile, report: Report): void {
  const listed = JSON.parse(new TextDecoder().decode(file.bytes));
  const configurations = new Map<string, Configuration>();
  // deno-lint-ignore no-explicit-any -- content of test data files, checked by comparison
  listed.frames.forEach((expected: any, i: number) => {
    const key = `${expected.from} ${expected.idcode}`;
    const title = `frame ${i} of packet ${expected.pkt}`;
    if (typeof expected.hex === "string") {
      const bytes = fromHex(expected.hex);
      const { json, configuration } = decodeFrame(bytes, configurations.get(key));
      if (configuration) configurations.set(key, configuration);
      const difference = compareListed(json, expected) ??
        encodesTo(encodeFrame(expected, configurations.get(key)), bytes);
      return difference ? report.fail(title, difference) : report.pass(title);
    }
    // Without bytes: what is listed must encode to a frame that decodes to it.
    const configuration = configurations.get(key);
    const { json } = decodeFrame(encodeFrame(expected, configuration), configuration);
    const difference = compareListed(json, expected);
    return difference ? report.fail(title, difference) : report.pass(title);
  });
}

/** Compares a decoded frame with one of a `*.frames.json`, apart from packet and addresses. */
// deno-lint-ignore no-explicit-any -- content of test data files, checked by comparison
export function compareListed(json: FrameJson, expected: any): string | undefined {
  const { pkt: _pkt, from: _from, to: _to, blocks, ...plain } = expected;
  const difference = firstDifference(json, plain);
  if (difference || blocks === undefined) return difference;
  const found = json.blocks ?? [];
  if (found.length !== blocks.length) {
    return `blocks: expected ${blocks.length}, found ${found.length}`;
  }
  for (let i = 0; i < blocks.length; i++) {
    const { eng, ...raw } = blocks[i];
    const where = `blocks[${i}]`;
    const wrong = firstDifference(found[i], raw, where) ??
      (eng ? compareEngineering(found[i]!.eng, eng, where) : undefined);
    if (wrong) return wrong;
  }
  return undefined;
}

// deno-lint-ignore no-explicit-any -- content of test data files, checked by comparison
function compareEngineering(found: BlockJson["eng"], eng: any, where: string): string | undefined {
  for (let k = 0; k < eng.phasors.length; k++) {
    const at = `${where}.eng.phasors[${k}]`;
    const difference = compareValue(found?.phasors[k]?.[0], eng.phasors[k][0], at) ??
      compareAngle(found?.phasors[k]?.[1], eng.phasors[k][1], at);
    if (difference) return difference;
  }
  const analogs = eng.analogs.map((x: unknown, k: number) =>
    compareValue(found?.analogs[k], x, `${where}.eng.analogs[${k}]`)
  );
  return compareValue(found?.freq, eng.freq, `${where}.eng.freq`) ??
    compareValue(found?.dfreq, eng.dfreq, `${where}.eng.dfreq`) ??
    analogs.find((x: string | undefined) => x !== undefined);
}
