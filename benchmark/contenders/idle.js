// An idle Node process: the baseline for memory and event-loop delay.
//
// It does not load the addon, which costs memory as soon as it is loaded.

import { contend } from "./contend.js";

await contend(() => new Promise((resolve) => setTimeout(resolve, 500)));
