/**
 * Capture files from frames: classic pcap, little-endian, with nanoseconds.
 *
 * @module
 */

/** Snap length that the file header tells. */
const SNAP_LENGTH = 262_144;
const MAGIC_NANOS = 0xa1b23c4d;
const ETHERNET = 1;

/** Octets of the header of a file. */
export const PCAP_FILE_HEADER = 24;

/** Octets of the header of each record. */
export const PCAP_RECORD_HEADER = 16;

/** Writes the header of a file of link type Ethernet, with stamps in nanoseconds, at `offset` of `view`. */
export function writePcapHeader(view: DataView, offset: number): void {
  view.setUint32(offset, MAGIC_NANOS, true);
  view.setUint16(offset + 4, 2, true);
  view.setUint16(offset + 6, 4, true);
  view.setUint32(offset + 8, 0, true);
  view.setUint32(offset + 12, 0, true);
  view.setUint32(offset + 16, SNAP_LENGTH, true);
  view.setUint32(offset + 20, ETHERNET, true);
}

/**
 * Writes the header of a record at `offset` of `view`, for a frame of `size` octets that was captured at
 * `seconds` and `nanos`; the frame follows it.
 */
export function writePcapRecord(
  view: DataView,
  offset: number,
  seconds: number,
  nanos: number,
  size: number,
): void {
  view.setUint32(offset, seconds, true);
  view.setUint32(offset + 4, nanos, true);
  view.setUint32(offset + 8, size, true);
  view.setUint32(offset + 12, size, true);
}
