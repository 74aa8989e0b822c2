import assert from "node:assert/strict";
import type { PacketFilter } from "./packet_filter.ts";
import { PacketPoll } from "./packet_poll.ts";
import { PacketRing, type PacketRingOptions, StampSource } from "./packet_ring.ts";
import { PacketSender } from "./packet_sender.ts";
import { type Cable, layCable } from "./testing.ts";
import { until } from "../../tests/support/waiting.ts";

const SV = 0x88ba;
const MAC = [0x01, 0x0c, 0xcd, 0x04, 0, 1];

interface Sent {
  readonly mac?: readonly number[];
  readonly tags?: readonly number[]; // pairs of TPID and TCI
  readonly type?: number;
  readonly appid?: number;
  readonly mark: number;
}

/** A frame whose last octets hold `mark`. */
function frame({ mac = MAC, tags = [], type = SV, appid = 0x4000, mark }: Sent): Uint8Array {
  const head = 12 + 2 * tags.length;
  const view = new DataView(new ArrayBuffer(head + 4 + 100));
  new Uint8Array(view.buffer).set(mac);
  view.setUint16(6, 0x0200);
  tags.forEach((word, i) => view.setUint16(12 + 2 * i, word));
  view.setUint16(head, type);
  view.setUint16(head + 2, appid);
  view.setUint32(view.byteLength - 4, mark);
  return new Uint8Array(view.buffer);
}

interface Got {
  readonly mark: number;
  readonly tci: number;
  readonly tpid: number;
  readonly stampSource: number;
  /** Seconds since 1970. */
  readonly stamp: number;
  readonly length: number;
}

/** Takes `count` frames, and what else is in their blocks; fewer only if they do not come. */
function take(ring: PacketRing, poll: PacketPoll, count: number): Got[] {
  const got: Got[] = [];
  for (const end = performance.now() + 30_000; got.length < count && performance.now() < end;) {
    poll.wait(20);
    while (ring.openBlock()) {
      while (ring.nextPacket()) {
        got.push({
          mark: ring.view.getUint32(ring.offset + ring.length - 4),
          tci: ring.tci,
          tpid: ring.tpid,
          stampSource: ring.stampSource,
          stamp: ring.seconds + ring.nanos / 1e9,
          length: ring.length,
        });
      }
      ring.closeBlock();
    }
  }
  return got;
}

async function onWire(
  options: Partial<PacketRingOptions> & Pick<PacketRingOptions, "filter">,
  use: (ring: PacketRing, poll: PacketPoll, sender: PacketSender, cable: Cable) => unknown,
): Promise<void> {
  const cable = await layCable("r");
  if (!cable) return;
  const closers: { close(): void }[] = [];
  try {
    const ring = new PacketRing({
      interface: cable.far,
      join: [Uint8Array.from(MAC)],
      blockBytes: 4096,
      blocks: 8,
      ...options,
    });
    closers.push(ring);
    const sender = new PacketSender({ interface: cable.near });
    closers.push(sender);
    await use(ring, new PacketPoll([ring]), sender, cable);
  } finally {
    for (const part of closers) part.close();
    await cable.remove();
  }
}

const all: PacketFilter = { etherType: SV, rules: [{}] };
/** BPF: return 0x40000. */
const EVERYTHING = Uint8Array.of(6, 0, 0, 0, 0, 0, 4, 0);

/** Seconds since 1970, for {@linkcode assertStamped}. */
const now = () => Date.now() / 1000;

/** The kernel's clock and this one are read a moment apart. */
function assertStamped(got: Got, since: number): void {
  assert.ok(got.stamp > since - 1 && got.stamp < now() + 1, `${got.stamp} after ${since}`);
}

Deno.test("packet ring: frames come whole and in order, over many turns of the ring", async () => {
  await onWire({ filter: all }, (ring, poll, sender) => {
    const marks: number[] = [];
    for (let turn = 0; turn < 40; turn++) {
      const began = now();
      for (let i = 0; i < 50; i++) sender.add(frame({ mark: turn * 50 + i }));
      sender.flush();
      for (const got of take(ring, poll, 50)) {
        marks.push(got.mark);
        assert.equal(got.length, 116);
        assert.equal(got.tci, -1);
        assert.equal(got.stampSource, StampSource.Kernel);
        assertStamped(got, began);
      }
    }
    assert.deepEqual(marks, Array.from({ length: 2000 }, (_, i) => i));
    assert.deepEqual(ring.statistics(), { packets: 2000, drops: 0, freezes: 0 });
  });
});

