/**
 * The ways in: the claim of a new gateway, a client certificate, a wrong token.
 *
 * @module
 */
import assert from "node:assert/strict";
import { makeSelfSigned } from "../../mod/os/mod.ts";
import { Site, TLS_OUTPUT } from "../system/site.ts";
import { browse, inBrowser, withoutTrouble } from "./browse.ts";

inBrowser("a new gateway is claimed by the token of its console, once", async (browser) => {
  await Site.with(async (site) => {
    const gateway = await site.gateway(
      `[admin]\nlisten = "127.0.0.1:0"\ninsecure = true\n${TLS_OUTPUT}`,
    );
    const { host } = await site.admin(gateway);
    const claim = host.claim!.text; // there is no user
    const visitor = await browser.open(), { page } = visitor;
    await withoutTrouble("claim", visitor, async () => {
      await page.goto(host.url);
      await page.getByLabel("Token").fill(claim);
      await page.getByRole("button", { name: "Log in" }).click();
      await page.getByRole("heading", { name: "A new gateway" }).waitFor();
      await visitor.picture("claim");
      const name = page.getByLabel("Name of the first user");
      await name.fill("a b");
      await page.getByRole("button", { name: "Claim it" }).click();
      assert.equal(await page.locator("input:invalid").count(), 1, "no name of a user");
      await name.fill("ann");
      await page.getByRole("button", { name: "Claim it" }).click();
      await page.getByRole("heading", { name: "Claimed" }).waitFor();
      const token = await page.locator(".told.mono").textContent() ?? "";
      assert.match(token, /^tieline\.ann\.[\w-]{43}$/);
      await page.getByRole("button", { name: "Go on" }).click();
      await page.getByText("ann · VIEWER, OPERATOR, ENGINEER, SECADM, SECAUD").waitFor();
      assert.deepEqual(Object.keys(gateway.config.admin.user), ["ann"]);

      // Both tokens again: the claim is spent, the user's is good.
      await page.getByRole("button", { name: "Log out" }).click();
      await page.getByLabel("Token").fill(claim);
      await page.getByRole("button", { name: "Log in" }).click();
      await page.getByRole("alert").filter({ hasText: "not known" }).waitFor();
      // The browser notes by itself what was refused: what the claimant may not ask, and the spent token.
      assert.match(visitor.troubles.splice(0).join(), /^error: Failed to load resource.*403.*401/);
      await page.getByLabel("Token").fill(token);
      await page.getByRole("button", { name: "Log in" }).click();
      await page.getByRole("navigation").waitFor();
    });
  });
});

inBrowser(
  "who has a client certificate enters without a token, and sees when the gateway's ends",
  async (browser) => {
    const own = await makeSelfSigned({ commonName: "bay tablet" });
    const stranger = await makeSelfSigned({ commonName: "stranger" });
    const ending = await makeSelfSigned({ commonName: "gateway", days: 5 });
    await Site.with(async (site) => {
      const certificate = `${site.folder}/admin.crt`, key = `${site.folder}/admin.key`;
      await Deno.writeTextFile(certificate, ending.certPem);
      await Deno.writeTextFile(key, ending.keyPem);
      const gateway = await site.gateway(
        `[admin]\nlisten = "127.0.0.1:0"\ncertificate = "${certificate}"\nkey = "${key}"\n` +
          `[admin.user.tablet]\nroles = ["OPERATOR"]\n` +
          `pins = ["${own.fingerprint256}"]\n${TLS_OUTPUT}`,
      );
      const { host } = await site.admin(gateway);
      assert.match(host.url, /^https:/);
      const visit = (pair: typeof own) =>
        browser.open("dark", {
          ignoreHTTPSErrors: true, // its certificate is one of its own
          clientCertificates: [{
            origin: host.url,
            cert: Buffer.from(pair.certPem),
            key: Buffer.from(pair.keyPem),
          }],
        });
      const visitor = await visit(own), { page } = visitor;
      await withoutTrouble("certificate", visitor, async () => {
        await page.goto(host.url);
        await page.getByRole("button", { name: "Use the certificate of this browser" }).click();
        await page.getByText("tablet · OPERATOR").waitFor();
        await page.getByText("No subscriber is configured").waitFor(); // the first answer has come
        // The page lives on without a token, over a reload too.
        assert.equal(await page.evaluate("sessionStorage.getItem('tieline.token')"), null);
        await page.getByRole("link", { name: "Logs" }).click();
        await page.getByRole("log", { name: "Log" }).waitFor({ state: "attached" });
        await page.getByRole("link", { name: "Alarms" }).click();
        await page.getByRole("table", { name: "What is wrong" })
          .getByRole("row", { name: /^Alarm admin its own certificate expires in 4 days/ })
          .waitFor();
        await visitor.picture("alarms-certificate");
      });
      const other = await visit(stranger);
      await withoutTrouble("stranger", other, async () => {
        await other.page.goto(host.url);
        await other.page.getByRole("button", { name: "Use the certificate of this browser" })
          .click();
        await other.page.getByRole("alert").filter({ hasText: "No known certificate" }).waitFor();
        assert.match(other.troubles.splice(0).join(), /^error: Failed to load resource.*401/);
      });
    });
  },
);

browse("a wrong token is refused in words", async (visitor, { url }) => {
  const { page } = visitor;
  await page.goto(url);
  await page.getByLabel("Token").fill("tieline.nobody.wrong");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("alert").filter({ hasText: "not known" }).waitFor();
  await visitor.picture("login-refused");
  // The browser notes the status of the answer by itself.
  assert.match(visitor.troubles.splice(0).join(), /^error: Failed to load resource.*401/);
});
