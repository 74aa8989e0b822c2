/**
 * fast-check with the seed of the project: the import map gives this file to everybody who asks for it.
 *
 * By default all runs see the same values, so that what failed once fails again, on every machine.
 * `TIELINE_TEST_SEED=random` takes other values each time, `TIELINE_TEST_SEED=NUMBER` those of a failure, whose
 * message tells its seed and path.
 *
 * @module
 */
import fc from "fast-check-package";

/** The seed when none is asked for; any number would do. */
const SEED = 2664;

/**
 * The seed that `text`, the value of `TIELINE_TEST_SEED`, asks for; undefined for another one each time.
 *
 * Throws TypeError for what is neither `random` nor an integer of 32 bits.
 */
export function seedOf(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return SEED;
  if (text === "random") return undefined;
  const seed = Number(text);
  if (text.trim() === "" || seed !== (seed | 0)) {
    throw new TypeError(
      `Expected "random" or an integer of 32 bits in TIELINE_TEST_SEED, found "${text}"`,
    );
  }
  return seed;
}

const seed = seedOf(Deno.env.get("TIELINE_TEST_SEED"));
if (seed !== undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });

export default fc;
