/**
 * PMUs and merging units that do not exist: senders with values that can be computed again.
 *
 * @module
 */
export {
  type DeviceAccount,
  type FrameRecord,
  FrameRecorder,
  type StreamAccount,
} from "./account.ts";
export {
  FLOAT_POLAR,
  makeSimDevice,
  type NumberFormats,
  signalSuffixes,
  type SimDevice,
  type SimDeviceOptions,
} from "./device.ts";
export { PmuFleet } from "./fleet.ts";
export { type FrameSink, MergingUnit } from "./merging_unit.ts";
export {
  MergingUnitAccount,
  type MergingUnitTotals,
  type SentSecond,
} from "./merging_unit_account.ts";
export { MergingUnitFleet } from "./merging_unit_fleet.ts";
export type {
  MergingUnitClockOptions,
  MergingUnitImpairments,
  MergingUnitOptions,
} from "./merging_unit_options.ts";
export { type BatchSink, MergingUnitPacer, type PacerClock } from "./merging_unit_pacer.ts";
export { type Block, blockValue, GridModel, makeBlock, type ModelOptions } from "./model.ts";
export type { Impairments, PmuSimulatorOptions, SimTransport, SimWorld } from "./options.ts";
export type { MergingUnitThreadOptions } from "./merging_unit_messages.ts";
export { MergingUnitThread } from "./merging_unit_thread.ts";
export { serveMergingUnitWorker } from "./merging_unit_worker.ts";
export { eventLoopTurn } from "./event_loop_turn.ts";
export { PcapSink } from "./pcap_sink.ts";
export { PmuSimulator } from "./pmu_simulator.ts";
export { type SlotDue, SlotScheduler } from "./scheduler.ts";
export {
  type Fault,
  type Recurring,
  type Sag,
  WaveformModel,
  type WaveformOptions,
} from "./waveform_model.ts";
