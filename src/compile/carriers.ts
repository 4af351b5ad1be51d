/**
 * The carrier formats of compiled plans. Every FP8 value, and every BF16 value, is exact in BF16, so all of them are
 * stored in 16 bits and multiplied on the BF16 path; so is every element of at most 8 significand bits under a power of two.
 */
import { floatFormat } from "../formats/catalog.ts";

export const BF16 = floatFormat("bf16");
export const FP16 = floatFormat("fp16");
/** Of the formats whose codes are one byte, for small whole numbers. */
export const E4M3 = floatFormat("e4m3");
