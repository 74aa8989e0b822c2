/**
 * Whether two configurations say the same, and what in one should be looked at.
 *
 * @module
 */
import { encodeConfiguration, encodeConfiguration3 } from "./configuration_encode.ts";
import type { Configuration } from "./types.ts";
import { FormatBits, FrameType } from "./types.ts";

/** True if two configurations are equal in all but SOC, FRACSEC and CHK; CFGCNT counts. */
export function sameConfiguration(a: Configuration, b: Configuration): boolean {
  if (a.type !== b.type || a.idCode !== b.idCode) return false;
  const left = imageOf(a), right = imageOf(b);
  return left.length === right.length &&
    left.every((bytes, i) =>
      bytes.length === right[i]!.length && bytes.every((x, k) => x === right[i]![k])
    );
}

function imageOf(configuration: Configuration): Uint8Array[] {
  const prefix = { idCode: configuration.idCode, version: configuration.version };
  return configuration.type === FrameType.Config3
    ? encodeConfiguration3(configuration, prefix)
    : [encodeConfiguration(configuration, prefix)];
}

/** Sentences for an operator about what is legal but strange: padding, scales beside floats, equal ids. */
export function configurationWarnings(configuration: Configuration): string[] {
  const warnings: string[] = [];
  if (configuration.trailing > 0) {
    warnings.push(`${configuration.trailing} bytes follow DATA_RATE and are ignored`);
  }
  const ids = new Set<number>();
  for (const pmu of configuration.pmus) {
    if (ids.has(pmu.idCode)) warnings.push(`IDCODE ${pmu.idCode} stands for more than one PMU`);
    ids.add(pmu.idCode);
    if ((pmu.format & FormatBits.PhasorFloat) === 0) continue;
    const odd = pmu.phasors.find(({ scaling }) => scaling && !isModest(scaling.scale));
    if (odd?.scaling) {
      warnings.push(
        `${pmu.station} ${odd.name}: PHSCALE ${odd.scaling.scale} stands beside float phasors`,
      );
    }
  }
  return warnings;
}

function isModest(scale: number): boolean {
  return Math.abs(scale) >= 1e-3 && Math.abs(scale) <= 1e3;
}
