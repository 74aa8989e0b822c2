"""Encodes and decodes sampled-values frames with open61850.

Usage: sv_frames.py FILE

FILE holds {"decode": [HEX, ...], "encode": [FRAME, ...]}, where FRAME is {"destination", "source", "appid",
"vlan": null | {"vid", "pcp"}, "asdus": [{"svID", "datSet", "smpCnt", "confRev", "refrTm", "smpSynch", "smpRate", "seqData",
"smpMod", "gmIdentity"}]} with null for what is absent, octets as hex and refrTm in microseconds since 1970. Prints
{"decoded": [FRAME | {"error": TEXT}, ...], "encoded": [HEX, ...]}.
"""
import json
import sys
from datetime import datetime, timedelta, timezone

from open61850 import sv

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def hex_or_none(octets):
    return None if octets is None else octets.hex()


def asdu_json(asdu):
    refr_tm = asdu.refr_tm
    return {
        "svID": asdu.sv_id,
        "datSet": asdu.dat_set,
        "smpCnt": asdu.smp_cnt,
        "confRev": asdu.conf_rev,
        "refrTm": None if refr_tm is None else (refr_tm - EPOCH) // timedelta(microseconds=1),
        "smpSynch": asdu.smp_synch,
        "smpRate": asdu.smp_rate,
        "seqData": asdu.sample.hex(),
        "smpMod": asdu.smp_mod,
        "gmIdentity": hex_or_none(asdu.gm_identity),
    }


def decode(text):
    try:
        frame, pdu = sv.decode_sv_frame(bytes.fromhex(text))
    except Exception as error:  # what it says is compared by the test
        return {"error": repr(error)}
    vlan = None if frame.vlan_id is None else {"vid": frame.vlan_id, "pcp": frame.vlan_priority}
    return {
        "destination": frame.dst_mac,
        "source": frame.src_mac,
        "appid": frame.app_id,
        "vlan": vlan,
        "asdus": [asdu_json(asdu) for asdu in pdu.asdus],
    }


def encode(frame):
    asdus = [
        sv.SvAsdu(
            sv_id=a["svID"],
            smp_cnt=a["smpCnt"],
            conf_rev=a["confRev"],
            smp_synch=a["smpSynch"],
            sample=bytes.fromhex(a["seqData"]),
            dat_set=a["datSet"],
            refr_tm=None if a["refrTm"] is None else EPOCH + timedelta(microseconds=a["refrTm"]),
            smp_rate=a["smpRate"],
            smp_mod=a["smpMod"],
            gm_identity=None if a["gmIdentity"] is None else bytes.fromhex(a["gmIdentity"]),
        )
        for a in frame["asdus"]
    ]
    vlan = frame["vlan"] or {"vid": None, "pcp": None}
    return sv.encode_sv_frame(
        sv.SvPDU(asdus),
        dst_mac=frame["destination"],
        src_mac=frame["source"],
        app_id=frame["appid"],
        vlan_id=vlan["vid"],
        vlan_priority=vlan["pcp"],
    ).hex()


with open(sys.argv[1], encoding="utf-8") as file:
    work = json.load(file)
print(json.dumps({
    "decoded": [decode(text) for text in work["decode"]],
    "encoded": [encode(frame) for frame in work["encode"]],
}))
