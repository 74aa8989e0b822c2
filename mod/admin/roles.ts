/**
 * Roles of users, and what each includes.
 *
 * @module
 */
import type { AdminRole } from "../gateway/mod.ts";

/** Roles that have the rights of others too. Who configures does not administer users, and the other way round. */
const INCLUDES: Readonly<Record<AdminRole, readonly AdminRole[]>> = {
  VIEWER: [],
  OPERATOR: ["VIEWER"],
  ENGINEER: ["OPERATOR", "VIEWER"],
  SECADM: ["VIEWER"],
  SECAUD: ["VIEWER"],
};

/** Who uses the API. */
export interface User {
  /** Name in the configuration. */
  readonly name: string;
  /** Its roles, as configured. */
  readonly roles: readonly AdminRole[];
}

/** True if the user has one of these roles, by itself or by another one. */
export function hasRole(user: User, ...wanted: readonly AdminRole[]): boolean {
  return user.roles.some((role) =>
    wanted.includes(role) || INCLUDES[role].some((included) => wanted.includes(included))
  );
}
