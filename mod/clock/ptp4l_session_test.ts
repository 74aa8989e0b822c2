import assert from "node:assert/strict";
import fc from "fast-check";
import {
  bytesOf,
  decodeMessage,
  encodeMessage,
  ManagementAction,
  managementContent,
  ManagementId,
  type ManagementMessage,
  MessageType,
  type Tlv,
} from "../ptp/mod.ts";
import { readingOfPtp4l } from "./ptp4l_reading.ts";
import { Ptp4lSession } from "./ptp4l_session.ts";

const CLIENT = { clockIdentity: "746c000000000000", portNumber: 77 };
const CONTEXT = {
  intervalMs: 1000,
  acceptArbitraryTimescale: false,
  announcedInaccuracyNs: NaN,
  grandmasterId: 0,
  systemPart: undefined,
  assumedSystemPartNs: 1000,
};

/** A daemon that answers with what a real one answered, by id; ids it does not know are errors. */
class RecordedDaemon {
  readonly answers = new Map<number, Uint8Array>();
  /** Ids in the order in which they were asked. */
  asked: number[] = [];
  domain = 93;
  readonly source;

  constructor(name: string) {
    const url = new URL(`../../tests/fixtures/ptp/${name}`, import.meta.url);
    const { exchanges } = JSON.parse(Deno.readTextFileSync(url));
    let source = CLIENT;
    for (const { responsesHex, kind } of exchanges) {
      if (kind !== "exchange" || responsesHex.length === 0) continue;
      const message = decodeMessage(bytesOf(responsesHex[0]));
      if (message.messageType !== MessageType.Management) continue;
      const tlv = message.tlvs[0];
      if (tlv?.kind === "management") this.answers.set(tlv.managementId, tlv.data);
      source = message.header.source;
      this.domain = message.header.domainNumber;
    }
    this.source = source;
  }

  answer(bytes: Uint8Array, change: Partial<ManagementMessage> = {}): Uint8Array | undefined {
    const request = decodeMessage(bytes);
    assert.equal(request.messageType, MessageType.Management);
    if (request.messageType !== MessageType.Management) return undefined;
    if (request.header.domainNumber !== this.domain) return undefined;
    const { id } = managementContent(request);
    this.asked.push(id);
    const data = this.answers.get(id);
    const tlv: Tlv = data
      ? { kind: "management", managementId: id, data }
      : { kind: "managementError", errorId: 2, managementId: id, displayData: "" };
    return encodeMessage({
      ...request,
      header: { ...request.header, source: this.source },
      targetPortIdentity: request.header.source,
      action: ManagementAction.Response,
      tlvs: [tlv],
      ...change,
    });
  }
}

function session(domainNumber?: number): Ptp4lSession {
  return new Ptp4lSession({
    domainNumber,
    majorSdoId: 0,
    client: CLIENT,
    timeoutMs: 300,
    intervalMs: 1000,
  });
}

/** Asks and answers until nothing is due at `ms`. */
function talk(s: Ptp4lSession, daemon: RecordedDaemon, ms: number): void {
  for (let i = 0; i < 100; i++) {
    const request = s.next(ms);
    if (!request) return;
    const answer = daemon.answer(request);
    if (answer) assert.equal(s.receive(answer, ms), true);
    else s.timeout();
  }
  assert.fail("asks without end");
}

Deno.test("a 4.4 daemon: everything at first, what changes each second, statistics each ten", () => {
  const daemon = new RecordedDaemon("mgmt-slave-l2-p2p-domain93-power2011-v44.json");
  const s = session(93);
  talk(s, daemon, 0);
  assert.equal(daemon.asked.length, 1 + 4 + 1 + 6);
  assert.equal(s.picture.complete, true);
  assert.equal(s.picture.ports.get(1)?.properties?.interface, "eth0");
  assert.equal(s.picture.ports.get(1)?.power?.grandmasterId, 7);
  assert.equal(s.picture.timeStatus?.masterOffset, 1045);
  assert.deepEqual(s.absent, []);
  daemon.asked = [];
  for (let ms = 1000; ms < 10_000; ms += 1000) talk(s, daemon, ms);
  assert.equal(daemon.asked.length, 9 * 5);
  daemon.asked = [];
  talk(s, daemon, 10_000);
  assert.deepEqual(daemon.asked.length, 8);
  assert.deepEqual([s.counters.timeouts, s.counters.errors, s.counters.foreign], [0, 0, 0]);
});

Deno.test("an old daemon: what it does not know is not asked again", () => {
  const daemon = new RecordedDaemon("mgmt-slave-udp-e2e-domain0-v311.json");
  const s = session(0);
  talk(s, daemon, 0);
  assert.deepEqual(s.absent, [
    "PORT_SERVICE_STATS_NP",
    "PORT_HWCLOCK_NP",
    "POWER_PROFILE_SETTINGS_NP",
  ]);
  assert.equal(s.lastError, ""); // it need not know them
  for (let ms = 1000; ms <= 20_000; ms += 1000) talk(s, daemon, ms);
  assert.equal(s.counters.errors, 3);
});

Deno.test("the domain is found: default ones first, then all, one try each", () => {
  const daemon = new RecordedDaemon("mgmt-slave-l2-p2p-domain93-power2011-v44.json");
  daemon.domain = 5;
  const s = session();
  const tried: number[] = [];
  for (let ms = 0; ms < 30_000 && !s.picture.complete; ms += 1000) {
    tried.push(s.domainNumber);
    talk(s, daemon, ms);
  }
  assert.deepEqual([...new Set(tried)], [0, 254, 93, 1, 2, 3, 4, 5]);
  assert.equal(s.picture.complete, true);
  assert.equal(s.silent, false);
});

