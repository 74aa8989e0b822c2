/**
 * Socket files that a process left behind: one that is killed removes nothing.
 *
 * @module
 */

/**
 * Removes the sockets in `folder` whose name matches and to which nobody is bound any more; returns their names.
 *
 * Whether somebody is bound is asked of the kernel and not told by a process number in the name: numbers come again, and
 * those of another container mean nothing here. What cannot be looked at or removed is left alone.
 */
export async function removeAbandonedSockets(folder: string, name: RegExp): Promise<string[]> {
  const removed: string[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) {
      if (name.test(entry.name) && await removeAbandoned(`${folder}/${entry.name}`)) {
        removed.push(entry.name);
      }
    }
  } catch {
    // The folder is not there, or may not be read: who opens a socket in it will tell.
  }
  return removed;
}

async function removeAbandoned(path: string): Promise<boolean> {
  try {
    if (!(await Deno.lstat(path)).isSocket) return false;
    if (await isBound(path)) return false;
    await Deno.remove(path);
    return true;
  } catch {
    return false;
  }
}

/** Whether a process holds the socket; nothing is sent to it. */
async function isBound(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
  } catch (error) {
    // A datagram socket that is bound says that it is of another type.
    return !(error instanceof Deno.errors.ConnectionRefused);
  }
  return true;
}
