/**
 * The table ActiveMeasurements (STTP specification, section 12.4), whose rows are made when they are looked at.
 *
 * A large site has a hundred thousand of them; as arrays they would be garbage of 20 MB for each filter that is run.
 *
 * @module
 */
import {
  type Cell,
  type Column,
  type DataTable,
  type Device,
  finishSteps,
  type RowView,
  type Signal,
  signalKey,
  type SignalRegistry,
  type SignalType,
  type Steps,
  type TableView,
} from "../core/mod.ts";
import { columnsOf, degreesText, isPhasor, phasorPhase, phasorType } from "./cells.ts";
import type { TableOptions } from "./types.ts";

/** Columns of ActiveMeasurements. */
export const ACTIVE_MEASUREMENTS: readonly Column[] = columnsOf({
  SourceNodeID: "guid",
  ID: "string",
  SignalID: "guid",
  PointTag: "string",
  AlternateTag: "string",
  SignalReference: "string",
  Internal: "int32",
  Subscribed: "int32",
  Device: "string",
  DeviceID: "int32",
  FramesPerSecond: "int32",
  Protocol: "string",
  ProtocolType: "string",
  SignalType: "string",
  EngineeringUnits: "string",
  PhasorID: "int32",
  PhasorType: "string",
  Phase: "string",
  Adder: "double",
  Multiplier: "double",
  Company: "string",
  Longitude: "decimal",
  Latitude: "decimal",
  Description: "string",
  UpdatedOn: "dateTime",
});

/** Signals that are looked at in one step. */
const STEP_SIGNALS = 4000;

/** The table of `signals`, all rows made. */
export function activeMeasurementsOf(
  registry: SignalRegistry,
  signals: readonly Signal[],
  options: TableOptions,
): DataTable {
  const { name, columns, rows } = viewActiveMeasurements(registry, signals, options);
  return { name, columns, rows: signals.map((_, i) => [...rows.at(i)!]) };
}

/** A view of the table of `signals`, which must stay as they are. */
export function viewActiveMeasurements(
  registry: SignalRegistry,
  signals: readonly Signal[],
  options: TableOptions,
): TableView {
  return finishSteps(viewActiveMeasurementsSteps(registry, signals, options));
}

/** Does what {@linkcode viewActiveMeasurements} does, in steps. */
export function* viewActiveMeasurementsSteps(
  registry: SignalRegistry,
  signals: readonly Signal[],
  options: TableOptions,
): Steps<TableView> {
  const rows = new ActiveRows(registry, signals, options);
  for (let at = 0; at < signals.length; at += STEP_SIGNALS) {
    if (at > 0) yield;
    rows.number(at, Math.min(at + STEP_SIGNALS, signals.length));
  }
  return { name: "ActiveMeasurements", columns: ACTIVE_MEASUREMENTS, rows };
}

/** What rows of one device have in common. */
interface DeviceEntry {
  readonly id: number;
  readonly cells: DeviceCells;
  /** Number of a phasor by its index in the device. */
  readonly phasors: Map<number, number>;
}

/** DeviceID and PhasorID count what is in `signals` only, so that they tell nothing of the rest. */
class ActiveRows implements RowView {
  readonly length: number;
  readonly #registry: SignalRegistry;
  readonly #signals: readonly Signal[];
  readonly #options: TableOptions;
  readonly #devices = new Map<string, DeviceEntry>();
  /** By row: PhasorID, 0 where there is none. */
  readonly #phasorIds: Int32Array;
  /** By PhasorID less one: row of its first signal. */
  readonly #phasorRows: number[] = [];
  readonly #row: Cell[];

  constructor(registry: SignalRegistry, signals: readonly Signal[], options: TableOptions) {
    this.#registry = registry;
    this.#signals = signals;
    this.#options = options;
    this.length = signals.length;
    this.#phasorIds = new Int32Array(signals.length);
    this.#row = new Array<Cell>(ACTIVE_MEASUREMENTS.length).fill(null);
  }

  /** Gives out numbers of devices and phasors for some rows; all must be numbered, in order. */
  number(from: number, to: number): void {
    for (let i = from; i < to; i++) {
      const { device, type, index } = this.#signals[i]!;
      const { phasors } = this.#deviceOf(device);
      if (!isPhasor(type)) continue;
      let id = phasors.get(index);
      if (id === undefined) phasors.set(index, id = this.#phasorRows.push(i));
      this.#phasorIds[i] = id;
    }
  }

  at(index: number): readonly Cell[] | undefined {
    const signal = this.#signals[index];
    if (!signal) return undefined;
    const { id, cells } = this.#deviceOf(signal.device);
    const phasorId = this.#phasorIds[index]!;
    const phasor = phasorId > 0 ? this.#signals[this.#phasorRows[phasorId - 1]!] : undefined;
    const row = this.#row;
    row[0] = this.#options.nodeId;
    row[1] = signalKey(signal);
    row[2] = signal.id;
    row[3] = signal.pointTag;
    row[4] = null;
    row[5] = signal.reference;
    row[6] = signal.source === this.#registry.keySource ? 1 : 0;
    row[7] = 0;
    row[8] = signal.device;
    row[9] = id;
    row[10] = cells.framesPerSecond;
    row[11] = cells.protocol;
    row[12] = cells.protocolType;
    row[13] = signal.type;
    row[14] = UNITS[signal.type] ?? "";
    row[15] = phasor ? phasorId : null;
    row[16] = phasor ? phasorType(phasor) : null;
    row[17] = phasor ? phasorPhase(phasor) : null;
    row[18] = 0;
    row[19] = 1;
    row[20] = cells.company;
    row[21] = cells.longitude;
    row[22] = cells.latitude;
    row[23] = signal.description;
    row[24] = this.#options.updatedOnMicros ?? null;
    return row;
  }

  #deviceOf(acronym: string): DeviceEntry {
    let entry = this.#devices.get(acronym);
    if (!entry) {
      const cells = deviceCells(this.#registry.device(acronym));
      entry = { id: this.#devices.size, cells, phasors: new Map() };
      this.#devices.set(acronym, entry);
    }
    return entry;
  }
}

/** Units by kind as section 12.4 lists them; nothing that a device says of itself. */
const UNITS: Readonly<Partial<Record<SignalType, string>>> = {
  IPHM: "Amps",
  VPHM: "Volts",
  FREQ: "Hz",
  IPHA: "Degrees",
  VPHA: "Degrees",
};

interface DeviceCells {
  readonly framesPerSecond: number;
  readonly protocol: string;
  readonly protocolType: string;
  readonly company: string;
  readonly longitude: string | null;
  readonly latitude: string | null;
}

function deviceCells(device: Device | undefined): DeviceCells {
  const protocol = device?.protocol ?? "";
  const measurement = /^(?:STTP$|Streaming Telemetry Transport Protocol$|Gateway|Modbus|DNP)/i.test(
    protocol,
  );
  return {
    framesPerSecond: device?.framesPerSecond ?? 30,
    protocol,
    protocolType: measurement ? "Measurement" : "Frame",
    company: device?.company ?? "",
    longitude: degreesText(device?.longitude ?? NaN),
    latitude: degreesText(device?.latitude ?? NaN),
  };
}
