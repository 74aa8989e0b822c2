import assert from "node:assert/strict";
import { freePort } from "./ports.ts";

Deno.test("ports: each is another one, and what is in use is passed over", () => {
  const first = freePort();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: first + 1 });
  const socket = Deno.listenDatagram({
    transport: "udp",
    hostname: "127.0.0.1",
    port: first + 2,
  });
  try {
    assert.equal(freePort(), first + 3);
    assert.equal(freePort(), first + 4);
  } finally {
    listener.close();
    socket.close();
  }
});

Deno.test("ports: whoever loads the module beside this has others", async () => {
  const code = `import { freePort } from ${JSON.stringify(import.meta.resolve("./ports.ts"))};
    console.log(freePort());`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--unstable-net", code],
  }).output();
  const found = Number(new TextDecoder().decode(stdout));
  assert.ok(found > 0, new TextDecoder().decode(stderr));
  assert.notEqual(Math.floor(found / 100), Math.floor(freePort() / 100));
});
