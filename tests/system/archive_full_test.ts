/**
 * A disk that takes no event record, and a gateway that goes on streaming.
 *
 * @module
 */
import assert from "node:assert/strict";
import { withTmpfs } from "../../mod/archive/testing.ts";
import { decodeRecord, isFrameRecord } from "../../mod/event/mod.ts";
import type { Subscriber } from "./subscriber.ts";
import { until } from "../support/waiting.ts";
import {
  detailOf,
  inputsRun,
  inputToml,
  outputOf,
  PLAIN_OUTPUT,
  PLAIN_SUBSCRIBER,
  Site,
} from "./site.ts";

/** Frames whose measurements came: FREQ and DFREQ, STAT, and two numbers of each of two phasors. */
const frames = (subscriber: Subscriber): number => subscriber.measurements / 7;

Deno.test("archive: a full disk is an alarm, streaming goes on, and what waited is written", () =>
  withTmpfs("1m", (disk) =>
    Site.with(async (site) => {
      const { pmu } = await site.pmu(1);
      const gateway = await site.gateway(
        inputToml(1, pmu.port) + PLAIN_OUTPUT + PLAIN_SUBSCRIBER +
          `[event]\npreMs = 300\npostMs = 200\ndevices = ["*"]\n` +
          `[archive]\ndirectory = ${JSON.stringify(disk)}\nminFreeMB = 0\nretryMs = 200\n`,
      );
      await inputsRun(gateway, 1);
      const subscriber = site.subscriber({ port: outputOf(gateway).port });
      // The order asks for 300 ms that were before it: an input that runs for less has fewer frames.
      await until(() => frames(subscriber) > 60, () => "a second of data");
      const archive = () => detailOf(gateway, "archive");
      await until(() => archive()["records"] === 0, () => JSON.stringify(archive()));

      const filled = `${disk}/other`;
      const room = new Uint8Array(4096);
      const file = await Deno.open(filled, { write: true, create: true });
      try {
        for (;;) await file.write(room);
      } catch (error) {
        assert.match(String(error), /No space/);
      } finally {
        file.close();
      }
      const { event, devices } = gateway.recordNow({ by: "test" });
      assert.equal(devices.length, 1);
      const raised = () => archive()["alarm"] === "full";
      await until(raised, () => JSON.stringify(archive()), 30_000);
      const before = frames(subscriber);
      await until(() => frames(subscriber) > before + 40, () => "measurements meanwhile");
      assert.ok(raised(), "the disk is still full");
      assert.deepEqual(await gateway.archive!.list(), []);

      await Deno.remove(filled);
      await until(() => archive()["records"] === 1, () => JSON.stringify(archive()), 30_000);
      await until(() => !raised(), () => "the end of the alarm");
      const [entry] = await gateway.archive!.list({ event });
      const record = decodeRecord((await gateway.archive!.get(entry!.id))!.bytes);
      assert.ok(isFrameRecord(record));
      const { stream, isCut, lostFrames, shortFrames, missingFrames } = record;
      assert.deepEqual([stream.name, isCut, lostFrames, shortFrames], [devices[0], false, 0, 0]);
      // A rate of 60/s: what was before the order, at it and after it, with what a busy host has passed over.
      const whole = record.frames.count + missingFrames;
      assert.ok(
        Math.abs(whole - 30) <= 2,
        `${record.frames.count} frames, ${missingFrames} missing`,
      );
      assert.equal(record.triggers[0]!.channel, "test");
    })));
