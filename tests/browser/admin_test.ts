/**
 * What administrators and engineers do by forms: users, limits of alarms, lines of the log.
 *
 * @module
 */
import assert from "node:assert/strict";
import { logFor } from "../../mod/gateway/mod.ts";
import { makeSelfSigned } from "../../mod/os/mod.ts";
import { until } from "../support/waiting.ts";
import { accessibilityProblems } from "./accessibility.ts";
import { browse, go, login } from "./browse.ts";

browse("users are added, changed, given tokens and removed", async (visitor, station, browser) => {
  const { page } = visitor;
  const { gateway } = station;
  const users = () => gateway.config.admin.user;
  await login(visitor, station, "secadm");
  await go(visitor, "Users");
  const table = page.getByRole("table", { name: "Users" });
  await table.getByRole("cell", { name: "secadm (you)" }).waitFor();
  const dialog = page.getByRole("dialog");
  const role = (name: string) => dialog.getByRole("checkbox", { name: new RegExp(`^${name}`) });

  // What the API refuses is said in the question, which stays.
  await page.getByRole("button", { name: "Add a user…" }).click();
  await dialog.getByLabel("Name").fill("viewer");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await dialog.getByRole("alert").filter({ hasText: "There is a user viewer already" }).waitFor();
  await dialog.getByLabel("Name").fill("ann");
  await role("OPERATOR").check();
  await role("VIEWER").uncheck();
  const certificate = await makeSelfSigned({ commonName: "ann" });
  await dialog.getByLabel("Take it of a certificate").setInputFiles({
    name: "ann.pem",
    mimeType: "application/x-pem-file",
    buffer: Buffer.from(certificate.certPem),
  });
  const pin = `sha256:${certificate.fingerprint256.replaceAll(":", "").toLowerCase()}`;
  await until(async () => await dialog.getByLabel("Pins of client").inputValue() === pin);
  await dialog.getByRole("button", { name: "What would change?" }).click();
  await dialog.getByText("admin changed in place").waitFor();
  await visitor.picture("users-add");
  assert.deepEqual(await accessibilityProblems(page), []);
  assert.equal(users()["ann"], undefined, "nothing was changed yet");
  await dialog.getByLabel("Comment").fill("the new operator");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  const secret = page.locator("[data-secret]");
  await secret.waitFor();
  await page.keyboard.press("Escape");
  const token = await secret.textContent() ?? "";
  assert.match(token, /^tieline\.ann\.[\w-]{43}$/);
  await page.getByRole("button", { name: "I have kept it" }).click();
  await table.getByRole("cell", { name: "token, certificate" }).waitFor();
  assert.deepEqual([users()["ann"]?.roles, users()["ann"]?.pins], [["OPERATOR"], [pin]]);
  await visitor.picture("users-added");

  // The token is good, and loses what its user loses.
  const ann = await browser.open();
  await ann.page.goto(`${station.url}/#token=${token}`);
  await ann.page.getByRole("link", { name: "Logs" }).waitFor();
  await page.getByRole("button", { name: "Change…" }).click();
  await dialog.getByLabel("may enter").uncheck();
  await dialog.getByRole("button", { name: "Change", exact: true }).click();
  await table.getByRole("cell", { name: "turned away" }).waitFor();
  await ann.page.getByText("does not know this token any more").waitFor();
  await ann.close();

  await page.getByRole("button", { name: "New token…" }).click();
  await dialog.getByRole("button", { name: "Make it" }).click();
  assert.notEqual(await secret.textContent(), token);
  await page.getByRole("button", { name: "I have kept it" }).click();

  await page.getByRole("button", { name: "Remove…" }).click();
  await dialog.getByRole("button", { name: "Leave it" }).click();
  await dialog.waitFor({ state: "detached" });
  assert.ok(users()["ann"], "it was left");
  await page.getByRole("button", { name: "Remove…" }).click();
  await dialog.getByRole("button", { name: "Remove", exact: true }).click();
  await table.getByRole("cell", { name: "ann" }).waitFor({ state: "detached" });
  assert.equal(users()["ann"], undefined);

  // Nobody locks themselves out.
  await table.getByRole("cell", { name: "secadm (you)" }).click();
  await page.getByRole("heading", { name: "secadm" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Remove…" }).count(), 0);
  await page.getByRole("button", { name: "Change…" }).click();
  await role("SECADM").uncheck();
  await role("SECAUD").check();
  await dialog.getByRole("button", { name: "Change", exact: true }).click();
  await dialog.getByRole("alert").filter({ hasText: "ask another SECADM" }).waitFor();
  await page.keyboard.press("Escape");

  // Who makes a token for themselves goes on with it.
  await page.getByRole("button", { name: "New token…" }).click();
  await dialog.getByRole("button", { name: "Make it" }).click();
  const own = await secret.textContent() ?? "";
  assert.match(own, /^tieline\.secadm\./);
  await page.getByRole("button", { name: "I have kept it" }).click();
  await until(async () => await page.evaluate("sessionStorage.getItem('tieline.token')") === own);
  await page.reload();
  await table.getByRole("cell", { name: "secadm (you)" }).waitFor();

  // The browser notes the two refusals itself.
  assert.match(visitor.troubles.splice(0).join(), /^error: Failed[^]*409[^]*error: Failed[^]*409/);

  // An auditor reads, and has no button that would be refused.
  const auditor = await browser.open();
  await login(auditor, station, "secaud");
  await go(auditor, "Users");
  await auditor.page.getByText("A SECADM changes users.").waitFor();
  assert.equal(await auditor.page.getByRole("main").getByRole("button", { name: /…$/ }).count(), 0);
  assert.deepEqual(auditor.troubles, []);
  await auditor.close();
});

browse(
  "limits of an alarm are changed by a form, and undone where a trial ends",
  async (visitor, station, browser) => {
    const { page } = visitor;
    const { gateway, keeper } = station;
    const limit = () => {
      const alarm = gateway.config.alarm["high"];
      return alarm?.condition === "over" ? alarm.limit : undefined;
    };
    await login(visitor, station, "engineer");
    await go(visitor, "Alarms");
    const table = page.getByRole("table", { name: "Configured alarms" });
    await table.getByRole("cell", { name: "over 61 Hz for 0.1 s, back by 0.05 Hz" }).waitFor();
    await page.getByRole("button", { name: "Change the limits of high" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Frequency is high").waitFor();
    await dialog.getByLabel("Must last, ms").fill("1e12");
    await dialog.getByRole("button", { name: "Change", exact: true }).click();
    await dialog.getByRole("alert").filter({ hasText: "delayMs" }).waitFor();
    await visitor.picture("limits-refused");
    assert.deepEqual(await accessibilityProblems(page), []);
    assert.equal(await dialog.locator("[aria-invalid]").getAttribute("name"), "delayMs");
    await dialog.getByLabel("Must last, ms").fill("0");
    await dialog.getByRole("alert").filter({ hasText: "delayMs" }).waitFor({ state: "detached" });
    await dialog.getByLabel("Limit, Hz", { exact: true }).fill("59.5");
    await dialog.getByRole("button", { name: "What would change?" }).click();
    await dialog.getByText("+limit = 59.5 # Hz").waitFor();
    await visitor.picture("limits-preview");
    await dialog.getByRole("button", { name: "Change", exact: true }).click();
    await page.getByText(/Version \d+ runs: alarm.high changed/).waitFor();
    assert.equal(limit(), 59.5);
    assert.match(keeper.text, /limit = 59\.5 # Hz/);
    // Every device is beyond it now; what is wrong says so by device, with a number that moves.
    await page.getByRole("table", { name: "What is wrong" }).getByRole("cell", {
      name: "alarm.high",
    })
      .first().waitFor();
    await table.getByRole("cell", { name: "6", exact: true }).first().waitFor();
    await visitor.picture("alarms-raised");
    // Somebody else was faster: it is refused, in words.
    await page.getByRole("button", { name: "Change the limits of high" }).click();
    await dialog.getByLabel("Limit, Hz", { exact: true }).fill("62");
    await keeper.edit(
      { author: "other", comment: "", cause: "edit" },
      (text) => text.replace("limit = 59.5", "limit = 63"),
    );
    await dialog.getByRole("button", { name: "Change", exact: true }).click();
    await dialog.getByRole("alert").filter({ hasText: "Somebody else has changed" }).waitFor();
    await page.keyboard.press("Escape");
    await table.getByRole("cell", { name: "over 63 Hz" }).waitFor();
    assert.match(
      visitor.troubles.splice(0).join(),
      /^error: Failed[^]*422[^]*error: Failed[^]*412/,
    );

    await page.getByRole("button", { name: "Change the limits of high" }).click();
    await dialog.getByLabel("Limit, Hz", { exact: true }).fill("64");
    await dialog.getByLabel("on trial").check();
    await dialog.getByLabel("Seconds").fill("15"); // a busy machine needs some of them to look
    await dialog.getByRole("button", { name: "Change", exact: true }).click();
    await page.getByText("runs on trial and undoes itself").waitFor();
    await until(() => limit() === 63, "the undoing");
    await table.getByRole("cell", { name: "over 63 Hz" }).waitFor();

    const operator = await browser.open();
    await login(operator, station, "operator");
    await go(operator, "Alarms");
    await operator.page.getByRole("cell", { name: "over 63 Hz" }).waitFor();
    assert.equal(await operator.page.getByRole("button", { name: /limits of/ }).count(), 0);
    assert.deepEqual(operator.troubles, []);
    await operator.close();
  },
  `
[alarm.high]
condition = "over"
signals = ["SignalType = 'FREQ'"]
limit = 61 # Hz
hysteresis = 0.05
delayMs = 100
severity = "high"
description = "Frequency is high"
`,
);

browse("lines of the log come as they are written, and are sieved", async (visitor, station) => {
  const { page } = visitor;
  const log = page.getByRole("log", { name: "Log" });
  const line = (words: string) => log.locator("div").filter({ hasText: words });
  await login(visitor, station, "operator");
  await go(visitor, "Logs");
  // What the parts said at their start.
  await line("input.pmu1").first().waitFor();
  logFor("input", "pmu1").warn("A line of the test {with braces} <b>and marks</b>");
  logFor("output", "main").debug("A whisper of the test");
  logFor("gateway").error("A failure of the test");
  const warning = line("A line of the test {with braces} <b>and marks</b>");
  await warning.waitFor();
  await line("A failure of the test").waitFor();
  assert.equal(await line("A whisper").count(), 0, "debug is not asked for");
  await visitor.picture("logs-lines");

  await page.getByLabel("Least severe level").selectOption("debug");
  await line("A whisper of the test").waitFor();
  await page.getByLabel("Least severe level").selectOption("error");
  await line("A failure of the test").waitFor();
  await warning.waitFor({ state: "detached" });
  await page.getByLabel("Least severe level").selectOption("debug");
  await page.getByLabel("Only of this part").fill("input.pmu1");
  await page.getByLabel("Only of this part").press("Enter");
  await warning.waitFor();
  await line("A failure of the test").waitFor({ state: "detached" });
  await page.getByLabel("Only of this part").fill("input.none");
  await page.getByLabel("Only of this part").press("Enter");
  await page.getByText("0 lines").waitFor();
  await page.getByText("No line", { exact: false }).waitFor();
  await page.getByLabel("Only of this part").fill("");
  await page.getByLabel("Only of this part").press("Enter");
  await line("A failure of the test").waitFor();
  await page.getByLabel("Only lines with these words").fill("OF THE TEST");
  await page.getByText("3 lines", { exact: true }).waitFor();
});
