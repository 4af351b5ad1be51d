/** The commands, in the order in which `roundoff --help` lists them. A new command is one file and one line here. */
import { registerBench } from "./bench.ts";
import { registerConvert } from "./convert.ts";
import { registerData } from "./data.ts";
import type { Register } from "./declare.ts";
import { registerExplain } from "./explain.ts";
import { registerExport } from "./export.ts";
import { registerFormat } from "./format.ts";
import { registerGemm } from "./gemm.ts";
import { registerGoldens } from "./goldens.ts";
import { registerInfo } from "./info.ts";
import { registerStudy } from "./study.ts";
import { registerTrain } from "./train.ts";

export const COMMANDS: readonly Register[] = [
  registerInfo,
  registerFormat,
  registerConvert,
  registerGemm,
  registerData,
  registerTrain,
  registerStudy,
  registerExport,
  registerExplain,
  registerGoldens,
  registerBench,
];
