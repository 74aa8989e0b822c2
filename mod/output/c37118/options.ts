/**
 * What `[output.NAME]` of type `c37118` may say, after checking.
 *
 * @module
 */

/** One PMU of the stream. */
export interface C37118OutputDevice {
  /** Acronym of the device whose values it has. */
  readonly device: string;
  /** IDCODE of its block; that of the device if left out. */
  readonly idCode?: number | undefined;
  /** STN; the name of the device if left out. */
  readonly station?: string | undefined;
  /** Nominal frequency; that of the stream if left out. */
  readonly nominalHz?: 50 | 60 | undefined;
}

/** How numbers of one kind are written. */
export type NumberFormat = "float" | "integer";

/** The table, checked and with defaults; the schema describes each key. */
export interface C37118OutputOptions {
  /** Kind of output. */
  readonly type: "c37118";
  /** Always true: the protocol has no security. */
  readonly insecure: boolean;
  /** `received`, or the name of an aligner. */
  readonly stream: string;
  /** IDCODE of the stream. */
  readonly idCode: number;
  /** Nominal frequency of all PMUs that name no other. */
  readonly nominalHz: 50 | 60;
  /** What is granted. */
  readonly allow: readonly string[];
  /** What is withheld, whatever is granted. */
  readonly deny: readonly string[];
  /** PMUs in order; empty for every device that a rule allows something of. */
  readonly devices: readonly C37118OutputDevice[];
  /** Address to listen on for commands, or empty. */
  readonly listen: string;
  /** Addresses and CIDR blocks of clients by name. */
  readonly clients: Readonly<Record<string, readonly string[]>>;
  /** Whether data flow on command, or always. */
  readonly start: "command" | "always";
  /** Commands for other IDCODEs are ignored. */
  readonly checkIdCode: boolean;
  /** UDP port of the client that data go to; 0 for data over TCP. */
  readonly dataPort: number;
  /** Receivers of data that ask for nothing, `host:port`. */
  readonly destinations: readonly string[];
  /** Local address of datagrams; for multicast it chooses the interface. */
  readonly localAddress?: string | undefined;
  /** Edition of the standard: what bits of STAT mean, and whether there is CFG-3. */
  readonly edition: 2005 | 2011;
  /** How phasors are written. */
  readonly phasors: NumberFormat;
  /** How FREQ and DFREQ are written. */
  readonly frequencies: NumberFormat;
  /** How analogs are written. */
  readonly analogs: NumberFormat;
  /** Magnitude and angle, or real and imaginary part. */
  readonly coordinates: "polar" | "rectangular";
  /** Volts per count of integer phasors. */
  readonly voltsPerCount: number;
  /** Amperes per count of integer phasors. */
  readonly amperesPerCount: number;
  /** TIME_BASE: counts per second of FRACSEC. */
  readonly timeBase: number;
  /** Whose time quality stands in FRACSEC. */
  readonly timeQuality: "auto" | "clock" | "sources";
  /** Text of the header frame; made of name and devices if left out. */
  readonly header?: string | undefined;
  /** How long STAT bit 10 announces a change of the configuration. */
  readonly changeNoticeSeconds: number;
  /** How long devices have to stay as they are before the first configuration is told. */
  readonly settleMs: number;
  /** Most connections at a time. */
  readonly maxConnections: number;
  /** Most connections of one client at a time. */
  readonly connectionsPerClient: number;
  /** Bytes that may wait for one client. */
  readonly queueBytes: number;
  /** What becomes of a client for which more would wait. */
  readonly slow: "drop" | "latest" | "disconnect";
  /** Longest time until the first command. */
  readonly handshakeTimeoutMs: number;
  /** Longest time without command and data. */
  readonly idleTimeoutMs: number;
  /** Longest time in which a client takes nothing. */
  readonly stallTimeoutMs: number;
}
