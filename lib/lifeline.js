// Ends a child process when its parent has ended, however that happened.

import { Worker } from "node:worker_threads";
import { taskkillPath } from "./process-tree.js";

/** The file descriptor that closes with the parent: the one after the message channel. */
const LIFELINE_FD = 4;

/**
 * Ends this process and its children when the parent has ended. It runs on its own thread, because
 * the project's code may block the main one.
 */
export function endWithAsker() {
  try {
    const thread = new Worker(new URL("./lifeline-thread.js", import.meta.url), {
      workerData: { fd: LIFELINE_FD, taskkill: taskkillPath() },
      env: {},
      execArgv: [],
      stdout: true,
      stderr: true,
    });
    thread.on("error", () => {});
    thread.unref();
  } catch {
    // If threads are not allowed, a hanging process ends at its time limit.
  }
}
