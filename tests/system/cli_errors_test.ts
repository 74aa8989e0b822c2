/**
 * What an operator can mend is told in words that say what to do, and without a stack.
 */
import assert from "node:assert/strict";
import { freePort } from "../support/ports.ts";
import { type Ended, run } from "./program.ts";

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "tieline-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function assertTold({ code, stderr }: Ended, expected: RegExp, name: string): void {
  assert.equal(code, 1, `${name}: ${stderr}`);
  assert.match(stderr, expected, `${name}: ${stderr}`);
  assert.doesNotMatch(stderr, /\bat .*\.ts:\d+/, `${name}: no stack for what can be mended`);
}

Deno.test("cli: wrong arguments and files are told with what to do", async () => {
  await inFolder(async (folder) => {
    const junk = `${folder}/junk`;
    await Deno.writeTextFile(junk, "hello\n");
    const cases: readonly (readonly [args: readonly string[], expected: RegExp])[] = [
      [["chek", "x"], /unknown command 'chek'\n\(Did you mean check\?\)\nTry: tieline --help/],
      [["run"], /missing required argument 'file'\nTry: tieline run --help/],
      [
        ["sim", "pmu", "--rate", "x"],
        /Expected a number, found "x"\.\nTry: tieline sim pmu --help/,
      ],
      [["check", folder], /^Cannot read \S+: it is a folder$/m],
      [["check", `${folder}/absent`], /^Cannot read \S+absent: there is no such file or folder$/m],
      [["run", `${folder}/absent`, "--state", folder], /^Cannot read \S+absent: there is no such/m],
      [["cert", "pin", `${folder}/absent`], /^Cannot read \S+absent: there is no such file$/m],
      [["cert", "pin", junk], /junk: Expected PEM with BEGIN CERTIFICATE/],
      [["config", "get", "127.0.0.1:1", "--cert", junk], /--cert and --key together/],
      [["watch", "127.0.0.1:1", "--key", junk, "--cert", junk, "--pin", "c"], /^--pin: Expected/m],
      [["watch", "127.0.0.1:1", "--insecure", "--sts-version", "4"], /whole number from 1 to 3/],
      [["token", "new", "bob", "--hash-file", `${folder}/no/hash`], /^Cannot open \S+no\/hash: /m],
      [["capture", "--log-level", "loud"], /Allowed choices are debug, info, warning, error/],
    ];
    // One after the other: each is a process, and the machine may be small.
    for (const [args, expected] of cases) assertTold(await run(...args), expected, args.join(" "));
  });
});

Deno.test("cli: help of a command is that of the command, whichever way it is asked for", async () => {
  const [asked, given] = [await run("help", "config"), await run("config", "--help")];
  assert.equal(asked.stdout, given.stdout);
  assert.match(asked.stdout, /rollback/);
});

Deno.test("watch: a publisher that ends the connection without a word leaves a guess why", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const closing = (async () => {
    for await (const connection of listener) connection.close();
  })();
  try {
    const ended = await run("watch", `127.0.0.1:${listener.addr.port}`, "--insecure", "--for", "4");
    assertTold(ended, /^No measurement came from .* Perhaps it expects TLS/m, "watch");
  } finally {
    listener.close();
    await closing;
  }
});

Deno.test("run: a port of the admin API that is in use is told, and the gateway is stopped again", async () => {
  await inFolder(async (folder) => {
    const port = freePort();
    const listener = Deno.listen({ hostname: "127.0.0.1", port });
    try {
      await Deno.writeTextFile(
        `${folder}/site.toml`,
        `[gateway]
id = "1f0e9c1a-6a52-4bb1-9d53-7c8f0a1b2c3d"
name = "EDGE"
stateDir = ${JSON.stringify(folder)}
[admin]
listen = "127.0.0.1:${port}"
`,
      );
      const ended = await run("run", `${folder}/site.toml`);
      assertTold(
        ended,
        new RegExp(`Cannot listen on 127\\.0\\.0\\.1:${port}: .* in use .*\\[admin\\] listen`),
        "run",
      );
      assert.match(ended.stderr, /Stopped/);
    } finally {
      listener.close();
    }
  });
});
