/**
 * Codes and masks of the STTP wire (specs/sttp.md 2 to 4, 7 and 8).
 *
 * @module
 */

/** Commands, client to publisher (2). */
export const Command = {
  /** Never sent; command code of a refusal response (4.6). */
  Connect: 0x00,
  /** Asks for metadata. */
  MetadataRefresh: 0x01,
  /** Subscribes. */
  Subscribe: 0x02,
  /** Ends the subscription. */
  Unsubscribe: 0x03,
  /** Asks for new cipher keys. */
  RotateCipherKeys: 0x04,
  /** Changes the speed of a replay. */
  UpdateProcessingInterval: 0x05,
  /** The first command of every session. */
  DefineOperationalModes: 0x06,
  /** Confirms a notification. */
  ConfirmNotification: 0x07,
  /** Confirms a buffer block. */
  ConfirmBufferBlock: 0x08,
  /** Undefined; ignored. */
  ConfirmUpdateBaseTimes: 0x09,
  /** Confirms a signal index cache (6.4). */
  ConfirmUpdateSignalIndexCache: 0x0a,
  /** Undefined; ignored. */
  ConfirmUpdateCipherKeys: 0x0b,
  /** Asks for the schema of the metadata tables. */
  GetPrimaryMetadataSchema: 0x0c,
  /** Asks for the schema of `ActiveMeasurements`. */
  GetSignalSelectionSchema: 0x0d,
  /** First of sixteen commands that belong to applications. */
  UserCommand00: 0xd0,
  /** Last of sixteen commands that belong to applications. */
  UserCommand15: 0xdf,
} as const;

/** Responses, publisher to client (3). */
export const Response = {
  /** A command was carried out. */
  Succeeded: 0x80,
  /** A command was refused. */
  Failed: 0x81,
  /** Measurements. */
  DataPacket: 0x82,
  /** A signal index cache. */
  UpdateSignalIndexCache: 0x83,
  /** Base times of compact measurements. */
  UpdateBaseTimes: 0x84,
  /** Cipher keys for UDP. */
  UpdateCipherKeys: 0x85,
  /** Time of the first measurement. */
  DataStartTime: 0x86,
  /** A replay has ended. */
  ProcessingComplete: 0x87,
  /** A block of bytes for a signal. */
  BufferBlock: 0x88,
  /** A message for people. */
  Notify: 0x89,
  /** The metadata has changed. */
  ConfigurationChanged: 0x8a,
  /** First of sixteen responses that belong to applications. */
  UserResponse00: 0xe0,
  /** Last of sixteen responses that belong to applications. */
  UserResponse15: 0xef,
  /** Keep-alive. */
  NoOp: 0xff,
} as const;

/** Bits of the operational modes word (4.1). */
export const OperationalModeBits = {
  /** Protocol version, 1 to 3. */
  VersionMask: 0x1f,
  /** GZip is available. */
  GZip: 0x20,
  /** TSSC is available. */
  Tssc: 0x40,
  /** Text encoding. */
  EncodingMask: 0x300,
  /** Implementation extension id. */
  ExtensionMask: 0xff0000,
  /** GEP: portable binary formats. */
  PortableFormats: 0x01000000,
  /** Wants external metadata. */
  ReceiveExternalMetadata: 0x02000000,
  /** Wants internal metadata. */
  ReceiveInternalMetadata: 0x04000000,
  /** Compress payload data. */
  CompressPayloadData: 0x20000000,
  /** Compress the signal index cache. */
  CompressSignalIndexCache: 0x40000000,
  /** Compress metadata. */
  CompressMetadata: 0x80000000,
} as const;

/** Bits of the flags byte of a data packet (7) and of a Subscribe payload (5.1). */
export const DataPacketFlags = {
  /** Obsolete: a frame time precedes the count. */
  Synchronized: 0x01,
  /** Compact measurements. */
  Compact: 0x02,
  /** Encrypted with the odd key. */
  CipherIndex: 0x04,
  /** TSSC. */
  Compressed: 0x08,
  /** Belongs to the odd signal index cache. */
  CacheIndex: 0x10,
} as const;

/** Bits of the flags byte of a compact measurement (8.2). */
export const CompactFlags = {
  /** Any of the range errors, alarms and warnings. */
  DataRange: 0x01,
  /** Any of the data quality bits. */
  DataQuality: 0x02,
  /** Any of the time quality bits. */
  TimeQuality: 0x04,
  /** A system error or warning, or a measurement error. */
  SystemIssue: 0x08,
  /** Calculated. */
  CalculatedValue: 0x10,
  /** Discarded. */
  DiscardedValue: 0x20,
  /** The time is an offset from a base time. */
  BaseTimeOffset: 0x40,
  /** The base time is the odd one. */
  TimeIndex: 0x80,
} as const;

/** Largest frame that is taken from a peer before its session is validated (1.5). */
export const MAX_FRAME_BEFORE_VALIDATION = 8197;
/** Largest frame that is taken from a peer after validation (1.5). */
export const MAX_FRAME = 16 * 1024 * 1024;
/** Largest data in one data packet, TSSC block or sum of compact measurements (1.5). */
export const MAX_PACKET_DATA = 32768;
/** Interval of the keep-alive (4.5), in milliseconds. */
export const NOOP_INTERVAL_MS = 5000;
