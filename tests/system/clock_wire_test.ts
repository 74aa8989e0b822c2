/**
 * PTP on a wire, heard by the gateway's own process and by `tieline capture` for another: both tell the same.
 *
 * @module
 */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import * as v from "valibot";
import { type ClockPart, clockSchema, createClockPart } from "../../mod/clock/mod.ts";
import { checkDocument, parseTomlDocument } from "../../mod/config/mod.ts";
import { ClockLink, serveCapture } from "../../mod/input/sv/mod.ts";
import { PacketSender, systemClock } from "../../mod/os/mod.ts";
import { datagramFrame, layCable } from "../../mod/os/testing.ts";
import {
  encodeMessage,
  makeHeader,
  MessageType,
  PtpFlags,
  type PtpMessage,
  type PtpTransport,
} from "../../mod/ptp/mod.ts";
import { until } from "../support/waiting.ts";

const LOG = { debug() {}, info() {}, warn() {}, error() {} };
const DOMAIN = 93;

interface Setting {
  readonly transports: readonly PtpTransport[];
  /** Addresses of the clocks. */
  readonly senders: readonly string[];
  /** What is in the way, on an interface without address. */
  readonly problems: RegExp;
}

const SETTINGS: readonly Setting[] = [
  {
    transports: ["ethernet"],
    senders: ["02:00:00:00:00:01", "02:00:00:00:00:02"],
    problems: /^$/,
  },
  {
    transports: ["udp4", "udp6"],
    senders: ["192.0.2.1", "fe80::2"],
    problems:
      /^The groups of PTP over IPv4 cannot be joined on .*: .* an interface with an IPv4 address/,
  },
];

/** A clock that announces itself and sends one-step Sync, eight times a second each. */
interface MadeClock {
  readonly identity: string;
  readonly priority1: number;
  /** TCI of its tag; -1 for none. */
  readonly tci: number;
}

const CLOCKS: readonly MadeClock[] = [
  { identity: "02000000fffe0001", priority1: 100, tci: 0x800a },
  { identity: "02000000fffe0002", priority1: 120, tci: -1 },
];

function messages({ identity, priority1 }: MadeClock, sequenceId: number): PtpMessage[] {
  const source = { clockIdentity: identity, portNumber: 1 };
  const more = { sequenceId, domainNumber: DOMAIN, logMessageInterval: -3 };
  const now = Date.now();
  const originTimestamp = { seconds: Math.floor(now / 1000), nanos: (now % 1000) * 1e6 };
  return [
    {
      messageType: MessageType.Announce,
      header: makeHeader(MessageType.Announce, source, { ...more, flags: PtpFlags.TimeTraceable }),
      originTimestamp,
      currentUtcOffset: 37,
      grandmasterPriority1: priority1,
      grandmasterClockQuality: {
        clockClass: 6,
        clockAccuracy: 0x21,
        offsetScaledLogVariance: 0x4e5d,
      },
      grandmasterPriority2: 128,
      grandmasterIdentity: identity,
      stepsRemoved: 0,
      timeSource: 0x20,
      tlvs: [],
    },
    {
      messageType: MessageType.Sync,
      header: makeHeader(MessageType.Sync, source, more),
      originTimestamp,
      tlvs: [],
    },
  ];
}

/** The frame of a message: over Ethernet, or the first clock over IPv4 and the second over IPv6. */
function frameOf(clock: MadeClock, message: PtpMessage, isIp: boolean): Uint8Array {
  const payload = encodeMessage(message), number = Number(clock.identity.at(-1));
  const tags = clock.tci < 0 ? [] : [0x8100, clock.tci];
  if (isIp) {
    const port = message.messageType === MessageType.Sync ? 319 : 320;
    return number === 1
      ? datagramFrame({ from: "192.0.2.1", to: "224.0.1.129", port, payload, tags })
      : datagramFrame({ from: "fe80::2", to: "ff02::181", port, payload, tags });
  }
  const head = 14 + 2 * tags.length;
  const bytes = new Uint8Array(head + payload.length), view = new DataView(bytes.buffer);
  bytes.set([0x01, 0x1b, 0x19, 0, 0, 0, 0x02, 0, 0, 0, 0, number]);
  [...tags, 0x88f7].forEach((word, i) => view.setUint16(12 + 2 * i, word));
  bytes.set(payload, head);
  return bytes;
}

