/** The request encoder: what it remembers must never show. */
import { expect, test } from "vitest";
import { format } from "../formats/catalog.ts";
import { isScaled, type NumberFormat } from "../formats/format.ts";
import type { BulkRequest } from "./bulk.ts";
import { createRequestEncoder } from "./native-bulk-request.ts";

const LENGTH = 96;
const KEY = { seedLow: 1, seedHigh: 2, step: 3, tensorId: 4 };

function variants(format: NumberFormat): BulkRequest[] {
  const plain: BulkRequest = { format, rounding: "nearestEven", overflow: "saturate", key: KEY };
  const shaped = { ...plain, shape: [8, 12] };
  const common: BulkRequest[] = [
    plain,
    { ...plain, rounding: "stochastic" },
    { ...plain, rounding: "stochastic", randomBits: 7 },
    { ...plain, overflow: "nan" },
    { ...plain, key: undefined },
    { ...plain, key: { ...KEY, tensorId: 5 } },
    { ...plain, key: { ...KEY, step: 9, seedLow: 8, seedHigh: 7 } },
    { ...plain, statistics: false },
    shaped,
    { ...plain, shape: [12, 8] },
    { ...plain, shape: [2, 4, 12] },
  ];
  if (!isScaled(format)) return common;
  if (format.kind === "block") {
    return [
      ...common,
      { ...shaped, blockAxis: 1 },
      { ...shaped, blockAxis: 0 },
      { ...plain, scaleRule: "ceil" },
    ];
  }
  const scalings = [
    { rule: "symmetric" },
    { rule: "affine" },
    { rule: "affine", axis: 0 },
    { rule: "affine", axis: 1 },
  ] as const;
  return [...common, ...scalings.map((scaling) => ({ ...shaped, scaling }))];
}

test.each(["bf16", "int8", "mxfp4", "nvfp4"])(
  "numbers of %s follow the request, whatever came before",
  (name) => {
    const encode = createRequestEncoder();
    const requests = variants(format(name)).filter(
      ({ scaleRule }) => scaleRule === undefined || name === "mxfp4",
    );
    for (const before of requests) {
      for (const after of requests) {
        encode(LENGTH, before, { elements: true });
        const { numbers, groups } = encode(LENGTH, after, { elements: false });
        const fresh = createRequestEncoder()(LENGTH, after, { elements: false });
        expect([...numbers, groups]).toEqual([...fresh.numbers, fresh.groups]);
      }
    }
  },
);

test("a shape that was changed since is another shape", () => {
  const encode = createRequestEncoder();
  const shape = [8, 12];
  const request: BulkRequest = {
    format: format("mxfp4"),
    rounding: "nearestEven",
    overflow: "saturate",
    shape,
  };
  const { groups } = encode(LENGTH, request, { elements: false });
  shape.splice(0, 2, 96, 1);
  expect(encode(LENGTH, request, { elements: false }).groups).not.toBe(groups);
});

test("another length, or a request without random bits, is refused as at first", () => {
  const encode = createRequestEncoder();
  const request: BulkRequest = {
    format: format("e4m3"),
    rounding: "nearestEven",
    overflow: "saturate",
    shape: [LENGTH],
  };
  encode(LENGTH, request, { elements: false });
  expect(() => encode(LENGTH + 1, request, { elements: false })).toThrow("shape");
  expect(() => encode(LENGTH, { ...request, rounding: "stochastic" }, { elements: false })).toThrow(
    "random bits",
  );
});
