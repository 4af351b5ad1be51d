/** Golden operations: functions of every element alone. */
import type { GoldenOperation, GoldenOperations } from "./operation.ts";

type Unary = "relu" | "tanh" | "sigmoid" | "gelu" | "exp";

const unary = (kind: Unary): GoldenOperation => ({
  channelsLast: [],
  build: (args) => ({ output: args.get("x")[kind]() }),
});

const binary = (kind: "add" | "mul"): GoldenOperation => ({
  channelsLast: [],
  build: (args) => ({ output: args.get("a")[kind](args.get("b")) }),
});

export const elementwiseOperations: GoldenOperations = {
  relu: unary("relu"),
  tanh: unary("tanh"),
  sigmoid: unary("sigmoid"),
  gelu: unary("gelu"),
  exp: unary("exp"),
  add: binary("add"),
  mul: binary("mul"),
};
