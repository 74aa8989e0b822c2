import assert from "node:assert/strict";
import { type SvVariant, variantOf } from "./variant.ts";

Deno.test("variants by name", () => {
  const variant = (rate: number, asdus: number, currents = 4, voltages = 4): SvVariant => ({
    rate,
    asdus,
    currents,
    voltages,
  });
  const cases: [string, number, SvVariant | undefined][] = [
    ["9-2LE", 50, variant(4000, 1)],
    ["9-2LE", 60, variant(4800, 1)],
    ["9-2LE-256", 50, variant(12_800, 8)],
    ["9-2LE-256", 60, variant(15_360, 8)],
    ["F14400S6I4U4", 50, variant(14_400, 6)],
    ["F96000S1I1U1", 50, variant(96_000, 1, 1, 1)],
    ["F4800S2I24U0", 50, variant(4800, 2, 24, 0)],
    ["F4800S2I24U1", 50, undefined],
    ["F4800S2I0U0", 50, undefined],
    ["F4800S0I4U4", 50, undefined],
    ["F0S1I4U4", 50, undefined],
    ["F4800S2", 50, undefined],
    ["9-2le", 50, undefined],
  ];
  for (const [name, nominalHz, expected] of cases) {
    assert.deepEqual(variantOf(name, nominalHz), expected, name);
  }
});
