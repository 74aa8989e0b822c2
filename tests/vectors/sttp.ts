/**
 * Runs the STTP vectors: every kind of file that the folder's README names, both directions where it
 * says so.
 *
 * @module
 */
import { runCompactMeasurements, runCompactPackets } from "./sttp_compact.ts";
import {
  runBaseTimes,
  runCipherKeys,
  runMetadata,
  runMetadataXml,
  runSignalIndexCache,
} from "./sttp_codecs.ts";
import { runClientCommands, runPublisherSessions } from "./sttp_sessions.ts";
import { runTssc } from "./sttp_tssc.ts";
import type { Report, VectorFile } from "./report.ts";

/** Runs the cases of one content of a JSON file. */
type JsonRunner = (content: Record<string, unknown>, report: Report) => void;

const RUNNERS: Readonly<Record<string, JsonRunner>> = {
  "tssc": runTssc,
  "compact-measurement": runCompactMeasurements,
  "compact-data-packet": runCompactPackets,
  "signal-index-cache": runSignalIndexCache,
  "update-base-times": runBaseTimes,
  "update-cipher-keys": runCipherKeys,
  "client-commands": runClientCommands,
  "publisher-session": runPublisherSessions,
  "metadata-xml": runMetadata,
};

/** Runs one file; a file that is not understood is a failure. */
export function run(file: VectorFile, report: Report): void {
  if (file.name === "README.md") return report.pass("nothing to run");
  const text = new TextDecoder().decode(file.bytes);
  if (file.name.endsWith(".xml")) return runMetadataXml(text, file, report);
  if (!file.name.endsWith(".json")) return report.fail("file", "expected .json or .xml");
  const content: unknown = JSON.parse(text);
  if (typeof content !== "object" || content === null || !("kind" in content)) {
    return report.fail("file", `expected an object with a "kind"`);
  }
  const kind = String(content.kind);
  const runner = Object.hasOwn(RUNNERS, kind) ? RUNNERS[kind] : undefined;
  if (!runner) return report.fail("file", `expected a known kind, found "${kind}"`);
  // An object, as was checked above; the runner compares what it reads from it.
  runner(content as Record<string, unknown>, report);
}
