/**
 * IEEE C37.118: synchrophasor frames, both ways (C37.118-2005, C37.118.2-2011).
 *
 * Pure: bytes and time are arguments. See `README.md` for what is left out.
 *
 * @module
 */
export {
  messageTimeQuality,
  STAT_CLOCK_BITS,
  statBitsOfClock,
  timeQualityOfClock,
} from "./clock_quality.ts";
export {
  type CommandFrame,
  commandName,
  encodeCommand,
  encodeHeaderFrame,
  type HeaderFrame,
  parseCommand,
  parseHeaderFrame,
} from "./command.ts";
export { MAX_FRAME_SIZE, parseHeader, peekHeader } from "./common.ts";
export { type ConfigurationOptions, parseConfiguration } from "./configuration_decode.ts";
export { encodeConfiguration, encodeConfiguration3 } from "./configuration_encode.ts";
export {
  configurationFromJson,
  type ConfigurationJson,
  configurationToJson,
  type PmuJson,
} from "./configuration_json.ts";
export { configurationWarnings, sameConfiguration } from "./configuration_compare.ts";
export { crc16, crcMatches } from "./crc.ts";
export { DataDecoder, type DecoderOptions, Notice } from "./data_decoder.ts";
export { DataEncoder, type EncoderOptions } from "./data_encoder.ts";
export { FragmentAssembler, type FragmentOptions } from "./fragments.ts";
export {
  type BlockJson,
  type DecodedFrame,
  decodeFrame,
  encodeFrame,
  type FrameJson,
} from "./frame.ts";
export { type JsonNumber, toJsonNumber } from "./json_number.ts";
export {
  encodeRawData,
  type EngineeringBlock,
  type RawBlock,
  readRawBlocks,
  toEngineering,
  wrapDegrees,
} from "./raw.ts";
export { type QueuedFrame, SendQueue } from "./send_queue.ts";
export { type ServedStream, type ServerEvents, ServerSession } from "./server_session.ts";
export { phaseOf, type PmuSignals, signalsOf, type StreamSignals } from "./signals.ts";
export {
  commonStatusOf,
  extendedStateFlagsOf,
  leapOfTimeQuality,
  STAT_ABSENT,
  STAT_FILLER,
  stateFlagsOf,
  type StatFields,
  statFields,
  statOf,
  statOfCommonStatus,
  type TimeQuality,
  timeQualityByte,
  timeQualityFields,
  timeQualityOfLeap,
} from "./status.ts";
export {
  type Fit,
  type LentFrame,
  type ParserCounters,
  type ParserOptions,
  StreamParser,
} from "./stream_parser.ts";
export { fracSecOfSlot, ticksOfFracSec } from "./time.ts";
export {
  type AnalogChannel,
  Command,
  type CommonHeader,
  type Configuration,
  dataFrameSize,
  type DigitalChannel,
  FormatBits,
  framesPerSecond,
  FrameType,
  nominalHz,
  type PhasorChannel,
  type PhasorScaling,
  pmuBlockSize,
  type PmuConfiguration,
  type PmuExtras,
  type Prefix,
} from "./types.ts";
