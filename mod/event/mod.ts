/**
 * Event recording: triggers on waveforms and synchrophasors, and what is captured around them.
 *
 * @module
 */
export { BlockKind } from "./block_kind.ts";
export * from "./capture_event.ts";
export * from "./capture_window.ts";
export * from "./frame_record.ts";
export * from "./frame_record_comtrade.ts";
export { frameCsvLines } from "./frame_record_csv.ts";
export { frameParts } from "./frame_record_parts.ts";
export * from "./frame_recorder.ts";
export * from "./frame_triggers.ts";
export * from "./live_marks.ts";
export * from "./options.ts";
export { pieceSamplesOf } from "./piece_encoder.ts";
export * from "./record.ts";
export { RecordAssembler } from "./record_assembler.ts";
export * from "./record_comtrade.ts";
export { MAX_RECORD_BYTES, RECORD_KIND } from "./record_container.ts";
export * from "./record_content.ts";
export * from "./record_csv.ts";
export * from "./record_waveform.ts";
export * from "./recorder_types.ts";
export * from "./schema.ts";
export * from "./stream_recorder.ts";
export * from "./trigger_order.ts";
export * from "./waveform_block.ts";
export * from "./waveform_stream.ts";
export * from "./waveform_triggers.ts";
