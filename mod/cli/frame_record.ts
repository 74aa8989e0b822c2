/**
 * Event records of synchrophasors, as `tieline slipstream info` tells of them.
 *
 * @module
 */
import { formatInstant } from "../core/mod.ts";
import { frameParts, type FrameRecordContent } from "../event/mod.ts";

/** What `info` tells. */
export interface FrameRecordInfo {
  readonly device: string;
  readonly title: string;
  readonly source: string;
  readonly protocol: string;
  readonly idCode: number;
  readonly recordedBy: string;
  readonly begins: string;
  readonly frames: number;
  readonly framesPerSecond: number;
  readonly channels: readonly string[];
  readonly triggers: readonly string[];
  readonly lostFrames: number;
  readonly missingFrames: number;
  readonly shortFrames: number;
  readonly isCut: boolean;
  /** Runs of frames without a step of the clock. */
  readonly parts: readonly { readonly begins: string; readonly frames: number }[];
}

/** What is in a record of frames. */
export function frameInfoOf(content: FrameRecordContent): FrameRecordInfo {
  const { stream, gateway, triggers, frames } = content;
  const parts = frameParts(content).map((part) => ({
    begins: formatInstant({ seconds: frames.seconds[part[0]!]!, nanos: frames.nanos[part[0]!]! }),
    frames: part.length,
  }));
  return {
    device: stream.name,
    title: stream.title,
    source: stream.source,
    protocol: stream.protocol,
    idCode: stream.idCode,
    recordedBy: [gateway.name, gateway.program].filter((text) => text !== "").join(", "),
    begins: parts[0]?.begins ?? "",
    frames: frames.count,
    framesPerSecond: stream.rate,
    channels: stream.channels.map(({ name, unit }) => unit === "" ? name : `${name} [${unit}]`),
    triggers: triggers.map(({ name, kind, at }) => `${formatInstant(at)} ${name} (${kind})`),
    lostFrames: content.lostFrames,
    missingFrames: content.missingFrames,
    shortFrames: content.shortFrames,
    isCut: content.isCut,
    parts,
  };
}

/** The same as lines for people. */
export function frameTextOf(info: FrameRecordInfo): string {
  const lacks = [
    info.lostFrames > 0 ? `${info.lostFrames} lost` : "",
    info.missingFrames > 0 ? `${info.missingFrames} missing` : "",
    info.shortFrames > 0 ? `${info.shortFrames} older than what was kept` : "",
    info.isCut ? "cut before its end" : "",
  ].filter((text) => text !== "");
  return [
    `device      ${info.device}${info.title === info.device ? "" : ` (${info.title})`}`,
    `source      ${info.source}, ${info.protocol}, ID ${info.idCode}`,
    `recorded by ${info.recordedBy}`,
    `begins      ${info.begins}`,
    `frames      ${info.frames} at ${info.framesPerSecond}/s` +
    (info.parts.length > 1 ? ` in ${info.parts.length} parts` : "") +
    (lacks.length > 0 ? `; ${lacks.join(", ")}` : ""),
    `channels    ${info.channels.join(", ")}`,
    ...info.triggers.map((trigger) => `trigger     ${trigger}`),
  ].join("\n");
}
