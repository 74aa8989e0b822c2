/**
 * Merging units in a Worker of their own: it sleeps between frames, which no other thread may.
 *
 * @module
 */
import { messageOf } from "../core/mod.ts";
import { openRealTime, PacketSender } from "../os/mod.ts";
import { eventLoopTurn } from "./event_loop_turn.ts";
import { MergingUnitFleet } from "./merging_unit_fleet.ts";
import { MergingUnitPacer } from "./merging_unit_pacer.ts";
import type {
  MergingUnitNews,
  MergingUnitOrder,
  MergingUnitThreadOptions,
} from "./merging_unit_messages.ts";
import { WaveformModel } from "./waveform_model.ts";

/** How long one stretch of sending lasts before orders are looked at. */
const STRETCH_MS = 20;

/** What a Worker can do with messages; the library of this program's types is that of a window. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<MergingUnitOrder>) => void) | null;
  postMessage(news: MergingUnitNews): void;
}

/** Waits for orders, and sends until it is told to stop. */
export function serveMergingUnitWorker(): void {
  const scope = globalThis as unknown as WorkerScope; // in a Worker, as the caller has asked
  let isOver = false;
  scope.onmessage = ({ data }) => {
    if (data.kind === "stop") isOver = true;
    else {
      send(scope, data.options, () => isOver).catch((error) => {
        scope.postMessage({ kind: "failed", error: messageOf(error) });
      });
    }
  };
  scope.postMessage({ kind: "loaded" });
}

async function send(
  scope: WorkerScope,
  options: MergingUnitThreadOptions,
  isOver: () => boolean,
): Promise<void> {
  const sender = new PacketSender({ interface: options.interface });
  const clock = openRealTime();
  try {
    const model = new WaveformModel(options.waveform);
    const fleet = new MergingUnitFleet(options.units.map((unit) => ({ ...unit, model })));
    const pacer = new MergingUnitPacer(fleet, sender, clock, options.gatherNanos ?? 0);
    scope.postMessage({ kind: "running" });
    while (!isOver()) {
      pacer.run(STRETCH_MS);
      await eventLoopTurn();
    }
    const totals = fleet.accounts.map((account) => account.totals());
    scope.postMessage({ kind: "stopped", totals, refused: sender.refused });
  } finally {
    clock.close();
    sender.close();
  }
}
