/**
 * The Worker that makes metadata: it holds a copy of the registry and answers one order after the other.
 *
 * @module
 */
import { type AccessOptions, type MetadataSource, metadataSteps } from "../../access/mod.ts";
import { DecodeError, type Device, finishSteps, type Signal } from "../../core/mod.ts";
import { metadataDocumentSteps } from "../../sttp/mod.ts";
import {
  type DeviceCopy,
  type MetadataAnswer,
  type MetadataOrder,
  unpackRights,
} from "./metadata_protocol.ts";
import { chargedSteps } from "./work_budget.ts";

/** The side of a Worker on which its own code stands; the library types know the other side alone. */
interface WorkerSide {
  onmessage: ((event: MessageEvent<MetadataOrder>) => void) | null;
  postMessage(answer: MetadataAnswer, transfer: ArrayBuffer[]): void;
}

/** Answers orders until the Worker is ended from outside. What is no fault of a filter ends it by itself. */
export function serveMetadataWorker(): void {
  // A Worker's global object has these members.
  const side = globalThis as unknown as WorkerSide;
  const bench = new MetadataBench();
  side.onmessage = ({ data }) => {
    const answer = bench.take(data);
    if (!answer) return;
    side.postMessage(answer, answer.kind === "document" ? [answer.bytes.buffer] : []);
  };
}

/** What a Worker does with its orders. */
export class MetadataBench {
  #options: AccessOptions = { nodeId: "" };
  readonly #copy = new RegistryCopy();

  /** Takes an order; an answer where the order is to make metadata. */
  take(order: MetadataOrder): MetadataAnswer | undefined {
    switch (order.kind) {
      case "begin":
        this.#options = order.options;
        this.#copy.keySource = order.keySource;
        return undefined;
      case "devices":
        for (const copy of order.devices) this.#copy.set(copy);
        return undefined;
      case "order":
        this.#copy.order(order.acronyms);
        return undefined;
      case "make":
        return this.#make(order);
    }
  }

  #make({ rights, request, nowMicros }: Extract<MetadataOrder, { kind: "make" }>): MetadataAnswer {
    let filterMs = 0;
    try {
      const query = { permitted: unpackRights(rights), filter: request.filter, nowMicros };
      const steps = metadataSteps(this.#copy, this.#options, query);
      const tables = finishSteps(
        chargedSteps(steps, () => performance.now(), (ms) => filterMs += ms),
      );
      const bytes = finishSteps(metadataDocumentSteps(tables, request));
      return { kind: "document", bytes, filterMs };
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return { kind: "refused", reason: error.message, filterMs };
    }
  }
}

/** The part of a registry that metadata are made of. */
class RegistryCopy implements MetadataSource {
  keySource = "";
  #devices = new Map<string, { readonly device: Device; readonly signals: Signal[] }>();

  set({ device, from, signals }: DeviceCopy): void {
    const known = this.#devices.get(device.acronym);
    if (from > 0 && known) known.signals.push(...signals);
    else this.#devices.set(device.acronym, { device, signals: [...signals] });
  }

  order(acronyms: readonly string[]): void {
    const before = this.#devices;
    this.#devices = new Map();
    for (const acronym of acronyms) {
      const copy = before.get(acronym);
      if (copy) this.#devices.set(acronym, copy);
    }
  }

  device(acronym: string): Device | undefined {
    return this.#devices.get(acronym)?.device;
  }

  *eachSignal(): Generator<Signal, void> {
    for (const { signals } of this.#devices.values()) yield* signals;
  }
}
