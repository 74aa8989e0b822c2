import assert from "node:assert/strict";
import { AlarmUnits } from "./alarm_units.ts";

Deno.test("alarm units: what all signals of an alarm have in common", () => {
  const units = new AlarmUnits();
  assert.equal(units.of("high"), "");
  units.add("high", "Hz");
  units.add("high", "Hz");
  units.add("mixed", "Hz");
  units.add("mixed", "Volts");
  units.add("mixed", "Hz");
  assert.deepEqual([units.of("high"), units.of("mixed")], ["Hz", ""]);
  // Other rules: the former unit holds until the first signal comes.
  units.renew();
  assert.equal(units.of("high"), "Hz");
  units.add("high", "Volts");
  units.add("mixed", "Volts");
  assert.deepEqual([units.of("high"), units.of("mixed")], ["Volts", "Volts"]);
  units.add("high", "Hz");
  assert.equal(units.of("high"), "");
  units.remove("mixed");
  assert.equal(units.of("mixed"), "");
});
