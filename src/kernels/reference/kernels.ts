/** The table of reference kernels: one entry for every operation of contract.ts, checked by its type. */
import type { OpName } from "../contract.ts";
import { maskedSoftmax, maskedSoftmaxGrad } from "./attention.ts";
import { conv2d, conv2dGradInput, conv2dGradWeight } from "./convolution.ts";
import { ctcLoss, ctcLossGrad } from "./ctc.ts";
import { dropout } from "./dropout.ts";
import { affine, arange, binary, cast, copy, fill, unary, unaryGrad, where } from "./elementwise.ts";
import { embedding, embeddingGrad, embeddingGradRows } from "./embedding.ts";
import { groupNorm, groupNormGrad } from "./group-norm.ts";
import { argReduce, gather, indexAdd, indexSelect, putRows, scatterAdd, topK } from "./indexing.ts";
import { localResponseNorm, localResponseNormGrad } from "./local-response-norm.ts";
import { softmaxCrossEntropy, softmaxCrossEntropyGrad } from "./loss.ts";
import { matmul } from "./matmul.ts";
import { broadcastTo, concat, padEdge, padEdgeGrad, place, slice, transpose } from "./movement.ts";
import { batchNormTrain, batchNormTrainGrad } from "./normalization.ts";
import {
  adagradUpdate,
  adamUpdate,
  emaUpdate,
  lambUpdate,
  larsUpdate,
  rmspropUpdate,
  sgdUpdate,
} from "./optimizer.ts";
import { avgPool2d, avgPool2dGrad, maxPool2d, maxPool2dGrad } from "./pooling.ts";
import { quantizeDynamicFixed, quantizeValues } from "./quantize.ts";
import { gruCell, gruCellGrad, lstmCell, lstmCellGrad } from "./recurrent-cells.ts";
import { reduce, reduceGrad, reduceSum } from "./reductions.ts";
import { resample2d, resample2dGrad } from "./resampling.ts";
import { cumsum, softmax, softmaxGrad } from "./softmax.ts";
import type { ReferenceKernel } from "./tensor.ts";
import { clipByNorm, countNonFinite, countStep, lossScaleUpdate } from "./update-control.ts";

/** By operation name. A missing operation is a type error. */
export const referenceKernels: { readonly [Op in OpName]: ReferenceKernel<Op> } = {
  conv2d,
  conv2dGradInput,
  conv2dGradWeight,
  matmul,
  unary,
  unaryGrad,
  binary,
  where,
  affine,
  fill,
  arange,
  copy,
  cast,
  broadcastTo,
  transpose,
  slice,
  place,
  concat,
  padEdge,
  padEdgeGrad,
  gather,
  scatterAdd,
  indexSelect,
  indexAdd,
  putRows,
  topK,
  argReduce,
  reduceSum,
  reduce,
  reduceGrad,
  softmax,
  softmaxGrad,
  cumsum,
  quantizeDynamicFixed,
  quantizeValues,
  maxPool2d,
  maxPool2dGrad,
  avgPool2d,
  avgPool2dGrad,
  batchNormTrain,
  batchNormTrainGrad,
  groupNorm,
  groupNormGrad,
  dropout,
  resample2d,
  resample2dGrad,
  localResponseNorm,
  localResponseNormGrad,
  softmaxCrossEntropy,
  softmaxCrossEntropyGrad,
  ctcLoss,
  ctcLossGrad,
  embedding,
  embeddingGrad,
  embeddingGradRows,
  lstmCell,
  lstmCellGrad,
  gruCell,
  gruCellGrad,
  maskedSoftmax,
  maskedSoftmaxGrad,
  countNonFinite,
  lossScaleUpdate,
  countStep,
  clipByNorm,
  sgdUpdate,
  adamUpdate,
  rmspropUpdate,
  adagradUpdate,
  larsUpdate,
  lambUpdate,
  emaUpdate,
};
