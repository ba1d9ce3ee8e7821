const { explainRoute, seedKvCache } = require("@vinext/seed-native");

void import("./exercise.mjs")
  .then(({ exercise }) => exercise({ explainRoute, seedKvCache }))
  .then((result) => console.log(JSON.stringify(result)));
