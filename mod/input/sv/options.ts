/**
 * Options of a sampled-values input, checked and with defaults.
 *
 * @module
 */

/** One member of a data set: INT32 value and quality. */
export interface SvChannelOptions {
  /** Name in the device, for example `Ia`; unique in the stream. */
  readonly label: string;
  /** What it measures; `other` is kept in the waveform and gives no phasor. */
  readonly kind: "current" | "voltage" | "other";
  /** Phase; three channels of one kind and set with A, B and C give a positive sequence. */
  readonly phase: "A" | "B" | "C" | "";
  /** Name of the three-phase set that it belongs to. */
  readonly set: string;
  /** `value = raw x scale + offset`, in volts or amperes. */
  readonly scale: number;
  /** See `scale`. */
  readonly offset: number;
  /** Rated value, rms; below a floor made of it there is no frequency. */
  readonly rating?: number | undefined;
}

/** Class of IEC/IEEE 60255-118-1; with `both` the stream is two devices, ACRONYM_P and ACRONYM_M. */
export type SvClass = "P" | "M" | "both";

/** One stream: how it is found on the wire, what it carries, and what is made of it. */
export interface SvStreamOptions {
  /** Acronym of the device. */
  readonly acronym: string;
  /** Name for people. */
  readonly name?: string | undefined;
  /** `svID`. */
  readonly svId: string;
  /** APPID; on layer 2 only. */
  readonly appid: number;
  /** Destination address on Ethernet; left out any. */
  readonly destination?: string | undefined;
  /** VLAN identifier; left out any. */
  readonly vlan?: number | undefined;
  /** Samples per second. */
  readonly rate: number;
  /** ASDUs in a frame. */
  readonly asdus: number;
  /** Nominal frequency in Hz. */
  readonly nominalHz: 50 | 60;
  /** Expected `confRev`; left out any. */
  readonly confRev?: number | undefined;
  /** Expected `datSet`, where the frame has one; left out any. */
  readonly datSet?: string | undefined;
  /** Members of the data set, in order. */
  readonly channels: readonly SvChannelOptions[];
  /** Synchrophasors per second. */
  readonly framesPerSecond: number;
  /** Class of the estimator. */
  readonly class: SvClass;
  /** Labels of the channels that frequency comes from: one or three; empty chooses. */
  readonly frequencyFrom: readonly string[];
  /** Which symmetrical components become signals. */
  readonly sequence: "positive" | "all" | "none";
  /** Publish the true RMS of each channel. */
  readonly rms: boolean;
  /** `smpSynch` 1 is a traceable clock, as on many 9-2LE streams. */
  readonly oneIsGlobal: boolean;
  /** Local clocks (`smpSynch` 1 and 5 to 254) keep the seconds of UTC. */
  readonly localIsUtc: boolean;
  /** What is done with simulated frames. */
  readonly simulation: "ignore" | "accept";
  /** Seconds of samples that are kept for the event recorder. */
  readonly waveformSeconds: number;
  /** WGS 84 degrees, north positive. */
  readonly latitude?: number | undefined;
  /** WGS 84 degrees, east positive. */
  readonly longitude?: number | undefined;
}

/** A phasor of a synchrophasor data set. */
export interface SvPhasorOptions {
  /** Name in the device; unique in it. */
  readonly label: string;
  /** What it measures. */
  readonly kind: "current" | "voltage";
  /** Phase or symmetrical component. */
  readonly phase: "A" | "B" | "C" | "+" | "-" | "0" | "";
}

/** One PMU of a synchrophasor data set. */
export interface SvPmuOptions {
  /** Acronym of the device. */
  readonly acronym: string;
  /** Name for people. */
  readonly name?: string | undefined;
  /** Phasors in order. */
  readonly phasors: readonly SvPhasorOptions[];
  /** Names of analogs in order. */
  readonly analogs: readonly string[];
  /** Names of digital words in order. */
  readonly digitals: readonly string[];
  /** WGS 84 degrees, north positive. */
  readonly latitude?: number | undefined;
  /** WGS 84 degrees, east positive. */
  readonly longitude?: number | undefined;
}

