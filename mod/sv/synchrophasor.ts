/**
 * The synchrophasor data set of IEC TR 61850-90-5: STAT, phasors, frequency, analogs and digitals without tags.
 *
 * The layout is not in the frame: it comes from a C37.118 configuration or from SCL. Magnitude comes
 * before angle as implementations send it, though the published table names them the other way round.
 *
 * @module
 */

/** How many values one PMU has. */
export interface SynchrophasorPmu {
  /** Phasors: two FLOAT32 each, magnitude and angle in degrees. */
  readonly phasors: number;
  /** Analogs: FLOAT32. */
  readonly analogs: number;
  /** Digital words of 16 flags. */
  readonly digitals: number;
}

/** Choices of a {@linkcode SynchrophasorDataSet}. */
export interface SynchrophasorOptions {
  /** The angle stands before the magnitude. Default false. */
  readonly angleFirst?: boolean;
}

/** Reads and writes `seqData` of one layout. */
export class SynchrophasorDataSet {
  /** Octets of `seqData`. */
  readonly size: number;
  /** Number of values: by PMU magnitude and angle of each phasor, FREQ, DFREQ, analogs, digital words. */
  readonly count: number;
  /** PMUs in the order of the data set. */
  readonly pmus: readonly SynchrophasorPmu[];
  readonly #angleFirst: boolean;

  /** Takes the layout. */
  constructor(pmus: readonly SynchrophasorPmu[], options: SynchrophasorOptions = {}) {
    this.pmus = pmus;
    this.#angleFirst = options.angleFirst ?? false;
    this.size = pmus.reduce(
      (sum, p) => sum + 10 + 8 * p.phasors + 4 * p.analogs + 2 * p.digitals,
      0,
    );
    this.count = pmus.reduce((sum, p) => sum + 2 + 2 * p.phasors + p.analogs + p.digitals, 0);
  }

  /**
   * Reads `length` octets at `offset` of `view` into `values` (`count` of them; angles in degrees) and
   * `stats` (STAT of each PMU); false, with nothing read, where the length is not that of the layout.
   */
  decode(
    view: DataView,
    offset: number,
    length: number,
    values: Float32Array | Float64Array,
    stats: Uint16Array,
  ): boolean {
    if (length !== this.size) return false;
    const swap = this.#angleFirst ? 1 : 0;
    let at = offset, n = 0;
    for (let p = 0; p < this.pmus.length; p++) {
      const { phasors, analogs, digitals } = this.pmus[p]!;
      stats[p] = view.getUint16(at);
      at += 2;
      for (let i = 0; i < 2 * phasors; i++, at += 4) values[n + (i ^ swap)] = view.getFloat32(at);
      n += 2 * phasors;
      for (let i = 0; i < 2 + analogs; i++, at += 4) values[n++] = view.getFloat32(at);
      for (let i = 0; i < digitals; i++, at += 2) values[n++] = view.getUint16(at);
    }
    return true;
  }

  /** The way back: `seqData` of `values` and `stats`. */
  encode(values: ArrayLike<number>, stats: ArrayLike<number>): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.size);
    const view = new DataView(bytes.buffer);
    const swap = this.#angleFirst ? 1 : 0;
    let at = 0, n = 0;
    this.pmus.forEach(({ phasors, analogs, digitals }, p) => {
      view.setUint16(at, stats[p]!);
      at += 2;
      for (let i = 0; i < 2 * phasors; i++, at += 4) view.setFloat32(at, values[n + (i ^ swap)]!);
      n += 2 * phasors;
      for (let i = 0; i < 2 + analogs; i++, at += 4) view.setFloat32(at, values[n++]!);
      for (let i = 0; i < digitals; i++, at += 2) view.setUint16(at, values[n++]!);
    });
    return bytes;
  }
}
