/**
 * COMTRADE: records of disturbances as others read them, both ways (IEEE C37.111-2013).
 *
 * Pure: bytes in, bytes out. See `README.md` for what is left out.
 *
 * @module
 */
export { decodeCff, decodePair, encodeCff, encodePair, type FilePair } from "./cff.ts";
export {
  type AnalogChannel,
  type ComtradeRecord,
  type DataFormat,
  type DigitalChannel,
  MISSING,
  type SampleRate,
} from "./types.ts";
