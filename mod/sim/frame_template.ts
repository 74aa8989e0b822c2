/**
 * A frame that is made once and then changed in place, sample after sample.
 *
 * @module
 */
import {
  type AsduFields,
  encodeFrame,
  fractionOfNanos,
  macBytes,
  parseFrame,
  SmpMod,
  type SvPdu,
  UtcTimeQuality,
  writeUtcTime,
} from "../sv/mod.ts";
import type { MergingUnitOptions } from "./merging_unit_options.ts";

/** Significant bits of the fraction that a good clock tells: about 60 ns. */
const ACCURACY_BITS = 24;

/** The octets of one merging unit's frames. */
export class FrameTemplate {
  /** The frame as it stands. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView<ArrayBuffer>;
  readonly #pdu: SvPdu;

  /** Encodes the frame. Throws a RangeError for options that it cannot carry. */
  constructor(options: MergingUnitOptions) {
    const { rate, asdus = 1, currents = 4, voltages = 4 } = options;
    if (!Number.isInteger(rate) || rate < 1 || rate % asdus !== 0) {
      throw new RangeError(
        `Cannot make frames of a merging unit: expected a whole rate that ${asdus} ASDUs divide, found ${rate}`,
      );
    }
    const asdu: AsduFields = {
      svID: options.svId,
      ...(options.datSet !== undefined && { datSet: options.datSet }),
      smpCnt: rate > 65_536 ? rate - 1 : 0, // as wide as the counts will be
      confRev: options.confRev ?? 1,
      ...(options.refrTm && { refrTm: new Uint8Array(8) }),
      smpSynch: 0,
      ...(options.smpRate && { smpRate: rate, smpMod: SmpMod.PerSecond }),
      seqData: new Uint8Array(8 * (currents + voltages)),
      ...(options.gmIdentity && { gmIdentity: options.gmIdentity }),
    };
    this.bytes = encodeFrame({
      destination: options.destination ?? macBytes("01:0c:cd:04:00:01"),
      source: options.source ?? macBytes("02:00:00:00:00:01"),
      tags: options.vlan === undefined ? [] : [{ vid: options.vlan, pcp: options.priority ?? 4 }],
      appid: options.appid ?? 0x4000,
      simulation: options.simulation ?? false,
      asdus: Array.from({ length: asdus }, () => asdu),
    });
    this.#view = new DataView(this.bytes.buffer);
    this.#pdu = parseFrame(this.bytes).pdu;
  }

  /** Sets `smpCnt` of an ASDU. */
  setSmpCnt(asdu: number, smpCnt: number): void {
    const at = this.#pdu.smpCntOffset[asdu]!;
    if (this.#pdu.smpCntLength[asdu] === 4) this.#view.setUint32(at, smpCnt);
    else this.#view.setUint16(at, smpCnt);
  }

  /** Sets `smpSynch` of all ASDUs. */
  setSmpSynch(smpSynch: number): void {
    const { noASDU, smpSynchOffset } = this.#pdu;
    for (let i = 0; i < noASDU; i++) this.bytes[smpSynchOffset[i]!] = smpSynch;
  }

  /** Sets `refrTm` of an ASDU, where there is one. */
  setRefrTm(asdu: number, seconds: number, nanos: number, isSynchronised: boolean): void {
    const at = this.#pdu.refrTmOffset[asdu]!;
    if (at < 0) return;
    const quality = UtcTimeQuality.LeapSecondsKnown | ACCURACY_BITS |
      (isSynchronised ? 0 : UtcTimeQuality.ClockNotSynchronized);
    writeUtcTime(this.bytes, at, seconds, fractionOfNanos(nanos), quality);
  }

  /** Sets value and quality of a channel of an ASDU; values beyond 32 bits stay at the end of the range. */
  setValue(asdu: number, channel: number, value: number, quality: number): void {
    const at = this.#pdu.seqDataOffset[asdu]! + 8 * channel;
    this.#view.setInt32(at, Math.max(-2147483648, Math.min(2147483647, value)));
    this.#view.setInt32(at + 4, quality);
  }
}
