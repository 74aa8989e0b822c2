import assert from "node:assert/strict";
import { systemClock } from "../os/mod.ts";
import { until } from "../../tests/support/waiting.ts";
import { Ptp4lSource } from "./ptp4l_source.ts";

Deno.test("ptp4l: what killed gateways left in the folder is removed, what others hold there stays", async () => {
  const folder = await Deno.makeTempDir({ prefix: "tl-ptp4l-" });
  const bind = (name: string) =>
    Deno.listenDatagram({ transport: "unixpacket", path: `${folder}/${name}` });
  const other = bind("ptp4l-77-3.sock"); // a gateway that runs beside this one
  const log: string[] = [];
  const source = new Ptp4lSource({
    socket: `${folder}/ptp4l`,
    clientDir: folder,
    majorSdoId: 0,
    intervalMs: 1000,
    timeoutMs: 300,
    push: true,
  }, {
    clock: systemClock(),
    log: { debug() {}, info: (line) => void log.push(line), warn() {}, error() {} },
    onChange: () => {},
  });
  try {
    for (const name of [`ptp4l-${Deno.pid}-999.sock`, "ptp4l-77-0.sock"]) bind(name).close();
    bind("pmc.77").close(); // the stock client's
    source.start();
    await until(() => source.link === "missing", () => source.link);
    await source.stop();
    const left = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
    assert.deepEqual(left, ["pmc.77", "ptp4l-77-3.sock"]);
    assert.deepEqual(log, [`2 sockets that an earlier process left in ${folder} are removed`]);
  } finally {
    await source.stop();
    other.close();
    await Deno.remove(folder, { recursive: true });
  }
});
