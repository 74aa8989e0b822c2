/**
 * What watching the clock costs: a ptp4l that is read every second, and a PTP network of eight clocks that is heard.
 *
 * `deno run -P=test bench/clock.ts [--seconds N]`. The part runs in a process of its own, whose processor time the kernel
 * counts, all threads and the printing of one line a second included. The daemon's answers are those that a ptp4l 4.4 gave;
 * the network is a virtual cable on which eight clocks send 16 messages a second together, and 16 each, heard by the part
 * itself and by `tieline capture` for it. Needs the rights to lay the cable and to open raw sockets. Exits 1 above 1 % of a core for reading, or 3 % for hearing.
 *
 * @module
 */
import { type Figure, figureTable, isReached } from "../mod/cli/bench_figure.ts";
import { machine } from "../mod/cli/machine.ts";
import { PacketSender } from "../mod/os/mod.ts";
import { layCable } from "../mod/os/testing.ts";
import {
  bytesOf,
  decodeMessage,
  encodeMessage,
  makeHeader,
  ManagementAction,
  managementContent,
  MessageType,
  type PortIdentity,
  PtpFlags,
  type PtpMessage,
} from "../mod/ptp/mod.ts";
import { LoadProcess } from "./load/process.ts";
import { until } from "../tests/support/waiting.ts";

const CLOCKS = 8;
const RECORDED = new URL(
  "../tests/fixtures/ptp/mgmt-slave-l2-p2p-domain93-power2011-v44.json",
  import.meta.url,
);
/** Seconds at the beginning that do not count. */
const WARM_UP_SECONDS = 4;

if (import.meta.main) {
  const at = Deno.args.indexOf("--seconds");
  const figures = await measureClock(at < 0 ? 30 : Number(Deno.args[at + 1]));
  console.log(`\n${machine()}, ${new Date().toISOString()}\n\n${figureTable(figures)}`);
  Deno.exit(figures.every(isReached) ? 0 : 1);
}

