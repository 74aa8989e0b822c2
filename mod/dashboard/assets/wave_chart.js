/**
 * A chart of recorded waveforms: zoom by dragging, all of it by a double click, two cursors.
 *
 * @module
 */
import uPlot from "./uplot.js";
import { h } from "./dom.js";
import { colour, onTheme } from "./theme.js";

/** @typedef {{ name: string, colour: string, dashed: boolean, values: Float64Array }} Curve */

const FONT = '11px "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif';

/** Charts that zoom together. */
export class WaveCharts {
  /** @type {WaveChart[]} */
  #charts = [];
  /** What they show, in milliseconds; undefined for all. @type {readonly [number, number] | undefined} */
  range;
  /** Times of the cursors in milliseconds; NaN for none. @type {[number, number]} */
  #cursors = [NaN, NaN];
  #signal;

  /** @param {AbortSignal} signal Ends them. */
  constructor(signal) {
    this.#signal = signal;
  }

  /**
   * Adds a chart and gives its element.
   *
   * @param {Float64Array} times
   * @param {readonly Curve[]} curves
   * @param {{ readonly unit: string, readonly label: string }} axis Unit of the values, and a name for screen readers.
   * @param {(ms: number, second: boolean) => void} onPick Told where was clicked, and whether with Shift.
   */
  add(times, curves, axis, onPick) {
    const chart = new WaveChart(times, curves, axis, {
      picked: onPick,
      zoomed: (low, high) => this.zoom(low, high),
      cursors: () => this.#cursors,
    }, this.#signal);
    this.#charts.push(chart);
    return chart.element;
  }

  /**
   * @param {number} low Milliseconds.
   * @param {number} high
   */
  zoom(low, high) {
    this.range = [low, high];
    for (const chart of this.#charts) chart.zoom(low, high);
  }

  /**
   * @param {number} first Milliseconds; NaN for none.
   * @param {number} second
   */
  setCursors(first, second) {
    this.#cursors = [first, second];
    for (const chart of this.#charts) chart.redraw();
  }
}

class WaveChart {
  /** @type {uPlot | undefined} */
  #plot;
  #times;
  #curves;
  #events;
  #signal;
  #unit;
  /** @type {[number, number]} */
  #range;

  /**
   * @param {Float64Array} times
   * @param {readonly Curve[]} curves
   * @param {{ readonly unit: string, readonly label: string }} axis
   * @param {{ picked: (ms: number, second: boolean) => void, zoomed: (low: number, high: number) => void, cursors: () => readonly [number, number] }} events
   * @param {AbortSignal} signal
   */
  constructor(times, curves, { unit, label }, events, signal) {
    this.#unit = unit;
    this.#times = times;
    this.#curves = curves;
    this.#events = events;
    this.#signal = signal;
    this.#range = this.#whole();
    this.element = h("div", { class: "plot wave", role: "img", "aria-label": label });
    const resize = new ResizeObserver(() => this.#resize());
    resize.observe(this.element);
    onTheme(() => this.#make(), signal);
    signal.addEventListener("abort", () => {
      resize.disconnect();
      this.#plot?.destroy();
    });
  }

  /**
   * @param {number} low
   * @param {number} high
   */
  zoom(low, high) {
    this.#range = [low, high];
    this.#plot?.setScale("x", { min: low, max: high });
  }

  redraw() {
    this.#plot?.redraw(false);
  }

  /** @returns {[number, number]} */
  #whole() {
    return [this.#times[0] ?? 0, this.#times.at(-1) ?? 1];
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width < 60 || height < 40) return;
    if (this.#plot) this.#plot.setSize({ width, height });
    else this.#make();
  }

  #make() {
    const { clientWidth: width, clientHeight: height } = this.element;
    this.#plot?.destroy();
    if (this.#signal.aborted || width < 60 || height < 40) return;
    const axis = {
      stroke: colour("--muted"),
      font: FONT,
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
    };
    const plot = this.#plot = new uPlot(
      {
        width,
        height,
        padding: [8, 10, 0, 0],
        legend: { show: false },
        cursor: { drag: { x: true, y: false, setScale: false }, points: { show: false } },
        scales: { x: { time: false } },
        axes: [
          { ...axis, size: 24, values: (_, splits) => splits.map((ms) => `${shortMs(ms)} ms`) },
          {
            ...axis,
            size: 62,
            values: (_, splits) => splits.map((v) => shortNumber(v, this.#unit)),
          },
        ],
        series: [
          {},
          ...this.#curves.map(({ name, colour: own, dashed }) => ({
            label: name,
            stroke: colour(own),
            width: 1.25,
            points: { show: false },
            ...(dashed && { dash: [5, 3] }),
          })),
        ],
        hooks: {
          draw: [(u) => this.#drawCursors(u)],
          setSelect: [(u) => {
            if (u.select.width > 3) {
              this.#events.zoomed(
                u.posToVal(u.select.left, "x"),
                u.posToVal(u.select.left + u.select.width, "x"),
              );
            }
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          }],
        },
      },
      // uPlot takes typed arrays; its type wants tuples.
      /** @type {import("uplot").AlignedData} */ ([
        this.#times,
        // A gap is null there; NaN would spoil the scale.
        ...this.#curves.map(({ values }) =>
          values.includes(NaN) ? Array.from(values, (v) => Number.isNaN(v) ? null : v) : values
        ),
      ]),
      this.element,
    );
    plot.setScale("x", { min: this.#range[0], max: this.#range[1] });
    let downX = 0;
    plot.over.addEventListener("mousedown", (event) => void (downX = event.clientX));
    plot.over.addEventListener("click", (event) => {
      if (Math.abs(event.clientX - downX) > 3) return; // the end of a drag
      this.#events.picked(plot.posToVal(event.offsetX, "x"), event.shiftKey);
    });
    plot.over.addEventListener("dblclick", () => this.#events.zoomed(...this.#whole()));
  }

  /** @param {uPlot} plot */
  #drawCursors(plot) {
    const { ctx: g, bbox: { left, top, width, height } } = plot;
    const at = (/** @type {number} */ ms) => plot.valToPos(ms, "x", true);
    const line = (
      /** @type {number} */ ms,
      /** @type {string} */ stroke,
      /** @type {string} */ text,
    ) => {
      const x = Math.round(at(ms)) + 0.5;
      if (!(x >= left && x <= left + width)) return;
      g.strokeStyle = g.fillStyle = stroke;
      g.beginPath();
      g.moveTo(x, top);
      g.lineTo(x, top + height);
      g.stroke();
      g.fillText(text, x + 3, text === "trigger" ? top + height - 14 : top + 2);
    };
    g.save();
    g.font = FONT;
    g.textAlign = "left";
    g.textBaseline = "top";
    g.lineWidth = 1;
    g.setLineDash([2, 3]);
    line(0, colour("--muted"), "trigger");
    g.setLineDash([]);
    const [first, second] = this.#events.cursors();
    line(first, colour("--ink"), "A");
    line(second, colour("--accent"), "B");
    g.restore();
    // What is drawn where, for whoever reads the picture by machine.
    const { x, y } = plot.scales;
    this.element.dataset["drawn"] = JSON.stringify({
      x: [x?.min, x?.max],
      y: [y?.min, y?.max],
      box: [left, top, width, height],
    });
  }
}

/** @param {number} ms */
function shortMs(ms) {
  return String(Number(ms.toFixed(3)));
}

/**
 * @param {number} value
 * @param {string} unit
 */
function shortNumber(value, unit) {
  const a = Math.abs(value);
  const [shown, prefix] = a >= 1e6
    ? [value / 1e6, "M"]
    : a >= 1e4
    ? [value / 1e3, "k"]
    : [value, ""];
  return `${Number(shown.toPrecision(6))} ${prefix}${unit}`.trim();
}
