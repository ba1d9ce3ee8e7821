// The process behind `process.js`: serves the local KV API until it is disconnected.

import { endWithAsker } from "../lifeline.js";
import { startLocalApi } from "./server.js";

endWithAsker();
process.once("message", async (/** @type {import("./server.js").LocalApiOptions} */ options) => {
  try {
    const { baseUrl, close } = await startLocalApi(options);
    process.once("disconnect", () => close().finally(() => process.exit(0)));
    process.send?.({ baseUrl });
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    process.send?.({ error: message }, () => process.exit(1));
  }
});
