/**
 * Makes the reports of the studies again from the records kept beside them, with what a step of each recipe costs: on a quiet machine,
 * because the costs are measured now and kept as costs.json. Trains nothing; a study whose records are not complete is an error.
 * Usage: node tools/study-reports.mjs [--keep-costs] [STUDY …]     (needs dist/ and build/: npm run studies:report)
 */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const ROUNDS = "8";

const { values, positionals } = parseArgs({
  options: { "keep-costs": { type: "boolean", default: false } },
  allowPositionals: true,
});

/** What `roundoff …` prints; what it tells of its progress goes to stderr as it is. Ends with 1 if it fails. */
function roundoff(words, cwd = ROOT) {
  const cli = join(ROOT, "dist/cli/main.js");
  const { status, stdout } = spawnSync(process.execPath, [cli, ...words], {
    ...{ cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], maxBuffer: 2 ** 28 },
  });
  if (status === 0) return stdout;
  console.error(`roundoff ${words.join(" ")} ended with ${status}`);
  process.exit(1);
}

function report(name) {
  const folder = join(ROOT, "studies", name);
  const costs = join(folder, "costs.json");
  if (!values["keep-costs"] || !existsSync(costs)) {
    const measured = JSON.parse(roundoff(["bench", "study", name, "--rounds", ROUNDS, "--json"]));
    writeFileSync(costs, `${JSON.stringify(measured, null, 2)}\n`);
  }
  // In a folder of its own, so that the command in the report names none of this machine.
  const place = mkdtempSync(join(tmpdir(), "roundoff-reports-"));
  try {
    const records = join(folder, "records.jsonl.gz");
    const words = [
      "study",
      name,
      "--report-only",
      "--records",
      records,
      "--costs",
      costs,
      "--out",
      `runs/${name}`,
    ];
    roundoff([...words, "--json"], place);
    const markdown = readFileSync(join(place, "runs", name, "report.md"), "utf8");
    if (/ runs? of this setting (is|are) missing/.test(markdown)) {
      console.error(
        `${name}: its records are not complete: roundoff study ${name} --records … trains what is missing`,
      );
      process.exit(1);
    }
    for (const file of ["report.html", "report.md"])
      copyFileSync(join(place, "runs", name, file), join(folder, file));
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
  const written = [join(folder, "report.md"), costs];
  spawnSync("npx", ["biome", "format", "--write", ...written], {
    cwd: ROOT,
    stdio: ["ignore", "ignore", "inherit"],
  });
  console.log(`studies/${name}: report.html, report.md`);
}

const studies = readdirSync(join(ROOT, "studies")).filter((name) =>
  existsSync(join(ROOT, "studies", name, "records.jsonl.gz")),
);
for (const name of positionals.length > 0 ? positionals : studies) report(name);
