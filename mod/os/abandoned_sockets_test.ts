import assert from "node:assert/strict";
import { removeAbandonedSockets } from "./abandoned_sockets.ts";

Deno.test("abandoned sockets: removed by name, if they are sockets, if nobody is bound", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tl-left-" });
  const bind = (name: string) =>
    Deno.listenDatagram({ transport: "unixpacket", path: `${folder}/${name}` });
  const bound = bind("a-1.sock");
  const listening = Deno.listen({ transport: "unix", path: `${folder}/a-2.sock` });
  try {
    // Closing leaves the file, as a kill does.
    for (const name of ["a-3.sock", "a-4.sock", "b-1.sock", "a-5.sock.old"]) bind(name).close();
    await Deno.writeTextFile(`${folder}/a-6.sock`, "a file");
    await Deno.mkdir(`${folder}/a-7.sock`);
    await Deno.symlink(`${folder}/b-1.sock`, `${folder}/a-8.sock`);
    const removed = await removeAbandonedSockets(folder, /^a-\d+\.sock$/);
    assert.deepEqual(removed.sort(), ["a-3.sock", "a-4.sock"]);
    const left = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
    const kept = ["a-1.sock", "a-2.sock", "a-5.sock.old", "a-6.sock", "a-7.sock", "a-8.sock"];
    assert.deepEqual(left, [...kept, "b-1.sock"]);
    assert.deepEqual(await removeAbandonedSockets(`${folder}/none`, /./), []);
  } finally {
    bound.close();
    listening.close();
    await Deno.remove(folder, { recursive: true });
  }
});
