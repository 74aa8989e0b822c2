/**
 * What the pages show while the gateway, a device or the session is gone: nothing old looks as if it were of now.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../support/waiting.ts";
import type { Visitor } from "./chromium.ts";
import { browse, go, login } from "./browse.ts";
import { tokenOf } from "./station.ts";

/** Troubles that are no note of the browser about a request that came to nothing. */
function others({ troubles }: Visitor): string[] {
  return troubles.splice(0).filter((t) => !/^error: Failed to load resource/.test(t));
}

browse("values of a device that went silent do not look alive", async (visitor, station) => {
  const { page } = visitor;
  const silent = page.getByRole("status").filter({ hasText: "no new values" });
  const device = page.getByLabel("Device", { exact: true });
  // Devices are found on whatever page of the list of signals they stand.
  await page.route(/\/api\/signals\?.*limit=1000/, (route) =>
    route.continue({
      url: route.request().url().replace("limit=1000", "limit=5"),
    }));
  await login(visitor, station, "viewer");
  await go(visitor, "Phasors");
  await page.locator("[data-value]").first().waitFor();
  assert.equal(await device.locator("option").count(), station.pmus.size);
  await device.selectOption("SHELBY");
  await silent.waitFor({ state: "detached" });
  await station.pmus.get("SHELBY")!.pmu.close();
  await silent.waitFor();
  assert.equal(await page.locator("table.old").count(), 1);
  await visitor.picture("phasors-silent");
  await device.selectOption("LOWELL");
  await silent.waitFor({ state: "detached" });
  // So it is told of a device that was silent before.
  await device.selectOption("SHELBY");
  await silent.waitFor();

  await go(visitor, "Signals");
  await page.getByLabel("Filter expression").fill("Device = 'SHELBY' AND SignalType = 'FREQ'");
  await page.getByLabel("Filter expression").press("Enter");
  await page.getByText("1–1 of 1").waitFor();
  await page.getByRole("cell", { name: /^none for \d+ / }).waitFor();
  await page.getByRole("table", { name: "Signals" }).locator("tbody tr").first().click();
  await page.getByText("no new value", { exact: true }).waitFor();
  await visitor.picture("signals-silent");
});

browse(
  "a live stream that is cut without a word is told of, and begun anew",
  async (visitor, station) => {
    const { page } = visitor;
    let isCut = false;
    await page.routeWebSocket("**/api/live**", (socket) => {
      socket.connectToServer().onMessage((message) => {
        if (!isCut) socket.send(message);
      });
    });
    await login(visitor, station, "viewer");
    await go(visitor, "Phasors");
    await page.locator("[data-value]").first().waitFor();
    isCut = true;
    const told = page.getByRole("status").filter({ hasText: "the link to the gateway is broken" });
    await told.waitFor();
    isCut = false;
    await told.waitFor({ state: "detached" });
  },
);

browse("a gateway whose answers do not come is told of", async (visitor, station) => {
  const { page } = visitor;
  await login(visitor, station, "viewer");
  await go(visitor, "Overview");
  await page.getByRole("table", { name: "Sources" }).getByRole("cell", { name: "pmu1" }).waitFor();
  const told = page.getByRole("alert").filter({ hasText: "does not answer; what is shown is of " });
  await page.route("**/api/**", () => {}); // as a link that is cut: no word comes
  await told.waitFor();
  await page.locator("main.old").waitFor();
  await visitor.picture("silent");
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await told.waitFor({ state: "detached" });
  await page.locator("main.old").waitFor({ state: "detached" });
});

browse(
  "pages that could not be filled are filled once the gateway is back",
  async (visitor, station) => {
    const { page } = visitor;
    const away = () => page.route("**/api/**", (route) => route.abort());
    const editor = page.getByLabel("Configuration (TOML)");
    await login(visitor, station, "root");
    await away();
    await go(visitor, "Configuration");
    await page.getByRole("main").getByRole("alert").filter({ hasText: "does not answer" })
      .waitFor();
    await page.unroute("**/api/**");
    await until(async () => (await editor.inputValue()).includes("[gateway]"), "the configuration");

    // Over a reload, too: the token is still there.
    await away();
    await page.reload();
    await page.getByRole("alert").filter({ hasText: "does not answer" }).waitFor();
    await page.unroute("**/api/**");
    await page.getByRole("navigation").waitFor();
    assert.deepEqual(others(visitor), []);
  },
);

browse(
  "a session that ends closes the question, and the form takes the next token",
  async (visitor, station) => {
    const { page } = visitor;
    await login(visitor, station, "secadm");
    await go(visitor, "Users");
    await page.getByRole("button", { name: "Add a user…" }).click();
    await page.getByRole("dialog").waitFor();
    await page.route("**/api/**", (route) =>
      route.fulfill({
        status: 401,
        contentType: "application/problem+json",
        body: JSON.stringify({
          type: "urn:tieline:problem:token",
          detail: "The token is not known",
        }),
      }));
    await page.getByRole("alert").filter({ hasText: "does not know this token" }).waitFor();
    await page.unroute("**/api/**");
    assert.equal(await page.getByRole("dialog").count(), 0);
    await page.getByLabel("Token").fill(tokenOf("secadm"));
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("heading", { level: 1, name: "Users" }).waitFor({ state: "attached" });
    assert.deepEqual(others(visitor), []);
  },
);
