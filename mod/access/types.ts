/**
 * The shapes of rights: rules, what is wrong with them, and what a selection answers.
 *
 * @module
 */
import type { Signal, SignalRegistry } from "../core/mod.ts";

/**
 * The rights of one subscriber.
 *
 * Each entry is a signal (GUID, measurement key such as `PPA:4`, or point tag in double quotes), a
 * bare condition on ActiveMeasurements, or `FILTER ActiveMeasurements WHERE condition`. Deny wins;
 * what no allow rule matches is not permitted.
 */
export interface AccessRules {
  /** What is granted. */
  readonly allow: readonly string[];
  /** What is withheld, whatever is granted. */
  readonly deny: readonly string[];
}

/** One thing that is wrong with a rule. */
export interface RuleProblem {
  /** The list that holds the rule. */
  readonly list: "allow" | "deny";
  /** Index of the rule in its list, from 0. */
  readonly index: number;
  /** Column in the text of the rule, from 1. */
  readonly column: number;
  /** What was expected and what was found. */
  readonly message: string;
}

/** A rule that failed on some signals when rights were last worked out. */
export interface RuleFault {
  /** The list that holds the rule; a fault denies in `deny` and grants nothing in `allow`. */
  readonly list: "allow" | "deny";
  /** Index of the rule in its list, from 0. */
  readonly index: number;
  /** Number of signals on which it failed. */
  readonly signals: number;
  /** The first failure. */
  readonly message: string;
}

/** What {@linkcode AccessControl.select} answers. */
export interface Selection {
  /** Permitted signals in result order, without duplicates. */
  readonly signals: Signal[];
  /**
   * GUIDs of signals that were asked for by GUID, key or tag and are not permitted, without
   * duplicates. A GUID that stands for nothing is listed too; an unknown key or tag has no GUID
   * and is left out.
   */
  readonly unauthorized: string[];
}

/** What tables of metadata say beside the signals. */
export interface TableOptions {
  /** GUID of the gateway: NodeID and SourceNodeID. */
  readonly nodeId: string;
  /** UpdatedOn of all metadata in microseconds since 1970; null cells when left out. */
  readonly updatedOnMicros?: number;
}

/** What an {@linkcode AccessControl} needs to know of the gateway. */
export interface AccessOptions extends TableOptions {
  /**
   * Steps of evaluation that one text of a subscriber may take, 10 million when left out: less than a
   * second at worst.
   */
  readonly filterSteps?: number;
}

/** What is looked at in a registry, or in a copy of one, to make metadata. */
export type MetadataSource = Pick<SignalRegistry, "keySource" | "eachSignal" | "device">;
