// Runs the command as its users do: in a separate process.

import { spawn, type StdioOptions } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const BIN = fileURLToPath(new URL("../../bin/vinext-seed.js", import.meta.url));

/** On Windows, other processes cannot send signals that can be handled. */
export const hasSignals = process.platform !== "win32";

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CliProcess {
  cwd?: string;
  env?: Record<string, string | undefined>;
  /** The Node to run on; by default this one. */
  node?: string;
  /** Files for its output, instead of returning it. */
  output?: { stdout?: string; stderr?: string };
  /** Called with the process, to send it signals. */
  onStart?: (child: ReturnType<typeof spawn>) => void;
}

/** Removes the variables that could make a difference. */
export function bareEnvironment(): Record<string, string | undefined> {
  const own = Object.entries(process.env).filter(
    ([name]) =>
      !/^(?:CLOUDFLARE_|CF_|WRANGLER_|GITHUB_|CI$|NO_COLOR$|FORCE_COLOR$|VITEST|NODE_ENV$)/u.test(
        name,
      ),
  );
  return { ...Object.fromEntries(own), WRANGLER_SEND_METRICS: "false" };
}

export function run(
  script: string,
  args: string[],
  { cwd, env, node = process.execPath, output = {}, onStart }: CliProcess = {},
) {
  return new Promise<Ended>((resolve, reject) => {
    const to = (file?: string): number | "pipe" =>
      file === undefined ? "pipe" : openSync(file, "w");
    const files = [to(output.stdout), to(output.stderr)];
    const stdio: StdioOptions = ["ignore", ...files];
    const place = { cwd, env: { ...bareEnvironment(), ...env } };
    const child = spawn(node, [script, ...args], { ...place, stdio });
    for (const file of files) if (typeof file === "number") closeSync(file);
    let [stdout, stderr] = ["", ""];
    child.stdout?.setEncoding("utf-8").on("data", (text: string) => (stdout += text));
    child.stderr?.setEncoding("utf-8").on("data", (text: string) => (stderr += text));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
    onStart?.(child);
  });
}

export function cli(args: string[], options?: CliProcess) {
  return run(BIN, args, options);
}
