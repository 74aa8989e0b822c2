/**
 * The live stream: the latest values of some signals, at most ten times a second, to those who keep up.
 *
 * First comes what the values mean, then the values: `signals` once and again when they change, `values`
 * at the rate. A viewer that does not keep up gets fewer events, never older ones.
 *
 * @module
 */
import type { Signal } from "../core/mod.ts";
import type { TextSocket } from "../os/mod.ts";
import type { AdminContext } from "./context.ts";
import { ProblemError } from "./problem.ts";
import type { User } from "./roles.ts";
import { findSignals, shownSignal } from "./signals.ts";

/** Most signals of one stream. */
export const MAX_LIVE_SIGNALS = 500;
/** Streams at a time, of one user and of all. */
const MAX_OF_USER = 16, MAX_OF_ALL = 64;
/** Interval at which signals and the rights of the viewer are looked at again. */
const REVIEW_MS = 1000;
/** Bytes that may wait for a viewer before an event is left out. */
const MAX_WAITING_BYTES = 256 * 1024;

const openStreams = new Map<string, number>();

/** One viewer. */
export class LiveStream {
  readonly #context: AdminContext;
  readonly #user: User;
  /** What it logged in by; undefined if it may see nothing. */
  readonly #login: string | undefined;
  readonly #filter: string;
  readonly #rate: number;
  #signals: readonly Signal[];
  #version: number;
  #timer: ReturnType<typeof setInterval> | undefined;
  #reviewMs = 0;

  private constructor(
    context: AdminContext,
    user: User,
    { filter, rate }: { readonly filter: string; readonly rate: number },
    signals: readonly Signal[],
  ) {
    this.#context = context;
    this.#user = user;
    this.#login = loginOf(context, user);
    this.#filter = filter;
    this.#rate = rate;
    this.#version = context.gateway.registry.version;
    this.#signals = signals;
  }

  /** Throws {@linkcode ProblemError} (429) for too many streams, and FilterError. */
  static async open(
    context: AdminContext,
    user: User,
    options: { readonly filter: string; readonly rate: number },
  ): Promise<LiveStream> {
    const signals = (await findSignals(context, options.filter)).slice(0, MAX_LIVE_SIGNALS);
    const own = openStreams.get(user.name) ?? 0;
    const all = [...openStreams.values()].reduce((sum, n) => sum + n, 0);
    if (own >= MAX_OF_USER || all >= MAX_OF_ALL) {
      throw new ProblemError(429, "tooManyStreams", "Too many live streams", {}, {
        "Retry-After": "5",
      });
    }
    return new LiveStream(context, user, options, signals);
  }

  /**
   * Begins, and takes a place from now on: a viewer that went away before has none to give back. `send` takes an event by name, `isReady` says whether the viewer keeps up, `end` is called when
   * the viewer may see no more.
   */
  start(
    send: (event: string, data: string) => void,
    isReady: () => boolean,
    end: (why: string) => void,
  ): void {
    const { clock } = this.#context;
    openStreams.set(this.#user.name, (openStreams.get(this.#user.name) ?? 0) + 1);
    this.#tellSignals(send);
    this.#timer = setInterval(() => {
      const nowMs = clock.monotonicMs();
      if (nowMs >= this.#reviewMs) {
        this.#reviewMs = nowMs + REVIEW_MS;
        if (this.#login === undefined || loginOf(this.#context, this.#user) !== this.#login) {
          end("this user may see no more");
          return;
        }
        if (this.#context.gateway.registry.version !== this.#version) void this.#lookAgain(send);
      }
      if (isReady()) send("values", this.#values());
    }, 1000 / this.#rate);
  }

  /** Ends and gives its place back; safe to call twice. */
  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    const own = openStreams.get(this.#user.name) ?? 1;
    if (own <= 1) openStreams.delete(this.#user.name);
    else openStreams.set(this.#user.name, own - 1);
  }

  async #lookAgain(send: (event: string, data: string) => void): Promise<void> {
    const { registry } = this.#context.gateway;
    this.#version = registry.version;
    try {
      this.#signals = (await findSignals(this.#context, this.#filter)).slice(0, MAX_LIVE_SIGNALS);
      if (this.#timer !== undefined) this.#tellSignals(send);
    } catch (error) {
      this.#context.log.warn(`A live stream keeps its signals: ${error}`);
    }
  }

  #tellSignals(send: (event: string, data: string) => void): void {
    send("signals", JSON.stringify(this.#signals.map(shownSignal)));
  }

  #values(): string {
    const { gateway, clock } = this.#context;
    const { values, flags, timesMicros } = gateway.latest.columns(this.#signals);
    let newest = 0;
    for (const time of timesMicros) newest = Math.max(newest, time);
    return `{"nowMicros":${clock.nowMicros()},"timeMicros":${newest},"values":${
      JSON.stringify(values)
    },"flags":${JSON.stringify(flags)}}`;
  }
}

/** What a user logs in by, to see whether it is still good; undefined for one that is gone or turned away. */
function loginOf({ gateway }: AdminContext, { name }: User): string | undefined {
  const { user } = gateway.config.admin;
  const known = Object.hasOwn(user, name) ? user[name] : undefined;
  return known?.enabled ? [known.token ?? "", ...known.pins].join(" ") : undefined;
}

/** The stream as server-sent events. */
export function sseResponse(stream: LiveStream): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      stream.start(
        (event, data) => controller.enqueue(encoder.encode(`event: ${event}\ndata: ${data}\n\n`)),
        () => (controller.desiredSize ?? 0) > 0,
        (why) => {
          stream.stop();
          controller.enqueue(encoder.encode(`event: end\ndata: ${JSON.stringify(why)}\n\n`));
          controller.close();
        },
      );
    },
    cancel: () => stream.stop(),
  }, new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING_BYTES }));
  return new Response(body, {
    headers: { "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" },
  });
}

/** The stream over a WebSocket: messages `{"event": ..., "data": ...}`. */
export function serveSocket(stream: LiveStream, socket: TextSocket): void {
  socket.onClose = () => stream.stop();
  socket.onMessage = () => {};
  stream.start(
    (event, data) => socket.send(`{"event":"${event}","data":${data}}`),
    () => socket.waitingBytes < MAX_WAITING_BYTES,
    (why) => socket.close(1008, why),
  );
}
