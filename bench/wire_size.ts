/**
 * Bytes of a TSSC stream against the same data as C37.118 frames with floats in polar form.
 *
 * `deno run -P=test bench/wire_size.ts [--seconds N]`. Made-up data: 100 devices of 10 phasors at 60 frames/s, with noise
 * 60 dB and 80 dB below the phasors; and a capture from ../shared/vectors/c37118, skipped where absent. Frames go through
 * the gateway's own decoder, log and publisher session. Counted is the payload of TCP on both sides: whole response
 * frames of STTP, whole data frames of C37.118; TLS, TCP and IP are in neither. Exits 1 above a ratio of 0.70.
 *
 * @module
 */
import {
  DataDecoder,
  dataFrameSize,
  FormatBits,
  FrameType,
  parseConfiguration,
  StreamParser,
} from "../mod/c37118/mod.ts";
import { type Frame, makeFrame, makeLayout } from "../mod/core/mod.ts";
import { type Figure, figureTable, isReached } from "../mod/cli/bench_figure.ts";
import { machine } from "../mod/cli/machine.ts";
import {
  Command,
  commandFrame,
  encodeText,
  FrameLog,
  parseResponse,
  PublisherSession,
  Response,
  RESPONSE_HEADER_SIZE,
} from "../mod/sttp/mod.ts";
import { FLOAT_POLAR, NoisyDevice, RATE } from "./load/noisy_device.ts";
import { TestBooks, TestRights } from "../mod/sttp/publisher_testing.ts";

const DEVICES = 100;
const PHASORS = 10;
const MOST_RATIO = 0.7;
const CAPTURE = new URL(
  "../../shared/vectors/c37118/C37.118_4in1PMU_TCP.server.bin",
  import.meta.url,
);
/** Frames in which the encoder learns; not counted, for streams last for days. */
const WARM_UP_FRAMES = 30;

/** Ratios of all data, each with frames that leave one by one and with all frames of an instant in one packet. */
export function measureWireSize(seconds: number): Figure[] {
  const figures: Figure[] = [];
  for (const noiseDb of [60, 80]) {
    for (const together of [false, true]) {
      figures.push(figureOf(
        `${DEVICES} PMUs x ${PHASORS} phasors, ${noiseDb} dB, ${
          together ? "by instant" : "frame by frame"
        }`,
        madeUp(noiseDb, seconds, together),
      ));
    }
  }
  const capture = captured();
  if (capture) figures.push(figureOf("capture of a concentrator, 4 PMUs, 45 phasors", capture));
  else console.error(`skipped: ${CAPTURE.pathname} is not there`);
  return figures;
}

interface Sizes {
  /** Bytes of STTP. */
  readonly sttp: number;
  /** Bytes of C37.118. */
  readonly c37118: number;
  /** Measurements in both. */
  readonly measurements: number;
}

function figureOf(name: string, { sttp, c37118, measurements }: Sizes): Figure {
  return {
    name: `${name} (${(sttp / measurements).toFixed(2)} bytes/measurement)`,
    value: sttp / c37118,
    unit: "of C37.118",
    threshold: { atMost: MOST_RATIO },
  };
}

/** A session with a subscriber that takes everything, and the bytes of its data packets. */
class Wire {
  readonly books = new TestBooks();
  readonly #log = new FrameLog(1 << 22);
  readonly #session: PublisherSession;
  bytes = 0;

