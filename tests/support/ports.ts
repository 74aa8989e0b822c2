/**
 * Ports for programs that must be told theirs before they listen.
 *
 * A port that was opened for a moment to see its number may be given to another test, or to any connection, before
 * the program has it. These lie below those that the kernel gives out by itself, and each file that imports this has
 * a block of them, which a lock keeps from all others until it ends.
 *
 * @module
 */

const FIRST = 20_000;
const BLOCK = 100;
const BLOCKS = 120;

const { block } = claimed();
let next = 0;

/** A port of 127.0.0.1 that nobody uses or will be given, over TCP and UDP; throws if all of the block are in use. */
export function freePort(): number {
  for (let tried = 0; tried < BLOCK; tried++) {
    const port = FIRST + block * BLOCK + next++ % BLOCK;
    if (isFree(port)) return port;
  }
  throw new Error(`Expected a free port from ${FIRST + block * BLOCK} on, found none`);
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}

/** A block that nobody holds; its file stays open, and with it the lock, as long as this is loaded. */
function claimed(): { block: number; lock: Deno.FsFile } {
  const folder = Deno.env.get("TMPDIR") || "/tmp";
  for (let block = 0; block < BLOCKS; block++) {
    let lock: Deno.FsFile;
    try {
      lock = Deno.openSync(`${folder}/tieline-ports-${block}.lock`, { create: true, write: true });
    } catch (error) {
      if (error instanceof Deno.errors.PermissionDenied) continue; // another user's
      throw error;
    }
    if (lock.tryLockSync(true)) return { block, lock };
    lock.close();
  }
  throw new Error(`Expected one of ${BLOCKS} blocks of ports, found all of them held`);
}
