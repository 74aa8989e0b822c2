/**
 * Event recording as an operator sees it: `tieline run` with `tieline capture`, `tieline event` and
 * `tieline watch`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { decodeCff } from "../../mod/comtrade/mod.ts";
import { decodeEventRecord, recordedSamples } from "../../mod/event/mod.ts";
import { layCable } from "../../mod/os/testing.ts";
import { run, type Running, start, startUnder } from "./program.ts";
import { ADMIN_TOML, AS_ROOT, GATEWAY_ID, keyPair, Site } from "./site.ts";
import { busToml, startSource, withoutRaw } from "./sv_wire.ts";
import { until } from "../support/waiting.ts";
import { freePort } from "../support/ports.ts";

/** How long several programs may take to start on a core that they share with others. */
const PROGRAMS_MS = 180_000;

/** What `/api/status` answers, as far as these tests look at it. */
interface Status {
  readonly fingerprint: string;
  readonly parts: Record<string, { readonly state: string; readonly detail?: unknown }>;
}

/** A gateway that may not capture, beside `tieline capture`, and a merging unit on a wire. */
interface Programs {
  readonly folder: string;
  /** Port of the STTP output, and pin of the gateway. */
  readonly port: number;
  readonly fingerprint: string;
  /** Runs `tieline event NAME`, and returns what it printed. */
  readonly event: (name: string, ...args: string[]) => Promise<string>;
  /** What the gateway tells of its parts. */
  readonly parts: () => Promise<Status["parts"]>;
  /** Tells the gateway to stop, and waits until it has. */
  readonly stop: () => Promise<void>;
}

async function withPrograms(
  name: string,
  toml: string,
  test: (programs: Programs) => Promise<void>,
): Promise<void> {
  const prefix = await withoutRaw();
  if (!prefix) return console.log("skipped: setpriv cannot take CAP_NET_RAW away");
  const cable = await layCable(name, true);
  if (!cable) return;
  try {
    await Site.with(async (site) => {
      const { folder } = site;
      const adminPort = freePort(), port = freePort();
      const socket = `${folder}/run/capture.sock`, file = `${folder}/gateway.toml`;
      const watcher = await keyPair("watcher");
      await Deno.writeTextFile(`${folder}/key.pem`, watcher.keyPem);
      await Deno.writeTextFile(`${folder}/cert.pem`, watcher.certPem);
      await Deno.writeTextFile(
        `${folder}/token`,
        AS_ROOT["Authorization"]!.slice("Bearer ".length),
      );
      await Deno.writeTextFile(
        file,
        `[gateway]\nid = "${GATEWAY_ID}"\nname = "EDGE"\nmemoryMB = 500\nstateDir = "${folder}/state"\n` +
          ADMIN_TOML.replace("127.0.0.1:0", `127.0.0.1:${adminPort}`) +
          busToml(
            cable.near,
            [`acronym = "BAY0"\nsvId = "PROGRAM_MU0"\nnominalHz = 50\npreset = "9-2LE"`],
            `capture = "process"\ncaptureSocket = "${socket}"\nreorderMs = 200`,
          ) +
          toml +
          `[output.main]\ntype = "sttp"\nlisten = "127.0.0.1:${port}"\n` +
          `[subscriber.watcher]\npins = ["${watcher.fingerprint256}"]\nallow = ["True"]\nbufferBlocks = true\n`,
      );
      const source = await startSource(cable, {
        model: { nominalHz: 50 },
        units: [{ svId: "PROGRAM_MU0", rate: 4000, unit: 0 }],
      });
      site.atEnd(async () => void await source.stop());
      const capture = start("capture", "--socket", socket, "--interface", cable.near);
      const gateway = startUnder(prefix, "run", file);
      const stop = async () => {
        end(gateway, "SIGTERM");
        const { code, stderr } = await gateway.ended;
        assert.equal(code, 0, stderr);
      };
      try {
        const admin = `http://127.0.0.1:${adminPort}`;
        const status = async () => {
          const answer = await fetch(`${admin}/api/status`, { headers: AS_ROOT });
          // The shape is that of the route's schema.
          return await answer.json() as Status;
        };
        let told: Status | undefined;
        await until(
          async () => {
            told = await status().catch(() => undefined); // nobody listens yet
            return told?.parts["input.bus"]?.state === "running";
          },
          () => JSON.stringify(told),
          PROGRAMS_MS,
        );
        await test({
          folder,
          port,
          fingerprint: told!.fingerprint,
          event: async (name, ...rest) => {
            const token = ["--token-file", `${folder}/token`];
            const ended = await run("event", name, admin, ...rest, ...token);
            if (ended.code !== 0) throw new Error(ended.stderr);
            return ended.stdout.trim();
          },
          parts: async () => (await status()).parts,
          stop,
        });
      } finally {
        await stop().finally(async () => {
          end(capture, "SIGTERM");
          await capture.ended;
        });
      }
    });
  } finally {
    await cable.remove();
  }
}

