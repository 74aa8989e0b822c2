/**
 * STTP output: subscribers over TLS or plain TCP, each with the measurements that it was granted.
 *
 * @module
 */
export { type BlockTaker } from "./block_taker.ts";
export { type MetadataMakerStatus } from "./metadata_maker.ts";
export { serveMetadataWorker } from "./metadata_worker.ts";
export { isMetadataWorker } from "./role.ts";
export {
  type SttpDial,
  sttpOutputBytes,
  type SttpOutputOptions,
  type SttpOutputSchema,
  sttpOutputSchema,
} from "./schema.ts";
export { type SttpOutputContext } from "./context.ts";
export { createSttpOutput, type SttpOutput } from "./sttp_output.ts";
export {
  type NotificationCounts,
  type SubscriberAccess,
  type SubscriberSettings,
  type SubscriberStatus,
} from "./subscriber.ts";
export { type SubscriberConnectionStatus } from "./subscriber_connection.ts";
export { type DataChannelStatus } from "./udp.ts";
export {
  type SubscriberIssuer,
  type SubscriberOptions,
  subscriberSchema,
} from "./subscriber_schema.ts";
