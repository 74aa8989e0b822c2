/**
 * Options of the streams of a sampled-values input: entries of `streams` and of `synchrophasors`.
 *
 * @module
 */
import * as v from "valibot";
import { acronym, integer, real, text } from "../../config/mod.ts";
import { spanSeconds } from "../../phasor/mod.ts";
import type { SvStreamOptions, SvSynchrophasorOptions } from "./options.ts";
import { presetOf } from "./presets.ts";

const MAX_CHANNELS = 64;

/** Rates of reporting that the estimator has; whole divisors of no particular number. */
const MAX_FRAMES_PER_SECOND = 120;

const mac = v.pipe(
  v.string(),
  v.check(
    (s) => /^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$/.test(s),
    (issue) => `expected an address such as "01:0c:cd:04:00:01", found ${issue.received}`,
  ),
  v.transform((s) => s.toLowerCase().replaceAll("-", ":")),
);

/** Text that a frame can carry. */
const visible = (what: string) =>
  v.pipe(
    v.string(),
    v.check(
      (s) => /^[\u0020-\u007e]{1,129}$/.test(s),
      (issue) => `expected ${what} of 1 to 129 printable ASCII characters, found ${issue.received}`,
    ),
  );
const svId = visible("an svID");

const channel = v.pipe(
  v.strictObject({
    label: v.pipe(text(), v.description("Name of the channel in the device, for example Ia")),
    kind: v.pipe(
      v.picklist(["current", "voltage", "other"]),
      v.description("What it measures; other gives no phasor"),
    ),
    phase: v.optional(
      v.pipe(v.picklist(["A", "B", "C", ""]), v.description("Phase, or empty")),
      "",
    ),
    set: v.optional(
      v.pipe(
        text(),
        v.description("Three-phase set that it belongs to; default I for currents, U for voltages"),
      ),
    ),
    scale: v.pipe(
      v.number(),
      v.check((n) => Number.isFinite(n) && n !== 0, "expected a scale other than 0"),
      v.description("value = raw x scale + offset, in volts or amperes"),
    ),
    offset: v.optional(v.pipe(real(-1e12, 1e12), v.description("See scale")), 0),
    rating: v.optional(
      v.pipe(real(1e-6, 1e12), v.description("Rated value, rms; frequency needs 5 % of it")),
    ),
  }),
  v.transform((c) => ({
    ...c,
    set: c.set ?? (c.kind === "current" ? "I" : c.kind === "voltage" ? "U" : "X"),
  })),
);

