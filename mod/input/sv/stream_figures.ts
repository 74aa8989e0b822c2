/**
 * What capture says of a stream once a second; JSON-safe.
 *
 * @module
 */
import type { RecordingFigures } from "./recording.ts";
import { FRAME_DROPS, type Intake, type StreamState } from "./intake.ts";
import { StreamIntake } from "./stream_intake.ts";
import { SynchrophasorIntake } from "./synchrophasor_intake.ts";

/** Figures of one stream since capture began, but for delays, which are those of the last second. */
export interface StreamFigures {
  /** Number in the options. */
  readonly stream: number;
  /** State. */
  readonly state: StreamState;
  /** Samples are dropped because the data set, `confRev` or rate is not what is configured. */
  readonly misconfigured: boolean;
  /** Simulated frames are taken. */
  readonly simulated: boolean;
  /** Source address of the publisher; null before the first frame. */
  readonly source: string | null;
  /** Frames: received = taken + dropped. */
  readonly frames: {
    /** Frames that came. */
    readonly received: number;
    /** Frames whose samples were handed on. */
    readonly taken: number;
    /** Frames that were not, by reason. */
    readonly dropped: Readonly<Record<string, number>>;
  };
  /** Samples (or synchrophasor reports) by what became of them: received is the sum of all but reordered, missing, resync, lost, irregular. */
  readonly samples: Readonly<Record<string, number>>;
  /** Times that it was lost. */
  readonly losses: number;
  /** Times that `confRev` changed. */
  readonly confRevChanges: number;
  /** Times that another publisher took over. */
  readonly publisherChanges: number;
  /** `confRev` of the last frame; null before it. */
  readonly confRev: number | null;
  /** `smpSynch` of the last frame; null before it. */
  readonly smpSynch: number | null;
  /** Frames that were made of it. */
  readonly reports: number;
  /** Reporting instants without a frame. */
  readonly skipped: number;
  /** From sample to arrival, in milliseconds; null without frames. */
  readonly delayMs: { readonly min: number; readonly max: number } | null;
  /** Offset of a local or free-running clock against ours, in milliseconds. */
  readonly clockOffsetMs: number;
  /** Seconds of samples that are held now. */
  readonly heldSeconds: number;
  /** What its recorder tells; absent where nothing is recorded. */
  readonly recording?: RecordingFigures;
}

/** The figures of a stream; the extremes of its delay begin anew. */
export function streamFigures(intake: Intake): StreamFigures {
  return {
    stream: intake.number,
    state: intake.state,
    misconfigured: intake.isMisconfigured,
    simulated: intake.isSimulated,
    source: intake.sourceHigh < 0 ? null : sourceText(intake.sourceHigh, intake.sourceLow),
    frames: {
      received: intake.frames,
      taken: intake.taken,
      dropped: Object.fromEntries(FRAME_DROPS.map((word, i) => [word, intake.dropped[i]!])),
    },
    losses: intake.losses,
    confRevChanges: intake.confRevChanges,
    publisherChanges: intake.publisherChanges,
    confRev: intake.confRev < 0 ? null : intake.confRev,
    smpSynch: intake.smpSynch < 0 ? null : intake.smpSynch,
    reports: intake.reports,
    ...(intake instanceof StreamIntake ? ofSamples(intake) : ofReports(intake)),
  };
}

type OfKind = Pick<
  StreamFigures,
  "samples" | "skipped" | "delayMs" | "clockOffsetMs" | "heldSeconds"
>;

function ofSamples(intake: StreamIntake): OfKind {
  const { samples, ring, delayMin, delayMax, skipped } = intake;
  intake.delayMin = Infinity;
  intake.delayMax = -Infinity;
  return {
    samples: { ...samples.counters },
    skipped,
    delayMs: delayMax < delayMin ? null : { min: delayMin / 1e6, max: delayMax / 1e6 },
    clockOffsetMs: samples.clock.offsetNanos / 1e6,
    heldSeconds: (ring.next - ring.first) / ring.rate,
  };
}

function ofReports(intake: Intake): OfKind {
  const samples = intake instanceof SynchrophasorIntake ? { ...intake.counters } : {};
  return { samples, skipped: 0, delayMs: null, clockOffsetMs: 0, heldSeconds: 0 };
}

function sourceText(high: number, low: number): string {
  const hex = high.toString(16).padStart(4, "0") + (low >>> 0).toString(16).padStart(8, "0");
  return hex.match(/../g)!.join(":"); // twelve digits make six pairs
}