/** The figures, each measured for `seconds`. */
export async function measureClock(seconds: number): Promise<Figure[]> {
  const folder = await Deno.makeTempDir({ prefix: "tl-bench-clock-" });
  try {
    const reading = await readingCost(folder, seconds);
    return [
      share("ptp4l read every second, of one core", reading, 1),
      ...await hearing(folder, seconds),
    ];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function share(name: string, value: number, atMost?: number): Figure {
  return { name, value, unit: "%", ...(atMost === undefined ? {} : { threshold: { atMost } }) };
}

/** Percent of a core of a clock part with this configuration, and of `beside`; `what` of its lines must have grown. */
async function cost(
  folder: string,
  config: string,
  seconds: number,
  what: "answers" | "messages",
  atLeast: number,
  beside?: LoadProcess,
): Promise<number> {
  const file = `${folder}/clock.toml`;
  await Deno.writeTextFile(file, config);
  const child = new LoadProcess(["run", "-P=test", "bench/load/clock_part.ts", file, folder]);
  try {
    // The part prints under this key; the last line says how far it is.
    const counted = () => {
      const line = child.all("counted").at(-1) as Record<"answers" | "messages", number>;
      return line[what];
    };
    await child.next("counted");
    // What it hears with may take longer to start than it does.
    const more = (than: number) =>
      until(() => counted() > than, () => `${what} after ${than}: ${child.text}${beside?.text}`);
    await more(0);
    await sleep(WARM_UP_SECONDS);
    const cpuSeconds = () => child.cpuSeconds + (beside?.cpuSeconds ?? 0);
    const first = counted(), cpu = cpuSeconds(), started = performance.now();
    await sleep(seconds);
    const grown = counted() - first;
    const used = cpuSeconds() - cpu, took = (performance.now() - started) / 1000;
    // A host that is busy is no defect, but the figure is not what it says; what comes no more at all is one.
    if (grown < atLeast * (took - 2) * 0.9) {
      console.error(
        `clock: expected ${atLeast} ${what} a second, found ${grown} in ${took.toFixed(1)} s`,
      );
      await more(first);
    }
    return used / took * 100;
  } finally {
    await child.stop();
  }
}

function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

async function readingCost(folder: string, seconds: number): Promise<number> {
  const daemon = `${folder}/ptp4l`;
  const answers = recordedAnswers();
  const socket = Deno.listenDatagram({ transport: "unixpacket", path: daemon });
  const serving = (async () => {
    for await (const [bytes, from] of socket) {
      const answer = answers(bytes);
      if (answer) await socket.send(answer, from).catch(() => {});
    }
  })();
  try {
    const config = `[clock]\norder = ["ptp4l"]\n[clock.ptp4l]\nsocket = "${daemon}"\ndomain = 93\n`;
    return await cost(folder, config, seconds, "answers", 5);
  } finally {
    socket.close();
    await serving.catch(() => {});
    await Deno.remove(daemon).catch(() => {});
  }
}

/** What a real daemon answered, by managementId. */
function recordedAnswers(): (request: Uint8Array) => Uint8Array | undefined {
  const data = new Map<number, Uint8Array>();
  let source: PortIdentity = { clockIdentity: "0".repeat(16), portNumber: 1 };
  for (const { kind, responsesHex } of JSON.parse(Deno.readTextFileSync(RECORDED)).exchanges) {
    if (kind !== "exchange" || responsesHex.length === 0) continue;
    const message = decodeMessage(bytesOf(responsesHex[0]));
    const tlv = message.tlvs[0];
    if (tlv?.kind === "management") data.set(tlv.managementId, tlv.data);
    source = message.header.source;
  }
  return (request) => {
    const message = decodeMessage(request);
    if (message.messageType !== MessageType.Management) return undefined;
    const { id } = managementContent(message);
    const answer = data.get(id);
    return answer && encodeMessage({
      ...message,
      header: { ...message.header, source },
      targetPortIdentity: message.header.source,
      action: ManagementAction.Response,
      tlvs: [{ kind: "management", managementId: id, data: answer }],
    });
  };
}

async function hearing(folder: string, seconds: number): Promise<Figure[]> {
  const cable = await layCable("clk");
  if (!cable) return [];
  const sender = new PacketSender({ interface: cable.far });
  try {
    const config = `[clock]\norder = ["kernel"]\n[clock.observer]\ninterface = "${cable.near}"\n`;
    const figures: Figure[] = [];
    for (const each of [2, 16]) {
      const perSecond = each * CLOCKS;
      const stop = network(sender, each);
      try {
        const value = await cost(folder, config, seconds, "messages", perSecond);
        const name = `network of ${CLOCKS} clocks heard, ${perSecond} messages/s, of one core`;
        figures.push(share(name, value, 3));
      } finally {
        stop();
      }
    }
    figures.push(share(
      `the same by tieline capture, both processes, ${16 * CLOCKS} messages/s, of one core`,
      await captured(folder, seconds, sender, cable.near),
      3,
    ));
    return figures;
  } finally {
    sender.close();
    await cable.remove();
  }
}

/** What the part and `tieline capture`, which hears for it, cost together. */
async function captured(
  folder: string,
  seconds: number,
  sender: PacketSender,
  near: string,
): Promise<number> {
  const socket = `${folder}/capture.sock`;
  const args = ["run", "-P=test", "main.ts", "capture", "--socket", socket, "--interface", near];
  const capture = new LoadProcess(args);
  const stop = network(sender, 16);
  try {
    const config =
      `[clock]\norder = ["kernel"]\ncapture = "process"\ncaptureSocket = "${socket}"\n` +
      `[clock.observer]\ninterface = "${near}"\n`;
    return await cost(folder, config, seconds, "messages", 16 * CLOCKS, capture);
  } finally {
    stop();
    await capture.stop();
  }
}

/** Eight clocks that send `each` messages a second: Announce, Sync and Follow_Up, and peer delay, in turn. */
function network(sender: PacketSender, each: number): () => void {
  let count = 0;
  const timer = setInterval(() => {
    for (let i = 0; i < CLOCKS; i++) {
      const bytes = encodeMessage(message(i, Math.floor(count / CLOCKS), count));
      const frame = new Uint8Array(Math.max(60, 14 + bytes.length));
      frame.set([0x01, 0x1b, 0x19, 0, 0, 0, 2, 0, 0, 0, 0, i, 0x88, 0xf7]);
      frame.set(bytes, 14);
      sender.add(frame);
      count++;
    }
    sender.flush();
  }, 1000 / each);
  return () => clearInterval(timer);
}

function message(clock: number, turn: number, count: number): PtpMessage {
  const source = { clockIdentity: `00b0c7fffe00000${clock}`, portNumber: 1 };
  const now = Date.now() / 1000;
  const time = { seconds: Math.floor(now), nanos: Math.floor((now % 1) * 1e9) };
  const sequenceId = turn & 0xffff;
  switch (turn % 4) {
    case 0: {
      const messageType = MessageType.Announce;
      return {
        messageType,
        header: makeHeader(messageType, source, { logMessageInterval: 0, sequenceId }),
        originTimestamp: time,
        currentUtcOffset: 37,
        grandmasterPriority1: 128 + clock,
        grandmasterClockQuality: { clockClass: 6, clockAccuracy: 0x21, offsetScaledLogVariance: 1 },
        grandmasterPriority2: 128,
        grandmasterIdentity: source.clockIdentity,
        stepsRemoved: 0,
        timeSource: 0x20,
        tlvs: [{
          kind: "power2017",
          grandmasterId: 7,
          totalTimeInaccuracy: 250,
          tail: new Uint8Array(2),
        }],
      };
    }
    case 1: {
      const messageType = MessageType.Sync;
      const more = { flags: PtpFlags.TwoStep, logMessageInterval: 0, sequenceId };
      const header = makeHeader(messageType, source, more);
      return { messageType, header, originTimestamp: time, tlvs: [] };
    }
    case 2: {
      const messageType = MessageType.FollowUp;
      const header = makeHeader(messageType, source, {
        logMessageInterval: 0,
        sequenceId: (sequenceId - 1) & 0xffff,
      });
      return { messageType, header, preciseOriginTimestamp: time, tlvs: [] };
    }
    default: {
      const messageType = MessageType.PdelayReq;
      const header = makeHeader(messageType, source, { sequenceId: count & 0xffff });
      return { messageType, header, originTimestamp: time, tlvs: [] };
    }
  }
}
