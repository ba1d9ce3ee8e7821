// Ends a process that was started for another one when that other one has ended, however it ended.

import { Worker } from "node:worker_threads";
import { taskkillPath } from "./process-tree.js";

/** The file descriptor that ends with the other process: the one after that of messages. */
const LIFELINE_FD = 4;

/**
 * Ends this process and its children when the process that asked has ended. That happens on a thread
 * of its own, because the project's code may keep the main one busy.
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
    // Where threads are not allowed, a process that hangs ends at its time limit.
  }
}
