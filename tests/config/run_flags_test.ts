import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string) => Deno.readTextFile(new URL(path, ROOT));

Deno.test("however the gateway is started, V8 and the allocator get the same settings", async () => {
  const { tasks } = JSON.parse(await read("deno.json"));
  const texts = [
    tasks.start.command,
    tasks.demo.command,
    await read("deploy/build.ts"),
    await read("Dockerfile"),
  ];
  const flags = texts.map((text) => /--v8-flags=[\w,=-]+/.exec(text)?.[0]);
  assert.match(flags[0]!, /--max-semi-space-size=\d+/);
  assert.deepEqual(new Set(flags).size, 1, flags.join(", "));
  const starts = [
    ...texts.filter((_, i) => i !== 2), // the build puts the launcher before the program
    await read("deploy/launcher.sh"),
    await read("deploy/tieline.service"),
    await read("deploy/tieline-capture.service"),
  ];
  const thresholds = starts.map((text) => /MALLOC_MMAP_THRESHOLD_\W+(\d+)/.exec(text)?.[1]);
  assert.deepEqual(new Set(thresholds), new Set(["65536"]), thresholds.join(", "));
});

Deno.test("however the gateway is started, it may ask the machine for the same things", async () => {
  const { permissions } = JSON.parse(await read("deno.json"));
  const asked = [permissions.gateway.sys.join(",")];
  for (const path of ["deploy/build.ts", "Dockerfile"]) {
    asked.push(/--allow-sys=([\w,]+)/.exec(await read(path))?.[1] ?? "");
  }
  assert.deepEqual(new Set(asked).size, 1, asked.join("\n"));
});
