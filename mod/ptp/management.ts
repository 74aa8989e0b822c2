/**
 * Asking a clock by management messages, and reading what it answers (IEEE 1588, 15).
 *
 * @module
 */
import { ALL_PORTS, type PortIdentity } from "./identity.ts";
import { decodeManagementData, encodeManagementData, hasData } from "./management_data.ts";
import { managementName } from "./management_ids.ts";
import type { DataId, ManagementData } from "./management_types.ts";
import { encodeMessage, makeHeader, type ManagementMessage } from "./message.ts";
import { actionName, ManagementAction, MessageType } from "./names.ts";

/** Where a request goes and whom it comes from. */
export interface ManagementAddress {
  /** The client; the answer is addressed to it. */
  readonly source: PortIdentity;
  /** The clock's domain; another one is not answered. */
  readonly domainNumber: number;
  /** The clock's majorSdoId; another one is not answered. */
  readonly majorSdoId?: number;
  /** Whom it is for; all ports of all clocks that hear it unless given. */
  readonly target?: PortIdentity;
  /** Boundary clocks that it may pass: 0, or clocks further away answer too. */
  readonly boundaryHops?: number;
  /** minorVersionPTP. */
  readonly minorVersionPtp?: number;
}

/** A GET without data. */
export function encodeGet(
  address: ManagementAddress,
  sequenceId: number,
  managementId: number,
): Uint8Array<ArrayBuffer> {
  return encode(address, sequenceId, ManagementAction.Get, managementId, new Uint8Array());
}

/** A SET of an id's data. */
export function encodeSet<K extends DataId>(
  address: ManagementAddress,
  sequenceId: number,
  managementId: K,
  data: ManagementData[K],
): Uint8Array<ArrayBuffer> {
  const bytes = encodeManagementData(managementId, data);
  return encode(address, sequenceId, ManagementAction.Set, managementId, bytes);
}

/** What a management message carries, read as far as it is known. */
export type ManagementContent =
  | { readonly [K in DataId]: { readonly id: K; readonly data: ManagementData[K] } }[DataId]
  | { readonly id: number; readonly error: number; readonly text: string }
  | { readonly id: number; readonly raw: Uint8Array };

/**
 * The content of a management message: data, an error, or octets that nothing here reads (empty in a GET).
 *
 * Throws a `DecodeError` when the data of a known id have the wrong length.
 */
export function managementContent(message: ManagementMessage): ManagementContent {
  const tlv = message.tlvs[0];
  if (tlv?.kind === "managementError") {
    return { id: tlv.managementId, error: tlv.errorId, text: tlv.displayData };
  }
  if (tlv?.kind !== "management") {
    throw new TypeError("A management message has been made without management");
  }
  const { managementId, data } = tlv;
  if (data.length === 0 || !hasData(managementId)) return { id: managementId, raw: data };
  return contentOf(managementId, data);
}

/** `GET PORT_DATA_SET` and the like, for logs. */
export function managementTitle(message: ManagementMessage): string {
  const tlv = message.tlvs[0];
  const id = tlv?.kind === "management" || tlv?.kind === "managementError" ? tlv.managementId : 0;
  return `${actionName(message.action)} ${managementName(id)}`;
}

function contentOf<K extends DataId>(id: K, data: Uint8Array): ManagementContent {
  // TypeScript cannot tell that the pair is one of the union's, although K ties both together.
  return { id, data: decodeManagementData(id, data) } as ManagementContent;
}

function encode(
  address: ManagementAddress,
  sequenceId: number,
  action: number,
  managementId: number,
  data: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const hops = address.boundaryHops ?? 0;
  return encodeMessage({
    messageType: MessageType.Management,
    header: makeHeader(MessageType.Management, address.source, {
      domainNumber: address.domainNumber,
      majorSdoId: address.majorSdoId ?? 0,
      minorVersionPtp: address.minorVersionPtp ?? 0,
      sequenceId,
    }),
    targetPortIdentity: address.target ?? ALL_PORTS,
    startingBoundaryHops: hops,
    boundaryHops: hops,
    action,
    tlvs: [{ kind: "management", managementId, data }],
  });
}
