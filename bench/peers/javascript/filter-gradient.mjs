/**
 * The gradient of a convolution's weight for a backend of TensorFlow.js that has no kernel `Conv2DBackpropFilter`, made of
 * operations that it has: a convolution of the pictures with the gradients, in which batch and channels change places.
 */

/** Registers the kernel; `tf` is the core package. Any stride, padding and dilation 1. */
export function registerFilterGradient(tf, backendName) {
  tf.registerKernel({
    kernelName: "Conv2DBackpropFilter",
    backendName,
    kernelFunc: ({ inputs: { x, dy }, attrs: { strides, pad, filterShape } }) =>
      tf.tidy(() => filterGradient(tf, { x, dy, strides, pad, filterShape })),
  });
}

function filterGradient(tf, { x, dy, strides, pad, filterShape }) {
  const [height, width] = filterShape;
  const { padInfo } = tf.backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, pad);
  const padding = [
    [0, 0],
    [padInfo.top, padInfo.bottom],
    [padInfo.left, padInfo.right],
    [0, 0],
  ];
  const pictures = tf.transpose(tf.pad(x, padding), [3, 1, 2, 0]);
  const gradients = tf.transpose(dy, [1, 2, 0, 3]);
  const all = tf.conv2d(pictures, gradients, 1, "valid", "NHWC", strides);
  // What the stride never reached gives rows and columns beyond the filter.
  const filter = tf.slice(all, [0, 0, 0, 0], [filterShape[2], height, width, filterShape[3]]);
  return tf.transpose(filter, [1, 2, 0, 3]);
}
