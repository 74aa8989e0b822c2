import assert from "node:assert/strict";
import fc from "fast-check";
import { readPieces } from "../pcap/mod.ts";
import {
  type AnnounceMessage,
  encodeMessage,
  interval,
  makeHeader,
  MessageType,
  PtpFlags,
  type PtpHeader,
  type PtpMessage,
  type PtpTimestamp,
  type TimeInterval,
  type Tlv,
} from "../ptp/mod.ts";
import { PtpObserver } from "./observer.ts";
import type { ObservedFrame, ObserverOptions } from "./observer_types.ts";

const OPTIONS: ObserverOptions = { profile: "default", budgetNs: 1000, stepNs: 1e6 };
const START = 1_795_000_000;

/** Replays a capture at the times of its packets; what happened is returned too. */
function replay(name: string, options: Partial<ObserverOptions>, upTo = Infinity) {
  const observer = new PtpObserver({ ...OPTIONS, ...options });
  const events: string[] = [];
  observer.onEvent = (_, text) => events.push(text);
  const file = Deno.readFileSync(new URL(`../../tests/fixtures/ptp/${name}`, import.meta.url));
  let ms = NaN, tickMs = NaN;
  for (const piece of readPieces(file)) {
    if (piece.protocol === "tcp" || piece.packet > upTo) continue;
    if (
      piece.protocol === "ethernet"
        ? piece.etherType !== 0x88f7
        : ![319, 320].includes(piece.to.port)
    ) {
      continue;
    }
    ms = piece.timeMicros / 1000;
    if (Number.isNaN(tickMs)) tickMs = ms;
    for (; tickMs < ms; tickMs += 1000) observer.tick(tickMs);
    const seconds = Math.floor(piece.timeMicros / 1e6);
    observer.accept(piece.payload, {
      transport: piece.protocol === "ethernet" ? "ethernet" : "udp4",
      sender: piece.protocol === "ethernet" ? piece.source : piece.from.address,
      vlanPriority: piece.protocol === "ethernet" ? piece.vlans[0]?.priority : -1,
      vlanId: piece.protocol === "ethernet" ? piece.vlans[0]?.id : undefined,
      stamp: { seconds, nanos: Math.round(piece.timeMicros - seconds * 1e6) * 1000 },
      ms,
    });
  }
  observer.tick(ms);
  return { report: observer.report(ms), events, observer, ms };
}

const codes = (report: ReturnType<PtpObserver["report"]>) =>
  report.findings.map((f) => f.code).sort();

Deno.test("observer: a default network over UDP is in order", () => {
  const { report, events } = replay("udp4-e2e-domain0-twostep.pcap", {});
  assert.equal(report.grandmaster, "020000fffe000a01");
  assert.equal(report.delayMechanism, "E2E");
  assert.deepEqual(report.findings.filter((f) => f.code !== "interval-field"), []);
  const gm = report.clocks[0]!;
  assert.deepEqual([gm.role, gm.rank, gm.twoStep, gm.active], ["grandmaster", 1, true, true]);
  assert.ok(Math.abs(gm.syncSeconds! - 1) < 0.1, `${gm.syncSeconds}`);
  // Sender and receiver stamp by the same clock: what is left is the way and the receiver's delay.
  assert.ok(Math.abs(gm.offsetNs!) < 100_000, `${gm.offsetNs}`);
  assert.match(events[0]!, /^The grandmaster is 020000fffe000a01/);
});

Deno.test("observer: the same network held against a power profile", () => {
  const { report } = replay("udp4-e2e-domain0-twostep.pcap", { profile: "c37.238-2017" });
  const found = new Set(codes(report));
  for (const code of ["domain", "transport", "delay-mechanism", "tlv-missing"] as const) {
    assert.ok(found.has(code), `${code} in ${[...found]}`);
  }
  assert.match(
    report.findings.find((f) => f.code === "domain")!.text,
    /is in domain 0, expected 254/,
  );
});