const HSR = [0x892f, 0x1234, 0x0001];
const sentFrames: readonly Sent[] = [
  { mark: 1 },
  { mark: 2, appid: 0x4001 },
  { mark: 3, mac: [0x01, 0x0c, 0xcd, 0x04, 0, 2] },
  { mark: 4, tags: [0x8100, 0x8005] },
  { mark: 5, tags: [0x8100, 0x8000] }, // priority tag
  { mark: 6, tags: [0x88a8, 0x2064, 0x8100, 0x8005] }, // stacked
  { mark: 7, type: 0x88b8 }, // GOOSE
  { mark: 8, type: 0x0800 },
  { mark: 9, tags: HSR },
  { mark: 10, tags: [0x8100, 0x8005, ...HSR] },
  { mark: 11, tags: [0x88a8, 0x2064, 0x8100, 0x8006, 0x8100, 0x8005] },
];

const filters: readonly { name: string; filter: PacketFilter; marks: number[] }[] = [
  { name: "any", filter: all, marks: [1, 2, 3, 4, 5, 6, 9, 10, 11] },
  { name: "no rule", filter: { etherType: SV, rules: [] }, marks: [] },
  {
    name: "APPID",
    filter: { etherType: SV, rules: [{ appid: 0x4001 }] },
    marks: [2],
  },
  {
    name: "APPID and address",
    filter: { etherType: SV, rules: [{ appid: 0x4000, destination: Uint8Array.from(MAC) }] },
    marks: [1, 4, 5, 6, 9, 10, 11],
  },
  {
    name: "VLAN, stripped or inline",
    filter: { etherType: SV, rules: [{ vlan: 5 }] },
    marks: [4, 6, 10, 11],
  },
  { name: "no VLAN", filter: { etherType: SV, rules: [{ vlan: 0 }] }, marks: [1, 2, 3, 5, 9] },
  {
    name: "several rules",
    filter: { etherType: SV, rules: [{ appid: 0x4001 }, { vlan: 5 }] },
    marks: [2, 4, 6, 10, 11],
  },
  {
    name: "what no rule wants",
    filter: { etherType: SV, rules: [{ appid: 0x4001 }, { vlan: 5 }], inverted: true },
    marks: [1, 3, 5, 9],
  },
  {
    name: "many rules",
    filter: {
      etherType: SV,
      rules: Array.from({ length: 400 }, (_, i) => ({
        appid: 0x4000 + 399 - i,
        vlan: i === 399 ? 0 : 7,
        destination: Uint8Array.from(MAC),
      })),
    },
    marks: [1, 5, 9],
  },
  { name: "GOOSE", filter: { etherType: 0x88b8, rules: [{}] }, marks: [7] },
];

Deno.test("packet ring: the kernel lets through what the filter says", async (t) => {
  // The kernel hands a frame to the ring that was opened last first: what the first one has is past the filter.
  await onWire({ filter: EVERYTHING, join: "all" }, async (witness, watch, sender, { far }) => {
    const ring = new PacketRing({ interface: far, filter: all, join: "all", blocks: 8 });
    const poll = new PacketPoll([ring]);
    try {
      for (const { name, filter, marks } of filters) {
        await t.step(name, () => {
          ring.setFilter(filter);
          const before = ring.statistics().packets;
          for (const one of sentFrames) sender.add(frame(one));
          sender.flush();
          assert.equal(take(witness, watch, sentFrames.length).length, sentFrames.length);
          const got = take(ring, poll, ring.statistics().packets - before);
          assert.deepEqual(got.map(({ mark }) => mark), marks);
        });
      }
    } finally {
      ring.close();
    }
  });
});

Deno.test("packet ring: the tag that the kernel takes out is told beside the frame", async () => {
  await onWire({ filter: all }, (ring, poll, sender) => {
    for (const one of sentFrames.filter(({ mark }) => [1, 4, 5, 6].includes(mark))) {
      sender.add(frame(one));
    }
    sender.flush();
    assert.deepEqual(
      take(ring, poll, 4).map(({ mark, tci, tpid, length }) => [mark, tci, tpid, length]),
      [
        [1, -1, 0, 116],
        [4, 0x8005, 0x8100, 116],
        [5, 0x8000, 0x8100, 116],
        [6, 0x2064, 0x88a8, 120],
      ],
    );
  });
});

