import assert from "node:assert/strict";
import { assetNames } from "./mod.ts";

type Colour = readonly [number, number, number];

const tokens = await Deno.readTextFile(new URL("assets/tokens.css", import.meta.url));

/** Colours of one theme by name. */
function palette(theme: 0 | 1): Map<string, Colour> {
  const found = new Map<string, Colour>();
  const pattern = /--([\w-]+): light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\);/g;
  for (const [, name, light, dark] of tokens.matchAll(pattern)) {
    const hex = theme === 0 ? light! : dark!; // groups of the pattern
    found.set(name!, [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16)) as unknown as Colour);
  }
  return found;
}

/** Relative luminance (WCAG 2.2). */
function luminance(colour: Colour): number {
  const [r, g, b] = colour.map((n) => {
    const s = n / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!; // three channels
}

function contrast(a: Colour, b: Colour): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

const SURFACES = ["page", "panel", "raised", "field"];

/** What is shown on what, and the contrast that WCAG AA asks for: 1.4.3 for text, 1.4.11 for lines that tell. */
const PAIRS: readonly (readonly [string, readonly string[], number])[] = [
  ["ink", [...SURFACES, "alarm-fill", "warning-fill", "added-fill", "removed-fill"], 4.5],
  ["muted", ["page", "panel", "raised", "field"], 4.5],
  ["accent", ["panel", "raised", "field", "page"], 4.5],
  ["on-accent", ["accent"], 4.5],
  ["alarm", ["page", "panel", "raised", "alarm-fill", "warning-fill"], 4.5],
  ["warning", ["page", "panel", "raised", "warning-fill"], 4.5],
  ["page", ["alarm", "warning"], 4.5],
  ["phase-b", ["field"], 4.5],
  ["edge", SURFACES, 3],
  ...["phase-a", "phase-b", "phase-c", "phase-x", "trace"].map((name) =>
    [name, ["panel", "field"], 3] as const
  ),
];

for (const [theme, name] of [[0, "light"], [1, "dark"]] as const) {
  Deno.test(`dashboard: contrast of the ${name} theme keeps WCAG AA`, () => {
    const colours = palette(theme);
    const poor = PAIRS.flatMap(([front, backs, least]) =>
      backs.flatMap((back) => {
        const ratio = contrast(colours.get(front)!, colours.get(back)!); // an unknown name fails here
        return ratio < least ? [`${front} on ${back}: ${ratio.toFixed(2)}, not ${least}`] : [];
      })
    );
    assert.deepEqual(poor, []);
  });
}

Deno.test("dashboard: contrast is measured as WCAG measures it", () => {
  assert.equal(contrast([0, 0, 0], [255, 255, 255]).toFixed(2), "21.00");
  assert.equal(contrast([0x76, 0x76, 0x76], [255, 255, 255]).toFixed(2), "4.54");
});

Deno.test("dashboard: every colour stands in the tokens, so that the check of contrast sees it", async () => {
  let style = "";
  for (const name of assetNames().filter((n) => n.endsWith(".css") && !/tokens|uplot/.test(n))) {
    style += await Deno.readTextFile(new URL(`assets/${name}`, import.meta.url));
  }
  assert.deepEqual(style.match(/#[0-9a-f]{3,8}\b|\brgba?\((?!0 0 0 \/)/gi), null);
  const known = palette(0);
  for (const [, name] of style.matchAll(/var\(--([\w-]+)\)/g)) {
    assert.ok(known.has(name!), `tokens.css has no --${name}`);
  }
});
