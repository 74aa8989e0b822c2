/**
 * The gateway's clock has an alarm like any signal: what it is said to be goes upstream as ALRM.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Gateway, readConfig } from "../../mod/gateway/mod.ts";
import { systemClock } from "../../mod/os/mod.ts";
import { freePort } from "../support/ports.ts";
import { until } from "../support/waiting.ts";
import { GATEWAY_ID, outputOf, PLAIN_OUTPUT, PLAIN_SUBSCRIBER, Site } from "./site.ts";

Deno.test("clock: an alarm on its state goes upstream", async () => {
  await Site.with(async (site) => {
    // Nobody answers there, so that the clock is free, whatever keeps it.
    const text = `[gateway]\nid = "${GATEWAY_ID}"\nname = "EDGE"\nmemoryMB = 500\n` +
      `stateDir = "${site.folder}/state"\n[statistics]\nintervalSeconds = 1\n` +
      `[clock]\norder = ["ntp"]\n[clock.ntp]\nservers = ["127.0.0.1"]\nport = ${freePort()}\n` +
      `[alarm.clock]\ncondition = "atLeast"\nlimit = 1\nseverity = "high"\n` +
      `signals = ["SignalReference = 'EDGE!CLOCK-ST1'"]\n${PLAIN_OUTPUT}${PLAIN_SUBSCRIBER}`;
    const gateway = new Gateway(readConfig(text, "test"), systemClock());
    site.atEnd(() => gateway.stop());
    await gateway.start();
    const subscriber = site.subscriber({ port: outputOf(gateway).port });
    const alarm = () => [...subscriber.seriesOf("EDGE!ALARM-AL1").values()].at(-1);
    await until(() => alarm()?.value === 1, () => JSON.stringify(gateway.status().parts["alarms"]));
    const [raised] = gateway.alarms!.raised();
    assert.equal(raised?.signal.reference, "EDGE!CLOCK-ST1");
    assert.equal(raised?.value, 3); // free
    assert.equal(raised?.severity, 850);
  });
});
