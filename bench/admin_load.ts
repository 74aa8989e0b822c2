/**
 * Operators who look at a gateway while it carries data: requests for status and values, and live viewers.
 *
 * @module
 */
import type { Figure } from "../mod/cli/bench_figure.ts";
import { AS_ROOT } from "../tests/system/site.ts";

/** Requests for status per second. */
const STATUS_PER_SECOND = 10;
/** Most values that are asked for, once a second. */
const VALUES = 5000;

/** What operators did, and how long the gateway took. */
export interface AdminLoad {
  /** Ends it and gives the figures, their names begun with `name`. */
  stop(name: string): Promise<Figure[]>;
}

/** Begins to ask the gateway at `port` and to view it, `viewers` times at 10 Hz over all frequencies and phasors of a PMU. */
export function adminLoad(port: number, viewers: number): AdminLoad {
  const base = `http://127.0.0.1:${port}`;
  const abort = new AbortController();
  const status: number[] = [], values: number[] = [];
  let signals = 0, events = 0, failed = 0;
  const timed = async (path: string, into: number[]): Promise<string> => {
    const began = performance.now();
    const answer = await fetch(base + path, { headers: AS_ROOT });
    const text = await answer.text();
    into.push(performance.now() - began);
    if (!answer.ok) failed++;
    return text;
  };
  const every = async (ms: number, work: () => Promise<void>): Promise<void> => {
    while (!abort.signal.aborted) {
      const next = performance.now() + ms;
      await work();
      await new Promise((go) => setTimeout(go, Math.max(0, next - performance.now())));
    }
  };
  const view = async (n: number): Promise<void> => {
    const filter = encodeURIComponent(`Device = 'PMU_${n}'`);
    try {
      const answer = await fetch(`${base}/api/live?rate=10&filter=${filter}`, {
        headers: AS_ROOT,
        signal: abort.signal,
      });
      for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
        events += chunk.split("event: values").length - 1;
      }
    } catch (error) {
      if (!abort.signal.aborted) throw error;
    }
  };
  const began = performance.now();
  const work = [
    every(1000 / STATUS_PER_SECOND, async () => void await timed("/api/status", status)),
    every(1000, async () => {
      const text = await timed(`/api/values?limit=${VALUES}`, values);
      // The shape is checked by the tests of the API.
      signals = (JSON.parse(text) as { ids: unknown[] }).ids.length;
    }),
    ...Array.from({ length: viewers }, (_, n) => view(n)),
  ];
  return {
    async stop(name) {
      abort.abort();
      await Promise.all(work);
      const seconds = (performance.now() - began) / 1000;
      const percentile = (list: number[], percent: number) =>
        list.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(percent / 100 * list.length) - 1)] ??
          NaN;
      const ms = (what: string, value: number, atMost?: number): Figure => ({
        name: name + what,
        value,
        unit: "ms",
        ...(atMost !== undefined && { threshold: { atMost } }),
      });
      return [
        ms("GET /api/status, p50", percentile(status, 50)),
        ms("GET /api/status, p99", percentile(status, 99), 20),
        ms(`latest values of ${signals} signals, p50`, percentile(values, 50)),
        ms(`latest values of ${signals} signals, longest`, percentile(values, 100), 50),
        { name: `${name}events of ${viewers} viewers`, value: events / seconds, unit: "/s" },
        { name: `${name}requests that failed`, value: failed, unit: "", threshold: { atMost: 0 } },
      ];
    },
  };
}
