/**
 * Frames for the tests of sample streams: made, decoded and handed over as a capture does it.
 *
 * @module
 */
import { type AsduFields, encodeFrame, seqDataOf } from "./encode.ts";
import { SvFrame } from "./frame.ts";
import { SvReject } from "./reject.ts";
import type { SampleStream } from "./sample_stream.ts";

/** The second in which all tests begin. */
export const S = 1_700_000_000;

/** What a test says of a frame; one ASDU for each count. */
export interface Feed {
  readonly counts: readonly number[];
  /** Arrival in seconds after S. */
  readonly at: number;
  readonly synch?: number;
  /** First value of each ASDU; the count unless it is said. */
  readonly values?: readonly number[];
  readonly channels?: number;
  readonly simulated?: boolean;
  readonly asdu?: Partial<AsduFields>;
}

const frame = new SvFrame();

/** Hands a frame over; returns the notices. Its octets are overwritten afterwards. */
export function feed(stream: SampleStream, given: Feed): number {
  const channels = given.channels ?? stream.ring.values.length;
  const bytes = encodeFrame({
    destination: new Uint8Array(6),
    source: new Uint8Array(6),
    appid: 0x4000,
    asdus: given.counts.map((smpCnt, i) => ({
      svID: "MU",
      smpCnt,
      confRev: 1,
      smpSynch: given.synch ?? 2,
      seqData: seqDataOf(
        Array.from({ length: channels }, (_, c) => (given.values?.[i] ?? smpCnt) + 1000 * c),
        new Uint32Array(channels),
      ),
      ...given.asdu,
    })),
  });
  if (frame.decode(bytes, 0, bytes.length) !== SvReject.None) throw new Error("no frame");
  const seconds = Math.floor(given.at), nanos = Math.round((given.at - seconds) * 1e9);
  const notice = stream.accept(
    bytes,
    new DataView(bytes.buffer),
    frame.pdu,
    0,
    frame.pdu.noASDU,
    S + seconds,
    nanos,
    given.simulated ?? false,
  );
  bytes.fill(0xee);
  return notice;
}

/** Lets time pass to `at` seconds after S. */
export function pass(stream: SampleStream, at: number): number {
  const seconds = Math.floor(at);
  return stream.poll(S + seconds, Math.round((at - seconds) * 1e9));
}

/** The ring's content as `k:value` after S, `-` for a filled sample. */
export function content(stream: SampleStream): string[] {
  const { ring } = stream;
  const found: string[] = [];
  for (let k = ring.first; k < ring.next; k++) {
    const at = k % ring.capacity;
    const filled = (ring.marks[at]! & 1) !== 0;
    found.push(`${k - S * ring.rate}:${filled ? "-" : ring.values[0]![at]}`);
  }
  return found;
}
