/**
 * Fashion-MNIST: 60,000 + 10,000 grey pictures of 28×28 pixels in 10 balanced classes. Debian's files differ from the
 * canonical ones only in their gzip headers; the hashes below are of the decompressed bytes, which are the same.
 * Source: Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747; hashes checked against the MD5s of the authors' README.
 */
import { readIdx } from "../idx.ts";
import type { ImageSplits, LabelledImages } from "../image-set.ts";
import { labelledImages, pixelStatistics } from "../image-set.ts";
import type { LocatedData } from "../locate.ts";
import { filePayload } from "../locate.ts";
import type { DataSource } from "../source.ts";

const CLASSES = 10;

/** The record of Fashion-MNIST: four IDX files, images before labels, train before test. */
export const FASHION_MNIST: DataSource = {
  name: "fashion-mnist",
  description: "60,000 + 10,000 grey pictures of clothing, 28×28, 10 classes",
  files: [
    {
      name: "train-images-idx3-ubyte",
      bytes: 47_040_016,
      sha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    },
    {
      name: "train-labels-idx1-ubyte",
      bytes: 60_008,
      sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    },
    {
      name: "t10k-images-idx3-ubyte",
      bytes: 7_840_016,
      sha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    },
    {
      name: "t10k-labels-idx1-ubyte",
      bytes: 10_008,
      sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
  ],
  rows: { train: 60_000, test: 10_000 },
  licence: "MIT (Zalando SE)",
  citation:
    "H. Xiao, K. Rasul, R. Vollgraf. Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms. arXiv:1708.07747, 2017",
  debian: { package: "dataset-fashion-mnist", directory: "/usr/share/datasets/fashion-mnist" },
  addresses: ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"],
};

/**
 * Decodes located Fashion-MNIST. Both splits carry the mean and standard deviation of the training pixels (as
 * pixel / 255), so that test pictures are normalised as training ones are. Throws DATA_CORRUPT.
 */
export function loadFashionMnist(located: LocatedData): ImageSplits {
  const [trainImages, trainLabels, testImages, testLabels] = FASHION_MNIST.files.map((file) => file.name);
  const train = readSplit(located, trainImages, trainLabels);
  const test = readSplit(located, testImages, testLabels);
  const statistics = pixelStatistics(train.images);
  return {
    train: { ...train, ...statistics },
    test: { ...test, ...statistics },
    provenance: {
      name: located.source.name,
      path: located.path,
      source: located.place,
      sha256: located.sha256,
    },
  };
}

function readSplit(located: LocatedData, imagesName: string, labelsName: string): LabelledImages {
  const images = readIdx(filePayload(located, imagesName), { rank: 3, name: imagesName });
  const labels = readIdx(filePayload(located, labelsName), { rank: 1, name: labelsName });
  const [, height, width] = images.shape;
  return labelledImages({
    name: located.source.name,
    images: images.elements,
    height,
    width,
    channels: 1,
    labels: labels.elements,
    classes: CLASSES,
    sha256: located.sha256,
  });
}
