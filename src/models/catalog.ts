/** The models by name. Adding one: a file beside this and a line here. */
import { unknownName } from "../base/errors.ts";
import { alexnet } from "./alexnet.ts";
import { googlenet } from "./googlenet.ts";
import { lenet } from "./lenet.ts";
import { mlp } from "./mlp.ts";
import type { ModelDefinition } from "./model.ts";
import { resnet18, resnet34, resnet50 } from "./resnet.ts";
import { resnet20 } from "./resnet-cifar.ts";
import { vgg16 } from "./vgg.ts";

export const MODELS: readonly ModelDefinition[] = [
  mlp,
  lenet,
  resnet20,
  alexnet,
  vgg16,
  googlenet,
  resnet18,
  resnet34,
  resnet50,
];

/** @throws UNKNOWN_NAME with the closest match. */
export function modelDefinition(name: string): ModelDefinition {
  const found = MODELS.find((model) => model.name === name);
  if (found === undefined) {
    throw unknownName(
      "model",
      name,
      MODELS.map((model) => model.name),
    );
  }
  return found;
}
