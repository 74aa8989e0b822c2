/**
 * C37.118 streams from PMUs and concentrators, over TCP and UDP, as frames.
 *
 * @module
 */
export { type C37118InputContext, createC37118Input } from "./input.ts";
export type { C37118DeviceOptions, C37118InputOptions, C37118Transport } from "./options.ts";
export { c37118DeviceSchema, type C37118InputSchema, c37118InputSchema } from "./schema.ts";