/** What a part says of the network, without what depends on when it was asked and when it looked. */
function heard(part: ClockPart) {
  const { network } = part.clockStatus();
  assert.ok(network);
  const { clocks, findings, grandmaster, domains, messages, refused, problems, lost } = network;
  return {
    ...{ grandmaster, domains, messages, refused, problems, lost },
    codes: findings.map(({ code }) => code).filter((code) => !/rate$|lost$/.test(code)).sort(),
    clocks: clocks.map(({ port, senders, role, rank, reason, quality, twoStep, correctionNs }) => ({
      ...{ port, senders, role, rank, reason, quality, twoStep, correctionNs },
    })),
  };
}

for (const { transports, senders, problems } of SETTINGS) {
  const how = transports.join(", ");
  Deno.test(`clock wire: tieline capture tells of PTP over ${how} what the process itself would`, async () => {
    const cable = await layCable("cw");
    if (!cable) return;
    const folder = await Deno.makeTempDir({ prefix: "tieline-clock-wire-" });
    const socket = `${folder}/capture.sock`;
    const sender = new PacketSender({ interface: cable.far });
    const server = await serveCapture({
      path: socket,
      interfaces: [cable.near],
      program: "test",
      cores: 1,
      log: LOG,
    });
    const partOf = (how: "self" | "process") => {
      const text =
        `[clock]\norder = ["kernel"]\ncapture = "${how}"\ncaptureSocket = "${socket}"\n` +
        `[clock.observer]\ninterface = "${cable.near}"\ndomain = ${DOMAIN}\n` +
        `transports = ${JSON.stringify(transports)}\n`;
      const document = parseTomlDocument(text, how);
      const { clock: options } = checkDocument(v.strictObject({ clock: clockSchema }), document);
      return createClockPart(options, {
        name: "EDGE",
        stateDir: `${folder}/${how}`,
        clock: systemClock(),
        log: LOG,
        openCapture: how === "process"
          ? (request, hear) => new ClockLink(request, hear, LOG)
          : undefined,
      });
    };
    const own = partOf("self"), other = partOf("process");
    let timer: ReturnType<typeof setInterval> | undefined;
    try {
      await own.start();
      await other.start();
      await until(
        () => !heard(other).problems.some((text) => text.includes("cannot be heard")),
        () => JSON.stringify(heard(other)),
      );
      let sequenceId = 0;
      timer = setInterval(() => {
        sequenceId++;
        for (const clock of CLOCKS) {
          for (const message of messages(clock, sequenceId)) {
            sender.add(frameOf(clock, message, transports[0] !== "ethernet"));
          }
        }
        sender.flush();
      }, 125);
      // The clocks go on: one that is silent is soon none any more. Looked at is a moment at which both have all.
      const sent = () => ({
        Announce: sequenceId * CLOCKS.length,
        Sync: sequenceId * CLOCKS.length,
      });
      await until(() => {
        const told = heard(other);
        return sequenceId >= 24 && told.grandmaster === CLOCKS[0]!.identity &&
          told.codes.includes("two-grandmasters") && isDeepStrictEqual(told.messages, sent()) &&
          isDeepStrictEqual(told, heard(own));
      }, () => ["the same of both", sent(), heard(own), heard(other)]);
      const told = heard(other);
      assert.deepEqual(told, heard(own));
      assert.deepEqual(told.messages, sent());
      assert.equal(told.lost, 0);
      assert.match(told.problems.join("\n"), problems);
      assert.deepEqual(told.clocks.map(({ senders }) => senders), senders.map((s) => [s]));
      assert.equal(told.codes.includes("transport"), transports[0] !== "ethernet");
      // The way of stamps: the same clock stamped and reads, whoever hears.
      for (const part of [own, other]) {
        const { offsetNs } = part.clockStatus().network!.clocks[0]!;
        assert.ok(Math.abs(offsetNs ?? 1e12) < 1e9, `${offsetNs}`);
        const kernel = part.clockStatus().sources.find(({ name }) => name === "kernel");
        assert.equal(typeof kernel?.detail["frequencyPpm"], "number", JSON.stringify(kernel));
      }
      const offsets = [own, other].map((p) => p.clockStatus().network!.clocks[0]!.offsetNs!);
      assert.equal(offsets[0], offsets[1], "stamps cross the link to the nanosecond");
    } finally {
      clearInterval(timer);
      await own.stop();
      await other.stop();
      await server.close();
      sender.close();
      await cable.remove();
      await Deno.remove(folder, { recursive: true });
    }
  });
}
