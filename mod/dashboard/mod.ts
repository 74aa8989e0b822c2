/**
 * The pages that operators look at: files of the dashboard, and the answers to requests for them.
 *
 * @module
 */
export { assetNames, assetResponse } from "./serve.ts";
