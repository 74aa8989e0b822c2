/**
 * `tieline sim sv`: simulated merging units on raw Ethernet or as a capture file.
 *
 * @module
 */
import { Command, Option } from "commander";
import { openRealTime, PacketSender } from "../os/mod.ts";
import { eventLoopTurn, type MergingUnitFleet, MergingUnitPacer, PcapSink } from "../sim/mod.ts";
import { macBytes, smpSynchOfClock, type SvVariant, variantOf } from "../sv/mod.ts";
import { amount, CommandError, ended, number, seconds, share, whole } from "./options.ts";
import { clockOption, KernelStamps } from "./sim_clock.ts";
import { harmonics, identity, mac, makeFleet, often, type SvOptions } from "./sim_sv_options.ts";

const DESTINATION = "01:0c:cd:04:00:01";
/** How long one stretch of sending lasts before the event loop gets a turn. */
const STRETCH_MS = 50;

/** The `sv` sub-command of `sim`. */
export function svCommand(): Command {
  return new Command("sv")
    .description(
      "merging units that send IEC 61850-9-2 sampled values; unit n has APPID + n and destination + n",
    )
    .option("--interface <name>", "send on this Ethernet interface (needs CAP_NET_RAW)")
    .option("--pcap <file>", "write a capture file instead, as fast as possible")
    .option(
      "--start <seconds>",
      "with --pcap: first second, since 1970; default now",
      whole(0, 2 ** 32 - 1),
    )
    .option("--for <seconds>", "end after this time; with --pcap default 1", seconds)
    .option("--count <n>", "number of merging units", whole(1, 200), 1)
    .addOption(
      new Option("--nominal <hertz>", "nominal frequency").choices(["50", "60"]).default("50"),
    )
    .option(
      "--profile <name>",
      "9-2LE, 9-2LE-256, or rate, ASDUs, currents and voltages as in F4800S2I4U4",
      "F4800S2I4U4",
    )
    .option("--sv-id <name>", "svID, followed by the number of the unit", "SIM_MU")
    .option("--appid <n>", "APPID of the first unit", whole(0, 65_535), 0x4000)
    .option("--vlan <id>", "VLAN identifier; without it frames have no tag", whole(0, 4095))
    .option("--priority <n>", "priority of the tag", whole(0, 7), 4)
    .addOption(
      new Option("--destination <mac>", "address of the first unit's receivers")
        .argParser(mac).default(mac(DESTINATION), DESTINATION),
    )
    .option("--source <mac>", "address of the first unit; default the interface's", mac)
    .option("--conf-rev <n>", "confRev", whole(0, 2 ** 32 - 1), 1)
    .option("--synch <n>", "smpSynch while synchronised", whole(0, 255), 2)
    .option("--simulation", "set the simulation bit")
    .option("--dat-set <name>", "put datSet into the frames")
    .option("--refr-tm", "put refrTm into the frames")
    .option("--smp-rate", "put smpRate and smpMod into the frames")
    .option("--gm-identity <hex>", "put gmIdentity into the frames, 16 digits", identity)
    .option("--quality <n>", "quality word of every channel", whole(0, 2 ** 32 - 1), 0)
    .option("--latency <us>", "time from the last sample of a frame to its leaving", amount, 0)
    .option("--gather <us>", "send what is due within this time together", amount, 0)
    .option("--volts <rms>", "phase voltage", amount, 63_500)
    .option("--amperes <rms>", "phase current", amount, 500)
    .option("--lag <degrees>", "angle by which currents lag", number, 20)
    .option("--deviation <hertz>", "constant deviation of frequency", number, 0)
    .option("--ramp <hertz>", "height of a triangle of frequency", number, 0)
    .option("--ramp-period <seconds>", "its period", whole(1, 86_400), 40)
    .addOption(
      new Option("--harmonics <list>", "orders and shares, for example 3:0.02,5:0.04")
        .argParser(harmonics).default([], "none"),
    )
    .option("--noise <share>", "peak of noise, as a share of nominal", share, 0)
    .addOption(often("--sag <every:for>", "voltage sag at each second that EVERY divides"))
    .option("--sag-left <share>", "voltage that a sag leaves", share, 0.5)
    .addOption(often("--fault <every:for>", "fault current with d.c. offset, alike"))
    .option("--fault-times <n>", "fault current as a multiple of nominal", amount, 8)
    .option("--fault-constant <ms>", "time constant of the d.c. offset", amount, 50)
    .addOption(clockOption("as --synch has it"))
    .option("--clock-error <us>", "error of the clock, ahead positive", number, 0)
    .addOption(often("--unsynchronised <every:for>", "times without synchronisation"))
    .option("--drift <ppm>", "drift without synchronisation, slow positive", number, 0)
    .addOption(often("--step <every:for>", "times in which the clock stands off by --step-size"))
    .option("--step-size <ms>", "size of the step", number, 20)
    .option("--loss <share>", "share of frames never sent", share, 0)
    .option("--loss-burst <n>", "frames lost in a row", whole(1, 10_000), 1)
    .option("--duplicate <share>", "share of frames sent twice", share, 0)
    .option("--reorder <share>", "share of frames sent after their successor", share, 0)
    .option("--seed <n>", "seed of all chances", whole(0, 0xffffffff), 1)
    .option("--record <file>", "write a JSON line for every unit and second: what was sent")
    .option("--json", "print JSON lines instead of sentences")
    .action(run);
}

