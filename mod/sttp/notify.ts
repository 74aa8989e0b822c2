/**
 * Notifications: messages for people that are confirmed by their hash (specs/sttp.md 11.2).
 *
 * @module
 */
import { ByteReader, ByteWriter } from "../core/mod.ts";
import { decodeText, encodeText, type TextEncoding } from "./text.ts";

/** One notification. */
export interface Notification {
  /** Opaque number, unsigned; returned by the client as confirmation. */
  readonly hash: number;
  /** The message. */
  readonly text: string;
}

/** The payload of Notify. */
export function encodeNotification(
  notification: Notification,
  encoding: TextEncoding,
): Uint8Array<ArrayBuffer> {
  const text = encodeText(notification.text, encoding);
  return new ByteWriter(4 + text.length).u32(notification.hash).raw(text).bytes();
}

/** Reads the payload of Notify. */
export function decodeNotification(payload: Uint8Array, encoding: TextEncoding): Notification {
  const reader = new ByteReader(payload);
  const hash = reader.u32("hash");
  return { hash, text: decodeText(payload.subarray(reader.offset), encoding) };
}
