/**
 * Filters for down-sampling: one value from several, by kind of signal (specs/concentrator.md, section 5).
 *
 * @module
 */

/**
 * The wrap-aware average of angles in degrees, in (-180, 180].
 *
 * The angles are unwrapped in their order, averaged and wrapped again. NaN is left out; nothing but NaN gives NaN.
 */
export function averageDegrees(values: ArrayLike<number>, count: number = values.length): number {
  let sum = 0, n = 0, last = 0;
  for (let i = 0; i < count; i++) {
    let value = values[i]!;
    if (value !== value) continue;
    if (n > 0) value -= 360 * Math.round((value - last) / 360);
    sum += value;
    last = value;
    n++;
  }
  if (n === 0) return NaN;
  const mean = sum / n;
  const wrapped = mean - 360 * Math.round(mean / 360);
  return wrapped <= -180 ? wrapped + 360 : wrapped;
}

/** The arithmetic average of the first `count` values; NaN is left out, nothing but NaN gives NaN. */
export function average(values: ArrayLike<number>, count: number = values.length): number {
  let sum = 0, n = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    if (value !== value) continue;
    sum += value;
    n++;
  }
  return n > 0 ? sum / n : NaN;
}

/** The most frequent of the first `count` values, the first seen of equally frequent ones; NaN is left out. */
export function majority(values: ArrayLike<number>, count: number = values.length): number {
  let best = NaN, bestVotes = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    let votes = 0;
    for (let j = 0; j < count; j++) if (values[j] === value) votes++;
    if (votes > bestVotes) {
      best = value;
      bestVotes = votes;
    }
  }
  return best;
}
