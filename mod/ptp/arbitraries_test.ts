/**
 * Random messages, also for the comparison with dissectors.
 *
 * @module
 */
import fc from "fast-check";
import type { ClockQuality, PortIdentity, PtpTimestamp } from "./identity.ts";
import { interval, type TimeInterval } from "./interval.ts";
import { type ManagementMessage, type PtpHeader, type PtpMessage } from "./message.ts";
import { MessageType } from "./names.ts";
import type { Tlv } from "./tlv.ts";

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const i8 = fc.integer({ min: -128, max: 127 });
const i32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const u48 = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const nibble = fc.integer({ min: 0, max: 15 });

const octets = (max: number) => fc.uint8Array({ maxLength: max });
const even = (max: number) => octets(max).map((b) => b.subarray(0, b.length & ~1));
const hex = (size: number) =>
  fc.uint8Array({ minLength: size, maxLength: size }).map((b) =>
    [...b].map((x) => x.toString(16).padStart(2, "0")).join("")
  );
const text = fc.string({ maxLength: 20, unit: "grapheme-ascii" });

/** An exact interval of the whole range of the field. */
export const anyInterval: fc.Arbitrary<TimeInterval> = fc.tuple(
  fc.integer({ min: -(2 ** 47), max: 2 ** 47 - 1 }),
  u16,
).map(([ns, sub]) => interval(ns, sub));

/** A port. */
export const anyPort: fc.Arbitrary<PortIdentity> = fc.record({
  clockIdentity: hex(8),
  portNumber: u16,
});

/** A time stamp. */
export const anyTimestamp: fc.Arbitrary<PtpTimestamp> = fc.record({
  seconds: u48,
  nanos: fc.integer({ min: 0, max: 999_999_999 }),
});

/** A clock quality. */
export const anyQuality: fc.Arbitrary<ClockQuality> = fc.record({
  clockClass: u8,
  clockAccuracy: u8,
  offsetScaledLogVariance: u16,
});

const tail = fc.constant(new Uint8Array(2));

/** TLVs that Announces carry. */
export const announceTlv: fc.Arbitrary<Tlv> = fc.oneof(
  fc.record({
    kind: fc.constant("power2011" as const),
    grandmasterId: u16,
    grandmasterTimeInaccuracy: u32,
    networkTimeInaccuracy: u32,
    tail,
  }),
  fc.record({
    kind: fc.constant("power2017" as const),
    grandmasterId: u16,
    totalTimeInaccuracy: u32,
    tail,
  }),
  fc.record({
    kind: fc.constant("pathTrace" as const),
    pathSequence: fc.array(hex(8), { maxLength: 5 }),
  }),
  fc.record({
    kind: fc.constant("alternateTimeOffset" as const),
    keyField: u8,
    currentOffset: i32,
    jumpSeconds: i32,
    timeOfNextJump: u48,
    displayName: text,
  }),
);

const period = { messageType: nibble, logInterMessagePeriod: i8, duration: u32 };

/** Any TLV but those of management. */
export const anyTlv: fc.Arbitrary<Tlv> = fc.oneof(
  announceTlv,
  fc.record({ kind: fc.constant("unicastRequest" as const), ...period }),
  fc.record({
    kind: fc.constant("unicastGrant" as const),
    ...period,
    renewalInvited: fc.boolean(),
  }),
  fc.record({
    kind: fc.constantFrom("unicastCancel" as const, "unicastAcknowledgeCancel" as const),
    messageType: nibble,
  }),
  fc.record({
    kind: fc.constant("organization" as const),
    tlvType: fc.constantFrom(0x0003, 0x4000, 0x8000),
    organizationId: fc.constant(0x0050c2),
    organizationSubType: fc.integer({ min: 0, max: 0xff_ffff }),
    data: even(40),
  }),
  fc.record({
    kind: fc.constant("followUpInformation" as const),
    cumulativeScaledRateOffset: i32,
    gmTimeBaseIndicator: u16,
    lastGmPhaseChange: hex(12),
    scaledLastGmFreqChange: i32,
  }),
  fc.record({
    kind: fc.constant("unknown" as const),
    tlvType: fc.constantFrom(0x000a, 0x2000, 0x2aaa, 0x7f00, 0x8004, 0x8009),
    value: even(40),
  }),
);

const header: fc.Arbitrary<PtpHeader> = fc.record({
  majorSdoId: nibble,
  minorVersionPtp: nibble,
  domainNumber: u8,
  minorSdoId: u8,
  flags: u16,
  correction: anyInterval,
  messageTypeSpecific: u32,
  source: anyPort,
  sequenceId: u16,
  controlField: u8,
  logMessageInterval: i8,
});

const tlvs = fc.array(anyTlv, { maxLength: 4 });
const base = { header, tlvs };

/** A management message with data of an id that nothing reads, or an error. */
export const anyManagement: fc.Arbitrary<ManagementMessage> = fc.record({
  messageType: fc.constant(MessageType.Management),
  header,
  targetPortIdentity: anyPort,
  startingBoundaryHops: u8,
  boundaryHops: u8,
  action: nibble,
  tlvs: fc.oneof<fc.Arbitrary<Tlv>[]>(
    fc.record({ kind: fc.constant("management" as const), managementId: u16, data: even(60) }),
    fc.record({
      kind: fc.constant("managementError" as const),
      errorId: u16,
      managementId: u16,
      displayData: text,
    }),
  ).map((tlv) => [tlv]),
});

/** Messages of the types that a network of clocks is full of; `announceTlvs` for their Announces. */
export const timingMessage = (announceTlvs: fc.Arbitrary<Tlv[]>): fc.Arbitrary<PtpMessage> =>
  fc.oneof<fc.Arbitrary<PtpMessage>[]>(
    fc.record({
      messageType: fc.constantFrom(MessageType.Sync, MessageType.DelayReq),
      ...base,
      originTimestamp: anyTimestamp,
    }),
    fc.record({
      messageType: fc.constant(MessageType.FollowUp),
      ...base,
      preciseOriginTimestamp: anyTimestamp,
    }),
    fc.record({
      messageType: fc.constant(MessageType.DelayResp),
      ...base,
      receiveTimestamp: anyTimestamp,
      requestingPortIdentity: anyPort,
    }),
    fc.record({
      messageType: fc.constant(MessageType.PdelayReq),
      ...base,
      originTimestamp: anyTimestamp,
    }),
    fc.record({
      messageType: fc.constant(MessageType.PdelayResp),
      ...base,
      requestReceiptTimestamp: anyTimestamp,
      requestingPortIdentity: anyPort,
    }),
    fc.record({
      messageType: fc.constant(MessageType.PdelayRespFollowUp),
      ...base,
      responseOriginTimestamp: anyTimestamp,
      requestingPortIdentity: anyPort,
    }),
    fc.record({
      messageType: fc.constant(MessageType.Announce),
      header,
      tlvs: announceTlvs,
      originTimestamp: anyTimestamp,
      currentUtcOffset: fc.integer({ min: -32768, max: 32767 }),
      grandmasterPriority1: u8,
      grandmasterClockQuality: anyQuality,
      grandmasterPriority2: u8,
      grandmasterIdentity: hex(8),
      stepsRemoved: u16,
      timeSource: u8,
    }),
  );

/** Any message. */
export const anyMessage: fc.Arbitrary<PtpMessage> = fc.oneof(
  { weight: 7, arbitrary: timingMessage(tlvs) },
  fc.record({
    messageType: fc.constant(MessageType.Signaling),
    ...base,
    targetPortIdentity: anyPort,
  }),
  anyManagement,
);
