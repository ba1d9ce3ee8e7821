// What a row needs and this machine does not have: the row is skipped, and says what it was.

import { spawnSync } from "node:child_process";

export class Missing extends Error {}

/**
 * @param {string} command
 * @param {string[]} [args] of a call that succeeds where the command is usable
 */
export function need(command, args = ["--version"]) {
  if (spawnSync(command, args, { stdio: "ignore" }).status === 0) return;
  throw new Missing(`needs ${command}: \`${[command, ...args].join(" ")}\` does not work here`);
}
