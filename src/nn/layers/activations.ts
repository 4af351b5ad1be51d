/** Activation functions as layers. */
import type { Tensor } from "../../graph/tensor.ts";
import { Module } from "../module.ts";

export class ReLU extends Module {
  forward(x: Tensor): Tensor {
    return x.relu();
  }
}
