/**
 * Reads a configuration, builds the graph of parts that it describes, and supervises it.
 *
 * @module
 */
export {
  ADMIN_ROLES,
  type AdminConfig,
  adminIdentities,
  type AdminRole,
  type AdminUser,
  isLoopback,
} from "./admin_schema.ts";
export { type AlarmPart } from "./alarm_part.ts";
export { type RaisedAlarm } from "./alarm_raised.ts";
export { readConfig, RECEIVED } from "./config.ts";
export {
  type GatewayKeeper,
  type GatewayKeeperOptions,
  openConfigKeeper,
  shownConfig,
} from "./config_keeper.ts";
export { type OrderResult } from "./event_hub.ts";
export { type ManualOrder } from "./manual_order.ts";
export { type AppliedConfig, Gateway } from "./gateway.ts";
export { guidMapEntrySchema, storedIdentityMap } from "./identity_map.ts";
export {
  type KnownSignals,
  knownSignals,
  registryOfKnown,
  registryOfMap,
} from "./known_signals.ts";
export { type LatestColumns, type LatestValue, LatestValues } from "./latest_values.ts";
export {
  configureLog,
  keepLogRecord,
  type KeptLine,
  keptLogLines,
  LOG_LEVELS,
  logFor,
} from "./log.ts";
export { type MemoryNeed, memoryNeeds } from "./memory.ts";
export { type ChangeKind, type ConfigPlan, type PartChange, planChanges } from "./plan.ts";
export { type Revocation } from "./revocations.ts";
export { type GatewayConfig, gatewaySchema } from "./schema.ts";
export { Stream } from "./stream.ts";
export { type GatewayStatus, type GatewayView } from "./view.ts";
