// What the machine and other programs do to a run, row by row: see faults/machine.ts.

import { describe, it } from "vitest";
import { MACHINE } from "./faults/page.js";

const isWindows = process.platform === "win32";
const isRootOfLinux = process.platform === "linux" && process.getuid?.() === 0;

describe.each(MACHINE)("%s", (_, rows) => {
  const possible = rows
    .filter(({ needsUnix }) => !needsUnix || !isWindows)
    .filter(({ needsRoot }) => !needsRoot || isRootOfLinux);
  it.each(possible.map((row) => [row.fault, row] as const))("%s", (_, row) => row.run(), 120_000);
});
