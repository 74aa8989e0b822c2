/**
 * Differences over time and between groups, and back (specs/slipstream.md 4).
 *
 * Sample k is sent as its difference of order min(k, 3), zig-zag mapped. The reference knows a
 * number of layers for each sampling rate, but all of them are 3; so it is written out here.
 *
 * All arithmetic is modulo 2^32. Columns are read from position `p` on and wrap at the end of their
 * array, so that a ring needs no copy.
 *
 * @module
 */

/** Writes the zig-zag residuals of `n` values by subtraction, at `at` of `out`. */
export function subtractInTime(
  x: Int32Array,
  p: number,
  n: number,
  out: Uint32Array,
  at: number,
): void {
  const size = x.length, end = at + n;
  let value = x[p]!;
  out[at++] = zigZag(value);
  if (n === 1) return;
  if (++p === size) p = 0;
  let next = x[p]!;
  let d1 = (next - value) | 0, d2 = 0;
  value = next;
  out[at++] = zigZag(d1);
  if (n === 2) return;
  if (++p === size) p = 0;
  next = x[p]!;
  let e1 = (next - value) | 0;
  d2 = (e1 - d1) | 0;
  value = next;
  d1 = e1;
  out[at++] = zigZag(d2);
  while (at < end) {
    if (++p === size) p = 0;
    next = x[p]!;
    e1 = (next - value) | 0;
    const e2 = (e1 - d1) | 0;
    out[at++] = zigZag((e2 - d2) | 0);
    value = next;
    d1 = e1;
    d2 = e2;
  }
}

/** As {@linkcode subtractInTime}, by XOR. */
export function xorInTime(
  x: Int32Array,
  p: number,
  n: number,
  out: Uint32Array,
  at: number,
): void {
  const size = x.length;
  let value = 0, d1 = 0, d2 = 0;
  for (let k = 0; k < n; k++) {
    const next = x[p]!;
    if (++p === size) p = 0;
    const e1 = next ^ value;
    const e2 = e1 ^ d1;
    out[at + k] = zigZag(k > 2 ? e2 ^ d2 : k === 2 ? e2 : e1);
    value = next;
    // The first value is no difference: the layers above start with the samples after it.
    d1 = k === 0 ? 0 : e1;
    d2 = k < 2 ? 0 : e2;
  }
}

/** Turns `n` zig-zag residuals by subtraction, from `at` of `residuals`, into values at the start of `x`. */
export function addInTime(residuals: Int32Array, at: number, x: Int32Array, n: number): void {
  let value = unZigZag(residuals[at]!);
  x[0] = value;
  if (n === 1) return;
  let d1 = unZigZag(residuals[at + 1]!);
  value = (value + d1) | 0;
  x[1] = value;
  if (n === 2) return;
  let d2 = unZigZag(residuals[at + 2]!);
  d1 = (d1 + d2) | 0;
  value = (value + d1) | 0;
  x[2] = value;
  for (let k = 3; k < n; k++) {
    d2 = (d2 + unZigZag(residuals[at + k]!)) | 0;
    d1 = (d1 + d2) | 0;
    value = (value + d1) | 0;
    x[k] = value;
  }
}

/** As {@linkcode addInTime}, by XOR. */
export function xorBackInTime(residuals: Int32Array, at: number, x: Int32Array, n: number): void {
  let value = 0, d1 = 0, d2 = 0;
  for (let k = 0; k < n; k++) {
    const r = unZigZag(residuals[at + k]!);
    if (k > 1) {
      d2 = k > 2 ? d2 ^ r : r;
      d1 ^= d2;
    } else if (k === 1) {
      d1 = r;
    }
    value = k === 0 ? r : value ^ d1;
    x[k] = value;
  }
}

/** Writes `x` less its reference, `n` values from position `p` of both, to the start of `out`. */
export function subtractReference(
  x: Int32Array,
  reference: Int32Array,
  p: number,
  n: number,
  out: Int32Array,
): void {
  const size = x.length;
  for (let k = 0; k < n; k++) {
    out[k] = x[p]! - reference[p]!;
    if (++p === size) p = 0;
  }
}

/** Adds its reference to `x`, `n` values, in place. */
export function addReference(x: Int32Array, reference: Int32Array, n: number): void {
  for (let k = 0; k < n; k++) x[k] = x[k]! + reference[k]!;
}

/** So that small numbers of either sign are small; stored as unsigned by the caller. */
function zigZag(r: number): number {
  return (r << 1) ^ (r >> 31);
}

function unZigZag(u: number): number {
  return (u >>> 1) ^ -(u & 1);
}
