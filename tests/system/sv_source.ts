/**
 * Merging units at the far end of a cable, in a process of their own: `sv_source.ts INTERFACE`, options on stdin.
 *
 * Sends until its input ends, then says as JSON what it sent. `storm` adds frames that are no sampled values (of the
 * units' APPID and address, which the gateway's kernel lets through) and frames of others.
 *
 * @module
 */
import { setPriority } from "node:os";
import { lines } from "../../bench/load/lines.ts";
import { openRealTime, PacketSender } from "../../mod/os/mod.ts";
import {
  MergingUnitFleet,
  type MergingUnitOptions,
  MergingUnitPacer,
  WaveformModel,
  type WaveformOptions,
} from "../../mod/sim/mod.ts";

/** What a source is asked for. */
export interface SvSourceOptions {
  /** The grid. */
  readonly model: WaveformOptions;
  /** The units, without their model. */
  readonly units: readonly Omit<MergingUnitOptions, "model">[];
  /** Frames that nobody wants, for each wake-up of the sender (a millisecond or so). */
  readonly storm?: {
    /** Frames with the address and APPID of the first unit that end within their first element. */
    readonly matching: number;
    /** Frames with other APPIDs. */
    readonly foreign: number;
  };
}

/** What it says at the end. */
export interface SvSourceAccount {
  /** Frames of the units that the kernel took, junk included. */
  readonly sent: number;
  /** Junk of the units' address that was sent. */
  readonly matching: number;
  /** Junk of others. */
  readonly foreign: number;
}

const STRETCH_MS = 5;
/** What a busy machine holds up for no longer is sent late, and not passed over: the units have sampled it. */
const MAX_LATE_SECONDS = 0.5;

if (import.meta.main) {
  try {
    setPriority(-10); // a merging unit does not pause because other tests are busy
  } catch {
    // Who may not goes on as everybody does.
  }
  const input = lines(Deno.stdin.readable);
  const { value } = await input.next();
  const { model, units, storm }: SvSourceOptions = JSON.parse(value!);
  const grid = new WaveformModel(model);
  const sender = new PacketSender({ interface: Deno.args[0]!, batch: 512 });
  const fleet = new MergingUnitFleet(
    units.map((unit) => ({ ...unit, source: sender.hardwareAddress, model: grid })),
  );
  const clock = openRealTime();
  const pacer = new MergingUnitPacer(fleet, sender, clock, 0, MAX_LATE_SECONDS);
  let going = true, matching = 0, foreign = 0;
  void input.next().then(() => going = false);
  const junk = junkFrame(units[0]!.appid ?? 0x4000);
  const others = Array.from({ length: 16 }, (_, i) => junkFrame(0x5000 + i));
  while (going) {
    pacer.run(STRETCH_MS);
    for (let i = 0; i < (storm?.matching ?? 0) * STRETCH_MS; i++, matching++) sender.add(junk);
    for (let i = 0; i < (storm?.foreign ?? 0) * STRETCH_MS; i++, foreign++) {
      sender.add(others[i % others.length]!);
    }
    sender.flush();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const account: SvSourceAccount = { sent: sender.sent, matching, foreign };
  console.log(JSON.stringify(account));
  Deno.exit(0);
}

/** A frame of sampled values whose `savPdu` is longer than what is there. */
function junkFrame(appid: number): Uint8Array {
  const frame = new Uint8Array(60);
  frame.set([0x01, 0x0c, 0xcd, 0x04, 0, 1, 2, 0, 0, 0, 0, 9, 0x88, 0xba]);
  frame.set([appid >> 8, appid & 0xff, 0, 46, 0, 0, 0, 0, 0x60, 0x7f, 0x80, 0x01, 0x01], 14);
  return frame;
}
