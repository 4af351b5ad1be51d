/**
 * Images are NHWC here and NCHW in PyTorch, so a linear layer behind a flattened image has its columns in another order there.
 * Finds such layers by tracing the model, and reorders their columns at the door. Knows no file format.
 */
import { Graph, type Node, type Value } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import type { Classifier } from "../models/classifier.ts";
import type { ImageTask } from "../models/model.ts";

/** Height, width and channels of the image that a weight's columns run over. */
export type ImageShape = readonly [height: number, width: number, channels: number];

/** Operations that leave every element where it is. */
const IN_PLACE: ReadonlySet<Node["op"]> = new Set(["unary", "affine", "copy", "dropout", "quantize"]);

/** The weights [out, H·W·C] that read flattened images, by name. */
export function flattenedReaders(
  model: Classifier,
  { size, channels }: ImageTask,
): ReadonlyMap<string, ImageShape> {
  const graph = new Graph({ training: false });
  const images = graph.source({ kind: "input", name: "images" }, [1, size, size, channels], "input");
  model.forward(new Tensor(graph, images));
  const flattened = new Map<Value, ImageShape>();
  // What a model has put into another order itself is in PyTorch's already: only its own pixels are looked for.
  const transposed = new Set<Value>();
  const readers = new Map<string, ImageShape>();
  for (const node of graph.nodes) {
    const [first, second] = node.inputs;
    const [output] = node.outputs;
    if (node.op === "transpose" || (IN_PLACE.has(node.op) && transposed.has(first))) transposed.add(output);
    if (first === undefined || transposed.has(first)) continue;
    const known = flattened.get(first) ?? flattening(node, first, output);
    if (known === undefined) continue;
    if (node.op === "reshape" || IN_PLACE.has(node.op)) {
      if (output.shape.length === 2) flattened.set(output, known);
    } else if (node.op === "matmul" && node.attrs.transB && second.source?.kind === "state") {
      readers.set(second.source.name, known);
    }
  }
  return readers;
}

/** [N, H, W, C] → [N, H·W·C]: the image's shape, if it has more than one pixel and more than one channel. */
function flattening(node: Node, input: Value, output: Value): ImageShape | undefined {
  if (node.op !== "reshape" || input.shape.length !== 4 || output.shape.length !== 2) return undefined;
  const [, height, width, channels] = input.shape;
  if (output.shape[1] !== height * width * channels || height * width === 1 || channels === 1)
    return undefined;
  return [height, width, channels];
}

/** Rows of a weight with their columns moved from the order H, W, C to C, H, W; `back` undoes it. */
export function reorderColumns(
  data: Float32Array,
  [height, width, channels]: ImageShape,
  { back = false }: { readonly back?: boolean } = {},
): Float32Array {
  const pixels = height * width;
  const columns = pixels * channels;
  const result = new Float32Array(data.length);
  for (let row = 0; row < data.length; row += columns) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      for (let channel = 0; channel < channels; channel++) {
        const ours = row + pixel * channels + channel;
        const theirs = row + channel * pixels + pixel;
        if (back) result[ours] = data[theirs];
        else result[theirs] = data[ours];
      }
    }
  }
  return result;
}
