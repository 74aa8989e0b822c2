/**
 * Tables of metadata made from the signals of a registry (STTP specification, section 12.3).
 *
 * @module
 */
import {
  type Cell,
  type RowView,
  type Signal,
  signalKey,
  type Steps,
  type TableView,
} from "../core/mod.ts";
import { columnsOf, degreesText, isPhasor, phasorPhase, phasorType } from "./cells.ts";
import type { MetadataSource, TableOptions } from "./types.ts";

/** The present signals that are permitted, in the order of the registry. */
export function* visibleSignalsSteps(
  registry: MetadataSource,
  permitted: Uint8Array,
): Steps<Signal[]> {
  const visible: Signal[] = [];
  let count = 0;
  for (const signal of registry.eachSignal()) {
    if (permitted[signal.handle] === 1) visible.push(signal);
    if (++count % STEP_SIGNALS === 0) yield;
  }
  return visible;
}

/** Signals that one step is about. */
const STEP_SIGNALS = 2000;

/**
 * The four metadata tables of section 12.3 for `signals`, whose rows are made when they are looked at; devices without
 * a signal are left out.
 *
 * Pauses after every few thousand signals, so that a caller can do other work in between.
 */
export function* metadataTablesSteps(
  source: MetadataSource,
  signals: readonly Signal[],
  options: TableOptions,
): Steps<TableView[]> {
  const acronyms = new Set<string>();
  /** By device: phasors that were seen. */
  const seen = new Map<string, Set<number>>();
  /** Signals that stand for their phasors: the first of each. */
  const phasors: Signal[] = [];
  for (let i = 0; i < signals.length; i++) {
    const signal = signals[i]!;
    acronyms.add(signal.device);
    if (isPhasor(signal.type)) {
      let indexes = seen.get(signal.device);
      if (!indexes) seen.set(signal.device, indexes = new Set());
      if (!indexes.has(signal.index)) phasors.push(signal);
      indexes.add(signal.index);
    }
    if (i % STEP_SIGNALS === STEP_SIGNALS - 1) yield;
  }
  const devices = [...acronyms].flatMap((acronym) => source.device(acronym) ?? []);
  const parents = new Set(devices.map((d) => d.parentAcronym));
  const updatedOn = options.updatedOnMicros ?? null;
  return [
    {
      name: "DeviceDetail",
      columns: DEVICE_DETAIL,
      rows: rowsOf(devices, (d) => [
        options.nodeId,
        d.id,
        null,
        parents.has(d.acronym),
        d.acronym,
        d.name,
        d.accessId,
        // The name of a concentrator that is not visible itself stays hidden.
        acronyms.has(d.parentAcronym) ? d.parentAcronym : "",
        d.protocol,
        d.framesPerSecond,
        d.company,
        d.vendor,
        null,
        degreesText(d.longitude),
        degreesText(d.latitude),
        null,
        null,
        true,
        updatedOn,
      ]),
    },
    {
      name: "MeasurementDetail",
      columns: MEASUREMENT_DETAIL,
      rows: rowsOf(signals, (s) => [
        s.device,
        signalKey(s),
        s.id,
        s.pointTag,
        s.reference,
        s.type,
        isPhasor(s.type) && s.index > 0 ? s.index : null,
        s.description,
        s.source === source.keySource,
        true,
        updatedOn,
      ]),
    },
    {
      name: "PhasorDetail",
      columns: PHASOR_DETAIL,
      rows: rowsOf(phasors, (p, i) => [
        i + 1,
        p.device,
        p.label,
        phasorType(p),
        phasorPhase(p),
        null,
        p.index,
        updatedOn,
      ]),
    },
    { name: "SchemaVersion", columns: SCHEMA_VERSION, rows: [[VERSION_NUMBER]] },
  ];
}

/** Rows that are made of `items` when they are looked at. */
function rowsOf<T>(items: readonly T[], row: (item: T, index: number) => Cell[]): RowView {
  return {
    length: items.length,
    at(index) {
      const item = items[index];
      return item === undefined ? undefined : row(item, index);
    },
  };
}

const DEVICE_DETAIL = columnsOf({
  NodeID: "guid",
  UniqueID: "guid",
  OriginalSource: "string",
  IsConcentrator: "boolean",
  Acronym: "string",
  Name: "string",
  AccessID: "int32",
  ParentAcronym: "string",
  ProtocolName: "string",
  FramesPerSecond: "int32",
  CompanyAcronym: "string",
  VendorAcronym: "string",
  VendorDeviceName: "string",
  Longitude: "decimal",
  Latitude: "decimal",
  InterconnectionName: "string",
  ContactList: "string",
  Enabled: "boolean",
  UpdatedOn: "dateTime",
});

const MEASUREMENT_DETAIL = columnsOf({
  DeviceAcronym: "string",
  ID: "string",
  SignalID: "guid",
  PointTag: "string",
  SignalReference: "string",
  SignalAcronym: "string",
  PhasorSourceIndex: "int32",
  Description: "string",
  Internal: "boolean",
  Enabled: "boolean",
  UpdatedOn: "dateTime",
});

const PHASOR_DETAIL = columnsOf({
  ID: "int32",
  DeviceAcronym: "string",
  Label: "string",
  Type: "string",
  Phase: "string",
  DestinationPhasorID: "int32",
  SourceIndex: "int32",
  UpdatedOn: "dateTime",
});

const SCHEMA_VERSION = columnsOf({ VersionNumber: "int32" });
const VERSION_NUMBER = 9;
