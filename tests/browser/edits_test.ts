/**
 * What is being written in a page stays, whatever others change meanwhile; and changes that need a signature.
 *
 * @module
 */
import assert from "node:assert/strict";
import { hashToken, tokenText } from "../../mod/identity/mod.ts";
import { makeSigningKey, signText } from "../../mod/revision/mod.ts";
import { until } from "../support/waiting.ts";
import { Site } from "../system/site.ts";
import { accessibilityProblems } from "./accessibility.ts";
import { browse, go, inBrowser, login, withoutTrouble } from "./browse.ts";

const OTHER = { author: "other", comment: "", cause: "edit" } as const;

browse(
  "edits of the configuration stay, and do not undo what others have changed",
  async (visitor, station) => {
    const { page } = visitor;
    const { keeper } = station;
    await login(visitor, station, "root");
    await go(visitor, "Configuration");
    const editor = page.getByLabel("Configuration (TOML)");
    await until(async () => (await editor.inputValue()).includes("[gateway]"), "the configuration");
    await editor.fill(`${await editor.inputValue()}# mine\n`);
    await go(visitor, "Alarms");
    await go(visitor, "Configuration");
    assert.match(await editor.inputValue(), /# mine/);
    await keeper.edit(OTHER, (text) => text.replace("waitMs = 200", "waitMs = 210"));
    await page.getByText("edited, but outdated").waitFor();
    assert.match(await editor.inputValue(), /waitMs = 200[^]*# mine/);
    await page.getByRole("button", { name: "Push…" }).click();
    await page.getByRole("alert").filter({ hasText: "Somebody else has changed" }).waitFor();
    await visitor.picture("config-outdated");
    assert.match(keeper.text, /waitMs = 210/);
    await page.getByRole("button", { name: "Throw edits away" }).click();
    await page.getByText("as it runs").waitFor();
    assert.match(await editor.inputValue(), /waitMs = 210/);
    assert.doesNotMatch(await editor.inputValue(), /# mine/);
    assert.match(visitor.troubles.splice(0).join(), /^error: Failed to load resource.*412/);
  },
);

browse("rules that are being written stay while others change them", async (visitor, station) => {
  const { page } = visitor;
  const { keeper } = station;
  await login(visitor, station, "secadm");
  await go(visitor, "Subscribers");
  const deny = page.getByLabel("Deny rules, one per line");
  await until(async () => await deny.inputValue() === "SignalType = 'DIGI'", "the rules");
  await deny.fill("SignalType = 'FREQ'");
  await keeper.edit(
    OTHER,
    (text) => text.replace(`deny = ["SignalType = 'DIGI'"]`, `deny = ["SignalType = 'DFDT'"]`),
  );
  await page.getByText("These rules were changed since they were shown").waitFor();
  assert.equal(await deny.inputValue(), "SignalType = 'FREQ'");
  await page.getByRole("button", { name: "Show the rules that hold" }).click();
  assert.equal(await deny.inputValue(), "SignalType = 'DFDT'");
  // What nobody has touched follows.
  await keeper.edit(
    OTHER,
    (text) => text.replace(`deny = ["SignalType = 'DFDT'"]`, "deny = []"),
  );
  await until(async () => await deny.inputValue() === "", "the rules of the other");
});

inBrowser("where changes need a signature the pages say so and take one", async (browser) => {
  const token = tokenText("root", new Uint8Array(32).fill(9));
  const { keyPem, signer } = await makeSigningKey();
  const variable = "TIELINE_TEST_SIGNED_HASH";
  Deno.env.set(variable, await hashToken(token, new Uint8Array(16)));
  try {
    await Site.with(async (site) => {
      const gateway = await site.gateway(
        `[config]\nsigners = ["${signer}"]\n[admin]\nlisten = "127.0.0.1:0"\ninsecure = true\n` +
          `[admin.user.root]\nroles = ["ENGINEER", "SECADM"]\ntoken = "env:${variable}"\n`,
      );
      const { host, keeper } = await site.admin(gateway);
      const visitor = await browser.open(), { page } = visitor;
      await withoutTrouble("signed", visitor, async () => {
        await page.goto(`${host.url}/#token=${token}`);
        await page.getByRole("navigation").waitFor();
        await go(visitor, "Users");
        await page.getByRole("button", { name: "Change…" }).click();
        const dialog = page.getByRole("dialog");
        await dialog.getByText(/tieline config push \S+ site.toml --sign KEY.pem/).waitFor();
        await dialog.getByRole("button", { name: "Close" }).click();
        await go(visitor, "Configuration");
        const note = page.getByText("takes no change without a signature");
        await note.waitFor();
        const editor = page.getByLabel("Configuration (TOML)");
        await until(async () => (await editor.inputValue()).includes("[gateway]"), "the text");
        const text = `${await editor.inputValue()}# signed\n`;
        await editor.fill(text);
        const check = page.getByRole("button", { name: "Check" });
        assert.ok(await check.isDisabled(), "nothing is signed yet");
        await visitor.picture("config-signed");
        assert.deepEqual(await accessibilityProblems(page), []);
        await page.getByLabel("Signature (base64)").fill(await signText(text, keyPem));
        await check.click();
        await page.getByText("This is what would change").waitFor();
        await page.getByRole("button", { name: "Push…" }).click();
        await dialog.getByLabel("on trial").uncheck();
        await dialog.getByRole("button", { name: "Push" }).click();
        await page.getByText(/^Version \d+ runs\.$/).waitFor();
        assert.match(keeper.text, /# signed/);
        // The first version was not signed: there is no way back to it from here.
        assert.equal(
          await page.getByRole("button", { name: "Go back" }).filter({ visible: true }).count(),
          0,
        );
      });
    });
  } finally {
    Deno.env.delete(variable);
  }
});
