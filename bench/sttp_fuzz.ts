/**
 * The long run of hostile payloads: `deno run -P=test --v8-flags=--expose-gc,--max-semi-space-size=4 bench/sttp_fuzz.ts [--inputs N]`, a million by default.
 *
 * Prints resident memory and live objects after every tenth; exits 1 if it grew by more than 20 MB over the last half.
 *
 * @module
 */
import { fuzzPublisher } from "../mod/sttp/publisher_fuzz.ts";

const MOST_GROWTH = 20e6;
const PARTS = 10;

if (import.meta.main) {
  const at = Deno.args.indexOf("--inputs");
  const inputs = at < 0 ? 1_000_000 : Number(Deno.args[at + 1]);
  // Only there with --expose-gc; without it the figures include what is to be collected.
  const collect = (globalThis as { gc?: () => void }).gc;
  const resident: number[] = [];
  for (let part = 1; part <= PARTS; part++) {
    const { sessions, refusals } = fuzzPublisher(Math.ceil(inputs / PARTS), part * 7919);
    collect?.();
    const { rss, heapUsed } = Deno.memoryUsage();
    resident.push(rss);
    console.log(
      `${part}/${PARTS}: ${sessions} sessions, ${refusals} refusals, ${
        (rss / 1e6).toFixed(1)
      } MB resident, ${(heapUsed / 1e6).toFixed(1)} MB of it live`,
    );
  }
  const growth = resident[PARTS - 1]! - resident[PARTS / 2 - 1]!;
  console.log(`growth over the last half: ${(growth / 1e6).toFixed(1)} MB`);
  Deno.exit(growth > MOST_GROWTH ? 1 : 0);
}
