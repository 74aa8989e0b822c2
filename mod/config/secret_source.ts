/**
 * Where a secret stands that is not in the text: a systemd credential or a variable of the environment, by name.
 *
 * @module
 */
import * as v from "valibot";
import { text } from "./fields.ts";

/** A secret by name. */
export interface SecretSource {
  /** `credential`: a file of that name in `$CREDENTIALS_DIRECTORY`; `env`: a variable of the environment. */
  readonly kind: "credential" | "env";
  /** Its name. */
  readonly name: string;
}

const CREDENTIAL = /^credential:([A-Za-z0-9_-][A-Za-z0-9._-]{0,254})$/;
const VARIABLE = /^env:([A-Za-z_][A-Za-z0-9_]{0,254})$/;

/** The source that `credential:NAME` or `env:NAME` stands for; undefined for any other text. */
export function secretSource(reference: string): SecretSource | undefined {
  const credential = CREDENTIAL.exec(reference)?.[1];
  if (credential !== undefined) return { kind: "credential", name: credential };
  const variable = VARIABLE.exec(reference)?.[1];
  return variable === undefined ? undefined : { kind: "env", name: variable };
}

/** A file with a secret by its path, or a {@linkcode SecretSource}. */
export function secretFile(): v.GenericSchema<string> {
  return v.pipe(
    text(),
    v.check(
      (s) => !/^(credential|env):/.test(s) || secretSource(s) !== undefined,
      (issue) => `expected a path, "credential:NAME" or "env:NAME", found ${issue.received}`,
    ),
  );
}
