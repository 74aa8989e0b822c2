import assert from "node:assert/strict";
import fc from "fast-check";
import { signalKey, SignalRegistry, type SignalType } from "../core/mod.ts";
import { AccessControl, explainRules } from "./mod.ts";

const NODE = "e7a5235d-cb6f-4864-a96e-a8686f36e599";

function makeRegistry(): SignalRegistry {
  const registry = new SignalRegistry(NODE, "PPA");
  const types: SignalType[] = ["FREQ", "DFDT", "VPHM", "VPHA", "DIGI"];
  for (const acronym of ["SHELBY", "CORDOVA"]) {
    registry.register({
      acronym,
      id: "b9650400-d17c-41df-b974-000000000001",
      name: acronym,
      parentAcronym: "",
      protocol: "",
      accessId: 1,
      framesPerSecond: 30,
      company: "",
      vendor: "",
      longitude: NaN,
      latitude: 5,
    }, types.map((type) => ({ type, label: "", phase: "", unit: "", index: 1, description: "" })));
  }
  return registry;
}

const registry = makeRegistry();
const freq = registry.signals()[0]!;

/** Rules that grant, withhold, fail, are NULL, name a signal, or are no rules. */
const RULES = [
  "True",
  "Device = 'SHELBY'",
  "SignalType = 'FREQ'",
  "SignalType IN ('VPHM', 'VPHA')",
  "Longitude > 0", // NULL for every device
  "Latitude / (Latitude - 5) > 0", // fails
  "FILTER ActiveMeasurements WHERE Device LIKE 'COR%'",
  signalKey(freq),
  freq.id,
  `"${freq.pointTag}"`,
];

Deno.test("explain: the rules that grant and withhold are named, failures with their words", () => {
  const why = explainRules(registry, NODE, {
    allow: ["Device = 'SHELBY'", "SignalType = 'DFDT'", signalKey(freq)],
    deny: ["Longitude > 0", "SignalType = 'DIGI'", "Latitude / (Latitude - 5) > 0"],
  }, freq);
  assert.deepEqual([why.permitted, why.allowedBy, why.deniedBy], [false, [0, 2], [0, 2]]);
  assert.deepEqual(why.faults.map((f) => [f.list, f.index]), [["deny", 2]]);
  assert.ok(why.faults[0]!.message.length > 10);
});

Deno.test("explain: what it says is what access control does, for any rules", () => {
  const list = fc.array(fc.constantFrom(...RULES), { maxLength: 4 });
  fc.assert(
    fc.property(list, list, (allow, deny) => {
      const access = new AccessControl(registry, { nodeId: NODE });
      access.setSubscriber("x", { allow, deny });
      const permitted = access.permitted("x");
      for (const signal of registry.signals()) {
        const why = explainRules(registry, NODE, { allow, deny }, signal);
        assert.equal(
          why.permitted,
          permitted[signal.handle] === 1,
          `${signal.reference}: ${JSON.stringify([allow, deny])}`,
        );
      }
      access.close();
    }),
    { numRuns: 150 },
  );
});