Deno.test("observer: C37.238-2011 with and without VLAN priority, its TLV counts", () => {
  const power = { profile: "c37.238-2011", domainNumber: 93 } as const;
  const bare = replay("l2-p2p-domain93-c37238-2011.pcap", power);
  assert.equal(bare.report.delayMechanism, "P2P");
  const gm = bare.report.clocks[0]!;
  assert.deepEqual([gm.grandmasterId, gm.inaccuracyNs], [7, 250]);
  const port = { clockIdentity: "020000fffe000a01", portNumber: 1 };
  assert.deepEqual(bare.observer.announced(93, port), { inaccuracyNs: 250, grandmasterId: 7 });
  assert.equal(bare.observer.announced(0, port), undefined);
  assert.equal(bare.observer.announced(93, { ...port, portNumber: 2 }), undefined);
  assert.ok(codes(bare.report).includes("vlan-priority"));
  assert.match(
    bare.report.findings.find((f) => f.code === "vlan-priority")!.text,
    /without VLAN tag, IEEE C37\.238-2011 asks for priority 4/,
  );
  assert.ok(bare.report.peerTurnaroundNs! > 1000 && bare.report.peerTurnaroundNs! < 1e7);
  assert.ok(bare.events.some((e) => /priority 128\/\d+, GNSS, it was .*priority 128\//.test(e)));
  const tagged = replay("l2-p2p-domain93-vlan10-pcp4.pcap", power);
  assert.ok(!codes(tagged.report).includes("vlan-priority"));
  const tight = replay("l2-p2p-domain93-c37238-2011.pcap", { ...power, budgetNs: 200 });
  assert.match(
    tight.report.findings.find((f) => f.code === "inaccuracy")!.text,
    /admits an inaccuracy of 250 ns, 200 ns are allowed/,
  );
});

Deno.test("observer: a grandmaster degrades and another takes over", () => {
  const { report, events } = replay("udp4-gm-degrades.pcap", {});
  assert.equal(report.grandmaster, "020000fffe000a02");
  const takeover = events.findIndex((e) => e.startsWith("The grandmaster is 020000fffe000a02"));
  const degraded = events.findIndex((e) => /020000fffe000a01 is class (7|52|187)/.test(e));
  assert.ok(degraded >= 0 && takeover > degraded, events.join("\n"));
});

Deno.test("observer: malformed, foreign and reserved messages are counted by kind", () => {
  const { report } = replay("l2-onestep-and-transparent-synthetic.pcap", {
    profile: "61850-9-3",
    domainNumber: 93,
  });
  assert.deepEqual(report.refused, { truncated: 2, version: 1, type: 1, timestamp: 1 });
  const gm = report.clocks.find((c) => c.port === "00b0c7fffe001122-1")!;
  assert.ok(gm.correctionNs >= 123456 + 777.5, `${gm.correctionNs}`);
  assert.ok(codes(report).includes("correction-unusable"));
  assert.ok(codes(report).includes("malformed"));
  assert.equal(report.peerTurnaroundNs, 597_853);
});

/** A clock that sends what it is told. */
class Speaker {
  readonly source;
  sequenceId = 0;
  constructor(readonly observer: PtpObserver, identity: string) {
    this.source = { clockIdentity: identity, portNumber: 1 };
  }
  frame(ms: number, more: Partial<ObservedFrame> = {}): ObservedFrame {
    return {
      transport: "ethernet",
      sender: this.source.clockIdentity,
      vlanPriority: 4,
      vlanId: 0,
      stamp: at(ms),
      ms,
      ...more,
    };
  }
  send(message: PtpMessage, ms: number, more: Partial<ObservedFrame> = {}): void {
    this.observer.accept(encodeMessage(message), this.frame(ms, more));
  }
  header(type: PtpMessage["messageType"], more: Partial<PtpHeader> = {}): PtpHeader {
    return makeHeader(type, this.source, {
      domainNumber: 254,
      logMessageInterval: 0,
      sequenceId: this.sequenceId++,
      ...more,
    });
  }
  announce(ms: number, more: Partial<AnnounceMessage> = {}, header: Partial<PtpHeader> = {}): void {
    const tlv: Tlv = {
      kind: "power2017",
      grandmasterId: 7,
      totalTimeInaccuracy: 300,
      tail: new Uint8Array(2),
    };
    this.send({
      messageType: MessageType.Announce,
      header: this.header(MessageType.Announce, {
        flags: PtpFlags.PtpTimescale | PtpFlags.CurrentUtcOffsetValid | PtpFlags.TimeTraceable,
        ...header,
      }),
      originTimestamp: { seconds: 0, nanos: 0 },
      currentUtcOffset: 37,
      grandmasterPriority1: 128,
      grandmasterClockQuality: { clockClass: 6, clockAccuracy: 0x21, offsetScaledLogVariance: 1 },
      grandmasterPriority2: 128,
      grandmasterIdentity: this.source.clockIdentity,
      stepsRemoved: 0,
      timeSource: 0x20,
      tlvs: [tlv],
      ...more,
    }, ms);
  }
  /** A one-step Sync that left `delayNs` before it comes, by a clock that is `aheadNs` ahead. */
  sync(ms: number, delayNs = 500, aheadNs = 0): void {
    const { seconds, nanos } = at(ms);
    const ns = nanos - delayNs + aheadNs;
    const carry = Math.floor(ns / 1e9);
    this.send({
      messageType: MessageType.Sync,
      header: this.header(MessageType.Sync, { correction: interval(100) }),
      originTimestamp: { seconds: seconds + 37 + carry, nanos: ns - carry * 1e9 },
      tlvs: [],
    }, ms);
  }
}

function at(ms: number): PtpTimestamp {
  return { seconds: START + Math.floor(ms / 1000), nanos: Math.floor(ms % 1000) * 1e6 };
}

function network() {
  const observer = new PtpObserver({ ...OPTIONS, profile: "c37.238-2017" });
  const events: string[] = [];
  observer.onEvent = (_, text) => events.push(text);
  return {
    observer,
    events,
    a: new Speaker(observer, "00b0c7fffe000001"),
    b: new Speaker(observer, "00b0c7fffe000002"),
  };
}

Deno.test("observer: a network that keeps its profile has no findings, and its offset is measured", () => {
  const { observer, a } = network();
  for (let ms = 0; ms <= 20_000; ms += 1000) {
    a.announce(ms);
    a.sync(ms + 10);
    observer.tick(ms + 20);
  }
  const report = observer.report(20_020);
  assert.deepEqual(report.findings, []);
  assert.equal(report.clocks[0]!.offsetNs, 400); // the way less the correction
  assert.equal(report.clocks[0]!.announceSeconds, 1);
});

Deno.test("observer: two grandmasters, the worse one active, one lost, a step", () => {
  const { observer, events, a, b } = network();
  const worse = { grandmasterPriority1: 200 };
  for (let ms = 0; ms <= 6000; ms += 1000) {
    a.announce(ms);
    a.sync(ms);
    b.announce(ms + 1, worse);
    b.sync(ms + 1);
    observer.tick(ms + 2);
  }
  assert.deepEqual(codes(observer.report(6002)), ["two-grandmasters"]);
  assert.equal(observer.report(6002).clocks[1]!.reason, "priority1 128 before 200");
  // The better one goes on announcing and sends no Sync any more.
  for (let ms = 7000; ms <= 40_000; ms += 1000) {
    a.announce(ms);
    b.announce(ms + 1, worse);
    b.sync(ms + 1, 500, ms >= 39_000 ? 5e6 : 0);
    observer.tick(ms + 2);
  }
  assert.deepEqual(codes(observer.report(40_002)), ["not-the-best", "sync-lost"]);
  assert.match(events.at(-1)!, /00b0c7fffe000002-1 and the host's clock moved apart by -5 ms/);
  // Both fall silent.
  for (let ms = 41_000; ms <= 60_000; ms += 1000) observer.tick(ms);
  const report = observer.report(60_000);
  assert.equal(report.grandmaster, "");
  assert.deepEqual(codes(report), ["grandmaster-lost"]);
  assert.ok(
    events.includes("The grandmaster 00b0c7fffe000002 is lost: announce timeout") ||
      events.includes("The grandmaster 00b0c7fffe000001 is lost: announce timeout"),
    events.join("\n"),
  );
});

Deno.test("observer: peer delay is asked for as often as the profile says, and what other domains do is theirs", () => {
  const { observer, a, b } = network();
  const ask = (who: Speaker, ms: number, header: Partial<PtpHeader> = {}) =>
    who.send({
      messageType: MessageType.PdelayReq,
      header: who.header(MessageType.PdelayReq, header),
      originTimestamp: { seconds: 0, nanos: 0 },
      tlvs: [],
    }, ms);
  for (let ms = 0; ms <= 16_000; ms += 1000) {
    a.announce(ms);
    a.sync(ms);
    ask(a, ms);
    if (ms % 4000 === 0) ask(b, ms);
    b.send({
      messageType: MessageType.DelayReq,
      header: b.header(MessageType.DelayReq, { domainNumber: 0 }),
      originTimestamp: { seconds: 0, nanos: 0 },
      tlvs: [],
    }, ms);
    observer.tick(ms + 2);
  }
  const report = observer.report(16_002);
  assert.equal(report.delayMechanism, "P2P");
  const found = report.findings.filter(({ code }) => /delay/.test(code));
  assert.deepEqual(found.map(({ text }) => text).sort(), [
    "00b0c7fffe000002-1 sends Delay_Req, IEEE C37.238-2017 measures delay P2P",
    "00b0c7fffe000002-1 sends Pdelay_Req every 4.00 s, IEEE C37.238-2017 says 1 s",
  ]);
});

Deno.test("observer: a port is called what it shows, and a transparent clock is known by what it corrects", () => {
  const { observer, a, b } = network();
  const timestamp = { seconds: 0, nanos: 0 };
  const speaker = (n: number) => new Speaker(observer, `00b0c7fffe0000${n}`);
  const bridge = speaker(20), slave = speaker(30), master = speaker(40), asker = speaker(50);
  const follow = (ms: number, correction: TimeInterval, sender: string) =>
    a.send(
      {
        messageType: MessageType.FollowUp,
        header: a.header(MessageType.FollowUp, { correction }),
        preciseOriginTimestamp: timestamp,
        tlvs: [],
      },
      ms,
      { sender },
    );
  const peerRequest = (who: Speaker, ms: number) =>
    who.send({
      messageType: MessageType.PdelayReq,
      header: who.header(MessageType.PdelayReq),
      originTimestamp: timestamp,
      tlvs: [],
    }, ms);
  const requestingPortIdentity = a.source;
  for (let ms = 0; ms <= 4000; ms += 1000) {
    a.announce(ms);
    peerRequest(a, ms);
    peerRequest(b, ms);
    bridge.send({
      messageType: MessageType.PdelayResp,
      header: bridge.header(MessageType.PdelayResp),
      requestReceiptTimestamp: timestamp,
      requestingPortIdentity,
      tlvs: [],
    }, ms);
    slave.send({
      messageType: MessageType.DelayReq,
      header: slave.header(MessageType.DelayReq),
      originTimestamp: timestamp,
      tlvs: [],
    }, ms);
    master.sync(ms);
    asker.send({
      messageType: MessageType.Signaling,
      header: asker.header(MessageType.Signaling),
      targetPortIdentity: a.source,
      tlvs: [],
    }, ms);
    // From the grandmaster's own address, and a fraction that a master may put there itself.
    follow(ms, interval(500), a.source.clockIdentity);
    follow(ms, interval(0, 0x8000), bridge.source.clockIdentity);
  }
  const roles = () =>
    Object.fromEntries(observer.report(4001).clocks.map((c) => [c.port.slice(14, 16), c.role]));
  const expected = {
    "01": "grandmaster",
    "02": "peer",
    "20": "peer",
    "30": "slave",
    "40": "master",
    "50": "unknown",
  };
  assert.deepEqual(roles(), expected);
  follow(4000, interval(500), bridge.source.clockIdentity);
  assert.deepEqual(roles(), { ...expected, "20": "transparent" });
});

Deno.test("observer: what an Announce may say wrong", () => {
  const table: [string, Partial<AnnounceMessage>, Partial<PtpHeader>, string][] = [
    ["without TLV", { tlvs: [] }, {}, "tlv-missing"],
    ["old UTC offset", { currentUtcOffset: 36 }, { flags: 0x0c }, "utc-offset"],
    ["leap second in mid-month", {}, { flags: 0x0d }, "leap-day"],
    [
      "degraded",
      {
        grandmasterClockQuality: {
          clockClass: 52,
          clockAccuracy: 0x21,
          offsetScaledLogVariance: 1,
        },
      },
      {},
      "degraded",
    ],
    ["four boundary clocks", { stepsRemoved: 4 }, {}, "too-many-clocks"],
    ["another interval", {}, { logMessageInterval: 1 }, "interval-field"],
    ["another domain", {}, { domainNumber: 0 }, "domain"],
  ];
  for (const [name, more, header, code] of table) {
    const { observer, a } = network();
    for (let ms = 0; ms <= 2000; ms += 1000) {
      a.announce(ms, more, header);
      a.sync(ms);
      observer.tick(ms);
    }
    assert.ok(
      codes(observer.report(2000)).includes(code as never),
      `${name}: ${codes(observer.report(2000))}`,
    );
  }
});

Deno.test("observer: a leap second is no fault of who announces it, before, at midnight and after", () => {
  const midnight = Date.UTC(2027, 0, 1) / 1000;
  const table: [string, number, number, number, number, string[]][] = [
    ["an hour before", -3600, 37, 37, 0x0d, []],
    ["late flag", 1, 37, 37, 0x0d, []],
    ["early offset", -1, 37, 38, 0x0c, []],
    ["an hour after, as the clock believes", 3600, 38, 38, 0x0c, []],
    ["an hour after, not changed", 3600, 38, 37, 0x0c, ["utc-offset"]],
    ["an hour after, still flagged", 3600, 38, 38, 0x0d, ["leap-day"]],
    ["nothing believed yet", 3600, NaN, 37, 0x0c, []],
  ];
  for (const [name, second, believed, currentUtcOffset, flags, expected] of table) {
    const { observer, a } = network();
    observer.taiUtc = believed;
    a.announce((midnight - START + second) * 1000, { currentUtcOffset }, { flags });
    assert.deepEqual(codes(observer.report(0)), expected, name);
  }
});

Deno.test("observer: two addresses in the name of one port, for as long as both send", () => {
  const { observer, a } = network();
  const sync = (ms: number, sender: string) =>
    a.send(
      {
        messageType: MessageType.Sync,
        header: a.header(MessageType.Sync),
        originTimestamp: at(ms),
        tlvs: [],
      },
      ms,
      { sender },
    );
  for (let ms = 0; ms <= 4000; ms += 1000) sync(ms, ms % 2000 === 0 ? "old" : "new");
  assert.ok(codes(observer.report(4000)).includes("two-senders"));
  assert.deepEqual(observer.report(4000).clocks[0]!.senders, ["old", "new"]);
  for (let ms = 5000; ms <= 40_000; ms += 1000) {
    sync(ms, "new");
    observer.tick(ms);
  }
  assert.deepEqual(observer.report(40_000).clocks[0]!.senders, ["new"]);
  assert.ok(!codes(observer.report(40_000)).includes("two-senders"));
});

Deno.test("observer: an Announce alone, an alternate master and one of 255 steps are not followed", () => {
  const { observer, a } = network();
  a.announce(0);
  observer.tick(1);
  assert.equal(observer.report(1).grandmaster, "");
  for (let ms = 1000; ms <= 4000; ms += 1000) {
    a.announce(ms, {}, { flags: PtpFlags.AlternateMaster });
  }
  observer.tick(4001);
  assert.equal(observer.report(4001).grandmaster, "");
  for (let ms = 5000; ms <= 8000; ms += 1000) a.announce(ms, { stepsRemoved: 255 });
  observer.tick(8001);
  assert.equal(observer.report(8001).grandmaster, "");
});

Deno.test("observer: a flood of identities and of nonsense stays within its bounds", () => {
  const { observer } = network();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(100_000), (bytes, ms) => {
      if (bytes.length > 2) bytes[1] = 2;
      observer.accept(bytes, new Speaker(observer, "00b0c7fffe000001").frame(ms));
      observer.tick(ms);
    }),
    { numRuns: 2000 },
  );
  for (let i = 0; i < 1000; i++) {
    const speaker = new Speaker(observer, i.toString(16).padStart(16, "0"));
    speaker.announce(100_000 + i, { tlvs: [] });
  }
  const report = observer.report(102_000);
  assert.ok(report.clocks.length <= 128, `${report.clocks.length}`);
  assert.ok(report.findings.length <= 64);
  assert.ok(report.unlisted >= 1000 - 64, `${report.unlisted}`);
});
