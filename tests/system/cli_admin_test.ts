import assert from "node:assert/strict";
import type { Command } from "commander";
import { auditCommand } from "../../mod/cli/audit.ts";
import { configCommand } from "../../mod/cli/config.ts";
import { tokenCommand } from "../../mod/cli/token.ts";
import { isTokenHash, isTokenOf } from "../../mod/identity/mod.ts";
import { run } from "./program.ts";
import { ADMIN_TOML, AS_ROOT, PLAIN_OUTPUT, PLAIN_SUBSCRIBER, Site } from "./site.ts";

/** What a command has printed, or why it has ended, as `main.ts` would tell it. */
async function printed(command: Command, ...args: string[]): Promise<string> {
  const lines: string[] = [];
  const { log, error } = console;
  const { write } = Deno.stdout;
  console.log = console.error = (text: string) => void lines.push(`${text}\n`);
  Deno.stdout.write = (bytes) => {
    lines.push(new TextDecoder().decode(bytes));
    return Promise.resolve(bytes.length);
  };
  try {
    await command.parseAsync(args, { from: "user" });
  } catch (refused) {
    if (!(refused instanceof Error)) throw refused;
    lines.push(`${refused.name}: ${refused.message}\n`);
  } finally {
    Object.assign(console, { log, error });
    Deno.stdout.write = write;
  }
  return lines.join("");
}

/** What differs from run to run, by what it is. */
function steady(text: string): string {
  return text
    .replaceAll(/127\.0\.0\.1:\d+/g, "HOST")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "TIME")
    .replaceAll(/sha256:[0-9a-f]{64}/g, "PIN")
    .replaceAll(/\b[0-9a-f]{64}\b/g, "DIGEST")
    .replaceAll(/\b[0-9a-f]{12}\b/g, "DIGEST")
    .replaceAll(/redacted:[0-9a-f]{16}/g, "MARK")
    .replaceAll(/\/tmp\/[\w.-]+/g, "FOLDER");
}