async function run(options: SvOptions): Promise<void> {
  const { interface: name, pcap } = options;
  if ((name === undefined) === (pcap === undefined)) {
    throw new CommandError("Expected either --interface NAME or --pcap FILE");
  }
  if (pcap !== undefined && options.clock === "kernel") {
    throw new CommandError(
      "Expected --interface with --clock kernel: a file is written by no clock",
    );
  }
  const variant = variantOf(options.profile, Number(options.nominal));
  if (!variant) {
    throw new CommandError(
      `Expected --profile 9-2LE, 9-2LE-256 or one like F4800S2I4U4, found "${options.profile}"`,
    );
  }
  const record = options.record === undefined ? undefined : new LineFile(options.record);
  try {
    if (name !== undefined) await sendOn(name, options, variant, record);
    else if (pcap !== undefined) writeTo(pcap, options, variant, record);
  } catch (error) {
    // What no frame can carry, told as one sentence.
    if (error instanceof RangeError) throw new CommandError(error.message);
    throw error;
  } finally {
    record?.close();
  }
}

/** Sends on an interface until the time is over or a signal comes. */
async function sendOn(
  name: string,
  options: SvOptions,
  variant: SvVariant,
  record: LineFile | undefined,
): Promise<void> {
  const sender = new PacketSender({ interface: name });
  const clock = openRealTime();
  const stamps = options.clock === "kernel" ? new KernelStamps() : undefined;
  try {
    const fleet = makeFleet(options, variant, sender.hardwareAddress);
    describe(options, variant, fleet, `on ${name}`);
    if (stamps) fleet.synchronise(smpSynchOfClock(stamps.report()));
    const pacer = new MergingUnitPacer(fleet, sender, clock, options.gather * 1000);
    let isOver = false;
    const over = ended(options.for).then(() => isOver = true);
    say(options, { ready: true }, "Running; end with Ctrl-C.");
    let leftMs = (options.for ?? Infinity) * 1000;
    for (; leftMs > 0 && !isOver; leftMs -= STRETCH_MS) {
      if (stamps) fleet.synchronise(smpSynchOfClock(stamps.report()));
      pacer.run(Math.min(STRETCH_MS, leftMs));
      record?.add(fleet, clock.seconds);
      await eventLoopTurn();
    }
    await over;
    record?.add(fleet, Infinity);
    const late = pacer.lateMicros;
    tell(options, fleet, {
      refused: sender.refused,
      lateMicros: { p50: late.percentile(50), p99: late.percentile(99), max: late.max },
    });
  } finally {
    stamps?.close();
    clock.close();
    sender.close();
  }
}

/** Writes a capture file of the time asked for. */
function writeTo(
  path: string,
  options: SvOptions,
  variant: SvVariant,
  record: LineFile | undefined,
): void {
  const sink = new PcapSink(path);
  try {
    const fleet = makeFleet(options, variant, macBytes("02:00:00:00:00:01"));
    const start = options.start ?? Math.floor(Date.now() / 1000);
    const wanted = options.for ?? 1;
    describe(options, variant, fleet, `in ${path} from ${new Date(start * 1000).toISOString()}`);
    fleet.start(start, 0);
    for (let second = 0; second < wanted; second++) {
      const part = Math.min(1, wanted - second);
      fleet.sendDue(sink, start + second, Math.round(part * 1e9) - 1);
      record?.add(fleet, start + second + 1);
    }
    record?.add(fleet, Infinity);
    tell(options, fleet);
  } finally {
    sink.close();
  }
}

function describe(
  options: SvOptions,
  variant: SvVariant,
  fleet: MergingUnitFleet,
  where: string,
): void {
  fleet.units.forEach((unit, i) => {
    const appid = (options.appid + i) & 0xffff;
    const { svId } = unit.account;
    say(
      options,
      { stream: { svId, appid, ...variant, frameBytes: unit.frameBytes } },
      `${svId}: APPID 0x${appid.toString(16)}, ${variant.rate} samples/s, ${variant.asdus} in a ` +
        `frame of ${unit.frameBytes} octets, ${where}`,
    );
  });
}

/** What became of it all, one line for each unit, and `more` of all together. */
function tell(options: SvOptions, fleet: MergingUnitFleet, more: Totals = {}): void {
  for (const account of fleet.accounts) {
    const { svId, framesMade, framesSent, samplesSent, lost, duplicated, reordered, missed } =
      account;
    say(
      options,
      { account: account.totals() },
      `${svId}: ${framesMade} frames made, ${framesSent} sent with ${samplesSent} samples, ` +
        `${lost} lost, ${duplicated} twice, ${reordered} out of order, ${missed} missed`,
    );
  }
  if (more.refused === undefined || !more.lateMicros) return;
  const { p50, p99, max } = more.lateMicros;
  say(
    options,
    { totals: more },
    `${more.refused} frames refused by the kernel; late by ${Math.round(p50)} us (median), ` +
      `${Math.round(p99)} us (99 %), ${Math.round(max)} us at most`,
  );
}

/** What is known of all units together when they sent on a wire. */
interface Totals {
  readonly refused?: number;
  readonly lateMicros?: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** JSON lines of finished seconds. */
class LineFile {
  readonly #file: Deno.FsFile;
  readonly #encoder = new TextEncoder();

  constructor(path: string) {
    this.#file = Deno.openSync(path, { write: true, create: true, truncate: true });
  }

  /** Writes what all units sent before `second`. */
  add(fleet: MergingUnitFleet, second: number): void {
    const lines = fleet.accounts.flatMap((account) =>
      account.finished(second).map((sent) => JSON.stringify({ svId: account.svId, ...sent }) + "\n")
    );
    let bytes = this.#encoder.encode(lines.join(""));
    while (bytes.length > 0) bytes = bytes.subarray(this.#file.writeSync(bytes));
  }

  close(): void {
    this.#file.close();
  }
}

function say(options: SvOptions, json: Record<string, unknown>, sentence: string): void {
  console.log(options.json ? JSON.stringify(json) : sentence);
}
