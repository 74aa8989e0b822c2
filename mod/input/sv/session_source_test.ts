import assert from "node:assert/strict";
import { encodePdu, encodeSession } from "../../sv/mod.ts";
import { SessionSource } from "./session_source.ts";
import { EngineBench, leStream, madeFrame, optionsOf } from "./testing.ts";

const SECOND = 1_700_000_000;
const MICROS = SECOND * 1e6;

/** A session PDU with one sample. */
function pduOf(spduNumber: number, smpCnt: number, svID = "MU01"): Uint8Array {
  const seqData = madeFrame({ second: SECOND, smpCnt }).slice(-64);
  const apdu = encodePdu([{ svID, smpCnt, confRev: 1, smpSynch: 2, seqData }]);
  return encodeSession({ spduNumber, payloads: [{ appid: 0x4000, apdu }] });
}

function make(): { one: EngineBench; source: SessionSource } {
  const second =
    `[[input.streams]]\nacronym = "MU2"\nsvId = "MU02"\nnominalHz = 50\npreset = "9-2LE"`;
  const one = new EngineBench(
    optionsOf(leStream(second).replace('interface = "eth0"', "udp = {}")),
  );
  return { one, source: new SessionSource(one.engine) };
}

Deno.test("session source: two publishers on one host number their PDUs each for itself", () => {
  const { one, source } = make();
  for (let i = 0; i < 50; i++) {
    source.take(pduOf(i, i), "192.0.2.1", 50_001, MICROS + i * 250);
    source.take(pduOf(i, i, "MU02"), "192.0.2.1", 50_002, MICROS + i * 250);
  }
  assert.deepEqual(one.engine.status().map(({ samples }) => samples["accepted"]), [50, 50]);
  const { lost, duplicate, late } = source.figures();
  assert.deepEqual([lost, duplicate, late], [0, 0, 0]);
});

Deno.test("session source: senders are bounded, those beyond are heard too, and silent ones make room", () => {
  const { one, source } = make();
  const take = (port: number, spduNumber: number, smpCnt: number, afterMicros: number) =>
    source.take(pduOf(spduNumber, smpCnt), "192.0.2.1", port, MICROS + afterMicros);
  for (let i = 0; i < 300; i++) take(1000 + i, 7, i, 250 * i);
  assert.equal(source.figures().notFollowed, 300 - 256);
  assert.equal(one.engine.status()[0]!.samples["accepted"], 300);
  take(1000, 7, 300, 75_000); // a duplicate, which stays counted
  take(1001, 8, 300, 1e6); // this one speaks on
  take(2000, 1, 301, 60.1e6);
  assert.equal(source.figures().notFollowed, 300 - 256, "there is room again");
  assert.equal(source.figures().duplicate, 1);
  take(1001, 10, 302, 60.1e6);
  assert.equal(source.figures().lost, 1, "who spoke within the minute is still known");
});
