/**
 * Event files as TensorBoard reads them: scalars, histograms and text. Each record is framed by its length and two masked CRC-32C
 * checksums. Source: tensorflow/core/lib/io/record_writer.h (framing), tensorflow/core/util/event.proto and
 * framework/summary.proto (messages), RFC 3720 appendix B.4 (CRC-32C).
 */
import { Message } from "./protobuf.ts";

/** One point of a curve, a distribution or a text at a step. */
export type Summary =
  | { readonly kind: "scalar"; readonly tag: string; readonly step: number; readonly value: number }
  | { readonly kind: "histogram"; readonly tag: string; readonly step: number; readonly values: Float32Array }
  | { readonly kind: "text"; readonly tag: string; readonly step: number; readonly text: string };

/** Buckets of a histogram: powers of this base, as TensorBoard's own, and one bucket around zero. */
const BUCKET_BASE = 1.1;
const SMALLEST_BUCKET = 1e-12;

/** The bytes of an event file. `wallTime` is in seconds since 1970: events carry a time, results do not depend on it. */
export function eventFile(summaries: readonly Summary[], wallTime: number): Uint8Array {
  const version = new Message().double(1, wallTime).text(3, "brain.Event:2");
  const events = summaries.map((summary) =>
    new Message()
      .double(1, wallTime)
      .int(2, summary.step)
      .message(5, new Message().message(1, value(summary))),
  );
  return new Uint8Array(Buffer.concat([version, ...events].map((event) => frame(event.encode()))));
}

function value(summary: Summary): Message {
  const message = new Message().text(1, summary.tag);
  if (summary.kind === "scalar") return message.float(2, summary.value);
  if (summary.kind === "histogram") return message.message(5, histogram(summary.values));
  const metadata = new Message().message(1, new Message().text(1, "text"));
  // A TensorProto: dtype 7 is DT_STRING, the shape [1], field 8 its bytes.
  const shape = new Message().message(2, new Message().int(1, 1));
  const tensor = new Message().int(1, 7).message(2, shape).bytes(8, new TextEncoder().encode(summary.text));
  return message.message(9, metadata).message(8, tensor);
}

/** A HistogramProto of the finite values: minimum, maximum, count, sums, and counts up to each bucket's limit. */
function histogram(values: Float32Array): Message {
  const finite = values.filter((item) => Number.isFinite(item));
  const counts = new Map<number, number>();
  let [minimum, maximum, sum, squares] = [Infinity, -Infinity, 0, 0];
  for (const item of finite) {
    minimum = Math.min(minimum, item);
    maximum = Math.max(maximum, item);
    sum += item;
    squares += item * item;
    const limit = bucketLimit(item);
    counts.set(limit, (counts.get(limit) ?? 0) + 1);
  }
  const limits = [...counts.keys()].sort((a, b) => a - b);
  return new Message()
    .double(1, finite.length === 0 ? 0 : minimum)
    .double(2, finite.length === 0 ? 0 : maximum)
    .double(3, finite.length)
    .double(4, sum)
    .double(5, squares)
    .doubles(6, limits)
    .doubles(
      7,
      limits.map((limit) => counts.get(limit)!),
    );
}

/** The upper limit of the bucket that holds `item`. */
function bucketLimit(item: number): number {
  const size = Math.abs(item);
  if (size < SMALLEST_BUCKET) return SMALLEST_BUCKET;
  const steps = Math.log(size / SMALLEST_BUCKET) / Math.log(BUCKET_BASE);
  return item > 0
    ? SMALLEST_BUCKET * BUCKET_BASE ** (Math.floor(steps) + 1)
    : -SMALLEST_BUCKET * BUCKET_BASE ** Math.floor(steps);
}

/** Length, its checksum, the data, its checksum. */
function frame(data: Uint8Array): Uint8Array {
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(data.length), true);
  return Buffer.concat([length, maskedCrc(length), data, maskedCrc(data)]);
}

/** Rotated and offset, because the CRC of data that holds CRCs is weak. */
function maskedCrc(bytes: Uint8Array): Uint8Array {
  const crc = crc32c(bytes);
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  const result = new Uint8Array(4);
  new DataView(result.buffer).setUint32(0, masked, true);
  return result;
}

/** The Castagnoli polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc >>> 0;
});

/** CRC-32C of `bytes`, as an unsigned integer. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
