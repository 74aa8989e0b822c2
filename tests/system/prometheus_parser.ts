/**
 * A strict reader of the Prometheus text format, version 0.0.4: what it takes, any scraper takes.
 *
 * @module
 */

/** One sample. */
export interface Sample {
  /** Name of the metric. */
  readonly name: string;
  /** Labels in the order of the text. */
  readonly labels: Readonly<Record<string, string>>;
  /** The number. */
  readonly value: number;
}

/** A metric with all its samples. */
export interface Family {
  /** What people read. */
  readonly help: string;
  /** Kind. */
  readonly type: string;
  /** Samples in the order of the text. */
  readonly samples: Sample[];
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";

/** Reads a whole text; throws for anything that the format does not know, for repeats and for scattered families. */
export function parsePrometheus(text: string): Map<string, Family> {
  if (!text.endsWith("\n")) throw new Error("Expected the last line to end with a line feed");
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  let help: { name: string; text: string } | undefined;
  let current: string | undefined;
  for (const line of text.slice(0, -1).split("\n")) {
    const helpLine = new RegExp(`^# HELP (${NAME}) (.*)$`).exec(line);
    if (helpLine) {
      if (families.has(helpLine[1]!)) throw new Error(`Expected each HELP once: ${line}`);
      help = { name: helpLine[1]!, text: unescape(helpLine[2]!, false) };
      current = undefined;
      continue;
    }
    const typeLine = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`)
      .exec(line);
    if (typeLine) {
      const [, name, type] = typeLine;
      if (help?.name !== name) throw new Error(`Expected HELP before TYPE: ${line}`);
      families.set(name!, { help: help!.text, type: type!, samples: [] });
      current = name;
      continue;
    }
    const sample = sampleOf(line);
    if (sample.name !== current) throw new Error(`Expected samples below their TYPE: ${line}`);
    const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
    if (seen.has(key)) throw new Error(`Expected each sample once: ${line}`);
    seen.add(key);
    const family = families.get(current)!;
    if (family.type === "counter" && !(sample.value >= 0)) {
      throw new Error(`Expected a counter of 0 or more: ${line}`);
    }
    family.samples.push(sample);
  }
  return families;
}

function sampleOf(line: string): Sample {
  const head = new RegExp(`^(${NAME})(\\{|(?= ))`).exec(line);
  if (!head) throw new Error(`Expected a sample: ${line}`);
  const labels: Record<string, string> = {};
  let at = head[0].length;
  if (head[2] === "{") {
    const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|\})/y;
    for (;;) {
      label.lastIndex = at;
      const found = label.exec(line);
      if (!found) throw new Error(`Expected labels at ${at}: ${line}`);
      if (Object.hasOwn(labels, found[1]!)) throw new Error(`Expected each label once: ${line}`);
      labels[found[1]!] = unescape(found[2]!, true);
      at = label.lastIndex;
      if (found[3] === "}") break;
    }
  }
  const number = /^ ([+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN)$/.exec(line.slice(at));
  if (!number) throw new Error(`Expected a number at ${at}: ${line}`);
  return { name: head[1]!, labels, value: Number(number[1]!.replace("Inf", "Infinity")) };
}

function unescape(text: string, quotes: boolean): string {
  return text.replace(/\\(.)/g, (all, c: string) => {
    if (c === "\\") return "\\";
    if (c === "n") return "\n";
    if (c === '"' && quotes) return '"';
    throw new Error(`Expected a known escape, found ${all}`);
  });
}
