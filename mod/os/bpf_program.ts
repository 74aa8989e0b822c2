/**
 * Programs of the classic BPF, as the kernel runs them on the frames of a packet socket (linux/bpf_common.h).
 *
 * @module
 */

/** Codes of the instructions that filters here are made of. */
export const Bpf = {
  /** Half word at K. */
  LoadHalf: 0x28,
  /** Word at K. */
  LoadWord: 0x20,
  /** Octet at X + K. */
  LoadByteAtX: 0x50,
  /** Half word at X + K. */
  LoadHalfAtX: 0x48,
  /** X = K. */
  SetX: 0x01,
  /** X = A. */
  MoveToX: 0x07,
  /** A = memory K. */
  Recall: 0x60,
  /** Memory K = A. */
  Store: 0x02,
  /** A & K. */
  And: 0x54,
  /** A << K. */
  ShiftLeft: 0x64,
  /** A + X. */
  AddX: 0x0c,
  /** K octets of the frame are taken; 0 refuses it. */
  Return: 0x06,
} as const;

/** What `Return` takes of a frame: all of it. */
export const ACCEPT = 0x40000;

const JUMP_EQUAL = 0x15, JUMP = 0x05;
const TAGS = [0x8100, 0x88a8, 0x9100];
const HSR = 0x892f;
const MAX_TAGS = 2;

/** A place in a program, and one for each offset at which an EtherType was found. */
export class Label {
  /** Index of the instruction; -1 until it is placed. */
  at = -1;
  readonly #others = new Map<number, Label>();

  /** The place for an EtherType at `offset`. */
  with(offset: number): Label {
    const known = this.#others.get(offset);
    if (known) return known;
    const label = new Label();
    this.#others.set(offset, label);
    return label;
  }

  /** Offsets that a place was asked for. */
  offsets(): number[] {
    return [...this.#others.keys()];
  }
}

interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
  readonly target: Label | undefined;
}

/** A program that is being written. */
export class Program {
  readonly #code: Instruction[] = [];

  /** Gives a label the next instruction. */
  place(label: Label): void {
    label.at = this.#code.length;
  }

  /** Writes one of {@linkcode Bpf}. */
  emit(code: number, k: number): void {
    this.#code.push({ code, k, jt: 0, jf: 0, target: undefined });
  }

  /** Goes on at `target`. */
  jump(target: Label): void {
    this.#code.push({ code: JUMP, k: 0, jt: 0, jf: 0, target });
  }

  /**
   * Goes on at `target` if A is `value`.
   *
   * Far jumps are conditional ones over an unconditional one, whose range is not 255 instructions.
   */
  jumpIf(value: number, target: Label): void {
    this.#code.push({ code: JUMP_EQUAL, k: value, jt: 0, jf: 1, target: undefined });
    this.jump(target);
  }

  /** Goes on at `target` unless A is `value`. */
  jumpUnless(value: number, target: Label): void {
    this.#code.push({ code: JUMP_EQUAL, k: value, jt: 1, jf: 0, target: undefined });
    this.jump(target);
  }

  /** Goes on behind the rule that is being written, which is near enough for a conditional jump. */
  skipUnless(value: number, near: Label): void {
    this.#code.push({ code: JUMP_EQUAL, k: value, jt: 0, jf: 0, target: near });
  }

  /** The `struct sock_filter` entries of 8 octets. */
  assemble(): Uint8Array<ArrayBuffer> {
    const view = new DataView(new ArrayBuffer(8 * this.#code.length));
    this.#code.forEach(({ code, jt, jf, k, target }, i) => {
      view.setUint16(8 * i, code, true);
      view.setUint8(8 * i + 2, jt);
      const jump = target ? target.at - i - 1 : 0;
      view.setUint8(8 * i + 3, code === JUMP_EQUAL && target ? jump : jf);
      view.setUint32(8 * i + 4, code === JUMP ? jump : k, true);
    });
    return new Uint8Array(view.buffer);
  }

  /**
   * Looks for EtherTypes behind up to two VLAN tags and an HSR tag; goes on at the label of the one that is found, with
   * X its offset, else at `refused`. `onTag` may write what is to be done with a tag that ends at its argument.
   */
  findType(
    types: ReadonlyMap<number, Label>,
    refused: Label,
    onTag: (at: number) => void = () => {},
  ): void {
    const found = new Map([...types.keys()].map((type) => [type, new Label()]));
    const compare = (at: number) => {
      this.emit(Bpf.LoadHalf, at);
      for (const [type, label] of found) this.jumpIf(type, label.with(at));
    };
    let at = 12;
    for (let tags = 0;; tags++) {
      const tag = new Label();
      compare(at);
      if (tags === 0) {
        const noHsr = new Label();
        this.jumpUnless(HSR, noHsr);
        compare(at + 6);
        this.jump(refused);
        this.place(noHsr);
      }
      if (tags === MAX_TAGS) break;
      for (const type of TAGS) this.jumpIf(type, tag);
      this.jump(refused);
      this.place(tag);
      onTag(at + 2);
      at += 4;
    }
    this.jump(refused);
    for (const [type, label] of found) {
      for (const offset of label.offsets()) {
        this.place(label.with(offset));
        this.emit(Bpf.SetX, offset);
        this.jump(types.get(type)!); // found has the keys of types
      }
    }
  }
}