  constructor(signals: number) {
    const rights = new TestRights();
    const handles = Array.from({ length: signals }, (_, i) => i);
    rights.grant(handles, handles);
    let unconfirmed = 0;
    this.#session = new PublisherSession({
      log: this.#log,
      rights,
      books: this.books,
      subscriberId: "00000000-0000-4000-8000-00000000ffff",
      queueBytes: 1 << 22,
      nowMs: 0,
      events: {
        transmit: (bytes) => {
          const { response } = parseResponse(bytes.subarray(RESPONSE_HEADER_SIZE - 6));
          if (response === Response.DataPacket) this.bytes += bytes.length;
          if (response === Response.UpdateSignalIndexCache) unconfirmed++;
        },
        metadata: () => {},
        close: (_, message) => {
          throw new Error(message);
        },
        complain: (_, message) => {
          throw new Error(message);
        },
        note: () => {},
      },
    });
    // GZip of caches, TSSC, version 2: what the reference clients ask for.
    this.#send(Command.DefineOperationalModes, Uint8Array.of(0xe0, 0, 2, 0x62));
    const text = encodeText("filterExpression={all}", "utf-8");
    const payload = new Uint8Array(5 + text.length);
    payload[0] = 2;
    new DataView(payload.buffer).setUint32(1, text.length);
    payload.set(text, 5);
    this.#send(Command.Subscribe, payload);
    while (unconfirmed-- > 0) this.#send(Command.ConfirmUpdateSignalIndexCache, new Uint8Array(0));
  }

  accept(frame: Frame): void {
    this.#log.accept(frame);
  }

  pump(): void {
    this.#session.pump(1 << 30);
  }

  #send(command: number, payload: Uint8Array): void {
    this.#session.receive(commandFrame(command, payload), 0);
  }
}

function madeUp(noiseDb: number, seconds: number, together: boolean): Sizes {
  const devices = Array.from({ length: DEVICES }, (_, i) => new NoisyDevice(i, noiseDb));
  const perDevice = devices[0]!.frame.values.length;
  const wire = new Wire(DEVICES * perDevice);
  let from = 0, sentBefore = 0;
  const frames = seconds * RATE;
  for (let k = -WARM_UP_FRAMES; k < frames; k++) {
    if (k === 0) {
      from = wire.bytes;
      sentBefore = wire.books.sentTotal;
    }
    for (const device of devices) {
      wire.accept(device.next(k + WARM_UP_FRAMES));
      if (!together) wire.pump();
    }
    wire.pump();
  }
  const measurements = wire.books.sentTotal - sentBefore;
  const expected = frames * DEVICES * perDevice;
  if (measurements !== expected) throw new Error(`${measurements} of ${expected} were sent`);
  return {
    sttp: wire.bytes - from,
    c37118: frames * DEVICES * devices[0]!.size,
    measurements,
  };
}

/** The capture's frames one by one, against frames of the same configuration with floats in polar form. */
function captured(): Sizes | undefined {
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(CAPTURE);
  } catch {
    return undefined; // the captures of third parties are not in the repository
  }
  let decoder: DataDecoder | undefined, frame: Frame | undefined, wire: Wire | undefined;
  let floatSize = 0, frames = 0, from = 0, sentBefore = 0;
  const parser = new StreamParser((lent) => {
    if (lent.type === FrameType.Config2 && !decoder) {
      const configuration = parseConfiguration(
        lent.bytes.slice(lent.offset, lent.offset + lent.size),
      );
      parser.expect(configuration.idCode, dataFrameSize(configuration), 30);
      decoder = new DataDecoder(configuration);
      const handles = Int32Array.from({ length: decoder.count }, (_, i) => i);
      frame = makeFrame(makeLayout("capture", handles, [], 30));
      wire = new Wire(decoder.count);
      floatSize = dataFrameSize({
        ...configuration,
        pmus: configuration.pmus.map((pmu) => ({
          ...pmu,
          format: FLOAT_POLAR | FormatBits.AnalogFloat,
        })),
      });
    } else if (lent.type === FrameType.Data && decoder && frame && wire) {
      decoder.decode(lent.bytes, lent.view, lent.offset, lent.size, frame);
      wire.accept(frame);
      wire.pump();
      if (++frames === WARM_UP_FRAMES) {
        from = wire.bytes;
        sentBefore = wire.books.sentTotal;
      }
    }
  });
  parser.push(bytes, 0);
  if (!wire || frames <= WARM_UP_FRAMES) throw new Error("No frames in the capture");
  return {
    sttp: wire.bytes - from,
    c37118: (frames - WARM_UP_FRAMES) * floatSize,
    measurements: wire.books.sentTotal - sentBefore,
  };
}

if (import.meta.main) {
  const at = Deno.args.indexOf("--seconds");
  const figures = measureWireSize(at < 0 ? 10 : Number(Deno.args[at + 1]));
  console.log(`${machine()}\n\n${figureTable(figures)}`);
  Deno.exit(figures.every(isReached) ? 0 : 1);
}