Deno.test("cli: configurations are looked at, pushed, settled, signed and taken back; word for word", async () => {
  await Site.with(async (site) => {
    const gateway = await site.gateway(ADMIN_TOML + PLAIN_OUTPUT + PLAIN_SUBSCRIBER);
    const { host } = await site.admin(gateway);
    const tokenFile = `${site.folder}/token`;
    await Deno.writeTextFile(tokenFile, AS_ROOT["Authorization"]!.replace("Bearer ", ""));
    const config = async (command: string, ...args: string[]) =>
      steady(
        await printed(configCommand(), command, host.url, ...args, "--token-file", tokenFile),
      );
    const file = `${site.folder}/next.toml`;
    const text = await printed(configCommand(), "get", host.url, "--token-file", tokenFile);
    const write = (from: string, to: string) => Deno.writeTextFile(file, text.replace(from, to));
    const rule = 'allow = ["True"]';
    assert.ok(text.includes(rule) && text.includes('token = "redacted:'));

    const cases: readonly (readonly [
      name: string,
      said: () => Promise<string>,
      expected: string,
    ])[] = [
      [
        "versions of a new gateway",
        () => config("versions"),
        "*    1  TIME  good     file      DIGEST  file\n",
      ],
      [
        "a difference",
        async () => {
          await write(rule, "allow = [\"Device = 'BAY7'\"]");
          return (await config("diff", file)).replace(/@@.*@@/, "@@");
        },
        `--- running
+++ new
@@
 
 [subscriber.client]
 plainAddress = ["127.0.0.1"]
-allow = ["True"]
+allow = ["Device = 'BAY7'"]
 
changed    subscriber.client  (allow)
`,
      ],
      [
        "a push that is only tried",
        () => config("push", file, "--dry-run"),
        "changed    subscriber.client  (allow)\n",
      ],
      [
        "a push on trial",
        () => config("push", file, "--confirm-within", "300", "--comment", "bay 7"),
        "changed    subscriber.client  (allow)\n" +
        "Version 2 runs; it is undone in 300 s unless you confirm it\n",
      ],
      [
        "a second push meanwhile",
        () => config("push", file),
        "CommandError: http://HOST refuses: 409 Version 2 waits to be confirmed: confirm it or take it back first\n",
      ],
      ["a confirmation", () => config("confirm"), "Version 2 runs\n"],
      [
        "a confirmation of nothing",
        () => config("confirm"),
        "CommandError: http://HOST refuses: 409 No change waits to be confirmed\n",
      ],
      [
        "the same once more",
        () => config("push", file),
        "No part differs\n",
      ],
      [
        "a file that was made from an older version",
        () => config("push", file, "--if-version", "1"),
        "CommandError: http://HOST refuses: 412 Expected the running configuration to be DIGEST, found DIGEST\n",
      ],
      [
        "a version that is not there",
        () => config("push", file, "--if-version", "99"),
        "CommandError: There is no version 99\n",
      ],
      [
        "a file with faults, each at its place",
        async () => {
          await write(rule, 'alow = ["True"]\nslow = "never"');
          return (await config("push", file)).replaceAll(/^ {2}\d+:/gm, "  LINE:");
        },
        `CommandError: http://HOST refuses: 422
  LINE:1: subscriber.client.alow: unknown key; did you mean "allow"?
  LINE:1: subscriber.client.slow: expected "drop" or "latest" or "disconnect", found "never"
`,
      ],
      [
        "a file that is no TOML",
        async () => {
          await Deno.writeTextFile(file, "[gateway\n");
          return await config("push", file);
        },
        "CommandError: http://HOST refuses: 422\n  2:1: not valid TOML: Unterminated table-key\n",
      ],
      [
        "a file that is not there",
        () => config("push", `${site.folder}/no.toml`),
        "CommandError: Cannot read FOLDER/no.toml: there is no such file\n",
      ],
      [
        "a push that starts every part anew, only tried",
        async () => {
          await write('name = "EDGE"', 'name = "EDGE2"');
          return await config("push", file, "--dry-run");
        },
        "restarted  gateway  (name)\nchanged    subscriber.client  (allow)\nEvery part starts anew\n",
      ],
      [
        "back to the first",
        () => config("rollback", "1", "--comment", "as before"),
        "changed    subscriber.client  (allow)\nVersion 3 runs\n",
      ],
      [
        "back to what is not kept",
        () => config("rollback", "77"),
        "CommandError: http://HOST refuses: 404 There is no version 77\n",
      ],
      [
        "the history",
        () => config("versions"),
        `*    3  TIME  good     rollback  DIGEST  root  as before
     2  TIME  good     push      DIGEST  root  bay 7
     1  TIME  good     file      DIGEST  file
`,
      ],
    ];
    for (const [name, said, expected] of cases) assert.equal(await said(), expected, name);

    // Signatures.
    const key = `${site.folder}/me.pem`;
    const signer = (await printed(configCommand(), "key", key)).trim();
    assert.match(signer, /^ed25519:[A-Za-z0-9+/]{43}=$/);
    assert.equal((await Deno.stat(key)).mode! & 0o777, 0o600);
    const whole = (await Deno.readTextFile(`${site.folder}/site1.toml`)) +
      `[config]\nsigners = ["${signer}"]\n`;
    await Deno.writeTextFile(file, whole);
    assert.equal(await config("push", file), "changed    config  (signers)\nVersion 4 runs\n");
    await Deno.writeTextFile(file, whole.replace(rule, "allow = []"));
    assert.equal(
      await config("push", file),
      "CommandError: http://HOST refuses: 403 Expected a signature by one of [config] signers with the change, found none\n",
    );
    assert.equal(
      steady(await printed(configCommand(), "sign", file, "--key", key)),
      "FOLDER/next.toml.sig\n",
    );
    await Deno.writeTextFile(file, whole.replace(rule, 'allow = ["False"]'));
    assert.equal(
      await config("push", file, "--signature", `${file}.sig`),
      "CommandError: http://HOST refuses: 403 The signature with the change is by none of [config] signers, " +
        "or the text is not the one that was signed\n",
    );
    assert.equal(
      await config("push", file, "--sign", key),
      "changed    subscriber.client  (allow)\nVersion 5 runs\n",
    );

    // Who asks, and whom.
    const asNobody = async (...args: string[]) => steady(await printed(configCommand(), ...args));
    assert.equal(
      await asNobody("confirm", host.url),
      "CommandError: http://HOST refuses: 401 Expected a bearer token or a client certificate. " +
        "Name a file that holds a token with --token-file, or set TIELINE_TOKEN\n",
    );
    await Deno.writeTextFile(tokenFile, `tieline.root.${"A".repeat(43)}\n`);
    assert.equal(
      await config("confirm"),
      "CommandError: http://HOST refuses: 401 This token is not known\n",
    );
    assert.equal(
      await asNobody("confirm", "127.0.0.1:1"),
      "CommandError: Cannot reach https://HOST: nobody listens there. Is the gateway running, and is this its " +
        "[admin] listen?\n",
    );
    assert.equal(
      await asNobody("confirm", "a b"),
      'CommandError: Expected host:port or a URL, found "a b".\n',
    );
  });
});

