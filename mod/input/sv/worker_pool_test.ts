import assert from "node:assert/strict";
import { leStream, optionsOf } from "./testing.ts";
import { WorkerPool } from "./worker_pool.ts";
import { freePort } from "../../../tests/support/ports.ts";

const udp = () =>
  optionsOf(leStream().replace('interface = "eth0"', `udp = { port = ${freePort()} }`));

Deno.test("worker pool: stopped before its Workers are up, it does not wait for them", async () => {
  const pool = new WorkerPool(udp(), undefined, 2, (reason) => assert.fail(reason));
  const starting = assert.rejects(pool.start(), /stopped before it began/);
  await pool.stop();
  await starting;
});
