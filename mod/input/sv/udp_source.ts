/**
 * Routable sampled values by a UDP socket, in the event loop of a Worker.
 *
 * @module
 */
import { messageOf } from "../../core/mod.ts";
import { openUdp, systemClock, type UdpSocket } from "../../os/mod.ts";
import type { CaptureEngine } from "./engine.ts";
import type { SvUdpOptions } from "./options.ts";
import type { RecordRing } from "./record_ring.ts";
import { RecordType } from "./records.ts";
import { SessionSource } from "./session_source.ts";

const TICK_MS = 4;
const SECOND_MS = 1000;
const REOPEN_MS = 1000;

/** Receives until `commands` say stop; opens the socket again when it fails. */
export async function captureUdp(
  options: SvUdpOptions,
  engine: CaptureEngine,
  out: RecordRing,
  commands: RecordRing,
): Promise<void> {
  const source = new SessionSource(engine);
  const clock = systemClock();
  let socket: UdpSocket | undefined;
  let why: string | undefined;
  let openMs = -Infinity, secondMs = -Infinity;
  const fail = (error: unknown) => {
    const message = `The UDP socket of port ${options.port} failed: ${messageOf(error)}`;
    socket?.close();
    socket = undefined;
    if (message !== why) out.write(RecordType.Complaint, { kind: "udp", message });
    why = message;
  };
  const open = () =>
    openUdp({
      port: options.port,
      clock,
      onDatagram: (bytes, arrivalMicros, from) => {
        engine.batch(clock.monotonicMs());
        source.take(bytes, from.hostname, from.port, arrivalMicros);
        engine.estimate();
        out.publish();
      },
      onError: fail,
      ...(options.address === undefined ? {} : { hostname: options.address }),
      ...(options.source === undefined ? {} : { sources: [options.source] }),
      ...(options.group === undefined ? {} : {
        multicast: {
          group: options.group,
          ...(options.interface === undefined ? {} : { interface: options.interface }),
          ...(options.source === undefined ? {} : { source: options.source }),
        },
      }),
    });
  while (!commands.stopped) {
    const nowMs = clock.monotonicMs();
    if (!socket && nowMs - openMs >= REOPEN_MS) {
      openMs = nowMs;
      try {
        socket = await open();
        why = undefined;
      } catch (error) {
        fail(error);
      }
    }
    engine.tick(clock.monotonicMs(), true);
    engine.obey(commands);
    engine.work();
    if (nowMs - secondMs >= SECOND_MS) {
      secondMs = nowMs;
      out.write(RecordType.Status, {
        streams: engine.status(),
        totals: engine.totals(),
        udp: {
          port: socket?.port ?? null,
          received: socket?.received ?? 0,
          filtered: socket?.filtered ?? 0,
          kernelDrops: socket?.kernelDrops() ?? null,
          notes: socket?.notes ?? [],
          ...(why === undefined ? {} : { why }),
        },
        sessions: source.figures(),
        linkDropped: out.dropped,
      });
    }
    out.publish();
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  socket?.close();
}
