/**
 * Trends over time with uPlot: the newest at the right, in the colours of the theme.
 *
 * @module
 */
import uPlot from "./uplot.js";
import { h } from "./dom.js";
import { colour, onTheme } from "./theme.js";

/**
 * @typedef {object} Trace
 * @property {string} name
 * @property {string} colour Name of a colour of the style sheet.
 */

/**
 * @typedef {object} TrendOptions
 * @property {readonly Trace[]} traces
 * @property {number} seconds How far back it reaches.
 * @property {number} [from] How far back it reaches at first, to grow with what comes; all of it if left out.
 * @property {number} capacity Most points.
 * @property {(value: number) => string} format Numbers at the axis.
 * @property {number} [least] Smallest height of the scale.
 * @property {string} label Name for screen readers.
 * @property {string} [empty] What stands there while there is no value.
 */

const FONT = '11px "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif';

/** A trend that grows at its right end. */
export class Trend {
  /** @type {TrendOptions} */
  #options;
  /** @type {(number | null)[][]} */
  #data;
  /** @type {uPlot | undefined} */
  #plot;
  #signal;
  #empty;

  /**
   * @param {TrendOptions} options
   * @param {AbortSignal} signal Ends it.
   */
  constructor(options, signal) {
    this.#options = options;
    this.#signal = signal;
    this.#data = [[], ...options.traces.map(() => [])];
    this.#empty = h("p", { class: "empty none" }, options.empty ?? "");
    /** Where it is drawn; it fills its parent. */
    this.element = h(
      "div",
      { class: "plot", role: "img", "aria-label": options.label },
      this.#empty,
    );
    const resize = new ResizeObserver(() => this.#resize());
    resize.observe(this.element);
    onTheme(() => this.#make(), signal);
    signal.addEventListener("abort", () => {
      resize.disconnect();
      this.#plot?.destroy();
    });
  }

  /** Points that it holds. */
  get length() {
    return this.#data[0]?.length ?? 0;
  }

  /**
   * Adds a point, and forgets what is too old. A time that is not later than the last one is left out.
   *
   * @param {number} seconds Time, seconds since 1970.
   * @param {readonly (number | null)[]} values One per trace; null is a gap.
   */
  push(seconds, values) {
    const [times] = this.#data;
    if (!times || seconds <= (times.at(-1) ?? 0)) return;
    times.push(seconds);
    values.forEach((value, i) => this.#data[i + 1]?.push(value));
    const limit = seconds - this.#options.seconds;
    let gone = Math.max(0, times.length - this.#options.capacity);
    while ((times[gone] ?? Infinity) < limit) gone++;
    if (gone > 0) { for (const column of this.#data) column.splice(0, gone); }
  }

  /** Forgets all points. */
  clear() {
    for (const column of this.#data) column.length = 0;
    this.draw();
  }

  /** Draws what came since the last time. */
  draw() {
    // uPlot's type wants times without gaps, which the first column is.
    this.#empty.hidden = this.#data.slice(1).some((column) => column.some((v) => v !== null));
    this.#plot?.setData(/** @type {import("uplot").AlignedData} */ (this.#data));
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width < 40 || height < 30) return;
    if (this.#plot) this.#plot.setSize({ width, height });
    else this.#make();
  }

  #make() {
    const { clientWidth: width, clientHeight: height } = this.element;
    this.#plot?.destroy();
    if (this.#signal.aborted || width < 40 || height < 30) return;
    const { traces, seconds, from = seconds, format, least = 0 } = this.#options;
    const axis = {
      stroke: colour("--muted"),
      font: FONT,
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
    };
    this.#plot = new uPlot(
      {
        width,
        height,
        // Half of the last time has its place at the right.
        padding: [8, 26, 0, 0],
        legend: { show: false },
        cursor: { drag: { x: false, y: false }, points: { size: 6 } },
        tzDate: (ts) => uPlot.tzDate(new Date(ts * 1000), "Etc/UTC"),
        scales: {
          x: {
            range: (_, min, max) => {
              const end = max ?? Date.now() / 1000, begin = min ?? end;
              return [end - Math.min(seconds, Math.max(from, end - begin)), end];
            },
          },
          y: {
            range: (_, low, high) => {
              const min = low ?? 0, max = high ?? 1, middle = (min + max) / 2;
              // A value that stands still needs some height, too.
              const height = Math.max(max - min, least, Math.abs(middle) * 1e-6, 1e-9);
              return [middle - 0.58 * height, middle + 0.58 * height];
            },
          },
        },
        axes: [
          { ...axis, size: 24, space: 90, values: "{HH}:{mm}:{ss}" },
          { ...axis, size: 62, space: 28, values: (_, splits) => splits.map(format) },
        ],
        series: [
          {},
          ...traces.map((trace) => ({
            label: trace.name,
            stroke: colour(trace.colour),
            width: 1.5,
            points: { show: false },
          })),
        ],
      },
      /** @type {import("uplot").AlignedData} */ (this.#data), // see draw
      this.element,
    );
  }
}
