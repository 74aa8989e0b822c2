/**
 * Random streams for the property tests, and a model of the format that is slow and plain.
 *
 * @module
 */
import fc from "fast-check";
import { gzipSync } from "node:zlib";
import { type Instant, uuidToBytes } from "../core/mod.ts";
import type { Columns, SpatialReferences, StreamOptions } from "./mod.ts";

/** A stream's options, one message of it, and when it begins. */
export interface Sample {
  readonly options: StreamOptions;
  readonly columns: Columns;
  readonly count: number;
  readonly time: Instant;
}

const UUID = "6f2b0a3c-91d4-4e57-8a10-5c3e7f1d2b90";

const spatial: fc.Arbitrary<SpatialReferences> = fc.record({
  voltageGroups: fc.nat(3),
  currentGroups: fc.nat(3),
  includeNeutral: fc.boolean(),
});

/** A value that is often small, sometimes a run of what simple8b packs tightest, sometimes anything. */
const column = (count: number): fc.Arbitrary<Int32Array> =>
  fc.oneof(
    fc.array(fc.integer({ min: -0x80000000, max: 0x7fffffff }), {
      minLength: count,
      maxLength: count,
    }),
    fc.array(fc.integer({ min: -3, max: 3 }), { minLength: count, maxLength: count }),
    fc.tuple(fc.integer(), fc.integer({ min: -9, max: 9 }), fc.integer({ min: -2, max: 2 })).map((
      [a, b, c],
    ) =>
      // With c = -1 and third differences of -1 the tail is what selectors 0 and 1 stand for.
      Array.from({ length: count }, (_, k) => a + b * k + (c * k * (k - 1) * (k - 2)) / 6)
    ),
    fc.nat(30).map((bits) =>
      Array.from({ length: count }, (_, k) => Math.round(2 ** bits * Math.sin(k / 7)))
    ),
  ).map((values) => Int32Array.from(values, (value) => value | 0));

const quality = (count: number): fc.Arbitrary<Uint32Array> =>
  fc.oneof(
    fc.nat(0xffffffff).map((word) => new Uint32Array(count).fill(word)),
    fc.array(fc.constantFrom(0, 0, 0, 1, 64, 0xffffffff), { minLength: count, maxLength: count })
      .map((words) => Uint32Array.from(words)),
  );

/** Streams with messages of up to `most` samples. */
export function samples(most: number): fc.Arbitrary<Sample> {
  return fc.record({
    spatial: fc.option(spatial, { nil: undefined }),
    more: fc.nat(4),
    samplesPerMessage: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: most })),
    xor: fc.boolean(),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
    seconds: fc.nat(18_446_744_072),
    nanos: fc.nat(999_999_999),
  }).chain(({ spatial, more, samplesPerMessage, xor, part, seconds, nanos }) => {
    const groups = spatial ? spatial.voltageGroups + spatial.currentGroups : 0;
    const variables = groups * (spatial?.includeNeutral ? 4 : 3) + more + (groups === 0 ? 1 : 0);
    const count = Math.max(1, Math.round(part * samplesPerMessage));
    return fc.record({
      values: fc.tuple(...Array.from({ length: variables }, () => column(count))),
      quality: fc.tuple(...Array.from({ length: variables }, () => quality(count))),
    }).map((columns) => ({
      options: {
        uuid: UUID,
        variables,
        samplingRate: 4800,
        samplesPerMessage,
        xor,
        ...(spatial && { spatial }),
      },
      columns,
      count,
      time: { seconds, nanos },
    }));
  });
}

/** The message of a sample, written with bigint and lists straight from the text of the specification. */
export function modelMessage({ options, columns, count, time }: Sample): Uint8Array {
  const { variables, samplesPerMessage, xor } = options;
  const header = new Uint8Array(24);
  uuidToBytes(options.uuid, header);
  new DataView(header.buffer).setBigUint64(
    16,
    BigInt(time.seconds) * 10n ** 9n + BigInt(time.nanos),
  );
  const minus = (a: number, b: number) => xor ? a ^ b : (a - b) | 0;
  const residuals: number[][] = [];
  for (let v = 0; v < variables; v++) {
    const reference = modelReference(v, options.spatial);
    const layer: number[] = [];
    for (let k = 0; k < count; k++) {
      const x = columns.values[v]![k]!;
      layer.push(reference === undefined ? x : (x - columns.values[reference]![k]!) | 0);
    }
    // Layer j + 1 is the difference of layer j from its element j + 1 on; element j is taken from layer j.
    for (let from = 1; from <= 3; from++) {
      for (let k = count - 1; k >= from; k--) layer[k] = minus(layer[k]!, layer[k - 1]!);
    }
    residuals.push(layer.map((r) => ((r << 1) ^ (r >> 31)) >>> 0));
  }
  const body: number[] = [];
  if (samplesPerMessage <= 16) {
    for (let k = 0; k < count; k++) {
      for (const column of residuals) body.push(...varint(column[k]!));
    }
  } else {
    for (const column of residuals) for (const word of modelWords(column)) body.push(...word);
  }
  for (let v = 0; v < variables; v++) {
    const words = columns.quality[v]!;
    let k = 0;
    while (k < count) {
      let end = k;
      while (end < count && words[end] === words[k]) end++;
      body.push(...varint(words[k]!), ...varint(end === count ? 0 : end - k));
      k = end;
    }
  }
  const packed = count > 4096 ? gzipSync(Uint8Array.from(body)) : body;
  return Uint8Array.from([...header, ...varint(2 * count), ...packed]);
}

function modelReference(v: number, spatial: SpatialReferences | undefined): number | undefined {
  if (!spatial) return undefined;
  const g = spatial.includeNeutral ? 4 : 3;
  const { voltageGroups: gV, currentGroups: gI } = spatial;
  if (g <= v && v < gV * g) return v - g;
  if (v >= g && (gV + 1) * g <= v && v < (gV + gI) * g) return v - g;
  return undefined;
}

const SELECTORS = [
  [60, 1],
  [30, 2],
  [20, 3],
  [15, 4],
  [12, 5],
  [10, 6],
  [8, 7],
  [7, 8],
  [6, 10],
  [5, 12],
  [4, 15],
  [3, 20],
  [2, 30],
  [1, 60],
] as const;

function modelWords(column: readonly number[]): number[][] {
  const words: number[][] = [];
  let rest = column;
  while (rest.length > 0) {
    let word: bigint | undefined;
    let taken = 0;
    for (const [selector, run] of [[0n, 240], [1n, 120]] as const) {
      if (word === undefined && rest.length >= run && rest.every((value) => value === 1)) {
        word = selector << 60n;
        taken = run;
      }
    }
    SELECTORS.forEach(([numbers, bits], i) => {
      const next = rest.slice(0, numbers);
      if (word !== undefined || next.length < numbers) return;
      if (!next.every((value) => value < 2 ** bits)) return;
      word = BigInt(i + 2) << 60n;
      next.forEach((value, at) => word! |= BigInt(value) << BigInt(at * bits));
      taken = numbers;
    });
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, word!);
    words.push([...bytes]);
    rest = rest.slice(taken);
  }
  return words;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}
