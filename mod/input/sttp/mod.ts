/**
 * STTP in: another publisher's signals as frames, and the client that tools use.
 *
 * @module
 */
export {
  type ClientEvents,
  type ClientTls,
  type ClientUdp,
  SttpClient,
  type SttpClientOptions,
} from "./client.ts";
export { createSttpInput, type SttpInputContext } from "./input.ts";
export { type SttpInputOptions, type SttpInputSchema, sttpInputSchema } from "./schema.ts";
