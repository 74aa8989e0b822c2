export { VERSION } from "../core/mod.ts";
