/**
 * STTP (IEEE 2664): frames, codecs, and the sessions of subscriber and publisher.
 *
 * @module
 */
export * from "./base_times.ts";
export * from "./buffer_block.ts";
export * from "./cipher_keys.ts";
export * from "./compact.ts";
export * from "./connection_string.ts";
export * from "./constants.ts";
export * from "./data_packet.ts";
export * from "./framing.ts";
export * from "./gzip.ts";
export * from "./measurement_batch.ts";
export * from "./metadata_writer.ts";
export * from "./metadata_xml.ts";
export * from "./notify.ts";
export * from "./operational_modes.ts";
export * from "./publisher.ts";
export { type BlockCounts, type BlockOpening } from "./publisher_blocks.ts";
export * from "./publisher_books.ts";
export type { Selection } from "./publisher_caches.ts";
export { type DatagramChannel, type PublisherUdp } from "./publisher_channel.ts";
export { REFUSAL_LINGER_MS } from "./publisher_commands.ts";
export * from "./publisher_log.ts";
export * from "./publisher_notifications.ts";
export * from "./publisher_types.ts";
export * from "./signal_index_cache.ts";
export * from "./subscriber.ts";
export * from "./subscriber_cache.ts";
export * from "./subscriber_types.ts";
export * from "./text.ts";
export * from "./time_constraint.ts";
export * from "./tssc_decoder.ts";
export * from "./tssc_encoder.ts";
