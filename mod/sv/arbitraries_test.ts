/**
 * Frames at random, for the tests of this module and of others.
 *
 * @module
 */
import fc from "fast-check";
import type { AsduFields, FrameFields } from "./encode.ts";

/** Any frame that the encoder can make: all options, several ASDUs, tags, trailers. */
export function frameFields(): fc.Arbitrary<FrameFields> {
  return fc.record({
    destination: octets(6),
    source: octets(6),
    tags: fc.array(
      fc.record({
        tpid: fc.constantFrom(0x8100, 0x88a8),
        pcp: fc.nat(7),
        dei: fc.boolean(),
        vid: fc.nat(4095),
      }),
      { maxLength: 2 },
    ),
    hsr: fc.record({ path: fc.nat(15), sequence: fc.nat(65_535) }),
    appid: fc.nat(65_535),
    simulation: fc.boolean(),
    reserved1: fc.nat(0x7fff),
    reserved2: fc.nat(0xffff),
    asdus: fc.array(asduFields(), { minLength: 1, maxLength: 4 }),
    trailer: fc.uint8Array({ maxLength: 20 }),
  }, {
    requiredKeys: ["destination", "source", "tags", "appid", "asdus"],
  }) as fc.Arbitrary<FrameFields>; // fc types absent keys as undefined, which exactOptionalPropertyTypes tells apart
}

function asduFields(): fc.Arbitrary<AsduFields> {
  return fc.record({
    svID: visible(1, 40),
    datSet: visible(0, 30),
    smpCnt: fc.oneof(fc.nat(65_535), fc.nat(0xffffffff)),
    confRev: fc.nat(0xffffffff),
    refrTm: octets(8),
    smpSynch: fc.nat(255),
    smpRate: fc.oneof(fc.nat(65_535), fc.nat(0xffffffff)),
    seqData: fc.uint8Array({ maxLength: 192 }),
    smpMod: fc.nat(65_535),
    gmIdentity: octets(8),
  }, { requiredKeys: ["svID", "smpCnt", "confRev", "seqData"] }) as fc.Arbitrary<AsduFields>; // as above
}

function octets(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

function visible(minLength: number, maxLength: number): fc.Arbitrary<string> {
  return fc.array(fc.integer({ min: 0x20, max: 0x7e }), { minLength, maxLength })
    .map((codes) => String.fromCharCode(...codes));
}
