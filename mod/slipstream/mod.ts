/**
 * Slipstream: lossless compression of sampled waveforms, byte-compatible with the reference implementation.
 *
 * Pure: bytes and time are arguments. See `README.md` for what is left out.
 *
 * @module
 */
export { type Columns, Encoder } from "./encoder.ts";
export { Decoder, type Message } from "./decoder.ts";
export {
  MAX_SAMPLES,
  MAX_VALUES,
  MAX_VARIABLES,
  type SpatialReferences,
  type StreamOptions,
} from "./options.ts";
export { SampleEncoder } from "./sample_encoder.ts";
