/**
 * A phasor diagram on a canvas: voltages and currents, each to the scale of the largest of its kind.
 *
 * @module
 */
import { h } from "./dom.js";
import { quantity } from "./format.js";
import { colour, onTheme } from "./theme.js";

/**
 * @typedef {object} Phasor
 * @property {string} label
 * @property {string} phase A, B, C or anything else.
 * @property {boolean} current
 * @property {string} unit
 * @property {number | null} magnitude
 * @property {number | null} angle Degrees.
 */

const FONT = '11px "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif';
const RADIANS = Math.PI / 180;
/** Pixels below which an arrow says nothing: a residual of nothing has no angle. */
const SHORTEST = 6;

/** Name of the colour of a phase. @param {string} phase */
export function phaseColour(phase) {
  const name = phase.toLowerCase();
  return /^[abc]$/.test(name) ? `--phase-${name}` : "--phase-x";
}

/** The diagram. */
export class Dial {
  #canvas;
  /** @type {readonly Phasor[]} */
  #phasors = [];
  #scale = 1;

  /** @param {AbortSignal} signal Ends it. */
  constructor(signal) {
    this.#canvas = h("canvas", { class: "dial", role: "img", "aria-label": "Phasor diagram" });
    /** Where it is drawn; it fills its parent. */
    this.element = h("div", { class: "plot" }, this.#canvas);
    const resize = new ResizeObserver(() => this.#resize());
    resize.observe(this.element);
    onTheme(() => this.#paint(), signal);
    signal.addEventListener("abort", () => resize.disconnect());
  }

  /** @param {readonly Phasor[]} phasors */
  draw(phasors) {
    this.#phasors = phasors;
    this.#paint();
  }

  #resize() {
    this.#scale = devicePixelRatio || 1;
    this.#canvas.width = Math.round(this.element.clientWidth * this.#scale);
    this.#canvas.height = Math.round(this.element.clientHeight * this.#scale);
    this.#paint();
  }

  #paint() {
    const g = this.#canvas.getContext("2d");
    if (!g) return;
    const width = this.#canvas.width / this.#scale, height = this.#canvas.height / this.#scale;
    const radius = Math.min(width / 2 - 34, height / 2 - 22);
    if (radius < 20) return;
    g.setTransform(this.#scale, 0, 0, this.#scale, 0, 0);
    g.clearRect(0, 0, width, height);
    g.translate(width / 2, height / 2);
    scaleOf(g, radius);
    const largest = [false, true].map((current) =>
      Math.max(
        ...this.#phasors.filter((p) => p.current === current).map((p) => p.magnitude ?? 0),
        1e-9,
      )
    );
    this.#tellScale(g, largest, width, height);
    // Voltages reach to the rim, currents to two thirds of it, so that both can be read.
    for (const phasor of this.#phasors) {
      const { magnitude, angle, current } = phasor;
      if (magnitude === null || angle === null) continue;
      const share = magnitude / (largest[current ? 1 : 0] ?? 1);
      const length = share * radius * (current ? 2 / 3 : 1);
      if (length > SHORTEST) arrow(g, phasor, length, angle);
    }
  }

  /**
   * What the lengths stand for, below the diagram: solid to the rim, dashed to the second ring.
   *
   * @param {CanvasRenderingContext2D} g
   * @param {readonly number[]} largest Of voltages and currents.
   * @param {number} width
   * @param {number} height
   */
  #tellScale(g, largest, width, height) {
    g.fillStyle = colour("--muted");
    g.font = FONT;
    g.textBaseline = "bottom";
    for (const current of [false, true]) {
      const one = this.#phasors.find((p) => p.current === current);
      const value = largest[current ? 1 : 0] ?? 0;
      if (!one || value <= 1e-9) continue;
      g.textAlign = current ? "right" : "left";
      const x = (width / 2 - 8) * (current ? 1 : -1);
      g.fillText(
        `${current ? "second ring" : "rim"} ${quantity(value, "", one.unit)}`,
        x,
        height / 2 - 6,
      );
    }
  }
}

/**
 * Rings and spokes.
 *
 * @param {CanvasRenderingContext2D} g
 * @param {number} radius
 */
function scaleOf(g, radius) {
  g.lineWidth = 1;
  g.strokeStyle = colour("--line");
  for (let degrees = 0; degrees < 360; degrees += 30) {
    const x = Math.cos(degrees * RADIANS), y = -Math.sin(degrees * RADIANS);
    const from = degrees % 90 === 0 ? 0 : radius / 3;
    g.beginPath();
    g.moveTo(x * from, y * from);
    g.lineTo(x * radius, y * radius);
    g.stroke();
  }
  for (const share of [1 / 3, 2 / 3]) {
    g.beginPath();
    g.arc(0, 0, radius * share, 0, 2 * Math.PI);
    g.stroke();
  }
  g.strokeStyle = colour("--edge");
  g.beginPath();
  g.arc(0, 0, radius, 0, 2 * Math.PI);
  g.stroke();
  g.fillStyle = colour("--muted");
  g.font = FONT;
  g.textAlign = "center";
  g.textBaseline = "middle";
  for (
    const [text, x, y] of /** @type {const} */ ([["0°", 1, 0], ["90°", 0, -1], ["180°", -1, 0], [
      "−90°",
      0,
      1,
    ]])
  ) {
    g.fillText(text, x * (radius + 20), y * (radius + 12));
  }
}

/**
 * @param {CanvasRenderingContext2D} g
 * @param {Phasor} phasor
 * @param {number} length
 * @param {number} degrees
 */
function arrow(g, { label, phase, current }, length, degrees) {
  const x = Math.cos(degrees * RADIANS), y = -Math.sin(degrees * RADIANS);
  const head = Math.min(9, length / 2);
  g.strokeStyle = g.fillStyle = colour(phaseColour(phase));
  g.lineWidth = current ? 1.5 : 2.5;
  g.setLineDash(current ? [5, 3] : []);
  g.beginPath();
  g.moveTo(0, 0);
  g.lineTo(x * (length - head), y * (length - head));
  g.stroke();
  g.setLineDash([]);
  g.beginPath();
  g.moveTo(x * length, y * length);
  g.lineTo(x * (length - head) - y * head * 0.45, y * (length - head) + x * head * 0.45);
  g.lineTo(x * (length - head) + y * head * 0.45, y * (length - head) - x * head * 0.45);
  g.fill();
  const short = label.split(" ").at(-1) ?? label;
  g.font = `600 ${FONT}`;
  g.textAlign = "center";
  g.textBaseline = "middle";
  // Sequences lie on phase A: their names stand on the other side.
  const side = /^[abc]$/i.test(phase) ? 12 : -12;
  g.fillText(short, x * (length - 22) - y * side, y * (length - 22) + x * side);
}
