/**
 * Cipher keys of the UDP data channel, and data packets under them (specs/sttp.md 10.3).
 *
 * @module
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { ByteReader, ByteWriter, DecodeError } from "../core/mod.ts";
import { DataPacketFlags } from "./constants.ts";

/** One AES-256 key with its fixed initialisation vector. */
export interface CipherKey {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** 16 bytes. */
  readonly iv: Uint8Array;
}

/** The two key sets of a session. */
export interface CipherKeys {
  /** Which one the publisher uses: 0 even, 1 odd. */
  readonly activeIndex: 0 | 1;
  /** Key set 0. */
  readonly even: CipherKey;
  /** Key set 1. */
  readonly odd: CipherKey;
}

const ALGORITHM = "aes-256-cbc";
const KEY_BYTES = 32;
const BLOCK_BYTES = 16;

/** The payload of UpdateCipherKeys, 113 bytes. */
export function encodeCipherKeys(keys: CipherKeys): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(113).u8(keys.activeIndex);
  for (const { key, iv } of [keys.even, keys.odd]) {
    writer.u32(key.length).raw(key).u32(iv.length).raw(iv);
  }
  return writer.bytes();
}

/** Reads the payload of UpdateCipherKeys; throws {@linkcode DecodeError} for other sizes than 32 and 16. */
export function decodeCipherKeys(payload: Uint8Array): CipherKeys {
  const reader = new ByteReader(payload);
  const activeIndex = reader.u8("active index") === 0 ? 0 : 1;
  const even = readKey(reader, "even");
  const odd = readKey(reader, "odd");
  return { activeIndex, even, odd };
}

/**
 * Encrypts a data packet: the flags byte stays in clear and names the key set, the rest is encrypted.
 */
export function encryptDataPacket(
  payload: Uint8Array,
  keys: CipherKeys,
  cipherIndex: 0 | 1,
): Uint8Array<ArrayBuffer> {
  const { key, iv } = cipherIndex === 0 ? keys.even : keys.odd;
  const cipher = createCipheriv(ALGORITHM, key, iv);
  const head = cipher.update(payload.subarray(1));
  const tail = cipher.final();
  const packet = new Uint8Array(1 + head.length + tail.length);
  packet[0] = cipherIndex === 0
    ? payload[0]! & ~DataPacketFlags.CipherIndex
    : payload[0]! | DataPacketFlags.CipherIndex;
  packet.set(head, 1);
  packet.set(tail, 1 + head.length);
  return packet;
}

/**
 * Decrypts a data packet with the key set that its flags name; the flags byte is kept.
 *
 * Throws {@linkcode DecodeError} unless the ciphertext is a whole number of blocks with correct padding.
 */
export function decryptDataPacket(packet: Uint8Array, keys: CipherKeys): Uint8Array<ArrayBuffer> {
  const size = packet.length - 1;
  if (size <= 0 || size % BLOCK_BYTES !== 0) {
    throw new DecodeError(
      "cipher",
      `Cannot decrypt a data packet: expected whole blocks of 16 bytes, found ${size} bytes`,
      { offset: 1, field: "ciphertext", value: size },
    );
  }
  const { key, iv } = (packet[0]! & DataPacketFlags.CipherIndex) === 0 ? keys.even : keys.odd;
  const decipher = createDecipheriv(ALGORITHM, key, iv);
  let head: Uint8Array, tail: Uint8Array;
  try {
    head = decipher.update(packet.subarray(1));
    tail = decipher.final();
  } catch {
    throw new DecodeError(
      "cipher",
      "Cannot decrypt a data packet: expected correct padding, found other bytes",
      { offset: 1, field: "ciphertext" },
    );
  }
  const payload = new Uint8Array(1 + head.length + tail.length);
  payload[0] = packet[0]!;
  payload.set(head, 1);
  payload.set(tail, 1 + head.length);
  return payload;
}

function readKey(reader: ByteReader, name: string): CipherKey {
  const key = readBlob(reader, KEY_BYTES, `${name} key`);
  const iv = readBlob(reader, BLOCK_BYTES, `${name} IV`);
  return { key, iv };
}

function readBlob(reader: ByteReader, expected: number, field: string): Uint8Array {
  const at = reader.offset;
  const size = reader.u32(`size of the ${field}`);
  if (size !== expected) {
    throw new DecodeError(
      "keySize",
      `Cannot read cipher keys: expected ${expected} bytes of ${field}, found ${size}`,
      { offset: at, field, value: size },
    );
  }
  return new Uint8Array(reader.slice(size, field)); // a copy, also of a Buffer, whose `slice` is none
}
