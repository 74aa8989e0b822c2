/**
 * What the main thread and the Worker that makes metadata say to each other.
 *
 * The Worker holds a copy of the registry, which is brought up to date before each order; messages keep their order.
 *
 * @module
 */
import type { AccessOptions } from "../../access/mod.ts";
import type { Device, Signal } from "../../core/mod.ts";
import type { MetadataRequest } from "../../sttp/mod.ts";

/** A device with some of its signals. */
export interface DeviceCopy {
  /** The device. */
  readonly device: Device;
  /** Place of the first of `signals` among those of the device; 0 begins it anew. */
  readonly from: number;
  /** Its signals in order. */
  readonly signals: readonly Signal[];
}

/** What the main thread says. */
export type MetadataOrder =
  | {
    readonly kind: "begin";
    /** Source part of the keys of the gateway's own signals. */
    readonly keySource: string;
    /** What tables say beside the signals. */
    readonly options: AccessOptions;
  }
  | {
    readonly kind: "devices";
    /** Devices that are new or have changed, in pieces. */
    readonly devices: readonly DeviceCopy[];
  }
  | {
    readonly kind: "order";
    /** All devices that there are, in order; others are to be forgotten. */
    readonly acronyms: readonly string[];
  }
  | {
    readonly kind: "make";
    /** Rights by handle, eight to a byte, the first in the lowest bit. */
    readonly rights: Uint8Array;
    /** What was asked for. */
    readonly request: MetadataRequest;
    /** What NOW gives in filters: microseconds since 1970. */
    readonly nowMicros: number;
  };

/** How the Worker answers an order to make metadata. */
export type MetadataAnswer =
  | {
    readonly kind: "document";
    /** The payload of the response. */
    readonly bytes: Uint8Array<ArrayBuffer>;
    /** Milliseconds to charge for the tables and their filter. */
    readonly filterMs: number;
  }
  | {
    readonly kind: "refused";
    /** What is wrong with the filter, for the subscriber. */
    readonly reason: string;
    /** Milliseconds to charge for the tables and their filter. */
    readonly filterMs: number;
  };

/** Rights, 1 by handle, as bits. */
export function packRights(permitted: Uint8Array): Uint8Array<ArrayBuffer> {
  const bits = new Uint8Array(Math.ceil(permitted.length / 8));
  for (let handle = 0; handle < permitted.length; handle++) {
    if (permitted[handle] === 1) bits[handle >> 3]! |= 1 << (handle & 7);
  }
  return bits;
}

/** Rights, 1 by handle, of bits that {@linkcode packRights} has made; the last byte is filled up with 0. */
export function unpackRights(bits: Uint8Array): Uint8Array<ArrayBuffer> {
  const permitted = new Uint8Array(bits.length * 8);
  for (let handle = 0; handle < permitted.length; handle++) {
    permitted[handle] = (bits[handle >> 3]! >> (handle & 7)) & 1;
  }
  return permitted;
}
