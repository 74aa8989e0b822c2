/**
 * Symmetrical components of three phasors.
 *
 * @module
 */

/** @typedef {readonly [magnitude: number, degrees: number]} Polar */

const RADIANS = Math.PI / 180;

/**
 * Magnitudes of the zero, positive and negative sequence (Fortescue), in the unit of the phasors.
 *
 * @param {Polar} a
 * @param {Polar} b
 * @param {Polar} c
 */
export function sequences(a, b, c) {
  const of = (/** @type {number} */ turn) => {
    let x = 0, y = 0;
    [a, b, c].forEach(([magnitude, degrees], i) => {
      const angle = (degrees + turn * i) * RADIANS;
      x += magnitude * Math.cos(angle);
      y += magnitude * Math.sin(angle);
    });
    return Math.hypot(x, y) / 3;
  };
  return { zero: of(0), positive: of(120), negative: of(240) };
}
