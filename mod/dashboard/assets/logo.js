/**
 * Two bus bars and the line between them.
 *
 * @module
 */
import { svg } from "./dom.js";

/** @param {number} size Pixels. */
export function logo(size) {
  return svg(
    "svg",
    { width: size, height: size, viewBox: "0 0 22 22", "aria-hidden": "true" },
    svg("path", { d: "M3 2v18M19 2v18", stroke: "currentColor", "stroke-width": 2.5 }),
    svg("path", { d: "M3 11h16", stroke: "var(--accent)", "stroke-width": 2 }),
    svg("rect", { x: 7.5, y: 7.5, width: 7, height: 7, fill: "var(--accent)" }),
  );
}
