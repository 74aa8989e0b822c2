/**
 * IEC 61850 sampled values as a source of frames: capture, virtual PMUs, and the link between them and the gateway.
 *
 * @module
 */
export { type CaptureServer, type CaptureServerOptions, serveCapture } from "./capture_server.ts";
export { ClockLink, type ClockLinkOptions } from "./clock_link.ts";
export type { ClockWatchOptions } from "./clock_watch.ts";
export type { SvEvents, SvInputContext } from "./context.ts";
export { createSvInput, type SvInput } from "./input.ts";
export type { LiveEncoding, LiveNotice } from "./live_stream.ts";
export { svInputBytes, svInputWorkers, type SvMemory } from "./memory.ts";
export type {
  SvChannelOptions,
  SvClass,
  SvInputOptions,
  SvPcapOptions,
  SvPhasorOptions,
  SvPmuOptions,
  SvStreamOptions,
  SvSynchrophasorOptions,
  SvUdpOptions,
} from "./options.ts";
export { recordedStream, type RecordingOptions, recordingSchema } from "./recording.ts";
export { devicesOf, type SvDevice } from "./devices.ts";
export { type SvInputSchema, svInputSchema } from "./schema.ts";
export { svStreamSchema, svSynchrophasorSchema } from "./stream_schema.ts";
export { isCaptureWorker } from "./role.ts";
export { serveCaptureWorker } from "./worker.ts";
