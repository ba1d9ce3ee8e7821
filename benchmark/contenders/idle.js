// Node that does nothing: what the others' memory and event loop are held against.
//
// In: nothing. Out: how long the event loop was kept by whatever else runs on the machine.
// Never: the addon, which costs memory as soon as it is loaded.

import { contend } from "./contend.js";

await contend(() => new Promise((resolve) => setTimeout(resolve, 500)));
