import { explainRoute, seedKvCache } from "@vinext/seed-native";
import { exercise } from "./exercise.mjs";

console.log(JSON.stringify(await exercise({ explainRoute, seedKvCache })));
