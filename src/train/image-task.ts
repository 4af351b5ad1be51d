/** What the model of a run is made for: the shape of its data, at the size that the configuration asks for. */
import { dataShape, type TrainingData } from "../data/batches.ts";
import type { ImageTask } from "../models/model.ts";
import type { TrainConfig } from "./config.ts";

export function imageTask(data: TrainingData, { imageSize }: TrainConfig): ImageTask {
  const { channels, classes, size } = dataShape(data);
  return { channels, size: imageSize ?? size, classes };
}
