import assert from "node:assert/strict";
import fc from "fast-check";
import type { Log } from "../core/mod.ts";
import { makeSelfSigned } from "../os/mod.ts";
import {
  type AuditEntry,
  type AuditFact,
  AuditLog,
  headOf,
  keyPrint,
  makeEntry,
  makeHandover,
  makeSeal,
  publicKeyOf,
  readEntry,
  SEAL_SECONDS,
  syslogLine,
  verifyFolder,
} from "./mod.ts";

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const device = await makeSelfSigned({ commonName: "EDGE" });
const stranger = await makeSelfSigned({ commonName: "EDGE" });

function fact(n: number): AuditFact {
  return {
    who: "ann",
    from: "192.0.2.7",
    action: "config.push",
    outcome: n % 3 === 0 ? "refused" : "done",
    detail: `version ${n} of "bay"\nsecond line`,
    before: "aa",
    after: "bb",
  };
}

interface Trail {
  readonly folder: string;
  readonly file: string;
  readonly said: string[];
  monotonicMs: number;
  nowMs: number;
  keyPem: string;
  open(maxFileBytes?: number): Promise<AuditLog>;
}

async function withTrail(test: (trail: Trail) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "tieline-audit-" });
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const log: Log = { debug: say, info: say, warn: say, error: say };
  const trail: Trail = {
    folder,
    file: `${folder}/audit.jsonl`,
    said,
    monotonicMs: 0,
    nowMs: NOW_MS,
    keyPem: device.keyPem,
    open: (maxFileBytes) =>
      AuditLog.open({
        folder,
        keyPem: () => trail.keyPem,
        clock: { nowMicros: () => trail.nowMs * 1000, monotonicMs: () => trail.monotonicMs },
        log,
        ...(maxFileBytes !== undefined && { maxFileBytes }),
      }),
  };
  try {
    await test(trail);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function filled(trail: Trail, entries: number): Promise<void> {
  const audit = await trail.open();
  for (let n = 1; n <= entries; n++) await audit.note(fact(n));
  await audit.seal();
  await audit.close();
}

async function lines(trail: Trail): Promise<string[]> {
  return (await Deno.readTextFile(trail.file)).trimEnd().split("\n");
}

async function problemsOf(trail: Trail, ...certPems: string[]): Promise<readonly string[]> {
  const trusted = certPems.length > 0 ? certPems : [device.certPem];
  return (await verifyFolder(trail.folder, trusted)).problems;
}

Deno.test("audit: entries are on disk when they are noted, in order, and the trail is whole", async () => {
  await withTrail(async (trail) => {
    const audit = await trail.open();
    await Promise.all(Array.from({ length: 50 }, (_, i) => audit.note(fact(i + 1))));
    assert.equal((await lines(trail)).length, 50);
    const newest = await audit.entries(3);
    assert.deepEqual(newest.map((e) => e.number), [50, 49, 48]);
    assert.deepEqual((await audit.entries(2, 49)).map((e) => e.number), [48, 47]);
    assert.equal(newest[0]!.detail, fact(50).detail);
    await audit.close();
    assert.equal(audit.lost, 0);
    const { entries, last, problems } = await verifyFolder(trail.folder, [device.certPem], NOW_MS);
    assert.deepEqual([entries, last?.action, problems], [51, "program.stop", []]);
    assert.equal((await Deno.stat(trail.file)).mode! & 0o777, 0o600);
  });
});

Deno.test("audit: a new trail can be verified at once, a later start adds no seal", async () => {
  await withTrail(async (trail) => {
    for (let start = 0; start < 2; start++) {
      const audit = await trail.open();
      await audit.note(fact(1));
      await audit.sealFirst();
      const { seals, problems } = await verifyFolder(trail.folder, [device.certPem], NOW_MS);
      assert.deepEqual([seals, problems], [1, []]);
      await audit.close();
    }
  });
});

Deno.test("audit: it is sealed every hour, and goes on after a new start", async () => {
  await withTrail(async (trail) => {
    const audit = await trail.open();
    await audit.note(fact(1));
    await audit.tick();
    assert.equal(await headOf(trail.folder), undefined);
    trail.monotonicMs += SEAL_SECONDS * 1000;
    await audit.tick();
    await audit.tick();
    assert.equal((await headOf(trail.folder))?.number, 2);
    await audit.note(fact(3));
    await audit.close();
    const again = await trail.open();
    await again.note(fact(5));
    await again.close();
    const { entries, seals, problems } = await verifyFolder(trail.folder, [device.certPem]);
    assert.deepEqual([entries, seals, problems], [6, 1, []]);
  });
});

const attacks: { name: string; change: (lines: string[]) => string[]; found: RegExp }[] = [
  {
    name: "a word is changed",
    change: (l) => l.map((line, i) => i === 4 ? line.replace("ann", "bob") : line),
    found: /After entry 4: a line that is no entry, or was changed/,
  },
  {
    name: "an entry is changed with its hash",
    change: (l) => {
      const { hash: _, ...entry } = JSON.parse(l[4]!) as AuditEntry;
      const forged = makeEntry({ ...entry, who: "bob" }, entry.number, entry.previous, NOW_MS);
      return l.with(4, JSON.stringify(forged));
    },
    found: /Entry 6 does not follow entry 5/,
  },
  {
    name: "an entry is taken out",
    change: (l) => l.toSpliced(4, 1),
    found: /Expected entry 5, found 6/,
  },
  {
    name: "two entries change places",
    change: (l) => l.with(3, l[4]!).with(4, l[3]!),
    found: /does not follow/,
  },
  {
    name: "the end is cut",
    change: (l) => l.slice(0, 6),
    found: /ends at entry 6, entry \d+ was sealed/,
  },
  { name: "everything is cut", change: () => [], found: /ends at entry 0/ },
  {
    name: "the whole chain is made anew",
    change: (l) => {
      let last = { number: 0, hash: "" };
      return l.map((line) => {
        const entry = JSON.parse(line) as AuditEntry;
        const next = makeEntry({ ...entry, who: "bob" }, last.number + 1, last.hash, NOW_MS);
        last = next;
        return JSON.stringify(next);
      });
    },
    found: /is not by this device|is not the one that was sealed/,
  },
];

for (const { name, change, found } of attacks) {
  Deno.test(`audit: it shows when ${name}`, async () => {
    await withTrail(async (trail) => {
      await filled(trail, 9);
      assert.deepEqual(await problemsOf(trail), []);
      const after = change(await lines(trail));
      await Deno.writeTextFile(trail.file, after.map((line) => `${line}\n`).join(""));
      assert.match((await problemsOf(trail)).join("\n"), found);
    });
  });
}

Deno.test("audit: another device's key, a lost seal and a silent hour show", async () => {
  await withTrail(async (trail) => {
    await filled(trail, 3);
    assert.match((await problemsOf(trail, stranger.certPem)).join("\n"), /not by this device/);
    await assert.rejects(problemsOf(trail, "no certificate"));
    await Deno.remove(`${trail.folder}/audit.head`);
    assert.match((await problemsOf(trail)).join("\n"), /no seal beside the trail/);
  });
  await withTrail(async (trail) => {
    const audit = await trail.open();
    await audit.note(fact(1));
    await audit.seal();
    const at = async (hours: number) =>
      (await verifyFolder(trail.folder, [device.certPem], NOW_MS + hours * 3_600_000)).problems;
    assert.deepEqual(await at(1), []);
    assert.match((await at(3)).join(), /Nothing for 3\.0 h/);
    await audit.close();
    assert.deepEqual(await at(3), [], "it stopped in order");
  });
});

const [former, own, forger] = [stranger, device, await makeSelfSigned({ commonName: "EDGE" })];

/** A trail whose key changed twice: while the program ran, and while it did not. */
async function rekeyed(trail: Trail, whileItRuns: boolean): Promise<void> {
  trail.keyPem = former.keyPem;
  let audit = await trail.open();
  for (let n = 1; n <= 3; n++) await audit.note(fact(n));
  await audit.seal();
  await audit.note(fact(5));
  if (!whileItRuns) await audit.close();
  trail.keyPem = own.keyPem;
  if (!whileItRuns) audit = await trail.open();
  await audit.tick();
  await audit.note(fact(8));
  await audit.close();
}

Deno.test("audit: another key of the device takes over; what the former one sealed still holds", async () => {
  await withTrail(async (trail) => {
    await rekeyed(trail, true);
    const { problems, keys, seals } = await verifyFolder(trail.folder, [own.certPem]);
    assert.deepEqual(problems, []);
    assert.equal(seals, 2);
    assert.deepEqual(keys.map(({ from: _, to: __, ...key }) => key), [
      { print: keyPrint(publicKeyOf(former.certPem)), first: 1, last: 5, seals: 1, by: "handover" },
      { print: keyPrint(publicKeyOf(own.certPem)), first: 6, last: 9, seals: 1, by: "certificate" },
    ]);
    assert.ok(trail.said.some((line) => line.includes("sealed by sha256:")));
    assert.match(
      (await problemsOf(trail, former.certPem)).join("\n"),
      /which is not this device's/,
    );
    // It is the same key: a renewed certificate hands nothing over.
    const again = await trail.open();
    await again.tick();
    await again.close();
    assert.equal((await verifyFolder(trail.folder, [own.certPem])).keys.length, 2);
  });
});

Deno.test("audit: keys that changed while the program did not run have to be vouched for", async () => {
  await withTrail(async (trail) => {
    await rekeyed(trail, false);
    assert.match(
      (await problemsOf(trail)).join("\n"),
      /^Entries 1 to 6 are sealed by sha256:[0-9a-f]{64}, which did not sign its retirement.*too if you know it$/,
    );
    const both = [own.certPem, former.certPem];
    assert.deepEqual(await problemsOf(trail, ...both), []);
    const { keys } = await verifyFolder(trail.folder, both);
    assert.deepEqual(keys.map(({ by }) => by), ["certificate", "certificate"]);
    assert.match((await problemsOf(trail, own.certPem, forger.certPem)).join(), /did not sign/);
  });
});

/** A trail of entries with these facts; `seal` and `key` entries are made by what they are given. */
type Step = AuditFact | ((head: { number: number; hash: string }) => AuditFact);

async function forge(trail: Trail, steps: readonly Step[], keyPem: string): Promise<void> {
  let head = { number: 0, hash: "" };
  let text = "";
  for (const step of steps) {
    const content = typeof step === "function" ? step(head) : step;
    const entry = makeEntry(content, head.number + 1, head.hash, NOW_MS);
    text += `${JSON.stringify(entry)}\n`;
    head = entry;
  }
  await Deno.writeTextFile(trail.file, text);
  const seal = makeSeal(head, NOW_MS, keyPem);
  await Deno.writeTextFile(`${trail.folder}/audit.head`, JSON.stringify(seal));
}

const sealBy = (keyPem: string): Step => (head) => ({
  ...fact(1),
  action: "audit.seal",
  detail: JSON.stringify(makeSeal(head, NOW_MS, keyPem)),
});
const handBy = (retired: string, next: string, signer: string | undefined): Step => (head) => ({
  ...fact(1),
  action: "audit.key",
  detail: JSON.stringify(makeHandover(head, publicKeyOf(retired), publicKeyOf(next), signer)),
});

const forgeries: { name: string; steps: Step[]; key: string; found: RegExp }[] = [
  {
    name: "a former key that never was signs a history, and the device's key takes over",
    steps: [
      fact(1),
      sealBy(forger.keyPem),
      handBy(forger.certPem, own.certPem, forger.keyPem),
      sealBy(forger.keyPem),
    ],
    key: forger.keyPem,
    found:
      /seal in entry 4 is not by this device[\s\S]*seal beside the trail is not by this device/,
  },
  {
    name: "a signature of the key that retires is not its own",
    steps: [
      fact(1),
      sealBy(former.keyPem),
      handBy(former.certPem, own.certPem, forger.keyPem),
      sealBy(own.keyPem),
    ],
    key: own.keyPem,
    found: /handover in entry 3 is not by the key that it retires/,
  },
  {
    name: "the device's key hands over to a stranger",
    steps: [
      fact(1),
      sealBy(own.keyPem),
      handBy(own.certPem, forger.certPem, forger.keyPem),
      sealBy(forger.keyPem),
    ],
    key: forger.keyPem,
    found: /From entry 3 on sha256:[0-9a-f]{64} seals, which is not this device's key/,
  },
  {
    name: "a key retires that did not hold the seal",
    steps: [
      fact(1),
      handBy(former.certPem, forger.certPem, former.keyPem),
      fact(2),
      handBy(former.certPem, own.certPem, former.keyPem),
      sealBy(own.keyPem),
    ],
    key: own.keyPem,
    found: /key that entry 2 hands over to is not the one that retires/,
  },
  {
    name: "a handover is none",
    steps: [fact(1), { ...fact(2), action: "audit.key", detail: "{}" }, sealBy(own.keyPem)],
    key: own.keyPem,
    found: /Entry 2 hands over to no key/,
  },
];

for (const { name, steps, key, found } of forgeries) {
  Deno.test(`audit: a forged key shows: ${name}`, async () => {
    await withTrail(async (trail) => {
      await forge(trail, steps, key);
      assert.match((await problemsOf(trail)).join("\n"), found);
    });
  });
}

Deno.test("audit: a forged key shows: another former key in a trail that the device's key sealed", async () => {
  await withTrail(async (trail) => {
    await rekeyed(trail, true);
    assert.deepEqual(await problemsOf(trail), []);
    const [retired, forged] = [former, forger].map(({ certPem }) => publicKeyOf(certPem));
    const text = await Deno.readTextFile(trail.file);
    // Its hash is made anew too, as a forger would.
    const after = text.split("\n").map((line) => {
      if (!line.includes("audit.key")) return line;
      const { hash: _, ...entry } = JSON.parse(line) as AuditEntry;
      const detail = entry.detail.replace(retired!, forged!);
      return JSON.stringify(makeEntry({ ...entry, detail }, entry.number, entry.previous, NOW_MS));
    });
    await Deno.writeTextFile(trail.file, after.join("\n"));
    const found = (await problemsOf(trail)).join("\n");
    assert.match(found, /Entry 7 does not follow entry 6/);
    assert.match(found, /seal in entry 7 is not by this device|handover in entry 6 is not by/);
  });
});

Deno.test("audit: what a power cut left of a line is cut off and told", async () => {
  await withTrail(async (trail) => {
    await filled(trail, 3);
    await Deno.writeTextFile(trail.file, '{"number":6,"ti', { append: true });
    const audit = await trail.open();
    await audit.close();
    assert.deepEqual(await problemsOf(trail), []);
    assert.match((await lines(trail)).at(-2)!, /audit\.torn.*15 characters/);
  });
});

Deno.test("audit: files are closed at their size, the chain runs through them, the oldest go", async () => {
  await withTrail(async (trail) => {
    const audit = await trail.open(2000);
    for (let n = 1; n <= 100; n++) await audit.note(fact(n));
    await audit.close();
    const names = [...Deno.readDirSync(trail.folder)].map(({ name }) => name).sort();
    assert.equal(names.filter((name) => name.startsWith("audit-")).length, 7);
    const { entries, problems, last } = await verifyFolder(trail.folder, [device.certPem]);
    assert.deepEqual(problems, []);
    assert.ok(entries > 30 && entries < 100, String(entries));
    assert.equal(last?.number, 101);
    // A start right after a file was closed finds the end of the chain in the closed one.
    await Deno.rename(trail.file, `${trail.folder}/audit-${"101".padStart(10, "0")}.jsonl`);
    const again = await trail.open(2000);
    await again.note(fact(1));
    assert.equal((await again.entries(1))[0]!.number, 102);
    await again.close();
  });
});

Deno.test("audit: what cannot be written is counted, and does not stop anybody", async () => {
  await withTrail(async (trail) => {
    const audit = await trail.open();
    const notes = Array.from({ length: 2500 }, (_, i) => audit.note(fact(i)));
    await Promise.all(notes);
    assert.ok(audit.lost >= 400, `${audit.lost}`);
    assert.equal((await lines(trail)).length + audit.lost, 2500);
    await audit.close();
    assert.deepEqual(await problemsOf(trail), []);
  });
});

Deno.test("audit: a disk that takes no seal ends neither the program nor its stop, and is told", async () => {
  await withTrail(async (trail) => {
    const audit = await trail.open();
    await audit.note(fact(1));
    // What cannot be replaced by a file stands for a full disk.
    await Deno.mkdir(`${trail.folder}/audit.head/inside`, { recursive: true });
    trail.monotonicMs += SEAL_SECONDS * 1000;
    await audit.tick();
    trail.keyPem = stranger.keyPem;
    await audit.tick();
    await audit.close();
    const told = trail.said.filter((text) => text.includes("cannot be written"));
    assert.ok(told.length >= 1 && told.every((text) => text.includes("audit.head")), `${told}`);
  });
});

Deno.test("audit: as syslog", () => {
  const entry = makeEntry(
    { ...fact(3), who: 'a"b]c\\', from: "" },
    7,
    "p".repeat(64),
    NOW_MS,
  );
  const line = syslogLine(entry, "EDGE 1");
  assert.match(
    line,
    /^<108>1 2026-01-02T03:04:05\.000Z EDGE_1 tieline - config\.push \[audit@32473 number="7" who="a\\"b\\\]c\\\\" outcome="refused" before="aa" after="bb" previous="p{64}" hash="[0-9a-f]{64}"\] \ufeffversion 3 of "bay" second line$/,
  );
  assert.match(syslogLine(makeEntry(fact(1), 1, "", NOW_MS), ""), /^<109>1 \S+ - tieline/);
  const hostile = { ...fact(1), who: "a\u0000b", detail: "one\u001b[2Jtwo\r\n\u0007three\u007f" };
  const shown = syslogLine(makeEntry(hostile, 1, "", NOW_MS), "EDGE");
  assert.match(shown, /who="a b".*\ufeffone \[2Jtwo three $/);
});

Deno.test("audit: texts that take six characters for each one still fit, and do not break the trail", async () => {
  await withTrail(async (trail) => {
    const long = "\u0001".repeat(9000);
    const audit = await trail.open();
    const all = { who: long, from: long, detail: long, before: long, after: long, request: long };
    await audit.note({ ...fact(1), ...all });
    await audit.note(fact(2));
    assert.equal((await audit.entries(9)).length, 2);
    await audit.close();
    const again = await trail.open();
    assert.equal((await again.entries(1))[0]!.number, 3);
    await again.close();
    assert.deepEqual(await problemsOf(trail), []);
  });
});

Deno.test("audit: any line is an entry or none; long texts are cut and still fit", () => {
  fc.assert(fc.property(fc.string(), (line) => assert.equal(readEntry(line), undefined)));
  fc.assert(
    fc.property(fc.string({ maxLength: 9000 }), fc.string(), (detail, who) => {
      const entry = makeEntry({ ...fact(1), detail, who }, 1, "", NOW_MS);
      assert.deepEqual(readEntry(JSON.stringify(entry)), entry);
      assert.ok(JSON.stringify(entry).length < 40_000);
    }),
  );
});
