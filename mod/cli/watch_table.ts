/**
 * The live table of `tieline watch`: the newest value of every signal, as many as the terminal has lines.
 *
 * @module
 */
import type { WatchFrame } from "./watch_frames.ts";

interface Row {
  value: number | null;
  flags: number;
  state: string;
  time: string | null;
  updates: number;
}

/** Keeps the newest values and draws them. */
export class WatchTable {
  readonly #title: string;
  readonly #rows = new Map<string, Row>();
  #note = "connecting";
  #frames = 0;
  #drawn = { frames: 0, ms: 0 };

  /** A table of what `title` publishes. */
  constructor(title: string) {
    this.#title = title;
  }

  /** Takes a frame, and what is to be said of all its values. */
  take(frame: WatchFrame, state = ""): void {
    this.#frames++;
    for (const [tag, value] of Object.entries(frame.values)) {
      const row = this.#rows.get(tag);
      const flags = frame.flags[tag] ?? 0;
      if (row) {
        row.value = value;
        row.flags = flags;
        row.state = state;
        row.time = frame.time;
        row.updates++;
      } else this.#rows.set(tag, { value, flags, state, time: frame.time, updates: 1 });
    }
  }

  /** Shows a line of news under the title. */
  note(text: string): void {
    this.#note = text;
    if (!Deno.stdout.isTerminal()) console.error(text);
  }

  /** Draws; on something that is no terminal it prints one line of figures in place of the table. */
  draw(): void {
    const now = performance.now();
    const rate = (this.#frames - this.#drawn.frames) /
      Math.max(1e-3, (now - this.#drawn.ms) / 1000);
    this.#drawn = { frames: this.#frames, ms: now };
    const head = `${this.#title}  ${this.#rows.size} signals  ${rate.toFixed(0)} frames/s`;
    if (!Deno.stdout.isTerminal()) {
      console.log(head);
      return;
    }
    const { columns, rows } = Deno.consoleSize();
    const shown = [...this.#rows].slice(0, Math.max(1, rows - 4));
    const width = Math.max(8, ...shown.map(([tag]) => tag.length));
    const lines = [
      `\x1b[1m${head}\x1b[0m`,
      clean(this.#note),
      ...shown.map(([tag, row]) => line(tag, row, width).slice(0, columns)),
    ];
    if (shown.length < this.#rows.size) lines.push(`... ${this.#rows.size - shown.length} more`);
    // Home, each line cleared to its end, then everything below: no flicker.
    const text = `\x1b[H${lines.map((l) => `${l}\x1b[K`).join("\n")}\x1b[J`;
    Deno.stdout.writeSync(new TextEncoder().encode(text));
  }
}

function line(tag: string, { value, flags, state, time }: Row, width: number): string {
  const number = value === null ? "NaN" : value.toPrecision(8);
  const hex = flags === 0 ? "" : `  flags 0x${flags.toString(16)}`;
  const words = state === "" ? "" : `  ${state}`;
  const at = time?.slice(11, 26) ?? "";
  return `${clean(tag).padEnd(width)}  ${number.padStart(14)}  ${at}${hex}${words}`;
}

/** A text from a peer without what could command the terminal. */
function clean(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "?");
}