Deno.test("silence is told after three timeouts, and everything is forgotten and asked anew", () => {
  const daemon = new RecordedDaemon("mgmt-slave-udp-e2e-domain0-v311.json");
  const s = session(0);
  talk(s, daemon, 0);
  for (let i = 0; i < 3; i++) {
    assert.ok(s.next(1000 + i * 1000));
    s.timeout();
  }
  assert.equal(s.silent, true);
  assert.equal(s.picture.complete, false);
  daemon.asked = [];
  talk(s, daemon, 10_000);
  assert.equal(s.silent, false);
  assert.equal(daemon.asked[0], ManagementId.DefaultDataSet);
  assert.equal(s.picture.complete, true);
});

Deno.test("a daemon that begins anew is told by its counters, another one by its identity", () => {
  const daemon = new RecordedDaemon("mgmt-slave-udp-e2e-domain0-v311.json");
  const s = session(0);
  talk(s, daemon, 0);
  const stats = daemon.answers.get(ManagementId.PortStatsNp)!;
  daemon.answers.set(ManagementId.PortStatsNp, stats.slice().fill(0, 10));
  for (let ms = 1000; ms <= 10_000; ms += 1000) talk(s, daemon, ms);
  assert.equal(s.counters.restarts, 1);
  talk(s, daemon, 11_000);
  assert.equal(s.picture.complete, true);
  const set = daemon.answers.get(ManagementId.DefaultDataSet)!.slice();
  set[17] = 0x99; // last octet of clockIdentity
  daemon.answers.set(ManagementId.DefaultDataSet, set);
  for (let ms = 12_000; ms <= 23_000; ms += 1000) talk(s, daemon, ms);
  assert.equal(s.counters.restarts, 2);
  assert.equal(s.picture.defaultDataSet?.clockIdentity.slice(-2), "99");
});

Deno.test("late, foreign and damaged datagrams are counted and change nothing", () => {
  const daemon = new RecordedDaemon("mgmt-slave-udp-e2e-domain0-v311.json");
  const s = session(0);
  const request = s.next(0)!;
  const good = daemon.answer(request)!;
  const table: Uint8Array[] = [
    good.slice(0, 30),
    new Uint8Array([1, 2, 3]),
    daemon.answer(request, { action: ManagementAction.Get })!,
    daemon.answer(request, { targetPortIdentity: { ...CLIENT, portNumber: 78 } })!,
    daemon.answer(request, {
      tlvs: [{ kind: "management", managementId: ManagementId.Priority1, data: new Uint8Array(2) }],
    })!,
    // The right id with data of the wrong length.
    daemon.answer(request, {
      tlvs: [{ kind: "management", managementId: 0x2000, data: new Uint8Array(4) }],
    })!,
  ];
  for (const bytes of table) assert.equal(s.receive(bytes, 1), false);
  assert.deepEqual([s.counters.malformed, s.counters.foreign], [3, 3]);
  assert.equal(s.waiting, true);
  assert.equal(s.receive(good, 2), true);
  assert.equal(s.receive(good, 3), false); // the same once more
});

Deno.test("any datagrams leave a session that works", () => {
  const daemon = new RecordedDaemon("mgmt-slave-l2-p2p-domain93-power2011-v44.json");
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
      fc.nat(),
      (changes, cut) => {
        const s = session(93);
        for (let i = 0; i < 5; i++) {
          const answer = daemon.answer(s.next(i * 1000)!)!;
          for (const [at, value] of changes) answer[at % answer.length] = value;
          s.receive(
            answer.subarray(0, cut % 3 === 0 ? cut % answer.length : answer.length),
            i * 1000,
          );
          if (s.waiting) s.timeout();
          readingOfPtp4l(s.picture, CONTEXT, i * 1000);
        }
        const { requests, answers, timeouts } = s.counters;
        assert.equal(requests, answers + timeouts);
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("a reading: not synchronised, then followed, then Sync lost", () => {
  const daemon = new RecordedDaemon("mgmt-slave-udp-e2e-domain0-v311.json");
  const s = session(0);
  talk(s, daemon, 0);
  const followed = readingOfPtp4l(s.picture, CONTEXT, 500);
  assert.equal(followed.usable, true);
  assert.equal(followed.traceable, false); // class 248, no TAI
  assert.deepEqual([followed.offsetNs, followed.delayNs], [482, 2437]);
  assert.equal(followed.referenceErrorNs, Infinity); // accuracy unknown
  assert.match(
    followed.reason,
    /020000fffe000a01, default, not traceable, accuracy unknown, 1 step away, not TAI/,
  );
  const late = readingOfPtp4l(s.picture, CONTEXT, 5100);
  assert.deepEqual([late.usable, late.reason], [false, "Sync lost: none for 5.1 s"]);
  const l2 = new RecordedDaemon("mgmt-slave-l2-p2p-domain93-power2011-v44.json");
  const other = session(93);
  talk(other, l2, 0);
  assert.equal(
    readingOfPtp4l(other.picture, CONTEXT, 0).reason,
    "not synchronised yet: port 1 is UNCALIBRATED",
  );
  assert.match(readingOfPtp4l(session().picture, CONTEXT, 0).reason, /has not answered/);
});
