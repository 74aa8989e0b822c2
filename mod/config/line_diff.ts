/**
 * The difference of two texts by lines, in the unified format.
 *
 * @module
 */

/** Most lines that are inserted and removed before the rest counts as replaced as a whole. */
const MAX_EDITS = 1000;
const CONTEXT = 3;

/** One line of a comparison: it stays, goes or comes. */
export interface DiffStep {
  /** Blank for a line of both. */
  readonly sign: " " | "-" | "+";
  /** The line. */
  readonly line: string;
}

/** The unified difference (three lines of context) from `a` to `b`; empty if they are the same. */
export function lineDiff(a: string, b: string, nameA: string, nameB: string): string {
  if (a === b) return "";
  const steps = diffSteps(a.split("\n"), b.split("\n"));
  const out = [`--- ${nameA}`, `+++ ${nameB}`];
  for (let i = 0, lineA = 1, lineB = 1; i < steps.length;) {
    if (steps[i]!.sign === " ") {
      i++, lineA++, lineB++;
      continue;
    }
    // A hunk reaches from some lines before its first change to some after its last.
    const before = Math.min(CONTEXT, i, lineA - 1, lineB - 1);
    let end = i;
    for (let j = i; j < steps.length && j - end <= 2 * CONTEXT; j++) {
      if (steps[j]!.sign !== " ") end = j + 1;
    }
    const hunk = steps.slice(i - before, Math.min(steps.length, end + CONTEXT));
    const countA = hunk.filter((s) => s.sign !== "+").length;
    const countB = hunk.filter((s) => s.sign !== "-").length;
    out.push(`@@ -${lineA - before},${countA} +${lineB - before},${countB} @@`);
    out.push(...hunk.map(({ sign, line }) => sign + line));
    lineA += countA - before;
    lineB += countB - before;
    i += hunk.length - before;
  }
  return out.join("\n") + "\n";
}

/** The steps from `a` to `b`: Myers' greedy algorithm on what common beginnings and ends leave over. */
export function diffSteps(a: readonly string[], b: readonly string[]): DiffStep[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (
    tail < a.length - head && tail < b.length - head &&
    a[a.length - 1 - tail] === b[b.length - 1 - tail]
  ) tail++;
  const keep = (line: string): DiffStep => ({ sign: " ", line });
  return [
    ...a.slice(0, head).map(keep),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...a.slice(a.length - tail).map(keep),
  ];
}

function middle(a: readonly string[], b: readonly string[]): DiffStep[] {
  const limit = Math.min(MAX_EDITS, a.length + b.length);
  const furthest = new Map<number, number>([[1, 0]]);
  const history: Map<number, number>[] = [];
  for (let d = 0; d <= limit; d++) {
    history.push(new Map(furthest));
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && furthest.get(k - 1)! < furthest.get(k + 1)!);
      let x = down ? furthest.get(k + 1)! : furthest.get(k - 1)! + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      furthest.set(k, x);
      if (x >= a.length && x - k >= b.length) return trace(a, b, history);
    }
  }
  return [
    ...a.map((line): DiffStep => ({ sign: "-", line })),
    ...b.map((line): DiffStep => ({ sign: "+", line })),
  ];
}

function trace(
  a: readonly string[],
  b: readonly string[],
  history: readonly Map<number, number>[],
): DiffStep[] {
  const steps: DiffStep[] = [];
  let x = a.length, y = b.length;
  for (let d = history.length - 1; d >= 0; d--) {
    const before = history[d]!, k = x - y;
    const down = k === -d || (k !== d && before.get(k - 1)! < before.get(k + 1)!);
    const fromK = down ? k + 1 : k - 1;
    const fromX = before.get(fromK)!, fromY = fromX - fromK;
    while (
      x > Math.max(0, fromX) && y > Math.max(0, fromY) && (x > fromX + (down ? 0 : 1) || d === 0)
    ) {
      if (x === 0 || y === 0 || a[x - 1] !== b[y - 1]) break;
      steps.push({ sign: " ", line: a[--x]! });
      y--;
    }
    if (d === 0) break;
    if (down) steps.push({ sign: "+", line: b[--y]! });
    else steps.push({ sign: "-", line: a[--x]! });
  }
  return steps.reverse();
}
