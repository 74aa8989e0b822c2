/**
 * C37.118 output: the stream of a concentrator for local PDCs, over TCP and UDP.
 *
 * @module
 */
export type { AlignedFigures, C37118OutputContext } from "./context.ts";
export type { C37118OutputDevice, C37118OutputOptions, NumberFormat } from "./options.ts";
export { type C37118Output, createC37118Output } from "./output.ts";
export { c37118OutputBytes, type C37118OutputSchema, c37118OutputSchema } from "./schema.ts";
