// The thread of `lifeline.js`: waits until the parent process has ended, and then ends this one.

import { Socket } from "node:net";
import { workerData } from "node:worker_threads";
import { endTree } from "./process-tree.js";

/** @type {{ fd: number, taskkill: string | undefined }} */
const { fd, taskkill } = workerData;

new Socket({ fd })
  .on("error", () => {})
  .on("close", () => {
    endTree(process.pid, taskkill, () => process.kill(process.pid, "SIGKILL"));
  })
  .resume();
