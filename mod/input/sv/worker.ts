/**
 * A capture Worker: takes its orders, and captures until it is told to stop.
 *
 * @module
 */
import { CaptureEngine } from "./engine.ts";
import { replayCapture } from "./pcap_source.ts";
import { RawCapture } from "./raw_capture.ts";
import { RecordRing } from "./record_ring.ts";
import { captureUdp } from "./udp_source.ts";
import type { WorkerNews, WorkerStart } from "./worker_pool.ts";

/** Time for event records to leave at the end. */
const FAREWELL_MS = 2000;

declare const self: {
  onmessage: ((event: MessageEvent<WorkerStart>) => void) | null;
  postMessage(news: WorkerNews): void;
};

/** Serves as a capture Worker: says that it is ready, and begins with the message that comes then. */
export function serveCaptureWorker(): void {
  self.onmessage = ({ data }) => {
    self.onmessage = null;
    void capture(data).then(() => self.postMessage("stopped"));
  };
  self.postMessage("ready");
}

async function capture({ options, recording, shard, out, commands }: WorkerStart): Promise<void> {
  const records = new RecordRing(out), orders = new RecordRing(commands);
  const engine = new CaptureEngine(options, shard.streams, records, recording);
  if (options.pcap) await replayCapture(options.pcap, engine, records, orders);
  else if (options.udp) await captureUdp(options.udp, engine, records, orders);
  else new RawCapture(options, shard, engine, records, orders).run();
  engine.stop();
  // What was being recorded reaches the archive, if the other end still reads.
  for (const endMs = performance.now() + FAREWELL_MS; engine.isSending;) {
    engine.work();
    records.publish();
    if (performance.now() > endMs) break;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