Deno.test("cli: a certificate that nobody issued is known by its pin", async () => {
  await Site.with(async (site) => {
    const gateway = await site.gateway(ADMIN_TOML.replace("insecure = true", ""));
    const { host } = await site.admin(gateway);
    const confirm = async (...args: string[]) =>
      steady(await printed(configCommand(), "confirm", host.url, ...args));
    assert.equal(
      await confirm(),
      "CommandError: Cannot reach https://HOST: nobody that this system knows has issued its certificate. Name the " +
        "certificate's pin with --pin; the gateway's log has it: \"Admin API at ... (pin sha256:...)\"\n",
    );
    assert.equal(
      await confirm("--pin", `sha256:${"ab".repeat(32)}`),
      "CommandError: Cannot reach https://HOST: Expected a certificate with pin PIN, found PIN. " +
        "Another one answers, or it has a new certificate: its log tells its pin\n",
    );
    assert.match(await confirm("--pin", host.pin), /refuses: 401 Expected a bearer token/);
    const plain = await printed(configCommand(), "confirm", host.url.replace("https", "http"));
    assert.match(plain, /does not speak plain HTTP\. Use https:\/\/, or host:port alone/);
  });
});

Deno.test("cli: a token is told once, its hash in the table or in a file of its own", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tieline-token-" });
  try {
    const said = await printed(tokenCommand(), "new", "ann", "--role", "OPERATOR", "SECAUD");
    const [, token, hash] =
      /^Token, told once: (\S+)\n\[admin\.user\.ann\]\nroles = \["OPERATOR","SECAUD"\]\ntoken = "(\S+)"\n$/
        .exec(said)!;
    assert.ok(await isTokenOf(token!, hash!));
    const file = `${folder}/ann.hash`;
    const other = await printed(tokenCommand(), "new", "ann", "--hash-file", file);
    assert.match(
      other,
      /^Token, told once: \S+\n\[admin\.user\.ann\]\nroles = \["VIEWER"\]\ntoken = "credential:ann\.hash"\n$/,
    );
    assert.ok(isTokenHash((await Deno.readTextFile(file)).trim()));
    assert.equal((await Deno.stat(file)).mode! & 0o777, 0o600);
    assert.match(
      await printed(tokenCommand(), "new", "ann", "--hash-file", `${folder}/of ann`),
      /^CommandError: Expected a file whose name a credential can have, found /m,
    );
    const wrong = await run("token", "new", "a b");
    assert.equal(wrong.code, 1);
    assert.match(
      wrong.stderr,
      /error: command-argument value 'a b' is invalid for argument 'name'\. Expected letters, digits, "_" or "-", found "a b"\./,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("cli: the audit trail is verified, printed, and tells what was done to it", async () => {
  await Site.with(async (site) => {
    const gateway = await site.gateway(ADMIN_TOML);
    const { host } = await site.admin(gateway);
    const state = gateway.config.gateway.stateDir;
    const audit = async (...args: string[]) => steady(await printed(auditCommand(), ...args));
    await host.audit.seal();
    assert.equal(
      await audit("verify", state, "--running"),
      "3 entries with 2 seals are whole; the last one is 3, TIME\n" +
        "  1 to 3: 2 seals by PIN, the key of a certificate that was named\n",
    );
    assert.match(
      await audit("syslog", state, "--host", "EDGE"),
      /^<109>1 TIME EDGE tieline - program\.start \[audit@32473 number="1" who="gateway" outcome="done" after="DIGEST" hash="DIGEST"\] \ufeffTieline test, configuration version 1\n<109>1 TIME EDGE tieline - audit\.seal /,
    );
    const file = `${state}/audit/audit.jsonl`;
    const text = await Deno.readTextFile(file);
    await Deno.writeTextFile(file, text.replace("version 1", "version 2"));
    assert.equal(
      await audit("verify", state),
      "CommandError: After entry 0: a line that is no entry, or was changed\n" +
        "The seal in entry 2 is not by this device over entry 0\n",
    );
    await Deno.writeTextFile(file, text);
    assert.equal(
      await audit("verify", `${state}/audit`),
      "CommandError: Cannot read FOLDER/state1/audit/identity/cert.pem: there is no such file. " +
        "Name the device's certificate with --cert\n",
    );
    assert.equal(
      await audit("verify", `${state}/audit`, "--cert", file),
      "CommandError: Expected a certificate (PEM) in FOLDER/state1/audit/audit.jsonl, found something else\n",
    );
    assert.equal(
      await audit("verify", site.folder),
      "CommandError: There is no audit trail in FOLDER\n",
    );
  });
});
