import assert from "node:assert/strict";

const MODULE = new URL("./rights.ts", import.meta.url).href;
const PROGRAM = `
import { giveUpRawRights, rawRights } from ${JSON.stringify(MODULE)};
const before = rawRights();
let error = null;
try { giveUpRawRights(); } catch (e) { error = e.message; }
let opened = true;
try { Deno.dlopen("libc.so.6", {}); } catch { opened = false; }
console.log(JSON.stringify({ before, after: rawRights(), error, opened }));
`;

async function inProcess(wrapper: readonly string[]): Promise<Record<string, unknown> | undefined> {
  const deno = [Deno.execPath(), "eval", "--no-config", PROGRAM];
  const [command, ...args] = [...wrapper, ...deno];
  try {
    const { stdout } = await new Deno.Command(command!, { args, stderr: "null" }).output();
    return JSON.parse(new TextDecoder().decode(stdout)) as Record<string, unknown>; // it printed an object
  } catch {
    return undefined;
  }
}

Deno.test("rights: without CAP_NET_RAW the process goes on, and no library can be opened", async () => {
  const got = await inProcess(["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"]) ??
    await inProcess([]);
  assert.ok(got);
  if ((got["before"] as { netRaw: boolean }).netRaw) {
    console.log("skipped: setpriv cannot take CAP_NET_RAW away here");
    return;
  }
  assert.equal(got["error"], null);
  assert.equal(got["opened"], false);
  assert.deepEqual(got["before"], { ffi: true, netRaw: false });
  assert.deepEqual(got["after"], { ffi: false, netRaw: null });
});

Deno.test("rights: a process that holds CAP_NET_RAW is refused with the remedy", async () => {
  const got = await inProcess([]);
  assert.ok(got);
  if (!(got["before"] as { netRaw: boolean }).netRaw) {
    console.log("skipped: CAP_NET_RAW is not held here");
    return;
  }
  assert.match(String(got["error"]), /CapabilityBoundingSet=/);
  assert.equal(got["opened"], false, "FFI is given up in any case");
});
