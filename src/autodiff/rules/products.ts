/** Gradients of convolutions and matrix products. Part of backward-rules.ts. */
import type { Role, Value } from "../../graph/graph.ts";
import { type BackwardRules, type RuleContext, sumTo } from "./rule.ts";

export const productRules: Pick<BackwardRules, "conv2d" | "conv2dGradInput" | "conv2dGradWeight" | "matmul"> =
  {
    conv2d: ({ graph, node, needs, roles }, [gy]) => {
      const [x, w] = node.inputs;
      const gx = () =>
        graph.apply("conv2dGradInput", [gy!, w], { ...node.attrs, shape: x.shape }, [roles[0]])[0];
      const gw = () =>
        graph.apply("conv2dGradWeight", [gy!, x], { ...node.attrs, shape: w.shape }, [roles[1]])[0];
      return [needs[0] ? gx() : undefined, needs[1] ? gw() : undefined];
    },
    // A transposed convolution: linear in both operands, its adjoints are the convolution and the weight gradient.
    conv2dGradInput: ({ graph, node, needs, roles }, [ggx]) => {
      const [gy, w] = node.inputs;
      const { shape: _, ...attrs } = node.attrs;
      const ggy = () => graph.apply("conv2d", [ggx!, w], attrs, [roles[0]])[0];
      const gw = () =>
        graph.apply("conv2dGradWeight", [gy, ggx!], { ...attrs, shape: w.shape }, [roles[1]])[0];
      return [needs[0] ? ggy() : undefined, needs[1] ? gw() : undefined];
    },
    conv2dGradWeight: ({ graph, node, needs, roles }, [ggw]) => {
      const [gy, x] = node.inputs;
      const { shape: _, ...attrs } = node.attrs;
      const ggy = () => graph.apply("conv2d", [x, ggw!], attrs, [roles[0]])[0];
      const gx = () =>
        graph.apply("conv2dGradInput", [gy, ggw!], { ...attrs, shape: x.shape }, [roles[1]])[0];
      return [needs[0] ? ggy() : undefined, needs[1] ? gx() : undefined];
    },
    matmul: matmulBackward,
  };

/** c = op(a)·op(b): ga = gc·op(b)ᵀ and gb = op(a)ᵀ·gc, written so that the result comes out in the stored layout. */
function matmulBackward(
  { graph, node, needs, roles }: RuleContext<"matmul">,
  [gc]: readonly (Value | undefined)[],
): (Value | undefined)[] {
  const [a, b] = node.inputs;
  const { transA, transB } = node.attrs;
  const product = (left: Value, right: Value, flags: [boolean, boolean], role: Role) =>
    graph.apply("matmul", [left, right], { transA: flags[0], transB: flags[1], carrier: "f32" }, [role])[0];
  const ga = () =>
    transA ? product(b, gc!, [transB, true], roles[0]) : product(gc!, b, [false, !transB], roles[0]);
  const gb = () =>
    transB ? product(gc!, a, [true, transA], roles[1]) : product(a, gc!, [!transA, false], roles[1]);
  return [
    needs[0] ? sumTo(graph, ga(), a.shape, roles[0]) : undefined,
    needs[1] ? sumTo(graph, gb(), b.shape, roles[1]) : undefined,
  ];
}
