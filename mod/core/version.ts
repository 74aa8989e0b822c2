/**
 * Which program this is.
 *
 * @module
 */

/** Version of the program, as `tieline --version` prints it. */
export const VERSION = "0.1.0";