Deno.test("packet ring: what a full ring cannot hold is in the kernel's counters", async () => {
  await onWire({ filter: all, blocks: 2 }, async (ring, poll, sender) => {
    for (let i = 0; i < 1000; i++) sender.add(frame({ mark: i }));
    sender.flush();
    await until(() => ring.statistics().packets === 1000, "a thousand frames");
    const { drops, freezes } = ring.statistics();
    assert.ok(drops > 0 && drops < 1000, `${drops} were dropped`);
    const got = take(ring, poll, 1000 - drops);
    assert.deepEqual(
      got.map(({ mark }) => mark),
      Array.from({ length: 1000 - drops }, (_, i) => i),
    );
    assert.ok(freezes > 0);
    sender.add(frame({ mark: 5000 }));
    sender.flush();
    assert.deepEqual(take(ring, poll, 1).map(({ mark }) => mark), [5000], "it goes on");
    assert.equal(ring.statistics().packets, 1001, "counters add up over readings");
  });
});

Deno.test("packet ring: an interface that goes down wakes, comes back by itself, and its end is seen", async () => {
  await onWire({ filter: all }, async (ring, poll, sender, cable) => {
    assert.equal(ring.state(), "up");
    // The kernel tells of carriers up to a second late.
    const becomes = (state: string) => until(() => ring.state() === state, state);
    await cable.set("near", "down");
    await becomes("down");
    await cable.set("far", "down");
    assert.equal(poll.wait(1000), true);
    assert.equal(poll.hasError(0), true);
    await becomes("down");
    assert.equal(poll.wait(5), false, "the error is told once");
    await cable.set("far", "up");
    await cable.set("near", "up");
    await becomes("up");
    // The other end may be told of it later.
    await until(() => {
      sender.add(frame({ mark: 77 }));
      return sender.flush() === 1;
    }, "a frame that is taken");
    assert.deepEqual(take(ring, poll, 1).map(({ mark }) => mark), [77]);
    await cable.remove();
    assert.equal(ring.state(), "gone");
  });
});

Deno.test("packet ring: own outgoing frames are not taken", async () => {
  await onWire({ filter: all }, (ring, poll, sender, cable) => {
    const own = new PacketSender({ interface: cable.far });
    own.add(frame({ mark: 1 }));
    own.flush();
    own.close();
    sender.add(frame({ mark: 2 }));
    sender.flush();
    assert.deepEqual(take(ring, poll, 1).map(({ mark }) => mark), [2]);
  });
});

Deno.test("packet ring: where the adapter has no stamps, nobody claims that it has", async () => {
  await onWire({ filter: all, adapterStamps: true }, (ring, poll, sender) => {
    const began = now();
    for (let i = 0; i < 20; i++) sender.add(frame({ mark: i }));
    sender.flush();
    const got = take(ring, poll, 20);
    assert.equal(got.length, 20);
    for (const one of got) {
      assert.notEqual(one.stampSource, StampSource.Adapter);
      assertStamped(one, began); // the kernel stands in
    }
  });
});

Deno.test("packet ring: one that cannot be opened whole leaves nothing behind", async () => {
  await onWire({ filter: all }, async (_ring, _poll, _sender, cable) => {
    const index = async () => {
      const { stdout } = await new Deno.Command("cat", {
        args: [`/sys/class/net/${cable.far}/ifindex`],
      }).output();
      return new TextDecoder().decode(stdout).trim();
    };
    const sockets = async (interfaceIndex: string) => {
      const { stdout } = await new Deno.Command("cat", { args: ["/proc/net/packet"] }).output();
      const lines = new TextDecoder().decode(stdout).split("\n");
      return lines.filter((line) => line.trim().split(/\s+/)[4] === interfaceIndex).length;
    };
    const far = await index();
    assert.equal(await sockets(far), 1);
    for (let i = 0; i < 3; i++) {
      // Groups of an adapter have addresses of its length, which ends the opening at its last step.
      const join = [new Uint8Array(8).fill(1)];
      const open = () => new PacketRing({ interface: cable.far, filter: all, join, blocks: 8 });
      assert.throws(open, /Cannot join a group/);
    }
    assert.equal(await sockets(far), 1);
  });
});

Deno.test("packet ring: impossible sizes are refused before anything is opened", () => {
  for (const sizes of [{ blockBytes: 5000 }, { blockBytes: 2048 }, { blocks: 1 }]) {
    assert.throws(
      () => new PacketRing({ interface: "lo", filter: all, join: [], ...sizes }),
      RangeError,
    );
  }
});
