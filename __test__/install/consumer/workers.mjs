// The package in the main thread and in workers, some of which are stopped in the middle.

import { Worker, isMainThread, parentPort } from "node:worker_threads";
import { explainRoute, seedKvCache } from "@vinext/seed-native";
import { exercise } from "./exercise.mjs";

if (isMainThread) {
  const start = () => new Worker(new URL(import.meta.url));
  const answers = Array.from({ length: 4 }, () => {
    const worker = start();
    return new Promise((resolve, reject) => {
      worker.once("message", resolve).once("error", reject);
    });
  });
  const stopped = Array.from({ length: 4 }, async () => {
    const worker = start();
    await new Promise((resolve) => worker.once("online", resolve));
    await worker.terminate();
  });
  const results = await Promise.all([exercise({ explainRoute, seedKvCache }), ...answers]);
  await Promise.all(stopped);
  console.log(JSON.stringify(results));
} else {
  parentPort?.postMessage(await exercise({ explainRoute, seedKvCache }));
}
