/**
 * Keeps what the program logs, for tests that ask what an operator would have read.
 *
 * @module
 */
import { configure } from "@logtape/logtape";
import { keepLogRecord } from "../../mod/gateway/mod.ts";

/** One line of the log. */
export interface LogLine {
  /** `warning`, `error` and so on. */
  readonly level: string;
  /** Who wrote it, for example `input.pmu1`. */
  readonly from: string;
  /** The sentence. */
  readonly text: string;
}

/** The end of a sentence that sums up repeats; see `Complaints` of mod/stats. */
const SUMMARY = / \(again (?:once|[\d,]+ times) in \d+ s\)$/;

/** Lines of the log of this process, of every gateway in it. */
export class KeptLog {
  /** All lines in order. */
  readonly lines: LogLine[] = [];

  /** Begins to keep the lines of this process; the keeper before this one gets no more. */
  static async begin(): Promise<KeptLog> {
    const log = new KeptLog();
    await configure({
      reset: true,
      sinks: {
        keep: ({ level, category, properties, message }) => {
          // `logFor` hands the sentence over as the property `text`, an object that holds it.
          const holder = properties["text"] as { readonly text?: string } | undefined;
          log.lines.push({
            level,
            from: category.slice(1).join("."),
            text: holder?.text ?? message.map(String).join(""),
          });
        },
        // What the API shows, as in the program itself.
        shown: keepLogRecord,
      },
      loggers: [
        { category: "tieline", lowestLevel: "debug", sinks: ["keep", "shown"] },
        { category: ["logtape", "meta"], lowestLevel: "error", sinks: [] },
      ],
    });
    return log;
  }

  /** Lines of warnings and errors whose sentence matches, without those that say a minute later what came again. */
  complaints(pattern: RegExp): LogLine[] {
    return this.lines.filter(({ level, text }) =>
      (level === "warning" || level === "error") && pattern.test(text) && !SUMMARY.test(text)
    );
  }

  /** All lines whose sentence matches. */
  with(pattern: RegExp): LogLine[] {
    return this.lines.filter(({ text }) => pattern.test(text));
  }
}
