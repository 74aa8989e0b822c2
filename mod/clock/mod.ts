/**
 * What time it is and how well we know it: ptp4l, NTP, the kernel, and PTP as it is seen on the wire.
 *
 * @module
 */
export type * from "./capture.ts";
export * from "./holdover.ts";
export * from "./leap_watch.ts";
export * from "./ntp_source.ts";
export * from "./observer.ts";
export * from "./observer_types.ts";
export * from "./options.ts";
export { type ClockContext, type ClockPart, createClockPart } from "./part.ts";
export * from "./ptp4l_picture.ts";
export * from "./ptp4l_reading.ts";
export * from "./ptp4l_session.ts";
export * from "./ptp4l_source.ts";
export * from "./reading.ts";
export * from "./schema.ts";
export * from "./selection.ts";
export * from "./sntp.ts";
export * from "./state_machine.ts";
export * from "./status.ts";
export * from "./tracker.ts";
