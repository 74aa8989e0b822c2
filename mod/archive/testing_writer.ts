/**
 * Writes records of 1 MB into the folder of its first argument until it is killed, telling of each.
 *
 * @module
 */
import { RecordStore } from "./record_store.ts";
import { describe, makeRecord, OPTIONS } from "./testing.ts";

const folder = Deno.args[0];
if (folder === undefined) throw new Error("Expected a folder, found nothing");
const store = new RecordStore(folder, OPTIONS, describe, Date.now() * 1000);
for (let n = Number(Deno.args[1]);; n++) {
  const bytes = makeRecord(n, 1_000_000);
  if (store.put(bytes, describe(bytes), Date.now() * 1000) === "stored") console.log(n);
}