/** A stream of synchrophasors (IEC TR 61850-90-5): each PMU in it is a device. */
export interface SvSynchrophasorOptions {
  /** `svID`, by convention `IDCODE_STATION`. */
  readonly svId: string;
  /** APPID. */
  readonly appid: number;
  /** Reports per second. */
  readonly rate: number;
  /** Expected `confRev`; left out any. */
  readonly confRev?: number | undefined;
  /** What is done with simulated reports. */
  readonly simulation: "ignore" | "accept";
  /** The angle stands before the magnitude. */
  readonly angleFirst: boolean;
  /** PMUs in the order of the data set. */
  readonly pmus: readonly SvPmuOptions[];
}

/** Routable sampled values by UDP. */
export interface SvUdpOptions {
  /** Port, 102 by the standard. */
  readonly port: number;
  /** Multicast group, or left out for unicast. */
  readonly group?: string | undefined;
  /** Interface of the group. */
  readonly interface?: string | undefined;
  /** Local address. */
  readonly address?: string | undefined;
  /** The only sender that is heard. */
  readonly source?: string | undefined;
}

/** A capture file as source. */
export interface SvPcapOptions {
  /** The file, pcap or pcapng. */
  readonly file: string;
  /** As it was recorded, or as fast as it can be decoded. */
  readonly speed: "recorded" | "fast";
  /** Begin again at the end. */
  readonly repeat: boolean;
}

/** `[input.NAME]` with `type = "sv"`; the schema describes each key for operators. */
export interface SvInputOptions {
  /** Kind of input. */
  readonly type: "sv";
  /** Interface that frames are captured on. */
  readonly interface?: string | undefined;
  /** Routable sampled values instead. */
  readonly udp?: SvUdpOptions | undefined;
  /** A file instead. */
  readonly pcap?: SvPcapOptions | undefined;
  /** Company acronym. */
  readonly company?: string | undefined;
  /** Vendor acronym. */
  readonly vendor?: string | undefined;
  /** Where frames are captured: in Workers of this process, or by `tieline capture`. */
  readonly capture: "worker" | "process";
  /** Unix socket of `tieline capture`. */
  readonly captureSocket: string;
  /** Capture Workers; 0 for one to each core but one. */
  readonly workers: number;
  /** Octets of all rings of the interface together. */
  readonly ringBytes: number;
  /** Octets of one block of a ring. */
  readonly blockBytes: number;
  /** After how many milliseconds a block is handed over that is not full. */
  readonly retireMs: number;
  /** What the adapter is asked to let through. */
  readonly join: "groups" | "all" | "promiscuous";
  /** Who stamps arrivals. */
  readonly stamps: "kernel" | "adapter";
  /** Time scale of the adapter's clock. */
  readonly adapterClock: "tai" | "utc";
  /** TAI minus UTC in seconds. */
  readonly taiOffset: number;
  /** By how much arrival stamps may be early, in milliseconds. */
  readonly arrivalErrorMs: number;
  /** Look for streams that are not configured. */
  readonly discovery: boolean;
  /** How long a sample is waited for when later ones have come, and before its place is filled, in milliseconds. */
  readonly reorderMs: number;
  /** Silence after which a stream counts as lost. */
  readonly lossMs: number;
  /** The streams of samples. */
  readonly streams: readonly SvStreamOptions[];
  /** The streams of synchrophasors; by UDP or of a file. */
  readonly synchrophasors: readonly SvSynchrophasorOptions[];
}

/** The nominal frequency of streams that agree in it; undefined if they do not, and without any. */
export function nominalOf(streams: readonly SvStreamOptions[]): 50 | 60 | undefined {
  const first = streams[0]?.nominalHz;
  return streams.every(({ nominalHz }) => nominalHz === first) ? first : undefined;
}
