/**
 * The two blocks that residual networks are built of, with torchvision's names. Source: He et al. 2016, figure 5. The
 * stride of a bottleneck is in its 3×3 convolution, as everybody trains it today (the paper has it in the first 1×1).
 */
import type { Tensor } from "../graph/tensor.ts";
import { BatchNorm2d, Conv2d, Module, Sequential } from "../nn/index.ts";

/** Makes a block of `inner` channels (its output has `inner · expansion`) on `inChannels`. */
export interface BlockKind {
  readonly expansion: number;
  readonly create: (inChannels: number, inner: number, stride: number) => Module;
}

/** 1×1 convolution with batch norm where the shape changes (option B of the paper), undefined where it does not. */
function shortcut(inChannels: number, outChannels: number, stride: number): Sequential | undefined {
  if (stride === 1 && inChannels === outChannels) return undefined;
  return new Sequential(
    new Conv2d(inChannels, outChannels, 1, { stride, bias: false }),
    new BatchNorm2d(outChannels),
  );
}

class BasicBlock extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly downsample?: Sequential;

  constructor(inChannels: number, channels: number, stride: number) {
    super();
    this.conv1 = new Conv2d(inChannels, channels, 3, { stride, padding: 1, bias: false });
    this.bn1 = new BatchNorm2d(channels);
    this.conv2 = new Conv2d(channels, channels, 3, { padding: 1, bias: false });
    this.bn2 = new BatchNorm2d(channels);
    this.downsample = shortcut(inChannels, channels, stride);
  }

  forward(x: Tensor): Tensor {
    const hidden = this.bn1.forward(this.conv1.forward(x)).relu();
    const residual = this.bn2.forward(this.conv2.forward(hidden));
    return residual.add(this.downsample?.forward(x) ?? x).relu();
  }
}

const EXPANSION = 4;

class Bottleneck extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly conv3: Conv2d;
  readonly bn3: BatchNorm2d;
  readonly downsample?: Sequential;

  constructor(inChannels: number, inner: number, stride: number) {
    super();
    const outChannels = EXPANSION * inner;
    this.conv1 = new Conv2d(inChannels, inner, 1, { bias: false });
    this.bn1 = new BatchNorm2d(inner);
    this.conv2 = new Conv2d(inner, inner, 3, { stride, padding: 1, bias: false });
    this.bn2 = new BatchNorm2d(inner);
    this.conv3 = new Conv2d(inner, outChannels, 1, { bias: false });
    this.bn3 = new BatchNorm2d(outChannels);
    this.downsample = shortcut(inChannels, outChannels, stride);
  }

  forward(x: Tensor): Tensor {
    const narrow = this.bn1.forward(this.conv1.forward(x)).relu();
    const middle = this.bn2.forward(this.conv2.forward(narrow)).relu();
    const residual = this.bn3.forward(this.conv3.forward(middle));
    return residual.add(this.downsample?.forward(x) ?? x).relu();
  }
}

export const BASIC_BLOCK: BlockKind = {
  expansion: 1,
  create: (inChannels, inner, stride) => new BasicBlock(inChannels, inner, stride),
};

export const BOTTLENECK: BlockKind = {
  expansion: EXPANSION,
  create: (inChannels, inner, stride) => new Bottleneck(inChannels, inner, stride),
};

/** `count` blocks in a row; the first one changes width and, by `stride`, size. */
export function residualStage(
  { create, expansion }: BlockKind,
  count: number,
  {
    inChannels,
    inner,
    stride,
  }: { readonly inChannels: number; readonly inner: number; readonly stride: number },
): Sequential {
  const first = create(inChannels, inner, stride);
  const rest = Array.from({ length: count - 1 }, () => create(expansion * inner, inner, 1));
  return new Sequential(first, ...rest);
}