const rawStream = v.strictObject({
  acronym: v.pipe(acronym(), v.description("Acronym of the device; rights are written with it")),
  name: v.optional(v.pipe(text(), v.description("Name for people; default the svID"))),
  svId: v.pipe(svId, v.description("svID, exactly as on the wire")),
  appid: v.optional(v.pipe(integer(0, 65535), v.description("APPID")), 0x4000),
  destination: v.optional(
    v.pipe(mac, v.description("Destination address on Ethernet; default any")),
  ),
  vlan: v.optional(
    v.pipe(
      integer(0, 4095),
      v.description("VLAN identifier, 0 for none or a priority tag; default any"),
    ),
  ),
  preset: v.optional(
    v.pipe(
      text(),
      v.description('Data set by name: "9-2LE", "9-2LE-256", or as in "F4800S2I4U4"'),
    ),
  ),
  rate: v.optional(v.pipe(integer(1, 96_000), v.description("Samples per second"))),
  asdus: v.optional(v.pipe(integer(1, 32), v.description("ASDUs in a frame"))),
  nominalHz: v.pipe(v.picklist([50, 60]), v.description("Nominal frequency in Hz")),
  confRev: v.optional(
    v.pipe(integer(0, 2 ** 32 - 1), v.description("Expected confRev; default any")),
  ),
  datSet: v.optional(
    v.pipe(
      visible("a datSet"),
      v.description("Expected datSet, where frames have one; default any"),
    ),
  ),
  channels: v.optional(
    v.pipe(
      v.array(channel),
      v.check(
        (list) => list.length >= 1 && list.length <= MAX_CHANNELS,
        `expected 1 to ${MAX_CHANNELS} channels`,
      ),
      v.check(
        (list) => new Set(list.map((c) => c.label)).size === list.length,
        "expected each label once, found one twice",
      ),
      v.description("Members of the data set in order, each INT32 and quality; see preset"),
    ),
  ),
  framesPerSecond: v.optional(
    v.pipe(
      integer(1, MAX_FRAMES_PER_SECOND),
      v.description("Synchrophasors per second; default the nominal frequency"),
    ),
  ),
  class: v.optional(
    v.pipe(
      v.picklist(["P", "M", "both"]),
      v.description("Class of IEC/IEEE 60255-118-1; both makes devices ACRONYM_P and ACRONYM_M"),
    ),
    "P",
  ),
  frequencyFrom: v.optional(
    v.pipe(
      v.array(text()),
      v.check(
        (list) => [0, 1, 3].includes(list.length),
        "expected one label, or three for their positive sequence",
      ),
      v.description("Channels that frequency comes from; default the voltages"),
    ),
    [],
  ),
  sequence: v.optional(
    v.pipe(
      v.picklist(["positive", "all", "none"]),
      v.description("Symmetrical components that become signals"),
    ),
    "positive",
  ),
  rms: v.optional(v.pipe(v.boolean(), v.description("True RMS of each channel too")), true),
  oneIsGlobal: v.optional(
    v.pipe(
      v.boolean(),
      v.description("smpSynch 1 is a traceable clock, as with the 1PPS of many 9-2LE streams"),
    ),
    false,
  ),
  localIsUtc: v.optional(
    v.pipe(
      v.boolean(),
      v.description("Clocks of the site (smpSynch 1 and 5 to 254) keep the seconds of UTC"),
    ),
    false,
  ),
  simulation: v.optional(
    v.pipe(
      v.picklist(["ignore", "accept"]),
      v.description("Simulated frames: ignore them, or take them in place of the real ones"),
    ),
    "ignore",
  ),
  waveformSeconds: v.optional(
    v.pipe(integer(1, 60), v.description("Seconds of samples kept for the event recorder")),
    4,
  ),
  latitude: v.optional(v.pipe(real(-90, 90), v.description("WGS 84 degrees, north positive"))),
  longitude: v.optional(v.pipe(real(-180, 180), v.description("WGS 84 degrees, east positive"))),
});
type RawStream = v.InferOutput<typeof rawStream>;

/** Schema of an entry of `streams`. */
export const svStreamSchema: v.GenericSchema<unknown, SvStreamOptions> = v.pipe(
  rawStream,
  v.forward(
    v.check(
      (s) => s.preset === undefined || presetOf(s.preset, s.nominalHz) !== undefined,
      (issue) =>
        `expected "9-2LE", "9-2LE-256" or a name such as "F4800S2I4U4", found "${
          String((issue.input as RawStream).preset) // what the check above looked at
        }"`,
    ),
    ["preset"],
  ),
  v.forward(
    v.check(
      (s) => s.channels !== undefined || s.preset !== undefined,
      "expected channels or a preset, found neither",
    ),
    ["channels"],
  ),
  v.forward(
    v.check(
      (s) => s.rate !== undefined || s.preset !== undefined,
      "expected rate or a preset, found neither",
    ),
    ["rate"],
  ),
  v.forward(
    v.check(
      (s) => complete(s).rate >= 16 * s.nominalHz,
      "expected at least 16 samples per nominal cycle",
    ),
    ["rate"],
  ),
  v.forward(
    v.check(
      (s) =>
        s.frequencyFrom.every((label) =>
          complete(s).channels.some((c) => c.label === label && c.kind !== "other")
        ),
      "expected labels of channels that measure a current or a voltage",
    ),
    ["frequencyFrom"],
  ),
  v.forward(
    v.check(
      (s) => s.waveformSeconds >= windowsOf(s) + SPARE_SECONDS,
      (issue) => {
        const raw = issue.input as RawStream; // what the check above looked at
        return `expected more than the ${
          windowsOf(raw).toFixed(2)
        } s that the windows of class M ` +
          `take at ${complete(raw).framesPerSecond} synchrophasors per second`;
      },
    ),
    ["waveformSeconds"],
  ),
  v.forward(
    v.check(
      (s) => complete(s).channels.some((c) => c.kind !== "other"),
      "expected at least one current or voltage",
    ),
    ["channels"],
  ),
  v.transform(complete),
);

