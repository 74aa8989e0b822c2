/**
 * A turn of the event loop for threads that otherwise sleep on their own.
 *
 * @module
 */

/** Resolves after signals, messages and timers that are due have had their turn; sooner than a timer would. */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
