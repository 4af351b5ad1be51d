/** Layers that compute nothing of their own: modules in a row, views, the identity. */
import type { Tensor } from "../../graph/tensor.ts";
import { Module } from "../module.ts";

/** Keeps the first axis, joins the others. */
export class Flatten extends Module {
  forward(x: Tensor): Tensor {
    return x.flatten();
  }
}

export class Identity extends Module {
  forward(x: Tensor): Tensor {
    return x;
  }
}

/** Modules in a row; their paths are their positions. */
export class Sequential extends Module {
  constructor(...modules: Module[]) {
    super();
    modules.forEach((module, i) => {
      Object.defineProperty(this, String(i), { value: module, enumerable: true });
    });
  }

  forward(x: Tensor): Tensor {
    const modules = Object.values(this).filter((member): member is Module => member instanceof Module);
    return modules.reduce((y, module) => module.forward(y), x);
  }
}
