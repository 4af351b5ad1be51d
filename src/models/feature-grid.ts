/**
 * How many rows and columns of features a network's convolutions leave of a picture: networks with large linear layers
 * behind them are built for one grid, and small pictures leave less.
 */
import { Graph } from "../graph/graph.ts";
import { Tensor } from "../graph/tensor.ts";
import type { Module } from "../nn/index.ts";

/** The smaller of `most` and the rows that `features` makes of a picture of `size` × `size`. */
export function featureGrid(
  features: Module,
  { channels, size }: { readonly channels: number; readonly size: number },
  most: number,
): number {
  const graph = new Graph();
  const picture = graph.source({ kind: "input", name: "picture" }, [1, size, size, channels], "input");
  return Math.min(most, (features.forward(new Tensor(graph, picture)) as Tensor).shape[1]);
}
