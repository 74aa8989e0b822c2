/**
 * The command line of the program.
 *
 * @module
 */
export * from "./commands.ts";
export { mendable } from "./mendable.ts";
export * from "./version.ts";
