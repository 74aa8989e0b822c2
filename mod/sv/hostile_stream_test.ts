import assert from "node:assert/strict";
import fc from "fast-check";
import { WaveformRing } from "../core/mod.ts";
import { SvPdu } from "./pdu.ts";
import { SampleStream } from "./sample_stream.ts";

const CHANNELS = 2;
const bytes = new Uint8Array(256).map((_, i) => i * 7);
const view = new DataView(bytes.buffer);

/** What a frame may claim: mostly what a merging unit sends, and at times anything. */
const claims = fc.record({
  asdus: fc.integer({ min: 1, max: 4 }),
  smpCnt: fc.oneof(fc.nat(6000), fc.nat(70_000), fc.maxSafeNat()),
  octets: fc.integer({ min: 1, max: 8 }),
  straight: fc.boolean(),
  confRev: fc.constantFrom(0, 1, 1, 1, 2 ** 32 - 1),
  smpSynch: fc.oneof(fc.constantFrom(-1, 0, 1, 2, 2, 2, 7), fc.nat(300)),
  smpRate: fc.constantFrom(-1, -1, -1, 0, 80, 4800, 2 ** 53 - 1),
  smpMod: fc.constantFrom(-1, 0, 1, 2, 9),
  size: fc.constantFrom(8 * CHANNELS, 8 * CHANNELS, 8 * CHANNELS, 0, 8),
  hasTime: fc.boolean(),
  hasIdentity: fc.boolean(),
  at: fc.nat(150),
  seconds: fc.oneof(fc.nat(3), fc.nat(2 ** 32 - 1)),
  nanos: fc.nat(999_999_999),
  steps: fc.nat(2_000_000),
  isPoll: fc.constantFrom(false, false, false, true),
});

Deno.test("whatever frames claim, a sample stream keeps its books and its ring whole", () => {
  const rates = fc.constantFrom(4800, 96_000);
  fc.assert(
    fc.property(
      rates,
      fc.boolean(),
      fc.array(claims, { minLength: 10, maxLength: 120, size: "max" }),
      (rate, useRefrTm, frames) => {
        const ring = new WaveformRing(CHANNELS, rate, rate);
        const stream = new SampleStream(ring, { useRefrTm, nominalHz: 60 });
        const pdu = new SvPdu();
        let { seconds, nanos } = frames[0]!;
        for (const claim of frames) {
          // Time goes on by up to 2 ms, and at times jumps anywhere.
          nanos += claim.steps;
          if (claim.seconds % 17 === 3) ({ seconds, nanos } = claim);
          if (nanos >= 1e9) [seconds, nanos] = [seconds + 1, nanos - 1e9];
          fill(pdu, claim);
          const notice = claim.isPoll
            ? stream.poll(seconds, nanos)
            : stream.accept(bytes, view, pdu, 0, pdu.noASDU, seconds, nanos);
          assert.ok(Number.isInteger(notice) && notice >= 0 && notice < 0x400);
          const c = stream.counters;
          assert.equal(
            c.received,
            c.accepted + c.duplicate + c.conflict + c.late + c.outlier + c.misconfigured +
              c.wrongRate,
          );
          assert.ok(Number.isInteger(ring.next) && ring.next >= ring.first && ring.first >= 0);
          assert.ok(ring.next - ring.first <= ring.capacity);
          assert.equal(ring.position, ring.next % ring.capacity);
        }
      },
    ),
    { numRuns: 150 },
  );
});

function fill(pdu: SvPdu, claim: typeof claims extends fc.Arbitrary<infer T> ? T : never): void {
  pdu.noASDU = claim.asdus;
  for (let i = 0; i < claim.asdus; i++) {
    pdu.smpCnt[i] = claim.straight ? claim.smpCnt + i : claim.smpCnt + ((i * 7919) % 5000);
    pdu.smpCntLength[i] = claim.octets;
    pdu.confRev[i] = claim.confRev;
    pdu.smpSynch[i] = claim.smpSynch;
    pdu.smpRate[i] = claim.smpRate;
    pdu.smpMod[i] = claim.smpMod;
    pdu.seqDataOffset[i] = claim.at;
    pdu.seqDataLength[i] = claim.size;
    pdu.refrTmOffset[i] = claim.hasTime ? claim.at : -1;
    pdu.gmIdentityOffset[i] = claim.hasIdentity ? claim.at : -1;
  }
}
