/**
 * A Worker for tests that makes metadata, but for the filters `die`, at which it fails, and `hang`, which it never answers.
 *
 * @module
 */
import type { MetadataOrder } from "./metadata_protocol.ts";
import { MetadataBench } from "./metadata_worker.ts";

const bench = new MetadataBench();

// A Worker's global object has these members; the library types know the other side alone.
const side = globalThis as unknown as {
  onmessage: (event: MessageEvent<MetadataOrder>) => void;
  postMessage(answer: unknown): void;
};

side.onmessage = ({ data }) => {
  const filter = data.kind === "make" ? data.request.filter : "";
  if (filter === "die") throw new Error("Asked to die");
  if (filter === "hang") return;
  const answer = bench.take(data);
  if (answer) side.postMessage(answer);
};
