/**
 * The metadata of a publisher as devices and signals of this gateway.
 *
 * @module
 */
import {
  acronymOf,
  type Cell,
  type DataSet,
  type Device,
  finishSteps,
  isUuid,
  SIGNAL_SUFFIX,
  SIGNAL_UNIT,
  type SignalDraft,
  type SignalType,
  type Steps,
} from "../../core/mod.ts";
import { isStatisticsAcronym } from "../../stats/mod.ts";

/** One signal of the publisher. */
export interface CatalogEntry {
  /** Acronym of its device in this gateway. */
  readonly device: string;
  /** What to register. */
  readonly draft: SignalDraft;
}

/** What a publisher says it has. */
export interface Catalog {
  /** Devices by their acronym in this gateway. */
  readonly devices: ReadonlyMap<string, Device>;
  /** Signals by GUID. */
  readonly signals: ReadonlyMap<string, CatalogEntry>;
}

/** What names of the publisher become here. */
export interface CatalogNames {
  /** Acronym of the input: stands before `!` and the publisher's acronyms. */
  readonly prefix: string;
  /** GUID of a device that the publisher gives none. */
  readonly deviceId: (acronym: string) => string;
}

/** A catalog before any metadata have come. */
export const EMPTY_CATALOG: Catalog = { devices: new Map(), signals: new Map() };

/** Rows that are read in one step: about a millisecond. */
const STEP_ROWS = 400;

/** Does what {@linkcode readCatalogSteps} does, at once. */
export function readCatalog(dataSet: DataSet, names: CatalogNames): Catalog {
  return finishSteps(readCatalogSteps(dataSet, names));
}

/**
 * Reads DeviceDetail, MeasurementDetail and PhasorDetail (specs/sttp.md 12.3), in steps.
 *
 * Device acronyms become `PREFIX!ACRONYM`: a name from the wire never equals a configured one, so no
 * rule that was written for a local device ever matches a signal of a publisher. For the same reason
 * keys and tags are made here; the GUIDs are kept. Rows without a GUID are left out.
 */
export function* readCatalogSteps(dataSet: DataSet, names: CatalogNames): Steps<Catalog> {
  const devices = new Map<string, Device>();
  const signals = new Map<string, CatalogEntry>();
  let read = 0;
  for (const row of rows(dataSet, "DeviceDetail")) {
    if (++read % STEP_ROWS === 0) yield;
    const acronym = localAcronym(text(row("Acronym")), names.prefix);
    const id = text(row("UniqueID")).toLowerCase();
    devices.set(acronym, {
      acronym,
      id: isUuid(id) ? id : names.deviceId(acronym),
      name: text(row("Name")) || acronym,
      parentAcronym: names.prefix,
      protocol: text(row("ProtocolName")) || "STTP",
      accessId: number(row("AccessID"), 0),
      framesPerSecond: number(row("FramesPerSecond"), 0),
      company: acronymOf(text(row("CompanyAcronym"))),
      vendor: acronymOf(text(row("VendorAcronym"))),
      longitude: number(row("Longitude"), NaN),
      latitude: number(row("Latitude"), NaN),
    });
  }
  const phasors = new Map<string, { label: string; phase: string }>();
  for (const row of rows(dataSet, "PhasorDetail")) {
    if (++read % STEP_ROWS === 0) yield;
    const key = `${text(row("DeviceAcronym"))}\u001f${number(row("SourceIndex"), 0)}`;
    phasors.set(key, { label: text(row("Label")), phase: text(row("Phase")) });
  }
  for (const row of rows(dataSet, "MeasurementDetail")) {
    if (++read % STEP_ROWS === 0) yield;
    const id = text(row("SignalID")).toLowerCase();
    if (!isUuid(id)) continue;
    const acronym = text(row("DeviceAcronym"));
    const type = typeOf(text(row("SignalAcronym")));
    const phasor = phasors.get(`${acronym}\u001f${number(row("PhasorSourceIndex"), 0)}`);
    signals.set(id, {
      device: localAcronym(acronym, names.prefix),
      draft: {
        id,
        type,
        label: phasor?.label ?? "",
        phase: phasor && /^[ABC0+-]$/.test(phasor.phase) ? phasor.phase : "",
        unit: SIGNAL_UNIT[type],
        index: indexOf(text(row("SignalReference"))),
        description: text(row("Description")).slice(0, 1024),
      },
    });
  }
  return { devices, signals };
}

/** The device of signals that have no device of their own. */
export function publisherDevice(names: CatalogNames): Device {
  return {
    acronym: names.prefix,
    id: names.deviceId(names.prefix),
    name: names.prefix,
    parentAcronym: "",
    protocol: "STTP",
    accessId: 0,
    framesPerSecond: 0,
    company: "",
    vendor: "",
    longitude: NaN,
    latitude: NaN,
  };
}

function localAcronym(acronym: string, prefix: string): string {
  const clean = acronymOf(acronym);
  if (clean === "") return prefix;
  // PREFIX!SUB and its like are the statistics of this input itself.
  const own = isStatisticsAcronym(`${prefix}!${clean}`) && !clean.includes("!");
  return `${prefix}!${clean}${own ? "_" : ""}`;
}

/** Each row of a table as a function from column name to cell; none if the table is absent. */
function* rows(dataSet: DataSet, name: string): Generator<(column: string) => Cell> {
  const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
  const table = dataSet.tables.find((t) => same(t.name, name));
  if (!table) return;
  const index = new Map(table.columns.map((c, i) => [c.name.toLowerCase(), i]));
  for (const row of table.rows) {
    yield (column) => {
      const at = index.get(column.toLowerCase());
      return at === undefined ? null : row[at] ?? null;
    };
  }
}

function text(cell: Cell): string {
  return cell === null ? "" : String(cell);
}

function number(cell: Cell, otherwise: number): number {
  const value = cell === null || cell === "" ? NaN : Number(cell);
  return Number.isFinite(value) ? value : otherwise;
}

function typeOf(acronym: string): SignalType {
  // The keys of the table are exactly the signal types.
  return Object.hasOwn(SIGNAL_SUFFIX, acronym) ? acronym as SignalType : "CALC";
}

/** Index of a signal reference such as `SHELBY-PM4`; 0 if it has none. */
function indexOf(reference: string): number {
  const match = /-[A-Z]{2}(\d{1,6})$/.exec(reference);
  return match ? Number(match[1]) : 0;
}