/** Tells a program to end; it may have ended by itself, which its exit code tells. */
function end({ child }: Running, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

/** Buffer blocks that the watcher has confirmed. */
async function confirmed(parts: Programs["parts"]): Promise<number> {
  // The shape is that of the output's report.
  const { subscribers } = (await parts())["output.main"]!.detail as {
    readonly subscribers: { readonly watcher: { readonly blocks: { readonly confirmed: number } } };
  };
  return subscribers.watcher.blocks.confirmed;
}

/** Names of the files in a folder; none if it is not there. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return [];
  }
}

const RECORDING = `[event]\npreMs = 200\npostMs = 300\n[live.all]\nstreams = ["*"]\n`;

Deno.test("events program: capture in its own process, trigger, list, get, watch", () =>
  withPrograms("evp", RECORDING, async ({ folder, port, fingerprint, event, parts }) => {
    const watching = start(
      ...["watch", `127.0.0.1:${port}`, "--json", "--save", `${folder}/saved`],
      ...["--filter", "FILTER ActiveMeasurements WHERE SignalType = 'ALOG'"],
      ...["--key", `${folder}/key.pem`, "--cert", `${folder}/cert.pem`, "--pin", fingerprint],
    );
    let told = "", listed = "", saved: string[] = [];
    try {
      // A trigger before the subscription would not reach it; and what goes before the trigger has to be there.
      let blocks = 0;
      await until(
        async () => (blocks = await confirmed(parts)) > 300,
        () => `live messages; ${blocks} came`,
        PROGRAMS_MS,
      );
      told = await event("trigger", "--post", "250");
      assert.match(told, /^[0-9a-f-]{36} {2}BAY0$/);
      await until(async () => (listed = await event("list", "--json")) !== "", "the record");
      const { id } = JSON.parse(listed);
      await until(
        async () => (saved = await namesIn(`${folder}/saved`)).some((name) => name.includes(id)),
        () => `the record ${id} at the watcher; ${saved}`,
      );
    } finally {
      end(watching, "SIGINT");
    }
    const record = JSON.parse(listed);
    const watched = await watching.ended;
    assert.equal(watched.code, 0, watched.stderr);

    assert.equal(record.event, told.slice(0, 36));
    assert.match(await event("list"), new RegExp(`^${record.id} {2}.* BAY0 {2}manual root`));
    const cff = await event("get", record.id, "--format", "cff", "--out", `${folder}/e.cff`);
    assert.equal(cff, `${folder}/e.cff`);
    const comtrade = decodeCff(await Deno.readFile(cff));
    assert.equal(comtrade.samples, 0.45 * 4000);
    await event("protect", record.id);
    assert.match(await event("list"), /protected$/);
    await event("unprotect", record.id);
    await event("remove", record.id);
    assert.equal(await event("list"), "");
    await assert.rejects(event("get", record.id), /There is no event record/);

    const lines = watched.stdout.trim().split("\n").map((line) => JSON.parse(line));
    const messages = lines.filter((line) => "waveform" in line);
    assert.ok(messages.length > 250, `${messages.length} live messages; ${watched.stderr}`);
    assert.ok(messages.every((m) => m.waveform === "BAY0" && m.missing === 0));
    assert.deepEqual(Object.keys(messages[0].values).slice(0, 3), ["Ia", "Ib", "Ic"]);
    const [one] = lines.filter((line) => "record" in line);
    assert.equal(one?.id, record.id);
    const names = await namesIn(`${folder}/saved`);
    const event0 = decodeEventRecord(
      await Deno.readFile(`${folder}/saved/${names.find((n) => n.includes(record.id))}`),
    );
    assert.equal(recordedSamples(event0), 0.45 * 4000);
    const live = names.filter((n) => n.includes("_live_"));
    let samples = 0;
    for (const name of live) {
      const kept = decodeEventRecord(await Deno.readFile(`${folder}/saved/${name}`));
      assert.equal(kept.encoding.samplesPerMessage, 6);
      samples += recordedSamples(kept);
    }
    assert.equal(samples, 6 * messages.length, names.join());
  }));

Deno.test("events program: what tieline capture is recording when the gateway stops is kept", () =>
  withPrograms("evq", RECORDING, async ({ folder, event, parts, stop }) => {
    const told = await event("trigger", "--post", "25000");
    const held = async () => JSON.stringify(await parts()).match(/"heldBytes":(\d+)/)?.[1] ?? "";
    let bytes = "";
    await until(
      async () => Number(bytes = await held()) > 40_000,
      () => `40,000 bytes of the event; ${bytes} are held`,
    );
    const stopped = Date.now() / 1000;
    await stop();
    const files = [...Deno.readDirSync(`${folder}/state/events`)]
      .filter(({ name }) => name.endsWith(".cbor"));
    assert.equal(files.length, 1, files.map(({ name }) => name).join());
    const record = decodeEventRecord(
      await Deno.readFile(`${folder}/state/events/${files[0]!.name}`),
    );
    assert.equal(record.event, told.slice(0, 36));
    assert.deepEqual([record.isCut, record.lostSamples, record.missingSamples], [true, 0, 0]);
    const last = record.pieces.at(-1)!;
    // All that came until capture was told, and not only whole pieces, which end with the second; what came last may
    // have come late.
    const next = last.first + last.count;
    assert.ok(next % 4000 !== 0 || next / 4000 > stopped - 0.5, `${next} ${stopped}`);
    assert.ok(next / 4000 > stopped - 5, `${next} ${stopped}`);
    assert.ok(recordedSamples(record) > 4000, "of 40,000 octets, at six to eight a sample");
  }));