/** What comes between two looks at the ring, beside the windows. */
const SPARE_SECONDS = 0.05;

/** Seconds of samples that the estimators of a stream look at. */
function windowsOf(raw: RawStream): number {
  const { framesPerSecond } = complete(raw);
  // Those of class P are the shorter ones.
  return spanSeconds(raw.class === "P" ? "P" : "M", raw.nominalHz, framesPerSecond);
}

function complete(raw: RawStream): SvStreamOptions {
  const { preset: name, ...rest } = raw;
  const preset = name === undefined ? undefined : presetOf(name, raw.nominalHz);
  const rate = raw.rate ?? preset?.rate ?? 0;
  return {
    ...rest,
    rate,
    asdus: raw.asdus ?? preset?.asdus ?? 1,
    channels: raw.channels ?? preset?.channels ?? [],
    framesPerSecond: raw.framesPerSecond ?? raw.nominalHz,
  };
}

const pmu = v.pipe(
  v.strictObject({
    acronym: v.pipe(acronym(), v.description("Acronym of the device; rights are written with it")),
    name: v.optional(v.pipe(text(), v.description("Name for people; default the acronym"))),
    phasors: v.optional(
      v.pipe(
        v.array(v.strictObject({
          label: v.pipe(text(), v.description("Name of the phasor in the device")),
          kind: v.pipe(v.picklist(["current", "voltage"]), v.description("What it measures")),
          phase: v.optional(
            v.pipe(
              v.picklist(["A", "B", "C", "+", "-", "0", ""]),
              v.description("Phase or symmetrical component"),
            ),
            "",
          ),
        })),
        v.description("Phasors in the order of the data set"),
      ),
      [],
    ),
    analogs: v.optional(v.pipe(v.array(text()), v.description("Names of analogs, in order")), []),
    digitals: v.optional(
      v.pipe(v.array(text()), v.description("Names of digital words, in order")),
      [],
    ),
    latitude: v.optional(v.pipe(real(-90, 90), v.description("WGS 84 degrees, north positive"))),
    longitude: v.optional(v.pipe(real(-180, 180), v.description("WGS 84 degrees, east positive"))),
  }),
  v.check(
    ({ phasors, analogs, digitals }) =>
      phasors.length + analogs.length + digitals.length <= 4 * MAX_CHANNELS,
    `expected at most ${4 * MAX_CHANNELS} phasors, analogs and digital words`,
  ),
);

/** Schema of an entry of `synchrophasors`. */
export const svSynchrophasorSchema: v.GenericSchema<unknown, SvSynchrophasorOptions> = v
  .strictObject({
    svId: v.pipe(svId, v.description("svID, by convention IDCODE_STATION")),
    appid: v.optional(v.pipe(integer(0, 65535), v.description("APPID")), 0x4000),
    rate: v.pipe(integer(1, 240), v.description("Reports per second")),
    confRev: v.optional(
      v.pipe(integer(0, 2 ** 32 - 1), v.description("Expected confRev; default any")),
    ),
    simulation: v.optional(
      v.pipe(
        v.picklist(["ignore", "accept"]),
        v.description("Simulated reports: ignore them, or take them in place of the real ones"),
      ),
      "ignore",
    ),
    angleFirst: v.optional(
      v.pipe(v.boolean(), v.description("The angle stands before the magnitude, as published")),
      false,
    ),
    pmus: v.pipe(
      v.array(pmu),
      v.check((list) => list.length >= 1 && list.length <= 64, "expected 1 to 64 PMUs"),
      v.description("PMUs in the order of the data set, as a C37.118 configuration or SCL says"),
    ),
  });
