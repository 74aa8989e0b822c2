/**
 * A Worker that says it is ready, and ends with a defect at the first record.
 *
 * @module
 */
// The scope of a Worker; TypeScript knows the one of a window alone.
const scope = self as unknown as {
  onmessage: ((event: MessageEvent<{ kind: string }>) => void) | null;
  postMessage(message: unknown): void;
};
scope.onmessage = ({ data }) => {
  if (data.kind === "start") scope.postMessage({ kind: "ready" });
  else throw new Error("a defect");
};
