// A reader: a script of this package that loads a project's own code and says what it found.
//
// In: the script and its arguments. Out: its answer.
// Never: an effect on the process that wants to know. The project's code can print, start servers,
// change the environment or end the process, so it runs in one of its own.

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";

/** How long a reader may take. wrangler loads in a second, large Vite configurations in a few. */
const TIMEOUT_MS = 60_000;

/** How long the output of a reader that has ended is waited for. */
const LAST_WORDS_MS = 1_000;

/**
 * Runs a reader.
 * @param {string} script
 * @param {string[]} args
 * @param {{ cwd: string, env: NodeJS.ProcessEnv }} place
 * @returns {Promise<{ found: any } | { error: string }>}
 */
export function askReader(script, args, { cwd, env }) {
  // What the project's code prints stands on the same output, so the answer is behind a mark.
  const mark = randomUUID();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, mark, ...args], {
      cwd,
      env,
      stdio: ["ignore", "pipe", "ignore"],
      timeout: TIMEOUT_MS,
      killSignal: "SIGKILL",
    });
    /** @param {{ found: any } | { error: string }} answer */
    const settle = (answer) => {
      // Not until it closes: processes that the project's code has started may hold it open.
      child.stdout.destroy();
      resolve(answer);
    };
    let output = "";
    child.stdout.setEncoding("utf-8").on("data", (text) => {
      output += text;
      const [, answer] = output.split(mark, 2);
      if (answer?.endsWith("\n")) settle(JSON.parse(answer));
    });
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      const end = () => settle({ error: `it ended with ${signal ?? code} and no answer` });
      const waiting = setTimeout(end, LAST_WORDS_MS);
      child.once("close", () => {
        clearTimeout(waiting);
        end();
      });
    });
  });
}

/**
 * Answers, as a reader's last act.
 * @param {(...args: string[]) => Promise<unknown>} read is given the reader's arguments
 */
export async function answerAsReader(read) {
  // Taken away, so that the project's code cannot print the mark.
  const [mark = "", ...args] = process.argv.splice(2);
  const answer = await read(...args).then(
    (found) => ({ found }),
    (error) => ({ error: String(error?.message ?? error) }),
  );
  process.stdout.write(`${mark}${JSON.stringify(answer)}\n`, () => process.exit(0));
}
