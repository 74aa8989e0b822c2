/**
 * The command line of the program.
 *
 * @module
 */
export * from "./commands.ts";
export { CommandError } from "./options.ts";
export * from "./version.ts";
