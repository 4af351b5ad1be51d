/**
 * ResNet-20 for small pictures (He et al. 2016, section 4.2, shortcuts by 1×1 convolutions) over the operations of any
 * library: the network of src/models/resnet-cifar.ts under its names. Knows no library and no layout.
 */

const WIDTHS = [16, 32, 64];
const BLOCKS = 3;

/**
 * Logits of the pictures `x`. Operations name their parameters: `conv(x, name, stride)` pads by half its kernel,
 * `norm(x, name)` takes the statistics of the batch; `twice(x)` gives `x` to two readers.
 */
export function resnet20(x, { conv, norm, relu, add, twice, pool, linear }) {
  const block = (input, name, stride, shortcut) => {
    const [main, side] = twice(input);
    const hidden = relu(norm(conv(main, `${name}.conv1`, stride), `${name}.bn1`));
    const residual = norm(conv(hidden, `${name}.conv2`, 1), `${name}.bn2`);
    const skipped = shortcut
      ? norm(conv(side, `${name}.downsample.0`, stride), `${name}.downsample.1`)
      : side;
    return relu(add(residual, skipped));
  };
  let y = relu(norm(conv(x, "conv1", 1), "bn1"));
  for (const stage of WIDTHS.keys()) {
    for (let i = 0; i < BLOCKS; i++) {
      const widens = stage > 0 && i === 0;
      y = block(y, `layer${stage + 1}.${i}`, widens ? 2 : 1, widens);
    }
  }
  return linear(pool(y), "fc");
}
