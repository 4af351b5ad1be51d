/**
 * Networks of sequences and of tables for the step comparison: (recipe, batch, size) → the graph of one training step and
 * arrays for it. The same networks, shapes and losses as in torch_nets.py. Needs the built package (`npm run setup`).
 */
import { gradients } from "../../dist/autodiff/gradients.js";
import { buildPlan, CLOCK } from "../../dist/compile/build-plan.js";
import { Graph } from "../../dist/graph/graph.js";
import { Tensor } from "../../dist/graph/tensor.js";
import * as nn from "../../dist/nn/index.js";
import { appendUpdate } from "../../dist/optim/append-update.js";
import { SGD } from "../../dist/optim/optimizers.js";
import { applyPolicy } from "../../dist/precision/apply-policy.js";
import { randomStream } from "../../dist/random/streams.js";
import { recipe } from "../../dist/recipes/catalog.js";

const SEED = 1;

/** Traces `loss(graph)`, differentiates, rounds and plans it; every external gets an array. */
export function planStep(model, recipeName, loss, optimizer = new SGD({ lr: 1e-4, momentum: 0.9 })) {
  const { policy } = recipe(recipeName);
  nn.init(model, { seed: SEED });
  const graph = new Graph({ training: true });
  const output = loss(graph);
  graph.output("loss", output.value);
  const members = nn.namedParameters(model);
  const parameters = members.map(([, parameter]) => parameter.valueIn(graph));
  const [seed] = graph.during("backward", () =>
    graph.apply("fill", [], { value: 1, shape: [] }, ["control"]),
  );
  const found = gradients(graph, [output.value], [seed], parameters);
  const trained = members.map(([name, { kind, shape, sparse }], i) => ({
    info: { name, kind, shape, sparse },
    parameter: parameters[i],
    gradient: found[i],
  }));
  appendUpdate(graph, optimizer, trained, { lossScaling: { kind: "none" } });
  const { plan } = buildPlan(applyPolicy(graph, policy));
  return {
    plan,
    externals: externalsOf(plan, graph, new Map(members.map(([name, { data }]) => [name, data]))),
  };
}

function externalsOf(plan, graph, parameters) {
  const random = randomStream({ seed: SEED, stream: "augment" });
  const external = plan.buffers.filter(({ place }) => place === "external");
  return new Map(
    external.map(({ name, dtype, elements }) => {
      const known = parameters.get(name);
      if (known !== undefined) return [name, known];
      const array = dtype === "i32" ? new Int32Array(elements) : new Float32Array(elements);
      const { source } = graph.sources.find((value) => value.source.name === name) ?? {};
      const bound = Number(name.match(/below(\d+)/)?.[1] ?? 1);
      if (source?.kind === "input" && name !== CLOCK && !name.startsWith("learningRate")) {
        for (let i = 0; i < elements; i++) array[i] = dtype === "i32" ? random.below(bound) : random.normal();
      }
      if (name.startsWith("learningRate")) array.fill(1e-4);
      return [name, array];
    }),
  );
}

const input = (graph, name, shape, dtype = "f32") =>
  new Tensor(graph, graph.source({ kind: "input", name }, shape, dtype === "i32" ? "label" : "input", dtype));

class Lstm extends nn.Module {
  lstm = new nn.LSTM(512, 512, { numLayers: 2 });
  fc = new nn.Linear(512, 512);
  forward(x) {
    return this.fc.forward(this.lstm.forward(x).output);
  }
}

function lstm(recipeName, batch, size = 32) {
  const model = new Lstm();
  return planStep(model, recipeName, (graph) => {
    const logits = model.forward(input(graph, "x", [size, batch, 512])).reshape([-1, 512]);
    return nn.crossEntropy(logits, input(graph, "labels below512", [size * batch], "i32")).loss;
  });
}

function transformer(recipeName, batch, size = 32) {
  const model = new nn.TransformerEncoderLayer(512, 8, { dimFeedforward: 2048, batchFirst: true });
  return planStep(model, recipeName, (graph) => {
    const shape = [batch, size, 512];
    return nn.mseLoss(model.forward(input(graph, "x", shape)), input(graph, "target", shape));
  });
}

const TABLES = 26;

class Recommender extends nn.Module {
  constructor(sparse) {
    super();
    this.tables = Array.from(
      { length: TABLES },
      () => new nn.EmbeddingBag(1000, 64, { mode: "sum", sparse }),
    );
  }

  mlp = new nn.Sequential(
    new nn.Linear(TABLES * 64 + 13, 512),
    new nn.ReLU(),
    new nn.Linear(512, 256),
    new nn.ReLU(),
    new nn.Linear(256, 1),
  );
  forward(dense, bags) {
    const looked = this.tables.map((table, i) => table.forward(bags[i]));
    return this.mlp.forward(dense.concat(looked, 1));
  }
}

/** With sparse gradients SGD has no momentum: only the rows of the bags are updated. */
const recommender =
  (sparse) =>
  (recipeName, batch, size = 1) => {
    const model = new Recommender(sparse);
    const loss = (graph) => {
      const bags = model.tables.map((_, i) => input(graph, `bag${i} below1000`, [batch, size], "i32"));
      const logits = model.forward(input(graph, "dense", [batch, 13]), bags);
      return nn.bceWithLogits(logits, input(graph, "target", [batch, 1]).sigmoid());
    };
    return planStep(model, recipeName, loss, sparse ? new SGD({ lr: 1e-4 }) : undefined);
  };

export const SEQUENCE_NETS = {
  lstm,
  transformer,
  recommender: recommender(false),
  "recommender-sparse": recommender(true),
};
