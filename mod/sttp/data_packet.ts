/**
 * The head of a data packet: flags and number of measurements (specs/sttp.md 7).
 *
 * @module
 */
import { DecodeError } from "../core/mod.ts";
import { DataPacketFlags } from "./constants.ts";

/** Bytes before the measurements of a data packet. */
export const DATA_PACKET_HEADER_SIZE = 5;

/** What the head of a data packet says. */
export interface DataPacketHeader {
  /** Flags byte. */
  readonly flags: number;
  /** TSSC, otherwise compact measurements. */
  readonly tssc: boolean;
  /** Slot of the signal index cache. */
  readonly cacheIndex: 0 | 1;
  /** Number of measurements. */
  readonly count: number;
}

/** Writes the head of a data packet at `offset` of `out`. */
export function writeDataPacketHeader(
  out: Uint8Array,
  offset: number,
  tssc: boolean,
  cacheIndex: number,
  count: number,
): void {
  out[offset] = (tssc ? DataPacketFlags.Compressed : DataPacketFlags.Compact) |
    (cacheIndex !== 0 ? DataPacketFlags.CacheIndex : 0);
  out[offset + 1] = count >>> 24;
  out[offset + 2] = count >>> 16;
  out[offset + 3] = count >>> 8;
  out[offset + 4] = count;
}

/**
 * Reads the head of a data packet that is not encrypted, or was decrypted.
 *
 * Throws {@linkcode DecodeError} for synchronised packets, for packets that are neither compact nor
 * TSSC, and for counts that the size of the packet cannot hold.
 */
export function parseDataPacketHeader(payload: Uint8Array): DataPacketHeader {
  if (payload.length < DATA_PACKET_HEADER_SIZE) {
    throw new DecodeError(
      "truncated",
      `Cannot read a data packet: expected at least 5 bytes, found ${payload.length}`,
      { offset: 0, field: "data packet", value: payload.length },
    );
  }
  const flags = payload[0]!;
  const tssc = (flags & DataPacketFlags.Compressed) !== 0;
  if (
    (flags & DataPacketFlags.Synchronized) !== 0 ||
    (!tssc && (flags & DataPacketFlags.Compact) === 0)
  ) {
    throw new DecodeError(
      "flags",
      `Cannot read a data packet: expected compact measurements or TSSC, found flags 0x${
        flags.toString(16)
      }`,
      { offset: 0, field: "flags", value: flags },
    );
  }
  const count = payload[1]! * 0x1000000 + (payload[2]! << 16) + (payload[3]! << 8) + payload[4]!;
  // A compact measurement has at least 9 bytes, one of TSSC at least one bit.
  const room = payload.length - DATA_PACKET_HEADER_SIZE;
  const most = tssc ? Math.max(0, room - 3) * 8 : Math.floor(room / 9);
  if (count > most) {
    throw new DecodeError(
      "count",
      `Cannot read a data packet: expected at most ${most} measurements in ${room} bytes, found ${count}`,
      { offset: 1, field: "count", value: count },
    );
  }
  return { flags, tssc, cacheIndex: (flags & DataPacketFlags.CacheIndex) === 0 ? 0 : 1, count };
}
