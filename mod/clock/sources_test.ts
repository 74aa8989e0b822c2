import assert from "node:assert/strict";
import { checkDocument, parseTomlDocument } from "../config/mod.ts";
import { systemClock } from "../os/mod.ts";
import { decodeMessage, encodeMessage, ManagementAction } from "../ptp/mod.ts";
import * as v from "valibot";
import { clockSchema } from "./schema.ts";
import { makeSources } from "./sources.ts";
import { until } from "../../tests/support/waiting.ts";

/** A daemon that answers every question with an error. */
function refusingDaemon(path: string) {
  const socket = Deno.listenDatagram({ transport: "unixpacket", path });
  const ended = (async () => {
    for await (const [bytes, from] of socket) {
      const request = decodeMessage(bytes);
      if (!("targetPortIdentity" in request)) continue;
      const [tlv] = request.tlvs;
      if (tlv?.kind !== "management" || !("action" in request)) continue;
      const answer = encodeMessage({
        ...request,
        targetPortIdentity: request.header.source,
        action: ManagementAction.Response,
        tlvs: [{
          kind: "managementError",
          errorId: 6,
          managementId: tlv.managementId,
          displayData: "",
        }],
      });
      await socket.send(answer, from).catch(() => {}); // who asked may have gone meanwhile
    }
  })();
  return {
    close: async () => {
      socket.close();
      await ended;
    },
  };
}

Deno.test("clock sources: a ptp4l that answers with errors is said to, with the error", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tl-sources-" });
  const daemon = refusingDaemon(`${folder}/ptp4l`);
  const document = parseTomlDocument(
    `[clock]\n[clock.ptp4l]\nsocket = "${folder}/ptp4l"\ndomain = 0\nintervalMs = 100\n`,
    "test",
  );
  const [ptp4l] = makeSources(
    checkDocument(v.strictObject({ clock: clockSchema }), document).clock,
    {
      clock: systemClock(),
      log: { debug() {}, info() {}, warn() {}, error() {} },
      stateDir: folder,
      kernel: { why: "not asked" },
      lastKernel: () => ({ why: "not asked" }),
      announced: () => undefined,
      onChange: () => {},
    },
  );
  try {
    ptp4l!.start();
    const reason = () => ptp4l!.reading(0).reason;
    await until(() => reason().includes("error"), reason);
    assert.equal(reason(), "ptp4l answers with an error: DEFAULT_DATA_SET: NOT_SUPPORTED");
    assert.equal(ptp4l!.reading(0).usable, false);
  } finally {
    await ptp4l!.stop();
    await daemon.close();
    await Deno.remove(folder, { recursive: true });
  }
});
