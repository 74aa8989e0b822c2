/**
 * Inputs in the browser: devices that were seen are adopted, a PMU of a concentrator and a merging unit.
 *
 * @module
 */
import assert from "node:assert/strict";
import { inputsRun, inputToml, Site } from "../system/site.ts";
import { until } from "../support/waiting.ts";
import { accessibilityProblems } from "./accessibility.ts";
import { go, inBrowser, login, startUnit, withoutTrouble } from "./browse.ts";
import { ADMIN_TOML } from "./station.ts";

inBrowser("devices that were seen are adopted by a form", async (browser) => {
  const unit = await startUnit({
    interface: "lo",
    waveform: { nominalHz: 60, volts: 63_500, amperes: 400 },
    units: [{ rate: 4800, asdus: 2, currents: 4, voltages: 4, svId: "BROWSERBAY9" }],
  });
  try {
    await Site.with(async (site) => {
      const { pmu } = await site.pmu(1, {
        devices: [
          { device: 11, station: "BAY A", phasors: 3 },
          { device: 12, station: "BAY B", phasors: 3 },
        ],
      });
      const gateway = await site.gateway(
        `${ADMIN_TOML}${
          inputToml(1, pmu.port, 'devices = [{ acronym = "BAY_A", idCode = 12 }] # agreed')
        }[input.process_bus]\ntype = "sv"\ninterface = "lo"\nworkers = 1\ndiscovery = true\n`,
      );
      const { host, keeper } = await site.admin(gateway);
      await inputsRun(gateway, 1);
      const station = { url: host.url };
      const visitor = await browser.open(), { page } = visitor;
      await withoutTrouble("adoption", visitor, async () => {
        await login(visitor, station, "engineer");
        await go(visitor, "Inputs");
        const seen = page.getByRole("table", { name: "Seen and not configured" });
        const dialog = page.getByRole("dialog");
        await seen.getByRole("row").filter({ hasText: "IDCODE 13" }).waitFor();
        await seen.getByRole("row").filter({ hasText: "BROWSERBAY9" }).waitFor();
        await visitor.picture("inputs-seen");
        await seen.getByRole("row").filter({ hasText: "IDCODE 13" })
          .getByRole("button", { name: /^Adopt/ }).click();
        await dialog.getByLabel("Acronym").fill("bad name");
        await dialog.getByRole("button", { name: "Adopt", exact: true }).click();
        await dialog.getByRole("alert").filter({ hasText: "acronym" }).waitFor();
        assert.match(visitor.troubles.splice(0).join(), /^error: Failed[^]*422/);
        await dialog.getByLabel("Acronym").fill("BAY_B");
        await dialog.getByRole("button", { name: "Adopt", exact: true }).click();
        await page.getByText(/Version \d+ runs: input.pmu1/).waitFor();
        await seen.getByRole("row").filter({ hasText: "IDCODE 13" }).waitFor({ state: "detached" });
        assert.match(keeper.text, /\{ acronym = "BAY_B", idCode = 13 \}\] # agreed/);
        await until(
          () => gateway.registry.devices().some((d) => d.acronym === "BAY_B"),
          "the adopted PMU",
        );

        await seen.getByRole("row").filter({ hasText: "BROWSERBAY9" })
          .getByRole("button", { name: /^Adopt/ }).click();
        await dialog.getByLabel("nominalHz").fill("60");
        await dialog.getByLabel("Acronym").fill("BAY9");
        await visitor.picture("inputs-adopt");
        assert.deepEqual(await accessibilityProblems(page), []);
        await dialog.getByRole("button", { name: "Adopt", exact: true }).click();
        await page.getByText(/Version \d+ runs: input.process_bus/).waitFor();
        assert.match(keeper.text, /svId = "BROWSERBAY9"/);
        // Its phasors are there, under the name that was given.
        await until(
          () => gateway.registry.devices().some((d) => d.acronym === "BAY9"),
          "the adopted merging unit",
        );
        await go(visitor, "Phasors");
        await page.getByLabel("Device", { exact: true }).selectOption("BAY9");
        await page.locator("[data-value]").first().waitFor();
      });

      const operator = await browser.open();
      await withoutTrouble("operator", operator, async () => {
        await login(operator, station, "operator");
        await go(operator, "Inputs");
        await operator.page.getByRole("button", { name: "Start anew…" }).click();
        await operator.page.getByRole("dialog").getByRole("button", { name: "Start anew" }).click();
        await operator.page.getByText("pmu1 was started anew.").waitFor();
      });
    });
  } finally {
    await unit.stop();
  }
});
