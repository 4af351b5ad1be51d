/**
 * Writes protocol buffers: as much of the wire format as ONNX models and TensorBoard events need. Knows no message.
 * Source: Protocol Buffers documentation, "Encoding".
 */

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** The fields of one message, in the order in which they are added. Numbers of fields are those of the .proto file. */
export class Message {
  private readonly parts: Uint8Array[] = [];

  /** An int32, int64, enum or bool field. Safe integers only; negative ones take ten bytes. */
  int(field: number, value: number): this {
    return this.add(tag(field, VARINT), varint(BigInt(value)));
  }

  float(field: number, value: number): this {
    return this.add(tag(field, FIXED32), new Uint8Array(Float32Array.of(value).buffer));
  }

  double(field: number, value: number): this {
    return this.add(tag(field, FIXED64), new Uint8Array(Float64Array.of(value).buffer));
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  bytes(field: number, value: Uint8Array): this {
    return this.add(tag(field, BYTES), varint(BigInt(value.length)), value);
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.encode());
  }

  /** A repeated integer field, packed. */
  ints(field: number, values: readonly number[]): this {
    return this.bytes(field, Buffer.concat(values.map((value) => varint(BigInt(value)))));
  }

  /** A repeated double field, packed. */
  doubles(field: number, values: readonly number[]): this {
    return this.bytes(field, new Uint8Array(Float64Array.from(values).buffer));
  }

  encode(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.parts));
  }

  private add(...parts: Uint8Array[]): this {
    this.parts.push(...parts);
    return this;
  }
}

function tag(field: number, type: number): Uint8Array {
  return varint(BigInt(field * 8 + type));
}

/** Seven bits a byte, the lowest first; negative numbers as 64-bit two's complement. */
function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Uint8Array.from(bytes);
}
